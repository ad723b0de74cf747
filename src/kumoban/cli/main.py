"""``kumoban``: on the machine itself (``machine``), and through the API for people (``remote``)."""

from __future__ import annotations

import os

import click

from kumoban.cli import (
    access,
    accounts,
    audit,
    aws,
    evidence,
    findings,
    imports,
    keeping,
    machine,
    machines,
    matching,
    notices,
    operations,
    records,
    recurring,
    remote,
    reviews,
    rules,
    runbooks,
    staff,
)
from kumoban.cli.language import gettext_noop
from kumoban.cli.spoken import Group

__all__ = [
    "access",
    "accounts",
    "audit",
    "evidence",
    "findings",
    "machines",
    "main",
    "matching",
    "notices",
    "operations",
    "records",
    "recurring",
    "reviews",
    "rules",
    "runbooks",
    "staff",
]


@click.group(cls=Group, help=gettext_noop("Kumoban (雲番): the operations desk for AWS."))
def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kumoban.settings")


for command in (*machine.COMMANDS, *imports.COMMANDS, *aws.COMMANDS, *keeping.COMMANDS, *remote.COMMANDS):
    main.add_command(command)
