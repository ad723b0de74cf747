"""The request rate: its burst at once, then its rate."""

from __future__ import annotations

from kumoban_emulator.limits import Bucket, RateGauge


def test_a_bucket_is_empty_after_its_burst() -> None:
    bucket = Bucket(rate=0.001, burst=20)
    assert [bucket.take() for _ in range(21)] == [True] * 20 + [False]


def test_a_gauge_remembers_the_fullest_second() -> None:
    gauge = RateGauge()
    for _ in range(7):
        gauge.count()
    assert gauge.highest == 7
    gauge.clear()
    assert gauge.highest == 0
