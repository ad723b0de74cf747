"""The identity store of IAM Identity Center: users, groups, memberships, changed for good.

All calls are synchronous and take no client token: a conflict means that somebody was there first, so the thing is
compared and taken for ours only where it is exactly as wanted. Updates and deletions carry the revision just read.
Source: Identity Store API reference.
"""

from kumoban.services.identity_store.arriving import ARRIVALS, by_hand
from kumoban.services.identity_store.groups import CREATE_GROUP, DELETE_GROUP, GROUP_ACTIONS, UPDATE_GROUP
from kumoban.services.identity_store.members import ADD_MEMBER, MEMBER_ACTIONS, REMOVE_MEMBER
from kumoban.services.identity_store.users import (
    ATTRIBUTES,
    CREATE_USER,
    DELETE_USER,
    UPDATE_USER,
    USER_ACTIONS,
)

__all__ = [
    "ADD_MEMBER",
    "ARRIVALS",
    "ATTRIBUTES",
    "CREATE_GROUP",
    "CREATE_USER",
    "DELETE_GROUP",
    "DELETE_USER",
    "GROUP_ACTIONS",
    "MEMBER_ACTIONS",
    "REMOVE_MEMBER",
    "UPDATE_GROUP",
    "UPDATE_USER",
    "USER_ACTIONS",
    "by_hand",
]
