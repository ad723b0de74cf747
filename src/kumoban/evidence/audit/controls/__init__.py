"""統制一覧: which control of which framework is enforced how, and the query that shows it."""
