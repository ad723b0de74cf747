"""What can be asked for: to take it in as known, or to have it removed. Nothing is removed by itself."""

from __future__ import annotations

from kumoban.core.reason import Reason
from kumoban.findings.watch import Proposal

__all__ = ["adopt", "remove"]


def adopt(account: str, name: str) -> Proposal:
    """Everything of the account that is not known yet, in one reviewed plan."""
    return Proposal("adopt", Reason("drift_adopt", {"account": name}), {"accounts": [account]})


def remove(what: Reason, account: str, name: str) -> Proposal:
    """By hand, until a routine removes it."""
    texts = {
        "subject": Reason("drift_remove_subject", {"account": name}),
        "what": Reason(f"{what.code}_remove", what.params),
    }
    return Proposal("other-request", Reason("drift_remove", {}), {"where": f"{name} ({account})"[:200]}, texts)
