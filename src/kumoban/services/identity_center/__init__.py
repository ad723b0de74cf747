"""IAM Identity Center: account assignments."""

from kumoban.services.identity_center.assign import ASSIGN, Assign, assignment_thing

__all__ = ["ASSIGN", "Assign", "assignment_thing"]
