"""Evidence: what was done with a grant (作業ログ), from CloudTrail's log files."""
