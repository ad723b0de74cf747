"""The ways to have access, each a query of one shape: SQL of the fixed pieces below, every value a parameter.

A query first finds the places of a page, on one or two tables and by their indexes; only those few are then given
their names. Places are compared and sorted by the database, so that both agree whatever its collation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from kumoban.estate.access.asked import Alternative, Criterion

__all__ = ["SOURCES", "Source"]

#: a piece of SQL with the values of its parameters
Piece = tuple[str, list[str]]
_KEY = "a.principal_id || ':' || a.account_id || ':' || a.permission_set_arn"
_PRESENT = "a.absent_since IS NULL AND a.account_id IN (SELECT id FROM estate_account WHERE absent_since IS NULL)"
_PLACE = ("account", "what", "kind", "principal", "person")


@dataclass(frozen=True)
class Source:
    """``place`` are the five columns that say where a line stands; ``fits`` says an alternative in SQL, by its kind.

    An alternative that has no ``fits`` here can never be met by this source.
    """

    name: str
    table: str
    pk: str
    found: str
    place: tuple[str, str, str, str, str]
    fits: Mapping[str, str]
    shown: str
    named: str

    def page(self, asked: Iterable[Criterion], after: Sequence[str], limit: int) -> Piece | None:
        """The lines behind ``after``; None where no line can be among them."""
        # The second comparison says less, on the columns of one index: a far page begins there at once.
        behind = f"({', '.join(self.place)}) > (%s, %s, %s, %s, %s) AND ({self.place[0]}, {self.place[1]}) >= (%s, %s)"
        # PostgreSQL sorts by columns only, not by a constant.
        columns = dict.fromkeys(part for part in self.place if not part.startswith("'"))
        order = f"ORDER BY {', '.join(columns)} LIMIT {limit:d}"
        branches = self._branches(asked, (behind, [*after, *after[:2]]), order)
        if branches is None:
            return None
        sql, params = branches
        places = ", ".join(f"x.{name}" for name in _PLACE)
        return f"SELECT {places}, {self.shown} FROM ({sql}) x {self.named} ORDER BY {places} LIMIT {limit:d}", params  # noqa: S608

    def count(self, asked: Iterable[Criterion], most: int) -> Piece | None:
        """How many lines there are, counted up to ``most``."""
        branches = self._branches(asked, ("1 = 1", []), f"LIMIT {most:d}")
        if branches is None:
            return None
        return f"SELECT COUNT(*) FROM (SELECT 1 FROM ({branches[0]}) x LIMIT {most:d}) y", branches[1]  # noqa: S608

    def _branches(self, asked: Iterable[Criterion], first: Piece, last: str) -> Piece | None:
        """One query for each way to meet all criteria, so that each can use the index that fits it."""
        met = [[piece for one in criterion if (piece := self._piece(one)) is not None] for criterion in asked]
        columns = ", ".join(f"{column} AS {name}" for column, name in zip(self.place, _PLACE, strict=True))
        select = f"SELECT {columns}, {self.pk} AS pk {self.found}"
        queries, params = [], []
        for number, pieces in enumerate(product(*met)):
            conditions = "".join(f" AND ({sql})" for sql, _values in (*pieces, first))
            queries.append(f"SELECT * FROM ({select}{conditions} {last}) b{number}")  # noqa: S608
            params += [value for _sql, values in (*pieces, first) for value in values]
        return (" UNION ".join(queries), params) if queries else None

    def _piece(self, alternative: Alternative) -> Piece | None:
        sql, values = self.fits.get(alternative.kind), list(alternative.values)
        if sql is None:
            return None
        if "{}" not in sql:
            return sql, values * sql.count("%s")
        if not values:
            return None if alternative.kind != "out_of_band" else ("a.adopted_request = ''", [])
        return sql.format(", ".join(["%s"] * len(values))), values


def _of_people(person: str) -> dict[str, str]:
    """``people_like``: of so many people that a page is found soonest in the order of places, not by person."""
    like = r"SELECT id FROM estate_person WHERE search LIKE %s ESCAPE '\'"
    return {"people": f"{person} IN ({{}})", "people_like": f"COALESCE({person}, '') IN ({like})"}


_OWNED = {
    "adopted_yes": "a.adopted_request <> ''",
    "adopted_no": "a.adopted_request = ''",
    "adopted": "a.adopted_request <> ''",
    "accounts": "a.account_id IN ({})",
}
_SETS = {
    "sets": "a.permission_set_arn IN ({})",
    "managed": f"{_KEY} IN ({{}})",
    "out_of_band": f"a.adopted_request = '' AND NOT ({_KEY} IN ({{}}))",
}
_NOT_HELD = {"out_of_band": "a.adopted_request = ''"}
_OWNER = """
LEFT JOIN estate_person o ON o.id = a.owner_person
LEFT JOIN estate_team t ON t.slug = a.owner_team
JOIN estate_account c ON c.id = x.account
"""
_PERSON = "LEFT JOIN estate_person p ON p.id = x.person"


def _given(name: str, table: str, kind: str, what: str, called: str, joined: str, fits: Mapping[str, str]) -> Source:
    """What Identity Center gives: to a person, or to a group, which is a line for each of its members."""
    by_group = kind == "GROUP"
    person = "m.person_id" if by_group else "a.principal_id"
    members = "JOIN estate_membership m ON m.group_id = a.principal_id AND m.absent_since IS NULL" if by_group else ""
    membership = "JOIN estate_membership m ON m.group_id = x.principal AND m.person_id = x.person" if by_group else ""
    group = "LEFT JOIN estate_group g ON g.id = x.principal" if by_group else ""
    called_group = "COALESCE(g.name, x.principal)" if by_group else "''"
    seen = "CASE WHEN m.seen_at < a.seen_at THEN m.seen_at ELSE a.seen_at END" if by_group else "a.seen_at"
    return Source(
        name,
        table,
        "a.id",
        f"FROM {table} a {members} WHERE a.principal_type = '{kind}' AND {_PRESENT}",
        ("a.account_id", what, "a.principal_type", "a.principal_id", person),
        {**_OWNED, **_of_people(person), **fits},
        f"""
        c.name, c.environment, c.team, {called}, COALESCE(p.display_name, x.person), COALESCE(p.user_name, ''),
        p.id IS NOT NULL AND p.absent_since IS NULL AND p.enabled, {called_group},
        {seen}, a.adopted_request, COALESCE(o.display_name, t.name, a.owner_team), NULL, NULL, NULL, NULL
        """,
        f"JOIN {table} a ON a.id = x.pk {membership} {_PERSON} {group} {joined} {_OWNER}",
    )


def _assignments(name: str, kind: str) -> Source:
    called, joined = "COALESCE(s.name, x.what)", "LEFT JOIN estate_permissionset s ON s.arn = x.what"
    return _given(name, "estate_assignment", kind, "a.permission_set_arn", called, joined, _SETS)


def _entitlements(name: str, kind: str) -> Source:
    fits = {
        **_NOT_HELD,
        "role": "a.role_arn = %s OR a.role_name = %s",
        "words_like": r"a.search LIKE %s ESCAPE '\'",
    }
    return _given(name, "estate_entitlement", kind, "a.role_arn", "a.role_name", "", fits)


SOURCES = (
    _assignments("assignment", "USER"),
    _assignments("group", "GROUP"),
    _entitlements("entitlement", "USER"),
    _entitlements("entitlement_group", "GROUP"),
    Source(
        "iam_user",
        "estate_iamuser",
        "a.arn",
        f"FROM estate_iamuser a WHERE (a.console OR a.active_keys > 0) AND {_PRESENT}",
        ("a.account_id", "a.arn", "'IAM'", "a.name", "a.name"),
        {**_OWNED, **_NOT_HELD, "user_name": "a.name = %s", "words_like": r"a.search LIKE %s ESCAPE '\'"},
        """
        c.name, c.environment, c.team, '', a.name, '', 1 = 1, '', a.seen_at, a.adopted_request,
        COALESCE(o.display_name, t.name, a.owner_team), a.console, a.mfa, a.active_keys, a.last_used_at
        """,
        f"JOIN estate_iamuser a ON a.arn = x.pk {_OWNER}",
    ),
)
