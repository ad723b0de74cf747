"""お気に入り: filled forms under a name, without times; asked with, the rules decide anew."""

from __future__ import annotations

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import favourites, requests
from kumoban.desk.models import Favourite
from kumoban.desk.planning import ShapeError
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office


def keep(office: Office, name: str = "夜間調査", who: str = "sato", **changed: object) -> Favourite:
    form = office.form(start="tonight 22:00", **changed)
    return favourites.save(office.actor(who), name, "temporary-access", form)


def test_all_but_the_times_is_kept_and_asked_with_again(office: Office) -> None:
    kept = keep(office)
    assert "until" not in kept.form
    assert "start" not in kept.form
    made = requests.ask(office.actor("sato"), kept.routine, {**kept.form, "until": "15m"}, extra=kept.extra)
    assert made.form["accounts"] == ["410122300001", "410122300002"]


def test_the_same_name_takes_the_place_of_what_was_there(office: Office) -> None:
    keep(office)
    keep(office, accounts=["410122300001"])
    assert [one.form["accounts"] for one in favourites.favourites(office.actor("sato"))] == [["410122300001"]]


def test_everybody_has_their_own(office: Office) -> None:
    kept = keep(office)
    assert not favourites.favourites(office.actor("ren")).exists()
    with pytest.raises(Refused, match="no_such_favourite"):
        favourites.remove(office.actor("ren"), kept.pk)
    favourites.remove(office.actor("sato"), kept.pk)
    assert not Favourite.objects.exists()
    kinds = Entry.objects.filter(kind__startswith="favourite.").order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["favourite.saved", "favourite.removed"]


def test_there_are_at_most_twenty(office: Office) -> None:
    for number in range(favourites.MOST):
        keep(office, f"その {number}")
    with pytest.raises(Refused, match="too_many_favourites"):
        keep(office, "もう一つ")
    keep(office, "その 3")


@pytest.mark.parametrize("name", ["", "a\u202eb", "あ" * 61])
def test_a_name_is_one_that_can_stand_in_a_list(office: Office, name: str) -> None:
    with pytest.raises(ShapeError):
        keep(office, name)


def test_what_could_not_be_asked_for_is_not_kept(office: Office) -> None:
    with pytest.raises(ShapeError):
        keep(office, reason="")
    with pytest.raises(ShapeError):
        keep(office, nonsense="1")
