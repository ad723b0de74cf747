"""検出結果: what the desk noticed by itself, whose it is, what people made of it, and the request it proposes."""
