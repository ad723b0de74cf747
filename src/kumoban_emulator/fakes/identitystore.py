"""The identity store of Identity Center: users, groups, memberships."""

from kumoban_emulator.fakes import identitystore_groups, identitystore_members, identitystore_users  # noqa: F401
