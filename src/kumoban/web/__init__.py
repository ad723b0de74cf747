"""The pages. No decision is made here."""
