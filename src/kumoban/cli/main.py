"""``kumoban``: on the machine itself, and through the API for people."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kumoban.cli.api_client import ApiClient

__all__ = ["main"]


@click.group()
def main() -> None:
    """Kumoban (雲番): the operations desk for AWS."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kumoban.settings")


def _django() -> None:
    import django

    django.setup()


# --- on the machine itself


@main.command()
@click.option("--port", default=8420, show_default=True)
@click.option("--data", default="var/demo", show_default=True, type=click.Path(path_type=Path))
@click.option("--emulator-port", default=4600, show_default=True)
def demo(port: int, data: Path, emulator_port: int) -> None:
    """Run the practice AWS, the web pages and the runner together, with the demo's people."""
    from kumoban.cli.demo import run_demo

    sys.exit(run_demo(port, data.resolve(), emulator_port))


@main.command()
def migrate() -> None:
    """Bring the database up to this version."""
    _django()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1)


@main.command()
@click.option("--port", default=8420, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--threads", default=8, show_default=True)
def web(port: int, host: str, threads: int) -> None:
    """Serve the pages and the API."""
    _django()
    from waitress import serve

    from kumoban.wsgi import application

    serve(application, host=host, port=port, threads=threads, ident="kumoban")


@main.command()
@click.option("--name", default="", help="this node's name")
def runner(name: str) -> None:
    """Run a node: ends, applies, checks, duties."""
    _django()
    from kumoban.desk.runner import Runner

    node = Runner(name)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: node.stop())
    node.run()


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def emulator(arguments: tuple[str, ...]) -> None:
    """Run the practice AWS (``python -m kumoban_emulator``)."""
    os.execv(sys.executable, [sys.executable, "-m", "kumoban_emulator", *arguments])  # noqa: S606


@main.command()
def scan() -> None:
    """Read the whole estate from AWS once."""
    _django()
    from kumoban.estate.scan import scan_all

    scan_all(lambda part: click.echo(part))


@main.command("demo-rules", hidden=True)
def demo_rules() -> None:
    """The three templates for every team, where there are no rules yet."""
    _django()
    from kumoban.desk.rule_book import templates_for_every_team

    templates_for_every_team()


@main.command()
@click.argument("user_name")
@click.option("--scope", "scopes", multiple=True, default=("read", "ask", "approve"))
def token(user_name: str, scopes: tuple[str, ...]) -> None:
    """Make a personal API token for somebody (on the machine, by its administrator)."""
    _django()
    from kumoban.desk.sign_in import make_token, user_of
    from kumoban.estate.models import Person

    person = Person.objects.filter(user_name=user_name, absent_since=None).first()
    if person is None:
        raise click.ClickException(f"There is nobody called {user_name} in the directory.")
    click.echo(make_token(user_of(person), "command line", list(scopes)))


@main.command()
def doctor() -> None:
    """Check this installation, changing nothing."""
    _django()
    from kumoban.cli.doctor import examine

    sys.exit(examine())


@main.group()
def ledger() -> None:
    """The record."""


@ledger.command("verify")
@click.option("--json", "as_json", is_flag=True)
def ledger_verify(as_json: bool) -> None:
    """Read the whole record and say whether it was touched."""
    _django()
    from kumoban.ledger.verify import verify

    verdict = verify()
    if as_json:
        click.echo(json.dumps({"entries": verdict.entries, "whole": verdict.whole, "faults": verdict.faults}))
    elif verdict.whole:
        click.echo(f"OK: {verdict.entries} entries, the chain is whole.")
    else:
        for seq, code in verdict.faults:
            click.echo(f"entry {seq}: {code}")
    sys.exit(0 if verdict.whole else 1)


# --- through the API


def _through_api(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--json", "as_json", is_flag=True, help="print JSON")(command)
    command = click.option("--token", envvar="KUMOBAN_TOKEN", required=True, help="or KUMOBAN_TOKEN")(command)
    return click.option("--url", envvar="KUMOBAN_BASE_URL", default="http://127.0.0.1:8420", show_default=True)(command)


def _print(value: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False, indent=2))
        return
    for row in value if isinstance(value, list) else [value]:
        plan = (row.get("plan") or {}).get("number", "")
        words = (
            row.get("number") or row.get("request"),
            row["state"],
            plan,
            row.get("account", ""),
            row.get("person", ""),
        )
        click.echo("  ".join(str(word) for word in (*words, row.get("reason", "")) if word))


