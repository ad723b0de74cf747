"""Services answered by the emulator itself. Importing this package fills the registry."""

from kumoban_emulator.fakes import (  # noqa: F401
    account_access,
    cloudtrail,
    guardduty,
    identitystore,
    organizations,
    sso_admin,
    sso_portal,
    sts,
)
