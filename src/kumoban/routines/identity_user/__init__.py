"""Identity Center のユーザー: made, changed, removed, one or many; a second member of operations approves."""
