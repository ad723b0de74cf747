"""One request's page: what each person sees and may do there, and its moving part."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from kumoban.desk import requests
from kumoban.desk.models import CompletionReport, Hold, Request, Step
from tests.integration.conftest import Office
from tests.integration.web.test_pages import filled, signed_in

HTMX = {"HTTP_HX_REQUEST": "true"}


def ask(office: Office, **changed: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(**changed))


def approved(office: Office, **changed: object) -> Request:
    made = ask(office, **changed)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    return made


def ended(office: Office) -> Request:
    made = approved(office, workers=["u-sato"])
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    return made


def page_of(client: Client, made: Request) -> str:
    return client.get(f"/requests/{made.number}").content.decode()


def polled(page: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def test_the_approver_reads_a_sentence_then_what_is_unusual_then_decides(office: Office) -> None:
    page = page_of(signed_in(office, "suzuki", "ja"), ask(office))
    sentence, unusual, button = (page.index(text) for text in ("ProdReadOnly</b>", "いつもと違う点", "この計画を承認"))
    assert sentence < unusual < button


def test_a_deadline_says_what_happens_then(office: Office) -> None:
    assert "it lapses: nothing is granted" in page_of(signed_in(office, "sato"), ask(office))


def test_an_active_grant_opens_the_console_of_its_account_and_role(office: Office, settings: object) -> None:
    settings.KUMOBAN_ACCESS_PORTAL_URL = "https://example.awsapps.com/start/"  # type: ignore[attr-defined]
    page = page_of(signed_in(office, "sato"), approved(office))
    address = "https://example.awsapps.com/start/#/console?account_id=410122300001&amp;role_name=ProdReadOnly"
    assert address in page
    for line in (
        "[profile payments-prod-ProdReadOnly]",
        "sso_account_id = 410122300001",
        "sso_role_name = ProdReadOnly",
    ):
        assert line in page
    assert "sso_start_url = https://example.awsapps.com/start" in page


def test_only_ones_own_grants_can_be_opened(office: Office) -> None:
    page = page_of(signed_in(office, "suzuki"), approved(office))
    assert "[profile" not in page


def test_the_end_of_issued_credentials_is_an_instant_once_the_end_is_known(office: Office) -> None:
    made = ask(office)
    client = signed_in(office, "sato")
    assert "work 1 hour longer at most" in page_of(client, made)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    until = (made.ends_at + timedelta(hours=1)).isoformat(timespec="seconds")
    assert f'<time datetime="{until}">' in page_of(client, made)


def test_the_steps_show_the_aws_call_and_its_request_id(office: Office) -> None:
    made = approved(office)
    sent = Step.objects.filter(request=made, kind="apply").first()
    page = page_of(signed_in(office, "sato"), made)
    assert "CreateAccountAssignment" in page
    assert sent.aws_request_id in page  # type: ignore[union-attr]


def test_the_moving_part_is_sent_only_when_something_changed(office: Office) -> None:
    made = approved(office)
    client = signed_in(office, "sato")
    address = polled(page_of(client, made))
    assert client.get(address, **HTMX).status_code == 204
    requests.end_early(office.actor("sato"), made.number)
    answer = client.get(address, **HTMX)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert 'id="live-top"' in page
    assert "Ending" in page


def test_the_forms_come_along_only_when_they_changed(office: Office) -> None:
    made = approved(office, workers=["u-sato"])
    client = signed_in(office, "sato")
    address = polled(page_of(client, made))
    Step.objects.filter(request=made, kind="apply").update(aws_request_id="another")
    assert 'id="forms"' not in client.get(address, **HTMX).content.decode()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    assert "How did it go?" in client.get(address, **HTMX).content.decode()


def test_a_session_that_ended_sends_the_whole_page_to_sign_in(office: Office) -> None:
    made = approved(office)
    answer = Client().get(f"/requests/{made.number}/live", **HTMX)
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("outcome", "language", "said"),
    [("complete", "ja", "完了"), ("partial", "ja", "一部実施"), ("not_done", "en", "Not done"),
     ("abnormal", "ja", "異常あり"), ("abnormal", "en", "Something went wrong")],
)  # fmt: skip
def test_a_report_is_made_and_confirmed_with_its_outcome_in_words(
    office: Office, outcome: str, language: str, said: str
) -> None:
    made = ended(office)
    signed_in(office, "sato").post(f"/requests/{made.number}/report", {"outcome": outcome, "comment": "確認済み"})
    approver = signed_in(office, "suzuki", language)
    page = page_of(approver, made)
    assert said in page
    assert f">{outcome}<" not in page
    approver.post(f"/requests/{made.number}/confirm")
    assert CompletionReport.objects.get().confirmed_by_id == "u-suzuki"
    assert "u-suzuki" not in page_of(approver, made)


def test_who_may_not_confirm_is_offered_no_button(office: Office) -> None:
    made = ended(office)
    requests.report(office.actor("sato"), made.number, outcome="complete")
    assert f"/requests/{made.number}/confirm" not in page_of(signed_in(office, "sato"), made)


def test_questions_and_answers_stand_as_a_thread(office: Office) -> None:
    made = ask(office)
    signed_in(office, "suzuki").post(f"/requests/{made.number}/question", {"comment": "どの表ですか"})
    signed_in(office, "sato").post(f"/requests/{made.number}/answer", {"comment": "orders です"})
    page = page_of(signed_in(office, "suzuki"), made)
    thread = page[page.index('class="thread"') :]
    assert thread.index("どの表ですか") < thread.index("orders です")


def test_what_was_typed_survives_a_refusal(office: Office) -> None:
    made = ended(office)
    long = "長い報告" * 1500
    answer = signed_in(office, "sato").post(f"/requests/{made.number}/report", {"outcome": "partial", "comment": long})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert long in page
    assert re.search(r'value="partial" checked', page)


def test_work_is_assigned_to_an_ops_member_with_a_target_in_office_words(office: Office) -> None:
    form = {"subject": "S3 バケット", "what": "ログ用のバケットを作ってください"}
    made = requests.ask(office.actor("kim"), "other-request", form)
    client = signed_in(office, "takahashi")
    assert "高橋 健</option>" in page_of(client, made)
    client.post(f"/requests/{made.number}/assign", {"assignee": "u-takahashi", "target": "2099-11-27 17:00"})
    made.refresh_from_db()
    assert made.assignee_id == "u-takahashi"
    assert made.target_at.isoformat() == "2099-11-27T08:00:00+00:00"


def test_a_target_that_is_not_understood_is_told_and_kept(office: Office) -> None:
    form = {"subject": "S3 バケット", "what": "ログ用のバケットを作ってください"}
    made = requests.ask(office.actor("kim"), "other-request", form)
    answer = signed_in(office, "takahashi").post(f"/requests/{made.number}/assign", {"target": "そのうち"})
    assert answer.status_code == 409
    assert 'value="そのうち"' in answer.content.decode()


def test_ops_gives_up_on_what_failed(office: Office) -> None:
    made = approved(office, workers=["u-sato"])
    Hold.objects.filter(request=made).update(state="failed")
    Request.objects.filter(pk=made.pk).update(state="failed")
    client = signed_in(office, "takahashi")
    assert f"/requests/{made.number}/give-up" in page_of(client, made)
    client.post(f"/requests/{made.number}/give-up")
    office.runner.drain()
    made.refresh_from_db()
    assert made.state in ("ended", "undone")


def test_the_evidence_of_others_is_not_shown_to_who_asks(office: Office) -> None:
    approved(office, workers=["u-ren"])
    made = ask(office, workers=["u-sato"])
    assert "What these accounts had before" not in page_of(signed_in(office, "sato"), made)
    assert "What these accounts had before" in page_of(signed_in(office, "suzuki"), made)


def test_reloading_the_address_of_an_act_shows_the_request(office: Office) -> None:
    made = ask(office)
    answer = signed_in(office, "sato").get(f"/requests/{made.number}/withdraw")
    assert answer["Location"] == f"/requests/{made.number}"
    made.refresh_from_db()
    assert made.state == "waiting"


def test_who_works_with_it_extends_it_on_a_form_that_says_so_and_both_pages_name_the_other(office: Office) -> None:
    first = approved(office)
    client = signed_in(office, "ren", "ja")
    address = f"/ask/temporary-access?extend={first.number}"
    assert f'href="{address}"' in page_of(client, first)
    form = client.get(address).content.decode()
    assert f"{first.number} の延長" in form
    assert first.reason in form
    assert re.search(r'name="accounts" value="410122300001"[^>]* checked', form)
    answer = client.post(address, {**filled(), "until": "1h", "workers": ["u-sato", "u-ren"]})
    second = Request.objects.get(extends=first)
    assert answer["Location"] == f"/requests/{second.number}"
    assert f'<a href="/requests/{first.number}">' in page_of(client, second)
    assert f"{first.number} で付与中、終了 " in page_of(client, second)
    assert f'<a href="/requests/{second.number}">' in page_of(client, first)


def test_nobody_else_is_offered_to_extend_it(office: Office) -> None:
    first = approved(office)
    client = signed_in(office, "suzuki")
    assert "do-extend" not in page_of(client, first)
    assert client.get(f"/ask/temporary-access?extend={first.number}").status_code == 409


def test_what_has_no_end_or_is_over_is_not_extended(office: Office) -> None:
    assert "do-extend" not in page_of(signed_in(office, "sato"), ended(office))
