"""IAM Identity Center's administration (``sso-admin``). Applications and trusted token issuers are not emulated."""

from kumoban_emulator.fakes import (  # noqa: F401
    sso_admin_assignments,
    sso_admin_contents,
    sso_admin_instance,
    sso_admin_provisioning,
    sso_admin_sets,
)
