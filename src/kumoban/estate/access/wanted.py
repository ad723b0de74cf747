"""What is looked for, what a line says, and where it stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

__all__ = ["START", "AccessLine", "Position", "Scope", "SignIn", "Wanted", "held_key"]


#: where it is not the source's own name
_PATH_OF = {"assignment": "direct", "entitlement_group": "entitlement"}


class Position(NamedTuple):
    """Where a line stands: what the next page begins behind. ``what`` is the ARN of what gives the access."""

    source: str
    account: str
    what: str
    kind: str
    principal: str
    person: str

    @property
    def spoken(self) -> str:
        return "|".join(self)

    @classmethod
    def read(cls, text: str) -> Position:
        """The beginning, where it is no position."""
        parts = text[:2000].split("|")
        return cls(*parts) if len(parts) == len(cls._fields) else START


START = Position("", "", "", "", "", "")


@dataclass(frozen=True)
class Scope:
    """The lines somebody may see: those of accounts of these teams, and those of these people."""

    teams: Collection[str]
    people: Collection[str]


@dataclass(frozen=True)
class Wanted:
    """What is looked for: ``text`` in the words of person, account, permission set or role; the others exactly.

    ``person`` and ``permission_set`` are ids or names; ``path`` is ``direct``, ``group``, ``entitlement``, ``iam_user``
    or empty; ``adopted`` is ``yes``, ``no`` or empty. ``standing`` is ``managed``, ``adopted``, ``out_of_band`` or
    empty, where ``held`` are the keys (``held_key``) of the assignments that somebody above accounts for.
    """

    text: str = ""
    person: str = ""
    account: str = ""
    permission_set: str = ""
    environment: str = ""
    path: str = ""
    adopted: str = ""
    standing: str = ""
    held: Collection[str] = field(default=(), repr=False)


def held_key(principal: str, account: str, permission_set_arn: str) -> str:
    """How an assignment is called among those held; as the query writes it."""
    return f"{principal}:{account}:{permission_set_arn}"


@dataclass(frozen=True)
class SignIn:
    """What an IAM user signs in with; ``last_used_at`` None: never, or before AWS kept it."""

    console: bool
    mfa: bool
    active_keys: int
    last_used_at: datetime | None


@dataclass(frozen=True)
class AccessLine:
    """One person's, or one IAM user's, access to one account. ``permission_set`` is a role's name for an entitlement.

    ``group`` is empty where it is the person's own; ``usable``: the person is there and enabled. ``adopted`` is the
    request that marked it as known, and ``owner`` whose it is since. ``sign_in`` is there for an IAM user only: when
    somebody last used a permission set, AWS does not tell a reader in time.
    """

    position: Position
    account: str
    environment: str
    team: str
    permission_set: str
    person: str
    user_name: str
    usable: bool
    group: str
    seen_at: datetime
    adopted: str
    owner: str
    sign_in: SignIn | None = None

    @property
    def path(self) -> str:
        """The way they have it: direct, group, entitlement or iam_user."""
        return _PATH_OF.get(self.position.source, self.position.source)
