"""Identifiers in AWS's forms, drawn from a given source of chance so that a replay draws the same ones."""

from __future__ import annotations

import random
import uuid

__all__ = ["access_key", "alnum", "drawn", "hexa", "role_suffix", "secret", "seeded", "token", "unique_id", "uuid4"]

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def seeded(*names: str) -> random.Random:
    """The same chance for the same names, in every run and on every machine."""
    return random.Random("/".join(names))  # noqa: S311  (nothing here is secret)


def drawn(seed: int) -> random.Random:
    """The chance of one call; the seed is journalled."""
    return random.Random(seed)  # noqa: S311


def uuid4(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def hexa(chance: random.Random, length: int) -> str:
    return f"{chance.getrandbits(4 * length):0{length}x}"


def alnum(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(_ALNUM, k=length))


def unique_id(chance: random.Random, prefix: str) -> str:
    """IAM's unique ids: AIDA… (user), AROA… (role). Source: IAM user guide, "IAM identifiers"."""
    return prefix + "".join(chance.choices(_BASE32, k=17))


def access_key(chance: random.Random, prefix: str) -> str:
    """AKIA… (long-lived) or ASIA… (temporary)."""
    return prefix + "".join(chance.choices(_BASE32, k=16))


def secret(chance: random.Random) -> str:
    return "".join(chance.choices(_BASE64, k=40))


def token(chance: random.Random) -> str:
    return "IQoJb3JpZ2luX2Vj" + "".join(chance.choices(_BASE64, k=240))


def role_suffix(account: str, permission_set: str) -> str:
    """The 16 hexadecimal digits that end the name of a role Identity Center makes."""
    return hexa(seeded("reserved-role", account, permission_set), 16)
