"""How a benchmark ends: its figures beside their goals on one last line, and an exit status that says whether."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Figure", "conclude", "percentile"]


@dataclass(frozen=True)
class Figure:
    """One measured value; ``most`` or ``least`` is its goal, and a figure without a goal is only shown."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def reached(self) -> bool:
        low = self.most is None or self.value <= self.most
        return low and (self.least is None or self.value >= self.least)

    def __str__(self) -> str:
        said = f"{self.name} {_number(self.value)}{self.unit}"
        if self.most is not None:
            said += f" (goal ≤ {_number(self.most)}{self.unit})"
        if self.least is not None:
            said += f" (goal ≥ {_number(self.least)}{self.unit})"
        return said if self.reached else f"{said} MISSED"


def conclude(title: str, figures: Sequence[Figure]) -> int:
    """Print the last line; 0 when every goal is reached, else 1."""
    print(f"{title}: {', '.join(map(str, figures))}", flush=True)
    return 0 if all(figure.reached for figure in figures) else 1


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` of all values do not exceed; infinite where there are none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("inf")


def _number(value: float) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 100 else f"{value:,.0f}"
