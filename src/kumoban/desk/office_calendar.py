"""Where the organisation is, and when it works: its zone, and the business calendar with its own holidays."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings

from kumoban.core.calendar import BusinessCalendar
from kumoban.desk.models import CompanyHoliday

__all__ = ["business_calendar", "organisation_zone"]


def organisation_zone() -> ZoneInfo:
    return ZoneInfo(settings.KUMOBAN_TIME_ZONE)


def business_calendar() -> BusinessCalendar:
    company: dict[date, str] = dict(CompanyHoliday.objects.values_list("day", "name"))
    return BusinessCalendar(zone=organisation_zone(), company_holidays=company)
