"""アカウントの解約: emptied by people first, closed once, by two members of operations."""
