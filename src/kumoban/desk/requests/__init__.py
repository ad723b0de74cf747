"""What people do with a request: ask, approve, return, deny, question, withdraw, end, resume, work.

Every function is one transaction: it locks the request, decides, changes rows and records. A refusal changes
nothing; where it was an attempt on authority the ledger remembers it (``refused_attempt``).
"""

from kumoban.desk.requests.asking import ask, extend, open_by_desk, resubmit
from kumoban.desk.requests.closing import cancel_approved, reopen_end
from kumoban.desk.requests.converting import convert, convertible, draft_of
from kumoban.desk.requests.deciding import (
    answer_question,
    approvals_complete,
    approve,
    approve_together,
    ask_question,
    confirm_plan,
    deny,
    return_for_correction,
)
from kumoban.desk.requests.ending import end_early, give_up, may_end, resume, withdraw
from kumoban.desk.requests.extending import extendable, extended_form, to_extend
from kumoban.desk.requests.guards import refused_attempt
from kumoban.desk.requests.outside import OutsideCall, decide_outside
from kumoban.desk.requests.plans import await_approval, make_plan, valid_until, void_plan
from kumoban.desk.requests.reviewing import close_review, look_after_reviews, may_review, open_reviews, reviewers
from kumoban.desk.requests.stages import asking_people, escalate, in_force, on_turn, open_stage, require
from kumoban.desk.requests.working import assign, close_manual, confirm_report, report, work

__all__ = [
    "OutsideCall",
    "answer_question",
    "approvals_complete",
    "approve",
    "approve_together",
    "ask",
    "ask_question",
    "asking_people",
    "assign",
    "await_approval",
    "cancel_approved",
    "close_manual",
    "close_review",
    "confirm_plan",
    "confirm_report",
    "convert",
    "convertible",
    "decide_outside",
    "deny",
    "draft_of",
    "end_early",
    "escalate",
    "extend",
    "extendable",
    "extended_form",
    "give_up",
    "in_force",
    "look_after_reviews",
    "make_plan",
    "may_end",
    "may_review",
    "on_turn",
    "open_by_desk",
    "open_reviews",
    "open_stage",
    "refused_attempt",
    "reopen_end",
    "report",
    "require",
    "resubmit",
    "resume",
    "return_for_correction",
    "reviewers",
    "to_extend",
    "valid_until",
    "void_plan",
    "withdraw",
    "work",
]
