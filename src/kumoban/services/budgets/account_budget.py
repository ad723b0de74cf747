"""``budgets.create_budget/1``: a month's cost budget of one member account, kept in the management account.

Told to its subscriber at 80 % and at 100 % of what was spent, and where the forecast passes 100 %.
Source: AWS Cost Management API reference, CreateBudget.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kumoban.aws.answers import accepted
from kumoban.aws.errors import NotFound
from kumoban.core.action import Caller, Change, Direction, Presence, Seen, Started
from kumoban.core.needs import needs

__all__ = ["CREATE_BUDGET", "CreateBudget"]

CREATE_BUDGET = "budgets.create_budget/1"

_REGION = "us-east-1"  # the endpoint of the service, wherever the account works
_THRESHOLDS = (("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0))


class CreateBudget(Change):
    """Parameters: ``management``, ``account``, ``name``, ``amount`` (USD a month), ``email``."""

    name = CREATE_BUDGET
    reads = needs("budgets", "describe_budget", at="management")
    writes = needs("budgets", "create_budget", at="management")

    def lock(self, params: Mapping[str, str]) -> str:
        return f"budgets:{params['name']}"[:120]

    def call_name(self, direction: Direction) -> str:
        return "CreateBudget"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        evidence = {"by": "DescribeBudget"}
        try:
            found = aws.read(
                "budgets",
                "describe_budget",
                account=params["management"],
                region=_REGION,
                by="operator",
                AccountId=params["management"],
                BudgetName=params["name"],
            )["Budget"]
        except NotFound:
            return Seen(Presence.ABSENT, evidence)
        same = Decimal(found["BudgetLimit"]["Amount"]) == Decimal(params["amount"])
        return Seen(Presence.PRESENT if same else Presence.DIFFERS, evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        budget: dict[str, Any] = {
            "BudgetName": params["name"],
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": params["amount"], "Unit": "USD"},
            "CostFilters": {"LinkedAccount": [params["account"]]},
        }
        told = [{"SubscriptionType": "EMAIL", "Address": params["email"]}]
        notifications = [
            {
                "Notification": {
                    "NotificationType": kind,
                    "ComparisonOperator": "GREATER_THAN",
                    "Threshold": threshold,
                    "ThresholdType": "PERCENTAGE",
                },
                "Subscribers": told,
            }
            for kind, threshold in _THRESHOLDS
        ]
        answer = aws.mutate(
            "budgets",
            "create_budget",
            account=params["management"],
            region=_REGION,
            AccountId=params["management"],
            Budget=budget,
            NotificationsWithSubscribers=notifications,
        )
        return accepted(answer)
