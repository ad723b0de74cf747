"""CloudTrail tells who made an assignment, where it was made in the desk's account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kumoban.aws.door import door
from kumoban.desk.duties import DUTIES
from kumoban.estate.scan import scan_account_assignments
from kumoban.findings.models import Finding
from tests.integration.desk.practice import Practice, practice_desk


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        yield made


def test_who_clicked_it_in_the_console_stands_in_the_evidence(desk: Practice) -> None:
    desk.admin("sso-admin").create_account_assignment(**desk.thing("ren"))
    assert desk.assigned()
    scan_account_assignments(door().open("test"), desk.account("payments-prod"))
    next(duty for duty in DUTIES if duty.name == "watch_drift").do()
    found = Finding.objects.get()
    assert found.evidence["made_by"].endswith(":user/kumoban-admin")
    assert found.evidence["event"]
    assert found.severity_code == "high"
