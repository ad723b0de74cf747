"""The desk: requests, rules, approvals, holds, the runner and its duties. Decisions are made here and nowhere else."""
