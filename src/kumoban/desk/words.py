"""The sentences of the desk's own Reasons: msgids by code. A face renders them in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from kumoban.core.reason import Reason
from kumoban.desk.routine import texts

__all__ = ["add", "say"]

_WORDS = {
    "actor_gone": _("Your user is no longer in the directory. Ask the operations team."),
    "account_not_open": _("%(account)s is not open."),
    "account_unreachable": _(
        "Account %(account)s is %(status)s: AWS lets nobody change it, and it is not gone. The end is tried every hour."
    ),
    "already_approved": _("You have already approved this plan."),
    "already_past_end": _("The end has already passed; it can only be ended."),
    "already_reported": _("The completion report has already been made."),
    "answer_not_written": _("What AWS answered could not be written down (%(problem)s). See the runner's log."),
    "approval_lapsed": _("The time for approval has passed. Ask again."),
    "approval_too_old": _("It was approved, but could not be applied in time. It is never applied late; ask again."),
    "approver_no_longer_entitled": _("An approver is no longer entitled; another approval is needed."),
    "aws_failed": _("AWS reported a failure: %(detail)s"),
    "aws_refused": _("AWS refused: %(code)s %(message)s (request id %(request_id)s)"),
    "body_too_large": _("This is too much at once (at most 512 KiB)."),
    "csv_not_read": _("This cannot be read as CSV."),
    "changed_meanwhile": _(
        "It is not as it was when it was planned: %(attributes)s. Look at it, then try again or give up."
    ),
    "not_arrived": _("What was done in the directory has not arrived yet."),
    "not_made_yet": _("AWS was to do this by itself, and has not done it yet. It is looked for again and again."),
    "clock_only_forward": _("The demo's clock only moves forward, by at most 400 days."),
    "decided_elsewhere": _("This is decided in %(via)s, not here."),
    "signature_not_valid": _("The call is not signed by a system known here, or it is too old."),
    "rules_changed_meanwhile": _(
        "The rules have changed since this file was taken out. Take them out again, and bring your changes into that."
    ),
    "unknown_system": _("There is no such system outside: %(system)s"),
    "unknown_field": _("The routine has no such field of the company's own: %(key)s"),
    "afterwards_by_nobody": _("Say who approves afterwards."),
    "never_afterwards": _("A second member of the operations team approves this before, also in an emergency."),
    "not_a_link": _("Write an address that starts with https:// and has {value} in it."),
    "field_required_by_rule": _("The rule “%(rule)s” asks for this field: %(field)s"),
    "recurring_weekday": _("Choose the days of the week (one, where it is the n-th of a month)."),
    "recurring_nth": _("Write the day of the month, from 1."),
    "recurring_over": _("Its last day has passed, or no day is left before it."),
    "recurring_too_long": _("The last day is at most %(days)s days away."),
    "recurring_not_here": _("This form cannot come again by itself."),
    "recurring_too_many": _("At most %(most)s recurring requests at a time."),
    "no_such_recurring": _("There is no such recurring request."),
    "recurring_state": _("That is not possible in its state now (%(state)s)."),
    "recurring_person_gone": _("The person is no longer in the directory, or disabled."),
    "recurring_membership_lost": _("The person is in none of the groups any more through which it was allowed."),
    "review_first": _(
        "The review of %(request)s is overdue. It must be closed by somebody else before the next emergency."
    ),
    "no_review_open": _("There is no review to close here."),
    "not_own_review": _("Whoever asked or worked does not review it."),
    "not_a_reviewer": _("Its approvers and the operations team review it."),
    "review_after_the_end": _("It is reviewed after it has ended."),
    "no_such_outcome": _("There is no such outcome: %(outcome)s"),
    "ratify_first": _("%(request)s has not been approved afterwards in time. It must be, before the next emergency."),
    "demo_only": _("This exists in demo mode only."),
    "converted_for_you": _(
        "The operations team has made this request of what you had asked for. It waits for your word: confirm it, or "
        "withdraw it."
    ),
    "no_such_favourite": _("There is no such favourite."),
    "too_many_favourites": _("At most %(most)s favourites: remove one first."),
    "extends": _("Extends %(request)s: %(reason)s"),
    "extends_nothing": _(
        "It holds nothing of what %(request)s holds, so it does not extend it. Ask for it on its own."
    ),
    "not_extendable": _(
        "%(request)s is not in force, or is not yours to extend: only who asked or works with it does."
    ),
    "converted_into": _("It has become the request %(request)s."),
    "denied_by_rule": _("The rule “%(rule)s” forbids this for %(person)s."),
    "end_as_a_time": _("Write the end as a time: nobody knows how long the steps by hand will take."),
    "extra_not_a_choice": _("Choose one of the values offered."),
    "extra_not_date": _("Write a date such as 2026-11-24."),
    "extra_not_in_format": _("This does not have the required format (%(pattern)s)."),
    "extra_not_number": _("Write a number."),
    "extra_not_url": _("Write an address that starts with https://"),
    "form_no_longer_read": _("This request was written for an older form. Ask again."),
    "freeze_needs_exception": _("Within the freeze “%(freeze)s”: an exception approver is needed."),
    "frozen": _("Nothing may start during the freeze “%(freeze)s” (until %(until)s)."),
    "longer_than_rule": _("%(person)s may have this for at most %(minutes)s minutes."),
    "out_of_hours": _("The rule “%(rule)s” allows this to %(person)s in its hours only. Choose another time."),
    "week_used_up": _(
        "The rule “%(rule)s” allows this to %(person)s for %(most)s minutes a week in all; of the week from %(week)s, "
        "%(left)s minutes are left."
    ),
    "may_not_end": _("Only the requester, a worker, an approver or the operations team may end this."),
    "minutes_out_of_range": _("Write the minutes of one day at most."),
    "sign_in_ambiguous": _("Several people of the directory have your id. Ask the operations team."),
    "sign_in_cancelled": _("Your identity provider did not let you sign in, or you stopped there."),
    "sign_in_disabled": _("Your user is disabled. Ask the operations team."),
    "sign_in_not_proved": _("The answer of your identity provider could not be used (any more). Sign in again."),
    "sign_in_provider_down": _("Your identity provider does not answer now. Try again in a few minutes."),
    "sign_in_unknown": _("The AWS directory has nobody with your id. Ask the operations team."),
    "no_open_manual_step": _("No manual step is open."),
    "no_rule_allows": _("No rule allows this to %(person)s. Ask the operations team for a rule."),
    "no_such_request": _("There is no such request, or you may not see it."),
    "unknown_group": _("There is no such group: %(group)s"),
    "unknown_kind": _("The kind must be one of: %(kinds)s"),
    "not_a_pattern": _("The pattern is not a regular expression."),
    "pattern_too_slow": _(
        "This pattern could take very long: repeat single characters or classes only, at most three times, not groups."
    ),
    "times_not_in_order": _("The end must be after the start, both with their offset."),
    "no_such_rule": _("There is no such rule."),
    "unknown_dimension": _("This routine has no such dimension: %(dimension)s"),
    "no_such_runbook": _("The routine %(routine)s has no runbook."),
    "runbook_changed": _("The runbook has changed since it was shown. Read it again."),
    "runbook_unread": _(
        "The rule “%(rule)s” is for who has read the runbook within %(days)s days. %(person)s has not: read it, and "
        "press “I have read it” (%(page)s)."
    ),
    "exercise_undone": _(
        "The rule “%(rule)s” is for who has finished the exercise within %(days)s days. %(person)s has not: do it on "
        "the practice AWS, as the runbook says (%(page)s)."
    ),
    "no_such_routine": _("There is no such routine: %(routine)s"),
    "nobody_can_approve": _("Nobody can approve this now: %(who)s is empty. Ask the operations team."),
    "not_your_turn": _("It is not your turn: others approve before you, or your part has its approval already."),
    "not_an_approver": _("You are not an approver of this request."),
    "not_convertible": _(
        "Only an open other request can be made into the request of a routine that teams may ask for."
    ),
    "nobody_else_can_approve": _("Nobody but you could approve this, and who converts a request does not approve it."),
    "no_such_note": _("There is no such note, or it was taken off already."),
    "not_in_operations": _("%(person)s is not a member of the operations team."),
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
    "past_end_before_start": _("The end is not after the start."),
    "past_no_column": _("The first line must name the columns: %(columns)s"),
    "past_no_time": _("“%(text)s” is no time such as 2026-11-24 18:00."),
    "past_nothing_named": _("Person, account and permission set are needed."),
    "past_too_much": _("At most %(most)s lines at once."),
    "team_no_approver": _("Nobody of TEAM's approvers is there for %(place)s: without one the rule would be wider."),
    "team_no_duration": _("It has no length, and TEAM's settings have none."),
    "team_one_group": _("TEAM let several groups approve; kept is %(kept)s, left out are %(left)s."),
    "team_sessions_left": _("%(count)s rows of TEAM's sessions hold no events and are not taken."),
    "team_settings_left": _("TEAM's mail, SNS and Slack settings are not taken, its Slack token is never read."),
    "team_there_already": _("A rule of this name is there already; it is left as it is."),
    "team_ticket": _("TEAM asked for a ticket number: make it a required extra field of temporary access."),
    "team_unknown_principal": _("The directory has no such user or group (any more)."),
    "emergency_used": _("The emergency path was used: %(principal)s"),
    "observe_mode": _("The desk only observes: it plans and previews, and nobody can ask or approve."),
    "auditors_only": _("Only the company's auditors can do this."),
    "guest_end_out_of_range": _("A guest's stay ends between now and %(days)s days from now."),
    "guest_has_a_place": _("%(person)s is in a group, or has asked for or held something here: no guest."),
    "guest_over": _("Your access for %(firm)s ended at %(until)s. Ask the company's auditors."),
    "no_such_guest": _("There is no such guest, or the stay is over."),
    "machine_asks_itself": _(
        "%(machine)s asked for this under its own rules, so it corrects it itself. You may withdraw it."
    ),
    "machine_expired": _("No token of %(machine)s works any more. The operations team gives it another."),
    "machine_handed_over": _("%(machine)s has another owner since this was asked for. It asks anew."),
    "machine_name_taken": _("There is, or was, a machine called %(machine)s. A name is given once."),
    "machine_stopped": _("%(machine)s is stopped, for good."),
    "machine_without_owner": _(
        "Whoever answered for %(machine)s has left. The operations team gives it another owner."
    ),
    "no_such_machine": _("There is no machine called %(machine)s."),
    "not_for_machines": _(
        "This is not open to machines: they ask, under rules that name them, and see what they asked for."
    ),
    "too_many_calls": _("More than %(most)s calls in a minute. Try again in the next."),
    "unknown_machine": _("There is no machine called %(machine)s, or it is stopped."),
    "not_for_guests": _("This is not open to guests of an audit firm: they read, and change nothing."),
    "ops_only": _("Only the operations team can do this."),
    "person_gone": _("%(person)s is no longer in the directory."),
    "plan_changed": _("The plan has changed; it is %(number)s now. Read it again before you decide."),
    "plan_differs": _("AWS had changed: plan %(number)s no longer held, and its approvals fell."),
    "no_such_account": _("There is no such account, or you may not see it."),
    "no_such_column": _("There is no such column: %(column)s"),
    "register_account_mended": _("Read the account “%(before)s” as %(after)s: a spreadsheet had changed it."),
    "register_account_rounded": _(
        "“%(text)s” is what a spreadsheet makes of an account number, and several accounts may be meant. "
        "Write it with hyphens, such as 4101-2230-7781."
    ),
    "register_account_twice": _("This account stands in the table twice; only the first line counts."),
    "register_changed_meanwhile": _("Somebody has changed this entry since you read it. See what changed; then save."),
    "register_no_account": _("This line names no account."),
    "register_no_account_column": _(
        "The table has no column “Account ID”: its first line must say what each column is."
    ),
    "register_not_a_choice": _("Choose one of: %(choices)s"),
    "register_not_a_currency": _("Write a currency such as JPY or USD."),
    "register_not_an_amount": _("Write an amount such as 150000 or 1250.50."),
    "register_not_csv": _("This is a workbook. Save it as “CSV UTF-8” in your spreadsheet, and give that file."),
    "register_not_mfa": _("Write yes, no, or nothing where it is not known."),
    "register_not_text": _(
        "This is no text in UTF-8 or Shift JIS (CP932). Save it as “CSV UTF-8” in your spreadsheet."
    ),
    "register_not_yet": _("This day is yet to come."),
    "register_not_yours": _(
        "Only the operations team can change this. The owner and the deputy keep the contacts, and confirm."
    ),
    "register_preview_void": _(
        "Since the preview something has changed, so nothing was written. Here is what would change now."
    ),
    "register_several_people": _("Several people are called %(person)s; write a user name (%(names)s)."),
    "register_table_too_large": _("The table is too large (at most %(kib)s KiB). Give it in parts."),
    "register_title_taken": _("Another column is called “%(title)s” already."),
    "register_too_many_columns": _("At most %(most)s columns of your own."),
    "register_too_many_lines": _("At most %(most)s lines at a time."),
    "report_after_end": _("The report is made after the end."),
    "routine_retired": _("The routine %(routine)s no longer exists."),
    "rule_asks_for_more": _("A rule now asks for more approvals."),
    "say_why": _("Write why, so that the other side knows what to do."),
    "scope_missing": _("This token may not do that (scope %(scope)s)."),
    "steps_in_another_order": _("The order of the steps"),
    "step_up": _("Show once more that it is you: this needs a sign-in of the last %(minutes)s minutes."),
    "step_up_not_by_token": _("A token cannot do this: production is approved, and rules are saved, in the browser."),
    "sign_in_other_person": _("Somebody else answered at the identity provider. Nothing has changed here."),
    "still_there": _("AWS said it was removed, but it is still there."),
    "target_gone": _("The account, the person or the permission set no longer exists."),
    "unknown_account": _("There is no such account: %(account)s"),
    "unknown_outcome": _("Choose one of the outcomes offered."),
    "unknown_person": _("There is no such person: %(person)s"),
    "worker_leaves": _("%(person)s leaves and cannot work on it any more. Ask again with somebody else, or without."),
    "window_passed": _("The end had passed before it was applied. It is never applied late."),
    "unknown_tag": _("No account has this tag: %(tag)s"),
    "unknown_register_value": _("The account register has no such line: %(said)s"),
    "pair_of_one": _("A pair names two things."),
    "escalate_to_one": _("Say to whom it goes where nobody answers: one group, or people."),
    "no_clock_time": _("Write a time of day such as 09:00; “%(text)s” is none."),
    "stage_first": _("The first approvals are step 1, and no step between is left out."),
    "approver_one_of_three": _("Name one of: a group, the requester's manager, or people."),
    "changed_content": _("What %(permission_set)s may do in %(account)s"),
    "changed_extra": _("Extra field %(key)s"),
    "changed_handover": _("Handover"),
    "changed_reason": _("Reason"),
    "changed_requester": _("Requester"),
    "changed_session": _("How long a session of %(permission_set)s lasts"),
    "changed_step": _("%(name)s of the step"),
    "changed_window": _("When it is in force"),
    "changed_workers": _("Workers"),
    "choices_missing": _("Write the values to choose from, one a line."),
    "content_not_kept": _("another content, no longer known (digest %(digest)s)"),
    "dimension_missing": _("An allow rule says where: write * for everything."),
    "from_approval": _("from the approval"),
    "holiday_not_a_date": _("“%(text)s” is not a date such as 2026-12-29."),
    "holiday_too_many_cells": _("A line has a date and a name, nothing more."),
    "holiday_twice": _("%(day)s stands in the list twice."),
    "holidays_too_many": _("At most %(most)s days at a time."),
    "more_than_there_are": _("No more than %(there)s can approve here."),
    "no_such_absence": _("There is no such absence, or it is over."),
    "no_such_extra_field": _("There is no such extra field."),
    "no_such_freeze": _("There is no such freeze, or it is over."),
    "no_such_holiday": _("%(day)s is no company holiday."),
    "no_such_person": _("There is no such person, or you may not see them."),
    "not_oneself": _("Somebody else does this for you."),
    "no_such_plan": _("This request has no plan %(plan)s."),
    "no_such_token": _("There is no such token, or it works no more."),
    "no_channel_left": _("Keep one channel: else nobody could tell you anything."),
    "no_slack": _("This installation has no Slack."),
    "no_such_notice": _("There is no such notice."),
    "not_linked": _("No Slack account is linked."),
    "quiet_hours_both": _("Write when the quiet hours begin and when they end, or neither."),
    "slack_help": _("What waits for you is told here, and decided with the buttons. Everything else is in Kumoban."),
    "slack_in_browser": _("Production is approved in the browser only. Open the request there."),
    "slack_now_linked": _("Your Slack account is linked to %(person)s. What waits for you is told here from now on."),
    "slack_not_linked": _(
        "This Slack account is not linked to anybody. Make a code under My settings, and send it to me."
    ),
    "slack_not_valid": _("This button is not one of ours, or it is too old. Open the request in Kumoban."),
    "slack_not_yours": _("This message was written for somebody else. Only they can decide with it."),
    "slack_code_unknown": _(
        "This code is not valid (any more). Make a new one on your page, and send it within ten minutes."
    ),
    "nothing_here": _("There is nothing at this address."),
    "rule_for_nobody": _("Say whom the rule allows it to."),
    "rule_too_large": _("The rule says too much for one rule: use groups and OUs, or make two of it."),
    "contract_ends": _("%(person)s works here until %(at)s; nothing may last longer."),
    "staff_changed": _("Something has changed since the preview. Look at it again."),
    "staff_no_table": _("This is no table with the columns %(heads)s."),
    "staff_nobody": _("The directory has nobody with the employee number %(number)s."),
    "staff_several": _("Several users of the directory have the employee number %(number)s."),
    "staff_too_large": _("The file is larger than %(mib)s MiB."),
    "staff_too_many": _("At most %(most)s lines at a time."),
    "staff_twice": _("%(number)s stands in the table twice for the same day."),
    "staff_unknown_kind": _("“%(kind)s” is no kind of employment: 正社員, 派遣 or 業務委託."),
    "step_added": _("Only in the plan after"),
    "step_removed": _("Only in the plan before"),
    "too_many_together": _("At most %(most)s at a time."),
    "token_not_valid": _("The token is missing, or it is not valid (any more)."),
    "unknown_ou": _("There is no such OU: %(ou)s"),
    "unknown_team": _("There is no such team: %(team)s"),
    "unknown_zone": _("There is no such time zone: %(zone)s"),
    "shape.bool_type": _("Yes or no is needed here."),
    "shape.date_from_datetime_inexact": _("Write a date such as 2026-11-24."),
    "shape.date_type": _("Write a date such as 2026-11-24."),
    "shape.datetime_object_invalid": _("Write a date and a time such as 2026-11-24T18:00+09:00."),
    "shape.datetime_type": _("Write a date and a time such as 2026-11-24T18:00+09:00."),
    "shape.int_from_float": _("Write a whole number."),
    "shape.int_parsing_size": _("Write a whole number."),
    "shape.model_type": _("Give names with values here."),
    "shape.bool_parsing": _("Yes or no is needed here."),
    "shape.date_from_datetime_parsing": _("Write a date such as 2026-11-24."),
    "shape.date_parsing": _("Write a date such as 2026-11-24."),
    "shape.datetime_from_date_parsing": _("Write a date and a time such as 2026-11-24T18:00+09:00."),
    "shape.datetime_parsing": _("Write a date and a time such as 2026-11-24T18:00+09:00."),
    "shape.dict_type": _("Give names with values here."),
    "shape.greater_than_equal": _("At least %(ge)s."),
    "shape.int_parsing": _("Write a whole number."),
    "shape.int_type": _("Write a whole number."),
    "shape.json_invalid": _("This is not JSON."),
    "shape.less_than_equal": _("At most %(le)s."),
    "shape.list_type": _("Give a list here."),
    "shape.model_attributes_type": _("Give names with values here."),
    "shape.string_pattern_mismatch": _("This does not have the required format (%(pattern)s)."),
    "shape.timezone_aware": _("Write the time with its offset, such as 2026-11-24T18:00+09:00."),
    "ambiguous_name": _("Several are called %(name)s; give the id instead."),
    "no_text_here": _("This form is not filled from a text."),
    "text_too_long": _("The text is too long (at most %(limit)s characters)."),
    "text_several": _("Several are meant; choose in the form."),
    "text_several_times": _("Several times are said; choose in the form."),
    "text_whose_day": _("Does it start or end on that day? Write the day before its time, or fill it in."),
    "text_start_or_end": _("Is this the start or the end? Write “from” or “until” beside it, or fill it in."),
    "text_no_such_account": _("No account offered to you is called so."),
    "text_names_wanted": _("%(count)s people, %(named)s of them named. Choose who they are."),
    "normalised_invisible": _("Invisible characters in “%(before)s” were dropped."),
    "normalised_space": _("Read “%(before)s” as “%(after)s”."),
    "unusual_deep_night": _("It starts deep in the night (%(at)s)."),
    "unusual_first_here": _("%(name)s has not had access here before."),
    "unusual_first_in": _("%(name)s has not had access to %(account)s before."),
    "unusual_longer": _("%(minutes)s minutes is longer than usual for %(name)s (%(usual)s minutes)."),
    "unusual_many_this_week": _("%(name)s asks for this %(n)s times this week."),
    "unusual_sensitive": _("%(account)s holds data of the class “%(data_class)s”."),
    "unusual_new_permission_set": _("%(name)s has never asked for %(permission_set)s before."),
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


#: those of rooms above this one, which enter them at start
_ADDED: dict[str, str] = {}


def add(texts: Mapping[str, str]) -> None:
    """Enter the sentences of a room above: msgids by code. Raises ValueError where a code has another sentence."""
    for code, text in texts.items():
        if _WORDS.get(code, text) != text or _ADDED.setdefault(code, text) != text:
            raise ValueError(f"two sentences for {code}")


class _Params(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def say(reason: Reason) -> str:
    """The sentence in the active language; an unknown code shows itself."""
    text = texts().get(reason.code) or _WORDS.get(reason.code) or _ADDED.get(reason.code)
    if text is None:
        return reason.code
    return gettext(text) % _Params(reason.params)
