"""The account register: who writes what, over what they read; the history; confirming twice a year."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from kumoban.core.reason import Refused
from kumoban.desk import register
from kumoban.desk.planning import ShapeError
from kumoban.estate.models import Account, Group, Membership, Person, RegisterEntry
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText
from kumoban.ledger.record import erase_texts
from tests.integration.conftest import Office

PAY = "410122300001"
DATA = "410122300002"


def written(office: Office, **values: str) -> RegisterEntry:
    entry = register.entry_of(PAY)
    return register.change(office.actor("takahashi"), PAY, values, version=entry.version if entry else 0)


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.reasons[0].code


def test_what_operations_writes_is_kept_and_told_by_field(office: Office) -> None:
    written(office, number="A-017", product="決済", owner="sato", budget="1,500,000", root_mfa="あり")
    entry = register.entry_of(PAY)
    assert entry is not None
    said = register.spoken(entry, register.fields())
    assert said["owner"] == "sato"
    assert (said["budget"], said["currency"], said["root_mfa"]) == ("1500000", "JPY", "yes")
    (saving,) = register.history_of(PAY)
    assert saving.by == "u-takahashi"
    changed = {name: (before, after) for name, before, after in saving.fields}
    assert changed["product"] == ("", "決済")
    assert changed["owner"] == ("", "u-sato")


@pytest.mark.parametrize(
    ("typed", "means"),
    [("佐藤 美咲", "sato"), ("佐藤　美咲", "sato"), ("u-sato", "sato"), (" sato ", "sato")],
)
def test_a_person_is_named_as_offices_do(office: Office, typed: str, means: str) -> None:
    assert written(office, owner=typed).owner_id == f"u-{means}"


def test_a_name_of_several_people_is_not_guessed(office: Office) -> None:
    Person.objects.create(id="u-sato2", user_name="sato2", display_name="佐藤 美咲", seen_at=database_now())
    with pytest.raises(ShapeError) as wrong:
        written(office, owner="佐藤 美咲")
    assert wrong.value.errors[0][1].params["names"] == "sato, sato2"


def test_what_is_wrong_is_told_by_field_and_nothing_is_written(office: Office) -> None:
    with pytest.raises(ShapeError) as wrong:
        written(office, number="A-1", budget="たくさん", root_mfa_checked="2026-13-01", confirmed_on="2999-01-01")
    assert [name for name, _reason in wrong.value.errors] == ["budget", "root_mfa_checked", "confirmed_on"]
    assert register.entry_of(PAY) is None


def test_control_and_direction_characters_are_refused(office: Office) -> None:
    with pytest.raises(ShapeError):
        written(office, note="a\u202eb")
    with pytest.raises(ShapeError):
        written(office, product="a\x00b")


def test_an_edit_over_a_newer_one_is_refused_and_says_what_changed(office: Office) -> None:
    written(office, number="A-1")
    register.change(office.actor("takahashi"), PAY, {"number": "A-2"}, version=1)
    with pytest.raises(Refused) as refused:
        register.change(office.actor("takahashi"), PAY, {"number": "A-3"}, version=1)
    assert code(refused) == "register_changed_meanwhile"
    (newer,) = register.changes_since(PAY, 1)
    assert newer.fields == (("number", "A-1", "A-2"),)
    assert register.entry_of(PAY).number == "A-2"  # type: ignore[union-attr]


def test_owner_and_deputy_keep_the_contacts_and_nothing_else(office: Office) -> None:
    written(office, owner="sato", deputy="kim")
    for name in ("sato", "kim"):
        version = register.entry_of(PAY).version  # type: ignore[union-attr]
        register.change(office.actor(name), PAY, {"contacts": f"{name} 内線 1234"}, version=version)
        with pytest.raises(Refused) as refused:
            register.change(office.actor(name), PAY, {"owner": name}, version=version + 1)
        assert code(refused) == "register_not_yours"


def test_others_of_the_team_read_and_strangers_do_not(office: Office) -> None:
    written(office, owner="suzuki")
    with pytest.raises(Refused) as refused:
        register.change(office.actor("ren"), PAY, {"contacts": "x"}, version=1)
    assert code(refused) == "register_not_yours"
    assert register.account_seen(office.actor("ren"), PAY).pk == PAY
    with pytest.raises(Refused) as refused:
        register.account_seen(office.actor("kim"), PAY)
    assert code(refused) == "no_such_account"
    with pytest.raises(Refused) as refused:
        register.change(office.actor("kim"), PAY, {"contacts": "x"}, version=1)
    assert code(refused) == "no_such_account"


def test_auditors_read_everything_and_write_nothing(office: Office) -> None:
    Group.objects.create(id="g-audit", name=settings.KUMOBAN_AUDITOR_GROUP, seen_at=database_now())
    Membership.objects.create(person_id="u-kim", group_id="g-audit", seen_at=database_now())
    assert len(register.accounts(office.actor("kim"), register.Wanted())) == 2
    with pytest.raises(Refused) as refused:
        register.change(office.actor("kim"), PAY, {"note": "x"}, version=0)
    assert code(refused) == "register_not_yours"


def test_a_token_needs_the_scope_of_settings(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        register.change(office.actor("takahashi", frozenset({"read", "ask", "approve"})), PAY, {}, version=0)
    assert code(refused) == "scope_missing"


def test_an_owner_who_has_left_is_a_gap_and_stays_written(office: Office) -> None:
    written(office, owner="sato")
    Person.objects.filter(pk="u-sato").update(absent_since=database_now())
    gone = register.accounts(office.actor("takahashi"), register.Wanted(gap="owner_gone"))
    assert [account.pk for account in gone] == [PAY]
    assert register.gaps(office.actor("takahashi"))["owner_gone"] == 1
    assert written(office, owner="sato", note="調整中").owner_id == "u-sato"
    with pytest.raises(ShapeError):
        written(office, deputy="sato")


def test_register_and_tag_may_say_one_environment_in_two_words(office: Office) -> None:
    account = Account.objects.get(pk=PAY)
    assert not register.differs(account, "本番")
    assert register.differs(account, "検証")
    written(office, environment="検証")
    found = register.accounts(office.actor("takahashi"), register.Wanted(gap="environment"))
    assert [one.pk for one in found] == [PAY]
    written(office, environment="本番")
    assert not register.accounts(office.actor("takahashi"), register.Wanted(gap="environment")).exists()


@pytest.mark.parametrize("needle", ["4101-2230-0001", "payments-prod", "けっさい", "ＫＥＳＳＡＩ", "佐藤"])
def test_accounts_are_found_by_id_name_and_what_the_register_says(office: Office, needle: str) -> None:
    Account.objects.filter(pk=PAY).update(search=f"{PAY} payments-prod")
    written(office, product="けっさい kessai", owner="sato")
    found = register.accounts(office.actor("takahashi"), register.Wanted(q=needle))
    assert PAY in [account.pk for account in found]


def test_every_filter_answers(office: Office) -> None:
    written(office, owner="sato")
    for gap in register.GAPS:
        list(register.accounts(office.actor("takahashi"), register.Wanted(gap=gap)))
    wanted = register.Wanted(ou="ou-prod", team="payments", environment="prod", gap="unregistered")
    assert [one.pk for one in register.accounts(office.actor("takahashi"), wanted)] == [DATA]


# --- confirming


def aged(days: int) -> None:
    long_ago = database_now() - timedelta(days=days)
    RegisterEntry.objects.update(confirmed_on=long_ago.date(), created_at=long_ago)


def test_the_owner_is_asked_after_half_a_year_and_confirms(office: Office) -> None:
    written(office, owner="sato", deputy="kim")
    assert register.ask_owners() == 0
    aged(181)
    assert register.ask_owners() == 1
    assert register.ask_owners() == 0
    (asked,) = register.to_confirm(office.actor("sato"))
    assert not register.to_confirm(office.actor("kim"))
    assert not register.to_confirm(office.actor("takahashi"))
    register.confirm(office.actor("sato"), PAY, version=asked.version)
    assert not register.to_confirm(office.actor("sato"))
    entry = register.entry_of(PAY)
    assert entry is not None
    assert entry.confirmed_by_id == "u-sato"
    assert Entry.objects.filter(kind="register.confirmed", subject=f"account:{PAY}").count() == 1


def test_the_deputy_is_asked_where_the_owner_has_left_and_operations_where_both_have(office: Office) -> None:
    written(office, owner="sato", deputy="kim")
    aged(181)
    register.ask_owners()
    Person.objects.filter(pk="u-sato").update(enabled=False)
    assert register.to_confirm(office.actor("kim")).count() == 1
    Person.objects.filter(pk="u-kim").update(absent_since=database_now())
    assert register.to_confirm(office.actor("takahashi")).count() == 1


def test_whoever_does_not_answer_is_reminded_after_five_business_days(office: Office) -> None:
    written(office, owner="sato")
    aged(181)
    register.ask_owners()
    RegisterEntry.objects.update(asked_at=database_now() - timedelta(days=3))
    assert register.ask_owners() == 0
    RegisterEntry.objects.update(asked_at=database_now() - timedelta(days=30))
    assert register.ask_owners() == 1
    assert register.ask_owners() == 0
    assert Entry.objects.filter(kind="register.reminded").count() == 1


def test_what_was_changed_since_it_was_read_is_not_confirmed(office: Office) -> None:
    written(office, owner="sato")
    written(office, number="A-2")
    with pytest.raises(Refused) as refused:
        register.confirm(office.actor("sato"), PAY, version=1)
    assert code(refused) == "register_changed_meanwhile"
    with pytest.raises(Refused) as refused:
        register.confirm(office.actor("ren"), PAY, version=2)
    assert code(refused) == "register_not_yours"


def test_accounts_that_are_closed_are_not_asked_about(office: Office) -> None:
    written(office, owner="sato")
    aged(181)
    Account.objects.filter(pk=PAY).update(status="SUSPENDED")
    assert register.ask_owners() == 0


def test_free_text_of_the_history_can_be_erased(office: Office) -> None:
    written(office, contacts="佐藤 090-0000-0000")
    entry = Entry.objects.get(kind="register.changed")
    assert EntryText.objects.filter(entry=entry).count() == 1
    erase_texts([entry.seq], actor="desk", reason="asked for")
    (saving,) = register.history_of(PAY)
    assert saving.fields == (("contacts", "", None),)


# --- the company's own columns


def column(office: Office, **changed: object) -> None:
    values = {"key": "cmdb", "label_ja": "構成管理番号", "label_en": "CMDB number", **changed}
    register.save_column(office.actor("takahashi"), register.ColumnForm.model_validate(values))


def test_a_column_of_the_companys_own_is_written_like_any_other(office: Office) -> None:
    column(office, kind="choice", choices=["甲", "乙"])
    assert written(office, **{"own.cmdb": "甲"}).own == {"cmdb": "甲"}
    with pytest.raises(ShapeError):
        written(office, **{"own.cmdb": "丙"})
    assert written(office, **{"own.cmdb": ""}).own == {}


def test_no_two_columns_are_called_the_same(office: Office) -> None:
    from pydantic import ValidationError

    with pytest.raises(ValidationError):
        column(office, label_en="product ")
    column(office)
    column(office, label_en="CMDB no.")
    with pytest.raises(ValidationError):
        column(office, key="other", label_ja="構成管理番号", label_en="Other")


def test_only_operations_keeps_columns(office: Office) -> None:
    with pytest.raises(Refused):
        register.save_column(office.actor("sato"), register.ColumnForm(key="a", label_ja="ア", label_en="A"))
    column(office)
    register.remove_column(office.actor("takahashi"), "cmdb")
    with pytest.raises(Refused):
        register.remove_column(office.actor("takahashi"), "cmdb")
