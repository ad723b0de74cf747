"""The three ways to have access, each a query of one shape: SQL of the fixed pieces below, every value a parameter.

Lines of a source come in the order of its place: account, what gives the access, who. The database compares the place
and sorts by it, so that both agree whatever its collation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kumoban.estate.access.wanted import Scope, Wanted
from kumoban.estate.models import searchable

__all__ = ["SOURCES", "Source"]

#: a piece of SQL with the values of its parameters
Piece = tuple[str, list[str]]
_NOTHING: Piece = ("1 = 0", [])
_PATHS = {"direct": ("assignment", "USER"), "group": ("assignment", "GROUP")}
_LIKE = r"LIKE %s ESCAPE '\'"
_ACCOUNTS = f"SELECT id FROM estate_account WHERE search {_LIKE}"  # noqa: S608
_SETS = f"SELECT arn FROM estate_permissionset WHERE search {_LIKE}"  # noqa: S608
_FOUND_PEOPLE = f"SELECT id FROM estate_person WHERE search {_LIKE}"  # noqa: S608
_NAMED_PEOPLE = "SELECT id FROM estate_person WHERE id = %s OR user_name = %s"
_KEY = "a.principal_id || ':' || a.account_id || ':' || a.permission_set_arn"
_OWNER = """
LEFT JOIN estate_person o ON o.id = a.owner_person
LEFT JOIN estate_team t ON t.slug = a.owner_team
JOIN estate_account c ON c.id = a.account_id
"""


@dataclass(frozen=True)
class Source:
    """``conditions`` narrow it down to what is wanted."""

    name: str
    columns: str
    rows: str
    place: str
    conditions: Callable[[Wanted], Iterator[Piece]]
    order: str
    #: the person a line is about, for what somebody may see; empty where it is nobody known
    person: str

    def within(self, scope: Scope) -> Piece:
        wanted = (("c.team", sorted(scope.teams)), (self.person, sorted(scope.people)))
        parts = [(column, values) for column, values in wanted if column and values]
        spoken = " OR ".join(f"{column} IN ({', '.join(['%s'] * len(values))})" for column, values in parts)
        return (f"({spoken})" if spoken else "1 = 0"), [value for _, values in parts for value in values]


def _given(
    name: str, table: str, what: str, called: str, joined: str, conditions: Callable[[Wanted], Iterator[Piece]]
) -> Source:
    """A source of what Identity Center gives to people and groups: a line for each member of a group."""
    person = "COALESCE(m.person_id, a.principal_id)"
    place = f"a.account_id, {what}, a.principal_type, a.principal_id, {person}"
    return Source(
        name,
        f"""
        {place},
        c.name, c.environment, c.team, {called},
        COALESCE(p.display_name, m.person_id, a.principal_id), COALESCE(p.user_name, ''),
        p.id IS NOT NULL AND p.absent_since IS NULL AND p.enabled, COALESCE(g.name, m.group_id, ''),
        CASE WHEN m.seen_at < a.seen_at THEN m.seen_at ELSE a.seen_at END,
        a.adopted_request, COALESCE(o.display_name, t.name, a.owner_team), NULL, NULL, NULL, NULL
        """,
        f"""
        FROM {table} a
        LEFT JOIN estate_membership m
          ON a.principal_type = 'GROUP' AND m.group_id = a.principal_id AND m.absent_since IS NULL
        LEFT JOIN estate_person p ON p.id = {person}
        LEFT JOIN estate_group g ON g.id = m.group_id
        {joined} {_OWNER}
        WHERE a.absent_since IS NULL AND c.absent_since IS NULL
          AND (a.principal_type = 'USER' OR m.person_id IS NOT NULL)
        """,
        place,
        conditions,
        place,
        person,
    )


def _assignments(wanted: Wanted) -> Iterator[Piece]:
    if wanted.text:
        yield _anywhere(f"a.permission_set_arn IN ({_SETS})"), [_like(wanted.text)] * 7
    if wanted.permission_set:
        yield "(a.permission_set_arn = %s OR s.name = %s)", [wanted.permission_set] * 2
    if wanted.path in _PATHS:
        yield "a.principal_type = %s", [_PATHS[wanted.path][1]]
    elif wanted.path:
        yield _NOTHING
    if wanted.standing in ("managed", "out_of_band"):
        held = sorted(wanted.held)
        among = f"{_KEY} IN ({', '.join(['%s'] * len(held))})" if held else "1 = 0"
        yield (among if wanted.standing == "managed" else f"NOT ({among})"), held
    yield from _of_person(wanted)


def _entitlements(wanted: Wanted) -> Iterator[Piece]:
    if wanted.text:
        yield _anywhere(f"a.search {_LIKE}"), [_like(wanted.text)] * 7
    if wanted.permission_set:
        yield "(a.role_arn = %s OR a.role_name = %s)", [wanted.permission_set] * 2
    yield from _only("entitlement", wanted)
    yield from _of_person(wanted)


def _iam_users(wanted: Wanted) -> Iterator[Piece]:
    if wanted.text:
        yield f"(a.search {_LIKE} OR a.account_id IN ({_ACCOUNTS}))", [_like(wanted.text)] * 2
    if wanted.permission_set:
        yield _NOTHING
    if wanted.person:
        yield "a.name = %s", [wanted.person]
    yield from _only("iam_user", wanted)
    yield from _in_place(wanted)


def _only(source: str, wanted: Wanted) -> Iterator[Piece]:
    """No grant of the desk ever holds these; another path is not theirs."""
    if wanted.path not in ("", source) or wanted.standing == "managed":
        yield _NOTHING


def _of_person(wanted: Wanted) -> Iterator[Piece]:
    if wanted.person:
        reached, own = _of_people(_NAMED_PEOPLE)
        yield f"({reached} AND {own})", [wanted.person] * 6
    yield from _in_place(wanted)


def _in_place(wanted: Wanted) -> Iterator[Piece]:
    if wanted.account:
        yield "(a.account_id = %s OR c.name = %s)", [wanted.account] * 2
    if wanted.environment:
        yield "c.environment = %s", [wanted.environment]
    if wanted.adopted in ("yes", "no"):
        yield f"a.adopted_request {'<>' if wanted.adopted == 'yes' else '='} ''", []
    if wanted.standing in ("adopted", "out_of_band"):
        yield f"a.adopted_request {'<>' if wanted.standing == 'adopted' else '='} ''", []


def _of_people(people: str) -> tuple[str, str]:
    """What these people or a group of theirs have; and, of its lines, these people's own.

    The first decides on what is given alone, so that the members of other groups are never read.
    """
    groups = f"SELECT group_id FROM estate_membership WHERE absent_since IS NULL AND person_id IN ({people})"  # noqa: S608
    return f"(a.principal_id IN ({people}) OR a.principal_id IN ({groups}))", f"p.id IN ({people})"


def _anywhere(what: str) -> str:
    """In the words of the account, of what gives the access, or of the person: seven parameters."""
    reached, own = _of_people(_FOUND_PEOPLE)
    place = f"a.account_id IN ({_ACCOUNTS}) OR {what}"
    return f"(({place} OR {reached}) AND ({place} OR {own}))"


def _like(text: str) -> str:
    """What LIKE finds as it is written."""
    literal = searchable(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"


SOURCES = (
    _given(
        "assignment",
        "estate_assignment",
        "a.permission_set_arn",
        "COALESCE(s.name, a.permission_set_arn)",
        "LEFT JOIN estate_permissionset s ON s.arn = a.permission_set_arn",
        _assignments,
    ),
    _given("entitlement", "estate_entitlement", "a.role_arn", "a.role_name", "", _entitlements),
    Source(
        "iam_user",
        """
        a.account_id, a.arn, 'IAM', a.arn, '', c.name, c.environment, c.team, '', a.name, '', 1 = 1, '', a.seen_at,
        a.adopted_request, COALESCE(o.display_name, t.name, a.owner_team),
        a.console, a.mfa, a.active_keys, a.last_used_at
        """,
        f"""
        FROM estate_iamuser a {_OWNER}
        WHERE a.absent_since IS NULL AND c.absent_since IS NULL AND (a.console OR a.active_keys > 0)
        """,
        "a.account_id, a.arn, 'IAM', a.arn, ''",
        _iam_users,
        "a.account_id, a.arn",
        "",
    ),
)
