"""IAM Identity Center: account assignments."""

from kumoban.services.identity_center.assign import (
    ASSIGN,
    ASSIGN_GROUP,
    ASSIGN_TO_NEW,
    UNASSIGN,
    Assign,
    AssignGroup,
    AssignToNew,
    Unassign,
    assignment_thing,
)

__all__ = [
    "ASSIGN",
    "ASSIGN_GROUP",
    "ASSIGN_TO_NEW",
    "UNASSIGN",
    "Assign",
    "AssignGroup",
    "AssignToNew",
    "Unassign",
    "assignment_thing",
]
