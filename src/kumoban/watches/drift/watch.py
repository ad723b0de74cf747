"""The watch itself, and the words of what it notices."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from kumoban.findings.watch import Watch
from kumoban.watches.drift.detect import detect
from kumoban.watches.drift.trail import who_did_it

__all__ = ["WATCH"]

WATCH = Watch(
    name="drift",
    title=_("Changes without a request"),
    summary=_("Access on AWS that the desk did not grant and that nobody adopted. It is never removed by itself."),
    every=timedelta(minutes=1),
    detect=detect,
    look_closer=who_did_it,
    texts={
        "drift_person": _("%(who)s has %(permission_set)s in %(account)s, and nobody asked the desk for it"),
        "drift_group": _("The group %(who)s has %(permission_set)s in %(account)s, and nobody asked the desk for it"),
        "drift_entitlement": _(
            "%(who)s may take on the role %(role)s in %(account)s (account access manager), and nobody asked the desk "
            "for it"
        ),
        "drift_iam_user": _("The IAM user %(user)s can sign in to %(account)s, and nobody asked the desk for it"),
        "drift_before": _("%(account)s: access of before the desk that nobody adopted (%(n)s)"),
        "drift_adopt": _("Adopt what is in %(account)s"),
        "drift_remove": _("Have it removed"),
        "drift_remove_reason": _("Nobody asked the desk for it, and it is not wanted."),
        "drift_remove_subject": _("Remove access without a request in %(account)s"),
        "drift_person_remove": _(
            "Remove the assignment of %(permission_set)s in %(account)s from %(who)s: nobody asked the desk for it, "
            "and it is not wanted. It is done when the next scan no longer sees it."
        ),
        "drift_group_remove": _(
            "Remove the assignment of %(permission_set)s in %(account)s from the group %(who)s: nobody asked the desk "
            "for it, and it is not wanted. It is done when the next scan no longer sees it."
        ),
        "drift_entitlement_remove": _(
            "Remove the entitlement of %(who)s to the role %(role)s in %(account)s (account access manager): nobody "
            "asked the desk for it, and it is not wanted. It is done when the next scan no longer sees it."
        ),
        "drift_iam_user_remove": _(
            "Remove the IAM user %(user)s of %(account)s, or its password and access keys: nobody asked the desk for "
            "it, and it is not wanted. First see what still uses it. It is done when the next scan no longer sees it."
        ),
    },
    labels={
        "user_arn": _("IAM user"),
        "role_arn": _("IAM role"),
        "entitlement": _("Entitlement"),
        "console": _("Signs in to the console"),
        "mfa": _("Has MFA"),
        "active_keys": _("Active access keys"),
        "created_at": _("Created"),
        "last_used_at": _("Last used"),
        "principal_type": _("Kind of principal"),
        "principal": _("Principal"),
        "user_name": _("User name"),
        "members": _("People in the group"),
        "permission_set": _("Permission set"),
        "permission_set_arn": _("ARN of the permission set"),
        "account": _("Account"),
        "environment": _("Environment"),
        "administers": _("Can administer"),
        "appeared_at": _("First seen by the scan"),
        "made_by": _("Made by (CloudTrail)"),
        "made_at": _("Made at (CloudTrail)"),
        "made_from": _("Made from"),
        "event": _("CloudTrail event"),
        "n": _("Ways in"),
        "assignments": _("Assignments"),
        "entitlements": _("Entitlements"),
        "users": _("IAM users"),
    },
)
