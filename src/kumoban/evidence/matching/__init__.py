"""申請外アクセス突合: every privileged session in CloudTrail, matched to what was asked for; signed month by month."""
