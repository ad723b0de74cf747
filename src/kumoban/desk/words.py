"""The sentences of the desk's own Reasons: msgids by code. A face renders them in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from kumoban.core.reason import Reason
from kumoban.desk.routine import texts

__all__ = ["say"]

_WORDS = {
    "actor_gone": _("Your user is no longer in the directory. Ask the operations team."),
    "account_not_open": _("%(account)s is not open."),
    "already_approved": _("You have already approved this plan."),
    "already_past_end": _("The end has already passed; it can only be ended."),
    "already_reported": _("The completion report has already been made."),
    "approval_lapsed": _("The time for approval has passed. Ask again."),
    "approver_no_longer_entitled": _("An approver is no longer entitled; another approval is needed."),
    "aws_failed": _("AWS reported a failure: %(detail)s"),
    "aws_refused": _("AWS refused: %(code)s %(message)s (request id %(request_id)s)"),
    "clock_only_forward": _("The demo's clock only moves forward, by at most 400 days."),
    "demo_only": _("This exists in demo mode only."),
    "denied_by_rule": _("The rule “%(rule)s” forbids this for %(person)s."),
    "extra_not_a_choice": _("Choose one of the values offered."),
    "extra_not_date": _("Write a date such as 2026-11-24."),
    "extra_not_in_format": _("This does not have the required format (%(pattern)s)."),
    "extra_not_number": _("Write a number."),
    "extra_not_url": _("Write an address that starts with https://"),
    "form_no_longer_read": _("This request was written for an older form. Ask again."),
    "freeze_needs_exception": _("Within the freeze “%(freeze)s”: an exception approver is needed."),
    "frozen": _("Nothing may start during the freeze “%(freeze)s” (until %(until)s)."),
    "longer_than_rule": _("%(person)s may have this for at most %(minutes)s minutes."),
    "may_not_end": _("Only the requester, a worker, an approver or the operations team may end this."),
    "minutes_out_of_range": _("Write the minutes of one day at most."),
    "no_open_manual_step": _("No manual step is open."),
    "no_rule_allows": _("No rule allows this to %(person)s. Ask the operations team for a rule."),
    "no_such_request": _("There is no such request, or you may not see it."),
    "unknown_group": _("There is no such group: %(group)s"),
    "unknown_kind": _("The kind must be one of: %(kinds)s"),
    "pattern_not_understood": _("The pattern is not a regular expression: %(problem)s"),
    "times_not_in_order": _("The end must be after the start, both with their offset."),
    "no_such_rule": _("There is no such rule."),
    "unknown_dimension": _("This routine has no such dimension: %(dimension)s"),
    "no_such_routine": _("There is no such routine: %(routine)s"),
    "nobody_can_approve": _("Nobody can approve this now: %(who)s is empty. Ask the operations team."),
    "not_an_approver": _("You are not an approver of this request."),
    "not_in_this_state": _("This is not possible in the state the request is in now."),
    "not_own_request": _("Nobody approves a request of their own or for themselves, not from another account either."),
    "not_seen": _("AWS said it was done, but it is not there."),
    "not_waiting": _("This request is not waiting for approval any more."),
    "not_your_request": _("Only the requester can do this."),
    "not_your_work": _("Only the requester or a worker can report."),
    "nothing_failed": _("Nothing has failed."),
    "nothing_to_confirm": _("There is no report to confirm."),
    "nothing_to_end": _("There is nothing to end."),
    "nothing_worked_yet": _("Write down what was done first."),
    "normalised_dash": _("Read “%(before)s” as “%(after)s”."),
    "normalised_stop": _("Read “%(before)s” as “%(after)s”."),
    "normalised_width": _("Read “%(before)s” as “%(after)s”."),
    "ops_only": _("Only the operations team can do this."),
    "person_gone": _("%(person)s is no longer in the directory."),
    "plan_changed": _("The plan has changed; it is %(number)s now. Read it again before you decide."),
    "plan_differs": _("AWS had changed: plan %(number)s no longer held, and its approvals fell."),
    "report_after_end": _("The report is made after the end."),
    "routine_retired": _("The routine %(routine)s no longer exists."),
    "rule_asks_for_more": _("A rule now asks for more approvals."),
    "say_why": _("Write why, so that the other side knows what to do."),
    "scope_missing": _("This token may not do that (scope %(scope)s)."),
    "still_there": _("AWS said it was removed, but it is still there."),
    "target_gone": _("The account, the person or the permission set no longer exists."),
    "unknown_account": _("There is no such account: %(account)s"),
    "unknown_outcome": _("Choose one of the outcomes offered."),
    "unknown_person": _("There is no such person: %(person)s"),
    "window_passed": _("The end had passed before it was applied. It is never applied late."),
    "shape.missing": _("This is required."),
    "shape.too_short": _("This is required."),
    "shape.too_long": _("Too many values (at most %(max_length)s)."),
    "shape.string_too_short": _("Write at least %(min_length)s characters."),
    "shape.string_too_long": _("Write at most %(max_length)s characters."),
    "shape.too_much_text": _("Write at most %(limit)s characters."),
    "shape.refused_characters": _("Control or direction characters are not allowed: %(characters)s"),
    "shape.time_not_understood": _("“%(text)s” is not understood as a time or a length. Try 30m, 18:00 or 26:00."),
    "shape.literal_error": _("Choose one of the values offered."),
    "shape.extra_forbidden": _("There is no such field: %(field)s"),
    "shape.string_type": _("Write text here."),
    "shape.tuple_type": _("Give a list here."),
}


class _Params(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def say(reason: Reason) -> str:
    """The sentence in the active language; an unknown code shows itself."""
    text = texts().get(reason.code) or _WORDS.get(reason.code)
    if text is None:
        return reason.code
    return gettext(text) % _Params(reason.params)
