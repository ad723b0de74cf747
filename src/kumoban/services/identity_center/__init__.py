"""IAM Identity Center: account assignments and permission sets."""

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
from kumoban.services.identity_center.assigned import Assigned, assigned_to, unassigning
from kumoban.services.identity_center.permission_sets import (
    ATTACH_POLICY,
    CREATE_SET,
    DELETE_SET,
    DETACH_POLICY,
    PROVISION,
    PUT_INLINE,
    SET_ACTIONS,
    UPDATE_SET,
)

__all__ = [
    "ASSIGN",
    "ASSIGN_GROUP",
    "ASSIGN_TO_NEW",
    "ATTACH_POLICY",
    "CREATE_SET",
    "DELETE_SET",
    "DETACH_POLICY",
    "PROVISION",
    "PUT_INLINE",
    "SET_ACTIONS",
    "UNASSIGN",
    "UPDATE_SET",
    "Assign",
    "AssignGroup",
    "AssignToNew",
    "Assigned",
    "Unassign",
    "assigned_to",
    "assignment_thing",
    "unassigning",
]
