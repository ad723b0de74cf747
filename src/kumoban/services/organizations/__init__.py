"""AWS Organizations: accounts made, moved, closed."""

from kumoban.services.organizations.accounts import ACCOUNT_ACTIONS, CLOSE_ACCOUNT, CREATE_ACCOUNT, MOVE_ACCOUNT

__all__ = ["ACCOUNT_ACTIONS", "CLOSE_ACCOUNT", "CREATE_ACCOUNT", "MOVE_ACCOUNT"]
