"""Where users and groups are kept: in Identity Center, or in the company's directory, from which SCIM brings them.

With an external source a write here drifts back or is refused, so it is made there by hand and seen to arrive here.
No API tells the source; SCIM gives every user it brings an external id (Identity Store API reference, ExternalIds).
"""

from __future__ import annotations

from django.conf import settings

from kumoban.estate.models import Person

__all__ = ["externally_kept"]


def externally_kept() -> bool:
    """As the setting says; ``auto``: where more than half of the users came by SCIM."""
    if settings.KUMOBAN_IDENTITY_SOURCE != "auto":
        return bool(settings.KUMOBAN_IDENTITY_SOURCE == "external")
    people = Person.objects.filter(absent_since=None)
    return people.exclude(external_id="").count() * 2 > people.count()
