"""The sentences of evidence: msgids by code."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

__all__ = ["TEXTS"]

TEXTS = {
    "nothing_was_done": _("Nothing was done with it."),
    "only_reading": _("Only reading was done. A set that only reads would have been enough: %(sets)s"),
    "session_by_grant": _("By the grant of %(request)s."),
    "session_by_permanent": _("By the permanent access that %(request)s made."),
    "session_by_adopted": _("By access that %(request)s adopted."),
    "session_by_emergency": _("Emergency access; %(request)s is its approval afterwards."),
    "session_by_exclusion": _("Excluded by exclusion %(n)s."),
    "session_of_desk": _("The desk itself, by the identity it runs as."),
    "session_out_of_time": _("Outside the time of %(request)s, and of the credentials that it gave."),
    "session_adopted_later": _("The access was adopted only after it, by %(request)s."),
    "session_no_grant": _("No request ever gave this person this permission set in this account."),
    "session_no_person": _("The directory has nobody of this name."),
    "session_user_unknown": _("An IAM user that nobody adopted and no exclusion speaks of."),
    "session_root": _("The root user, without a request about an emergency."),
    "session_outside": _("A role taken on from outside the organisation (%(origin)s), which no exclusion speaks of."),
    "session_chained": _("A role taken on by %(name)s from account %(account)s, which no request speaks of."),
    "session_emergency_untold": _("An emergency role, without the request about its use."),
    "session_emergency_rejected": _("Emergency access that was not approved afterwards (%(request)s)."),
    "session_not_understood": _("Who it was is not understood."),
    "ops_lead_only": _("Only the lead of the operations team can do this."),
    "ops_or_auditors_only": _("Only the operations team and auditors see this."),
    "exclusion_pattern": _(
        "Name an IAM user or role by its ARN (* for every account), an account by its 12 digits, or an identity "
        "provider. The access of people and the root user are never excluded."
    ),
    "exclusion_days": _("It ends on or after the day it begins, and at most %(days)s days later."),
    "no_such_exclusion": _("There is no such exclusion, or it has ended."),
    "no_such_session": _("There is no such session or gap to be explained."),
    "session_about_you": _("It is about what you did yourself: somebody else explains it."),
    "no_such_month": _("There is no such month here: %(month)s"),
    "month_signed": _("%(month)s is signed: nothing of it changes."),
    "month_not_over": _(
        "%(month)s can be signed when it has been over for %(hours)s hours, so that late log files count."
    ),
    "month_not_read": _("Not all log files of %(month)s are read and matched yet. It goes on by itself."),
    "month_changed": _("It has changed since you saw it. Look at the numbers again, then sign."),
    "sessions_unexplained": _("Sessions that nobody has explained: %(n)s"),
    "gaps_unexplained": _("Gaps in the log files that nobody has explained: %(n)s"),
    "few_services": _("Of all that %(permission_set)s allows, only these services were used: %(services)s"),
}