@main.command()
@click.argument("routine")
@click.argument("fields", nargs=-1)
@_through_api
def request(routine: str, fields: tuple[str, ...], url: str, token: str, as_json: bool) -> None:
    """Ask: FIELDS are name=value, a list by repeating the name (see ``kumoban routine NAME``)."""
    client = ApiClient(url, token)
    _print(client.post("requests", {"routine": routine, "form": _form(client, routine, fields)}), as_json)


def _form(client: ApiClient, routine: str, fields: tuple[str, ...]) -> dict[str, Any]:
    """Derived from the routine's schema: which fields are lists."""
    properties = client.get(f"routines/{routine}")["schema"]["properties"]
    form: dict[str, Any] = {}
    for field in fields:
        name, sign, value = field.partition("=")
        if not sign:
            raise click.ClickException(f"Write name=value, not {field}")
        if properties.get(name, {}).get("type") == "array":
            form.setdefault(name, []).append(value)
        else:
            form[name] = value
    return form


@main.command()
@click.argument("name")
@_through_api
def routine(name: str, url: str, token: str, as_json: bool) -> None:
    """The fields of a routine's form."""
    schema = ApiClient(url, token).get(f"routines/{name}")["schema"]
    if as_json:
        click.echo(json.dumps(schema, ensure_ascii=False, indent=2))
        return
    for field, of in schema["properties"].items():
        need = "*" if field in schema.get("required", ()) else " "
        click.echo(f"{need} {field}: {of.get('title', '')}  {of.get('description', '')}")


@main.command()
@click.option("--waiting-for-me", is_flag=True)
@_through_api
def requests(waiting_for_me: bool, url: str, token: str, as_json: bool) -> None:
    """The requests you may see."""
    _print(ApiClient(url, token).get("requests", waiting_for_me=waiting_for_me), as_json)


@main.command()
@click.argument("number")
@_through_api
def show(number: str, url: str, token: str, as_json: bool) -> None:
    """One request."""
    _print(ApiClient(url, token).get(f"requests/{number}"), as_json)


@main.command()
@click.argument("number")
@click.option("--plan", required=True, help="the number of the plan you have read, such as 9F3C-A1")
@click.option("--comment", default="")
@_through_api
def approve(number: str, plan: str, comment: str, url: str, token: str, as_json: bool) -> None:
    """Approve exactly the plan you have read."""
    client = ApiClient(url, token)
    current = client.get(f"requests/{number}")["plan"]
    if plan.upper() not in (current["number"], current["digest"].upper()):
        raise click.ClickException(f"The plan is {current['number']} now. Read it again before you decide.")
    _print(client.post(f"requests/{number}/approve", {"plan": current["digest"], "comment": comment}), as_json)


def _said(name: str, path: str, text: str) -> None:
    @main.command(name, help=text)
    @click.argument("number")
    @click.option("--comment", required=True)
    @_through_api
    def command(number: str, comment: str, url: str, token: str, as_json: bool) -> None:
        _print(ApiClient(url, token).post(f"requests/{number}/{path}", {"comment": comment}), as_json)


_said("deny", "deny", "Deny a request.")
_said("return", "return", "Return a request for correction.")


def _plain(name: str, path: str, text: str) -> None:
    @main.command(name, help=text)
    @click.argument("number")
    @_through_api
    def command(number: str, url: str, token: str, as_json: bool) -> None:
        _print(ApiClient(url, token).post(f"requests/{number}/{path}", {}), as_json)


_plain("withdraw", "withdraw", "Take a request back.")
_plain("end", "end", "End grants early.")
_plain("resume", "resume", "Try what failed again (operations team).")


@main.command()
@_through_api
def grants(url: str, token: str, as_json: bool) -> None:
    """Grants in force, the nearest end first."""
    _print(ApiClient(url, token).get("grants"), as_json)
