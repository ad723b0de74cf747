"""Every routine has a runbook, in both languages, found beside its form."""

from __future__ import annotations

import re

import pytest

from kumoban.desk.routine import Routine, all_routines
from kumoban.desk.runbooks import runbook_of


@pytest.mark.parametrize("routine", all_routines(), ids=lambda routine: routine.name)
def test_a_routine_has_a_runbook_with_an_exercise_in_both_languages(routine: Routine) -> None:
    runbook = runbook_of(routine)
    assert runbook is not None
    assert "## Exercise" in runbook.en
    assert "## 練習" in runbook.ja
    assert runbook.title("ja") != runbook.title("en")


@pytest.mark.parametrize("routine", all_routines(), ids=lambda routine: routine.name)
def test_both_languages_say_the_same_things_in_the_same_order(routine: Routine) -> None:
    runbook = runbook_of(routine)
    assert runbook is not None
    shapes = [re.findall(r"^(#+|\d+\.|-|\|)", runbook.text(language), re.MULTILINE) for language in ("ja", "en")]
    assert shapes[0] == shapes[1]


def test_a_version_is_of_the_text_in_both_languages() -> None:
    digests = {runbook.digest for routine in all_routines() if (runbook := runbook_of(routine))}
    assert len(digests) == len(all_routines())
