"""Account management: whom AWS writes to beside the root user."""

from kumoban.services.account.contacts import ALTERNATE_CONTACT, CONTACT_TYPES, AlternateContact

__all__ = ["ALTERNATE_CONTACT", "CONTACT_TYPES", "AlternateContact"]
