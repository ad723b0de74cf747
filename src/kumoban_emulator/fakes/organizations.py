"""AWS Organizations, in three parts: reading the tree, changing it, policies."""

from kumoban_emulator.fakes import organizations_change, organizations_policies, organizations_read  # noqa: F401
