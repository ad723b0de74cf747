"""Machine identities: a CI/CD job or a system that asks, for its owner, under rules that name it; and nothing else."""
