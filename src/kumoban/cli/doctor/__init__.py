"""``kumoban doctor``: checks of an installation that change nothing, each with what to do where it fails."""

from __future__ import annotations

from collections.abc import Iterator

from kumoban.cli.doctor import at_aws, here, office, signing_in
from kumoban.cli.doctor.checks import Check, checked

__all__ = ["Check", "examine"]


def examine() -> Iterator[Check]:
    """One after the other, so that a person sees where it waits."""
    for part in (here.CHECKS, signing_in.CHECKS, office.CHECKS, at_aws.CHECKS):
        for name, look, remedy in part:
            yield checked(name, look, remedy)
