"""AWS Budgets."""

from kumoban.services.budgets.account_budget import CREATE_BUDGET, CreateBudget

__all__ = ["CREATE_BUDGET", "CreateBudget"]
