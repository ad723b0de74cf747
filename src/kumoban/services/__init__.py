"""One package per AWS service: look, actions, validators. No decisions are made here."""
