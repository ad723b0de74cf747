"""What the organisation has: accounts, OUs, people, groups, permission sets, assignments, each with the time seen."""
