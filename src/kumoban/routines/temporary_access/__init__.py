"""一時アクセス: a permission set in accounts, for people, until an end that is proven."""
