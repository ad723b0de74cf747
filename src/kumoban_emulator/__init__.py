"""A practice AWS for the demo, the tests and development. It knows nothing of the product and is never used with it in production."""
