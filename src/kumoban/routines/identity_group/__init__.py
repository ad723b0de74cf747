"""Identity Center のグループ: made, changed, removed, and who is in them; a second member of operations approves."""
