"""What the operations team has to do: found on its pages, and told to who asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from kumoban.desk import requests, rules
from kumoban.desk.models import Hold, Request, Step
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def other(office: Office, subject: str = "ファイアウォールの開放") -> Request:
    form = {"subject": subject, "what": "10.0.0.0/16 から 443 を開けてください。"}
    return requests.ask(office.actor("sato"), "other-request", form)


def failed(office: Office) -> Request:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    Hold.objects.filter(request=made).update(state="failed")
    return made


@pytest.mark.parametrize("page", ["/", "/work"])
def test_the_operations_team_meets_its_work(office: Office, page: str) -> None:
    by_hand, broken = other(office), failed(office)
    told = signed_in(office, "takahashi").get(page).content.decode()
    assert f"/requests/{by_hand.number}" in told
    assert f"/requests/{broken.number}" in told
    assert "Needs a person" in told
    assert "nobody yet" in told


def test_nobody_else_has_the_list(office: Office) -> None:
    made = other(office)
    assert rules.work(office.actor("suzuki"), database_now()).count() == 0
    visitor = signed_in(office, "suzuki")
    answer = visitor.get("/work")
    assert answer.status_code == 409
    assert made.number not in answer.content.decode()
    assert 'href="/work"' not in visitor.get("/").content.decode()


def test_the_menu_counts_the_work(office: Office) -> None:
    other(office)
    other(office, "DNS")
    page = signed_in(office, "takahashi").get("/grants").content.decode()
    assert page.index('href="/work"') < page.index('<span class="count">2</span>')


def test_trouble_and_what_is_overdue_come_first(office: Office) -> None:
    calm, late, broken = other(office), other(office), failed(office)
    now = database_now()
    Request.objects.filter(pk=calm.pk).update(target_at=now + timedelta(hours=1))
    Request.objects.filter(pk=late.pk).update(target_at=now - timedelta(hours=3))
    found = [one.pk for one in rules.work(office.actor("takahashi"), now)]
    assert found == [late.pk, broken.pk, calm.pk]
    assert "overdue: 3 hours ago" in signed_in(office, "takahashi").get("/work").content.decode()


def test_a_step_that_needs_a_person_is_work_until_it_is_done(office: Office) -> None:
    made = failed(office)
    Hold.objects.filter(request=made).update(state="ending")
    Request.objects.filter(pk=made.pk).update(state="ending")
    Step.objects.filter(request=made, kind="end").update(needs_a_person=True)
    ops, now = office.actor("takahashi"), database_now()
    assert [one.pk for one in rules.work(ops, now)] == [made.pk]
    Step.objects.filter(request=made, kind="end").update(phase="done")
    assert not rules.work(ops, now).exists()


def test_the_list_is_narrowed_down_by_assignee(office: Office) -> None:
    taken, free = other(office), other(office)
    requests.assign(office.actor("takahashi"), taken.number, assignee="takahashi")
    visitor = signed_in(office, "takahashi")
    mine, nobodys = (visitor.get(f"/work?whose={whose}").content.decode() for whose in ("mine", "nobody"))
    assert taken.number in mine
    assert free.number not in mine
    assert free.number in nobodys
    assert taken.number not in nobodys


def test_who_asked_sees_who_has_it_and_until_when(office: Office) -> None:
    made, visitor = other(office), signed_in(office, "sato")
    assert "nobody has taken it on yet" in visitor.get(f"/requests/{made.number}").content.decode()
    requests.assign(
        office.actor("takahashi"), made.number, assignee="takahashi", target_at=database_now() + timedelta(hours=5)
    )
    page = visitor.get(f"/requests/{made.number}").content.decode()
    assert "The operations team works on it: 高橋 健 has it, until <time" in page


def test_finished_work_leaves_the_list(office: Office) -> None:
    made = other(office)
    requests.work(office.actor("takahashi"), made.number, text="開けました")
    requests.close_manual(office.actor("takahashi"), made.number)
    cache.clear()
    page = signed_in(office, "takahashi").get("/work").content.decode()
    assert made.number not in page
    assert "No work is open" in page


def test_the_list_is_one_query_however_long(office: Office, django_assert_max_num_queries: object) -> None:
    visitor = signed_in(office, "takahashi")
    for _ in range(6):
        other(office)
    visitor.get("/work")  # what is kept for a while is read
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        visitor.get("/work")


def test_the_history_of_work_by_hand_says_nothing_of_aws(office: Office) -> None:
    made = other(office)
    page = signed_in(office, "sato").get(f"/requests/{made.number}").content.decode()
    assert "handed it to the operations team" in page
    assert "no approval was needed" in page
    assert "checked on AWS" not in page
    assert "all approvals are there" not in page


def test_on_a_narrow_screen_every_page_is_in_a_menu_without_script(office: Office) -> None:
    page = signed_in(office, "takahashi").get("/").content.decode()
    menu = page[page.index('<details class="rail-more">') : page.index("</details>", page.index("rail-more"))]
    for address in ("/work", "/grants", "/rules", "/office", "/ledger"):
        assert f'href="{address}"' in menu
