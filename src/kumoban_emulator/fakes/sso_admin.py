"""IAM Identity Center's administration (``sso-admin``), whole."""

from kumoban_emulator.fakes import (  # noqa: F401
    sso_admin_applications,
    sso_admin_assignments,
    sso_admin_contents,
    sso_admin_instance,
    sso_admin_provisioning,
    sso_admin_regions,
    sso_admin_sets,
    sso_admin_token_exchange,
)
