"""A practice AWS for the demo, the tests and development.

It knows nothing of the product, and is never started beside it in production.
"""
