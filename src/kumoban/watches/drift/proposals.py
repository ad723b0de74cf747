"""What can be asked for: to take it in as known, or to have it removed. Nothing is removed by itself."""

from __future__ import annotations

from kumoban.core.reason import Reason
from kumoban.findings.watch import Proposal

__all__ = ["adopt", "remove", "take_away"]


def adopt(account: str, name: str) -> Proposal:
    """Everything of the account that is not known yet, in one reviewed plan."""
    return Proposal("adopt", Reason("drift_adopt", {"account": name}), {"accounts": [account]})


def take_away(principal_type: str, principal: str, account: str, permission_set: str) -> Proposal:
    """An assignment, by the operations team and a second member of it."""
    whose = {"group" if principal_type == "GROUP" else "person": principal}
    form = {"act": "take_away", **whose, "accounts": [account], "permission_set": permission_set}
    return Proposal("permanent-access", Reason("drift_remove", {}), form, {"reason": Reason("drift_remove_reason", {})})


def remove(what: Reason, account: str, name: str) -> Proposal:
    """By hand: for whoever may not take it away, and what no routine takes away yet."""
    texts = {
        "subject": Reason("drift_remove_subject", {"account": name}),
        "what": Reason(f"{what.code}_remove", what.params),
    }
    return Proposal("other-request", Reason("drift_remove", {}), {"where": f"{name} ({account})"[:200]}, texts)
