"""What people are told: by kind, its words, and whether it can wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_noop as _

__all__ = ["HEARD", "KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """``subject`` and ``headline`` are msgids; ``label`` is how lists name it."""

    label: str
    headline: str
    #: breaks quiet hours
    urgent: bool = False
    #: by every channel the person has, whatever they wish
    loud: bool = False
    #: comes once a morning to everybody, whatever they wish
    daily: bool = False
    #: of no use in tomorrow's digest
    timely: bool = False
    #: what it is about is still to come or in force: told as a sentence
    ahead: bool = False
    #: something waits for this person's decision
    decide: bool = False
    #: told this much later: what follows by itself within seconds makes it superfluous
    after: timedelta = timedelta()


#: states and other happenings that people are told of; the rest only moves messages already there, and webhooks
HEARD = frozenset((
    "waiting", "turn", "escalated", "returned", "approved", "denied", "active", "ended", "undone", "failed", "lapsed",
    "withdrawn",
    "refused", "done", "question", "answer", "reminded", "ending_soon", "overdue", "needs_person", "by_hand",
    "assigned", "delegate", "slack_linked", "register", "to_ratify", "ratified", "rejected", "ratification_overdue",
    "finding", "finding_high", "findings", "findings_high", "review", "review_reminded", "review_notice",
    "recurring_refused", "recurring_ended",
    "alarm", "emergency_review", "emergency_locked", "emergency_reviewed",
))  # fmt: skip

KINDS = {
    "decide": Kind(
        _("Waits for your approval"),
        _("%(requester)s asks, and it waits for your approval."),
        ahead=True,
        decide=True,
    ),
    "decide_again": Kind(
        _("Waits for your approval anew"),
        _("The approvals fell, and it waits for your approval anew."),
        ahead=True,
        decide=True,
    ),
    "decide_escalated": Kind(
        _("Nobody has answered: waits for your approval"),
        _("Nobody has answered in time what %(requester)s asks. It waits for your approval as well."),
        timely=True,
        ahead=True,
        decide=True,
    ),
    "escalated": Kind(
        _("Nobody has answered yet"),
        _("Nobody has answered in time, so others are asked as well, as the rule says."),
        timely=True,
    ),
    "remind": Kind(
        _("Still waits for your approval"),
        _("Half of the time to decide has passed."),
        timely=True,
        ahead=True,
        decide=True,
    ),
    "decide_afterwards": Kind(
        _("To be approved afterwards"),
        _("%(requester)s asked in an emergency; it was granted at once, and is to be approved afterwards."),
        ahead=True,
        decide=True,
    ),
    "decide_used": Kind(
        _("Emergency path used: to be approved afterwards"),
        _("The emergency path was used outside the desk. Somebody who did not use it approves that afterwards."),
        urgent=True,
        decide=True,
    ),
    "afterwards_overdue": Kind(
        _("Not approved afterwards in time"),
        _("What was done in an emergency should have been approved afterwards by now."),
        urgent=True,
    ),
    "recurring_refused": Kind(
        _("Recurring request refused"),
        _("Your recurring request “%(name)s” could not be asked for one of its days. The next days are tried anew."),
    ),
    "recurring_ended": Kind(_("Recurring request ended"), _("Your recurring request “%(name)s” has ended by itself.")),
    "alarm": Kind(
        _("Emergency access activated"),
        _("%(requester)s has activated emergency access alone. Its rule names you to be told at once."),
        urgent=True,
        loud=True,
        ahead=True,
    ),
    "emergency_review": Kind(
        _("Emergency to review"),
        _("An emergency has ended. Look at what was done, and close its review with your words."),
    ),
    "emergency_reviewed": Kind(_("Emergency reviewed"), _("%(who)s has closed the review of your emergency.")),
    "emergency_locked": Kind(
        _("Emergency review overdue"),
        _("The review of an emergency is overdue. Whoever asked or worked can activate no other until it is closed."),
        urgent=True,
    ),
    "ratified": Kind(_("Approved afterwards"), _("Your emergency was approved afterwards.")),
    "rejected": Kind(_("Rejected afterwards"), _("Your emergency was not approved; what was in force is ended.")),
    "fell": Kind(_("Approvals fell"), _("The approvals fell, and it waits for approval anew."), ahead=True),
    "confirm": Kind(
        _("Waits for your word"),
        _("It waits for your word: confirm the plan as it is now, or withdraw the request."),
        ahead=True,
    ),
    "approved": Kind(_("Approved"), _("All approvals are there."), ahead=True, after=timedelta(seconds=30)),
    "returned": Kind(_("Returned for correction"), _("It was returned for correction; the number stays.")),
    "denied": Kind(_("Denied"), _("It was denied.")),
    "question": Kind(_("Question"), _("%(who)s has a question."), ahead=True),
    "answer": Kind(_("Answer"), _("%(who)s has answered."), ahead=True),
    "active": Kind(_("Now in force"), _("It is in force: everything was seen on AWS."), timely=True, ahead=True),
    "ending_soon": Kind(
        _("Ends soon"),
        _("It ends by itself at %(ends_at)s. What takes longer is extended before: a new request for the same."),
        timely=True,
        ahead=True,
    ),
    "ended": Kind(_("Ended"), _("It has ended, and the end was proven on AWS.")),
    "undone": Kind(_("Undone"), _("Nothing of it is in force; what had been begun was undone.")),
    "failed": Kind(_("Failed"), _("Something failed. The operations team has been told.")),
    "lapsed": Kind(_("Lapsed"), _("It has lapsed; nothing was applied. Ask again where it is still needed.")),
    "withdrawn": Kind(_("Withdrawn"), _("%(who)s has withdrawn it.")),
    "refused": Kind(_("Refused"), _("It can no longer be carried out; nothing was applied.")),
    "done": Kind(_("Done"), _("The work is done.")),
    "ops_overdue": Kind(
        _("The end is overdue"),
        _("It should have ended at %(ends_at)s, and the end is not proven yet. It is tried until it is."),
        urgent=True,
    ),
    "ops_needs_person": Kind(
        _("Needs a person"), _("Something of it failed, or does not go on by itself."), urgent=True
    ),
    "ops_by_hand": Kind(_("Work by hand"), _("A step is to be done by hand."), ahead=True),
    "assigned": Kind(_("Assigned to you"), _("%(who)s has assigned the work to you."), ahead=True),
    "delegate": Kind(
        _("You stand in"),
        _("%(who)s is away from %(starts_at)s to %(ends_at)s; until then you may approve in their place."),
    ),
    "register": Kind(
        _("Account register to confirm"),
        _("Accounts whose entry in the register waits for your word: %(n)s. Your first page lists them."),
    ),
    "finding": Kind(_("Noticed"), _("The desk has noticed something that somebody should look at."), daily=True),
    "finding_high": Kind(
        _("Noticed, and grave"),
        _("The desk has noticed something that somebody should look at now."),
        urgent=True,
    ),
    "findings": Kind(_("Noticed"), _("The desk has noticed %(n)s things that somebody should look at."), daily=True),
    "findings_high": Kind(
        _("Noticed, and grave"),
        _("The desk has noticed %(n)s things that somebody should look at now."),
        urgent=True,
    ),
    "review": Kind(_("Waits for your answer"), _("A review asks about access you answer for: %(n)s lines.")),
    "review_reminded": Kind(
        _("Still waits for your answer"),
        _("A review is due soon, and waits for your answer: %(n)s lines."),
        timely=True,
    ),
    "review_notice": Kind(
        _("Review: silence will be an answer"),
        _("The review was due, and %(n)s lines have no answer of yours. After the notice they are removed."),
        urgent=True,
    ),
    "slack_linked": Kind(
        _("Slack linked"),
        _("A Slack account is linked to you and may decide as you. If that was not you, undo it on your page at once."),
        urgent=True,
    ),
}
