"""What AWS's administrator needs to install the desk: policies and templates, made from what the desk declares."""

from __future__ import annotations

import click

from kumoban.cli.language import gettext_noop
from kumoban.cli.machine import start_django
from kumoban.cli.spoken import Group, print_json

__all__ = ["COMMANDS"]


@click.group("aws", cls=Group, help=gettext_noop("Policies and templates for the desk's roles."))
def aws() -> None:
    """A group of its own: printed only, nothing is called."""


@aws.command("policy", help=gettext_noop("The least-privilege IAM policy of a role, as JSON."))
@click.argument("role", type=click.Choice(["reader", "member", "operator", "management", "watchdog", "archive"]))
def policy(role: str) -> None:
    start_django()
    from kumoban.desk.roles import declared, here
    from kumoban.desk.roles import policy as policy_of

    print_json(policy_of(declared(role), here()))


@aws.command("template", help=gettext_noop("A CloudFormation template, as JSON."))
@click.argument("name", type=click.Choice(["roles", "members", "management", "watchdog", "archive"]))
def template(name: str) -> None:
    start_django()
    from kumoban.desk.roles import template as template_of

    print_json(template_of(name))


COMMANDS = (aws,)
