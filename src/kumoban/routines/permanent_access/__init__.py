"""恒久アクセス: an assignment without an end, to a group, with an owner and a day of review; only operations asks."""
