"""IAM Identity Center: account assignments."""

from kumoban.services.identity_center.assign import (
    ASSIGN,
    ASSIGN_GROUP,
    UNASSIGN,
    Assign,
    AssignGroup,
    Unassign,
    assignment_thing,
)

__all__ = ["ASSIGN", "ASSIGN_GROUP", "UNASSIGN", "Assign", "AssignGroup", "Unassign", "assignment_thing"]
