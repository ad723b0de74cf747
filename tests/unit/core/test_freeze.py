from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kumoban.core.freeze import Freeze
from kumoban.core.window import Window

START, END = datetime(2026, 12, 26, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC)
PRODUCTION = "r-1/ou-workloads/ou-production"
DURING = Window(START + timedelta(days=1), START + timedelta(days=1, hours=2))


def test_a_freeze_without_lists_covers_every_routine_everywhere() -> None:
    assert Freeze(START, END).covers("temporary-access", PRODUCTION, DURING)


def test_it_covers_an_account_outside_any_unit_only_when_it_covers_everything() -> None:
    assert Freeze(START, END).covers("temporary-access", "", DURING)
    assert not Freeze(START, END, ou_ids=("ou-production",)).covers("temporary-access", "", DURING)


@pytest.mark.parametrize(("routine", "covered"), [("dns-record", True), ("temporary-access", False)])
def test_it_covers_the_routines_it_names(routine: str, covered: bool) -> None:
    assert Freeze(START, END, routines=("dns-record",)).covers(routine, PRODUCTION, DURING) is covered


@pytest.mark.parametrize("unit", ["r-1", "ou-workloads", "ou-production"])
def test_an_organizational_unit_covers_everything_below_it(unit: str) -> None:
    assert Freeze(START, END, ou_ids=(unit,)).covers("dns-record", PRODUCTION, DURING)


@pytest.mark.parametrize("unit", ["ou-development", "ou-prod", "ou-production-2"])
def test_another_unit_does_not_even_with_a_similar_name(unit: str) -> None:
    assert not Freeze(START, END, ou_ids=(unit,)).covers("dns-record", PRODUCTION, DURING)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "covered"),
    [
        (START - timedelta(hours=2), START, False),
        (START - timedelta(hours=2), START + timedelta(seconds=1), True),
        (END - timedelta(seconds=1), END + timedelta(hours=1), True),
        (END, END + timedelta(hours=1), False),
        (START - timedelta(days=1), END + timedelta(days=1), True),
    ],
)
def test_it_covers_windows_that_reach_into_it(starts_at: datetime, ends_at: datetime, covered: bool) -> None:
    assert Freeze(START, END).covers("dns-record", PRODUCTION, Window(starts_at, ends_at)) is covered


def test_a_window_that_starts_on_approval_must_be_resolved_first() -> None:
    with pytest.raises(ValueError, match="resolve"):
        Freeze(START, END).covers("dns-record", PRODUCTION, Window(duration=timedelta(hours=1)))
