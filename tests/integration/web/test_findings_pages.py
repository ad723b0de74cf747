"""The pages of findings: the list, one with its evidence, deciding about it, and the proposed request's form filled."""

from __future__ import annotations

from datetime import timedelta

from kumoban.core.reason import Reason
from kumoban.findings.models import Finding
from kumoban.findings.watch import Proposal
from kumoban.ledger.clock import database_now
from tests.integration.conftest import ARN, Office
from tests.integration.findings.noticing import opened
from tests.integration.web.visitor import signed_in

PROD = "410122300001"


def drift(**changed: object) -> Finding:
    said = {"who": "佐藤 美咲", "permission_set": "ProdReadOnly", "account": "payments-prod"}
    title = Reason("drift_person", said)
    remove = Proposal(
        "other-request",
        Reason("drift_remove"),
        {"where": PROD},
        {"subject": Reason("drift_remove_subject", said), "what": Reason("drift_person_remove", said)},
    )
    adopt = Proposal("adopt", Reason("drift_adopt", said), {"accounts": [PROD]})
    values = {
        "title": title.stored(),
        "severity": 3,
        "evidence": {
            "permission_set_arn": ARN,
            "user_name": "sato",
            "appeared_at": "2026-11-24T03:12:00+00:00",
            "administers": False,
        },
        "proposals": [remove.stored(), adopt.stored()],
        **changed,
    }
    return opened(**values)


def test_the_list_says_it_in_the_readers_language_and_narrows_down(office: Office) -> None:
    drift()
    opened("b", severity=1)
    page = signed_in(office, "takahashi", "ja").get("/findings").content.decode()
    assert "佐藤 美咲 に payments-prod の ProdReadOnly が割り当てられていますが、申請がありません" in page
    assert page.index("佐藤 美咲") < page.index("導入前")
    assert "決済基盤" in page
    narrowed = signed_in(office, "takahashi").get("/findings?severity=low").content.decode()
    assert "佐藤" not in narrowed
    assert "1 finding:" in narrowed


def test_pages_follow_each_other_and_nonsense_in_the_address_is_the_first_page(office: Office) -> None:
    for n in range(60):
        opened(f"k{n}", severity=1 + n % 3)
    client = signed_in(office, "takahashi")
    first = client.get("/findings")
    following = client.get(f"/findings?{first.context['next']}")
    keys = [row["finding"].key for page in (first, following) for row in page.context["rows"]]
    assert len(keys) == len(set(keys)) == 60
    assert following.context["next"] == ""
    for after in ("x", "3-", "9-99999999999999999999999", "-1"):
        assert client.get("/findings", {"after": after, "severity": "grave", "state": "?"}).status_code == 200


def test_one_finding_shows_its_evidence_and_offers_what_this_person_may_ask(office: Office) -> None:
    one = drift()
    ops = signed_in(office, "takahashi").get(f"/findings/{one.pk}").content.decode()
    assert ARN in ops
    assert f"/ask/adopt?finding={one.pk}" in ops
    assert "No longer" not in ops
    team = signed_in(office, "ren").get(f"/findings/{one.pk}").content.decode()
    assert "/ask/adopt" not in team
    assert f"/ask/other-request?finding={one.pk}" in team
    assert signed_in(office, "kim").get(f"/findings/{one.pk}").status_code == 404


def test_the_proposed_request_s_form_is_filled_in_the_readers_language(office: Office) -> None:
    one = drift()
    form = signed_in(office, "takahashi", "ja").get(f"/ask/other-request?finding={one.pk}").content.decode()
    assert "payments-prod の申請外アクセスの削除" in form
    adopting = signed_in(office, "takahashi").get(f"/ask/adopt?finding={one.pk}").content.decode()
    assert f'value="{PROD}" checked' in " ".join(adopting.split())
    assert "申請外" not in signed_in(office, "kim", "ja").get(f"/ask/other-request?finding={one.pk}").content.decode()


def test_deciding_is_done_from_the_page_and_what_is_wrong_is_said_there(office: Office) -> None:
    one, client = drift(), signed_in(office, "suzuki")
    wrong = client.post(f"/findings/{one.pk}/suppress", {"comment": "移行中", "until": "2020-01-01"})
    assert wrong.status_code == 422
    assert "移行中" in wrong.content.decode()
    until = (database_now() + timedelta(days=10)).date().isoformat()
    assert client.post(f"/findings/{one.pk}/suppress", {"comment": "移行中", "until": until}).status_code == 302
    assert Finding.objects.get().state == "suppressed"
    assert "移行中" in client.get(f"/findings/{one.pk}").content.decode()
    assert client.post(f"/findings/{one.pk}/nonsense").status_code in (302, 404)
    assert client.post(f"/findings/{one.pk}/snooze", {"until": "not-a-day"}).status_code == 422


def test_home_and_today_count_them(office: Office) -> None:
    drift()
    assert "1 finding should be looked at." in signed_in(office, "ren").get("/").content.decode()
    assert "finding should be looked at" not in signed_in(office, "kim").get("/").content.decode()
    assert "/findings?severity=high" in signed_in(office, "takahashi").get("/today").content.decode()
