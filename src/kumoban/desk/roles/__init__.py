"""The roles of the desk: what they need, as IAM policies and as CloudFormation."""

from kumoban.desk.roles.declared import ARCHIVE, MANAGEMENT, MEMBER, OPERATOR, READER, WATCHDOG, declared
from kumoban.desk.roles.policy import ANYWHERE, Place, here, iam_action, policy
from kumoban.desk.roles.template import TEMPLATES, template

__all__ = [
    "ANYWHERE",
    "ARCHIVE",
    "MANAGEMENT",
    "MEMBER",
    "OPERATOR",
    "READER",
    "TEMPLATES",
    "WATCHDOG",
    "Place",
    "declared",
    "here",
    "iam_action",
    "policy",
    "template",
]
