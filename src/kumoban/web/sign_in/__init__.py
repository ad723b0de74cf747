"""Signing in: by the company's identity provider (OpenID Connect, SAML), in the demo with one click."""
