"""Every page and every API operation against a guest of the audit firm: what is not in the table beside is closed.

After their end nothing at all is open. `KUMOBAN_TEST_WRITE=1` writes the table anew, to be read line by line.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from kumoban.desk.guests.letting_in import end_guest
from kumoban.desk.guests.models import Guest
from tests.contract.test_who_may_what import _cell, _routes, _world
from tests.integration.conftest import Office

pytestmark = [pytest.mark.slow]

TABLE = Path(__file__).with_name("what_a_guest_may.txt")
#: how one comes in and goes out, and what a machine asks: for everybody, signed in or not
_FOR_ALL = ("/sign-", "/language/", "/healthz", "/readyz", "/metrics", "/calendar/{secret}.ics")


def _open_to(name: str, world: dict[str, Any], office: Office) -> list[str]:
    found = []
    for route in sorted(_routes(), key=lambda route: route.split(" ")[::-1]):
        method, path = route.split(" ")
        if not path.startswith(_FOR_ALL) and _cell(method, path, name, world, office) == "Y":
            found.append(route)
    return found


def test_a_guest_is_let_in_where_the_table_says_and_nowhere_after_the_end(office: Office, settings: Any) -> None:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    world = _world(office)
    stay = Guest.objects.get()
    found = _open_to("endo", world, office)
    if os.environ.get("KUMOBAN_TEST_WRITE"):
        TABLE.write_text("\n".join(found) + "\n", encoding="utf-8")
    assert found == TABLE.read_text("utf-8").splitlines()
    end_guest(office.actor("ito"), stay.pk)
    assert _open_to("endo", world, office) == []
