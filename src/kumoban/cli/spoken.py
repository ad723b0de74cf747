"""Commands whose help is in the reader's language. Their ``help`` is a msgid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from kumoban.cli.language import gettext, gettext_noop

__all__ = ["Command", "Group", "Option", "as_json", "print_json"]


@contextmanager
def _translated(of: Any) -> Iterator[None]:
    text = of.help
    of.help = gettext(text) if text else text
    try:
        yield
    finally:
        of.help = text


class Option(click.Option):
    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        with _translated(self):
            return super().get_help_record(ctx)


class Command(click.Command):
    def get_short_help_str(self, limit: int = 45) -> str:
        with _translated(self):
            return super().get_short_help_str(limit)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with _translated(self):
            super().format_help_text(ctx, formatter)


class Group(click.Group):
    command_class = Command

    def get_short_help_str(self, limit: int = 45) -> str:
        with _translated(self):
            return super().get_short_help_str(limit)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with _translated(self):
            super().format_help_text(ctx, formatter)


Group.group_class = Group

as_json = click.option("--json", "as_json", is_flag=True, cls=Option, help=gettext_noop("print JSON"))


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
