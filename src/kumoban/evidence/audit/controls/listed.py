"""The list of controls, as data: framework, reference, what is wanted, how it is enforced here, the query, the owner.

References are numbers of the frameworks (ISO/IEC 27001:2022 Annex A, PCI DSS v4.0.1 requirements; those of J-SOX IT
general controls are ours); the sentences are our own and no text of a standard. Whether they are enough for a company
is its auditors' judgement.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

__all__ = ["CONTROLS", "FRAMEWORKS", "HOW", "OWNERS", "Control"]

FRAMEWORKS = {
    "jsox": _("J-SOX IT general controls"),
    "isms": "ISMS (ISO/IEC 27001:2022)",
    "pci": "PCI DSS v4.0.1",
}
OWNERS = {"ops": _("operations team"), "audit": _("auditors"), "owners": _("account owners")}

#: by query: how what it looks at is enforced
HOW = {
    "approved_before_use": _(
        "The desk applies a plan only with the seals its rules ask for; authority is decided again when it is applied."
    ),
    "nobody_approves_their_own": _(
        "Neither requester nor worker can seal, also not under another account with the same employee number."
    ),
    "ends_are_proven": _(
        "Every grant has its end from the beginning; the runner ends it, and ended means seen to be absent on AWS."
    ),
    "emergencies_are_ratified": _(
        "An emergency is approved afterwards within business days; who has one overdue asks for no other."
    ),
    "permanent_access_has_an_owner": _("Access without end is given only with an owner and a day of review."),
    "access_was_reviewed": _("Owners keep, change or remove permanent access in reviews; silence means remove."),
    "rules_change_through_the_desk": _(
        "Only the operations team saves rules, after showing again that it is them; each saving is in the ledger whole."
    ),
    "leavers_have_nothing": _(
        "Who is disabled or gone in the directory can do nothing here; no grant outlives the last day of a contract."
    ),
    "ledger_is_whole": _(
        "The ledger is chained with a key outside the database, append-only, and sealed every minute."
    ),
    "changes_have_a_request": _("Each call that changes AWS is recorded before it is made, for its request."),
    "sessions_are_kept": _("CloudTrail's records of each grant's account and window are kept with the request."),
    "access_outside_is_looked_into": _(
        "Access without a grant is found by the scan and stands until somebody decides."
    ),
    "sessions_have_a_request": _(
        "Every privileged session in CloudTrail is matched to a request; the rest are explained, and a month is signed."
    ),
    "keys_are_used": _("IAM users with keys or passwords are listed with their last use; reviews ask for each."),
    "roles_do_not_meet": _("Approvals are looked through for pairs and roles that should not meet."),
}


@dataclass(frozen=True)
class Control:
    """``wanted``: a msgid, in our own words."""

    framework: str
    reference: str
    wanted: str
    query: str
    owner: str = "ops"

    @property
    def key(self) -> str:
        return f"{self.framework}:{self.reference}:{self.query}"

    @property
    def how(self) -> str:
        return HOW[self.query]


_APPROVED = _("Access is used only after somebody entitled approved it")
_APART = _("Asking and approving are kept apart")
_ENDED = _("Access ends when it is no longer needed")
_REVIEWED = _("Owners look at standing access regularly")
_RULED = _("Changes of who may approve what are controlled")
_LEFT = _("Who leaves loses access")
_LOGGED = _("Records cannot be changed or lost")
_CHANGED = _("Changes are asked for and approved before they are made")
_PRIVILEGED = _("What was done with privileges can be looked at")
_EMERGENCY = _("Emergency access is the exception and looked at afterwards")
_OUTSIDE = _("Access given outside the procedure is found")
_UNUSED = _("Credentials that nobody uses are removed")

CONTROLS: tuple[Control, ...] = (
    Control("jsox", "AC-1", _APPROVED, "approved_before_use"),
    Control("jsox", "AC-2", _APART, "nobody_approves_their_own"),
    Control("jsox", "AC-3", _APART, "roles_do_not_meet", "audit"),
    Control("jsox", "AC-4", _ENDED, "ends_are_proven"),
    Control("jsox", "AC-5", _REVIEWED, "access_was_reviewed", "owners"),
    Control("jsox", "AC-6", _LEFT, "leavers_have_nothing"),
    Control("jsox", "AC-7", _EMERGENCY, "emergencies_are_ratified"),
    Control("jsox", "AC-8", _PRIVILEGED, "sessions_are_kept"),
    Control("jsox", "CM-1", _CHANGED, "changes_have_a_request"),
    Control("jsox", "CM-2", _RULED, "rules_change_through_the_desk"),
    Control("jsox", "OP-1", _LOGGED, "ledger_is_whole", "audit"),
    Control("jsox", "OP-2", _OUTSIDE, "access_outside_is_looked_into"),
    Control("jsox", "OP-3", _OUTSIDE, "sessions_have_a_request"),
    Control("isms", "A.5.3", _APART, "nobody_approves_their_own"),
    Control("isms", "A.5.3", _APART, "roles_do_not_meet", "audit"),
    Control("isms", "A.5.15", _RULED, "rules_change_through_the_desk"),
    Control("isms", "A.5.16", _LEFT, "leavers_have_nothing"),
    Control("isms", "A.5.18", _REVIEWED, "access_was_reviewed", "owners"),
    Control("isms", "A.5.18", _ENDED, "ends_are_proven"),
    Control("isms", "A.5.28", _PRIVILEGED, "sessions_are_kept"),
    Control("isms", "A.5.33", _LOGGED, "ledger_is_whole", "audit"),
    Control("isms", "A.8.2", _APPROVED, "approved_before_use"),
    Control("isms", "A.8.2", _REVIEWED, "permanent_access_has_an_owner", "owners"),
    Control("isms", "A.8.16", _OUTSIDE, "access_outside_is_looked_into"),
    Control("isms", "A.8.16", _OUTSIDE, "sessions_have_a_request"),
    Control("isms", "A.8.32", _CHANGED, "changes_have_a_request"),
    Control("pci", "7.2.2", _ENDED, "ends_are_proven"),
    Control("pci", "7.2.3", _APPROVED, "approved_before_use"),
    Control("pci", "7.2.4", _REVIEWED, "access_was_reviewed", "owners"),
    Control("pci", "7.2.5", _REVIEWED, "permanent_access_has_an_owner", "owners"),
    Control("pci", "8.2.5", _LEFT, "leavers_have_nothing"),
    Control("pci", "8.2.6", _UNUSED, "keys_are_used"),
    Control("pci", "10.2.1.2", _PRIVILEGED, "sessions_are_kept"),
    Control("pci", "10.3.2", _LOGGED, "ledger_is_whole", "audit"),
    Control("pci", "6.5.1", _CHANGED, "changes_have_a_request"),
)
