"""The commands for people: they speak to the API, under the rules of everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

from kumoban.cli import shown
from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop
from kumoban.cli.language import gettext as _
from kumoban.cli.spoken import Command, Option, as_json, print_json

__all__ = ["COMMANDS", "command", "filled_in", "say"]

COMMANDS: list[click.Command] = []


def command(
    name: str, help_text: str, group: click.Group | None = None, **settings: Any
) -> Callable[[Callable[..., None]], click.Command]:
    """A command with ``--url``, ``--token`` and ``--json``, which gets the client; of a group, or beside the others."""

    def made(function: Callable[..., None]) -> click.Command:
        def run(url: str, token: str, **given: Any) -> None:
            function(ApiClient(url, token), **given)

        run.__click_params__ = list(getattr(function, "__click_params__", ()))  # type: ignore[attr-defined]
        made_command = click.command(name, cls=Command, help=help_text, **settings)(_through_api(run))
        if group is None:
            COMMANDS.append(made_command)
        else:
            group.add_command(made_command)
        return made_command

    return made


def _through_api(function: Callable[..., None]) -> Callable[..., None]:
    function = as_json(function)
    function = click.option(
        "--token", envvar="KUMOBAN_TOKEN", required=True, cls=Option, help=gettext_noop("or KUMOBAN_TOKEN")
    )(function)
    return click.option(
        "--url", envvar="KUMOBAN_BASE_URL", default="http://127.0.0.1:8420", show_default=True, cls=Option
    )(function)


def say(value: Any, lines: Iterable[str], as_json: bool) -> None:
    """As JSON, or as lines for people."""
    if as_json:
        print_json(value)
        return
    for line in lines:
        click.echo(line)


# --- asking

#: whose form is filled from a text where no routine is named
_READS_TEXT = "temporary-access"
_FREE = {"ignore_unknown_options": True}
_emergency = click.option(
    "--emergency", is_flag=True, cls=Option, help=gettext_noop("at once, approved afterwards, where a rule allows that")
)


@command("whoami", gettext_noop("Who the token speaks for."))
def whoami(client: ApiClient, as_json: bool) -> None:
    me = client.get("me")
    held = {_("operations team"): me["ops"], _("auditor"): me["auditor"], _("guest of an audit firm"): me["guest"]}
    roles = [text for text, is_held in held.items() if is_held]
    roles += [f"{_('Machine')} {me['machine']}"] if me["machine"] else []
    say(me, [f"{me['name']} ({me['person']})" + (f": {', '.join(roles)}" if roles else "")], as_json)


@command("routines", gettext_noop("What can be asked for."))
def routines(client: ApiClient, as_json: bool) -> None:
    found = client.get("routines")
    say(found, columns(("", ""), [(one["name"], _(one["title"])) for one in found])[1:], as_json)


@command("routine", gettext_noop("The fields of a routine's form."))
@click.argument("name")
def routine(client: ApiClient, name: str, as_json: bool) -> None:
    schema = client.get(f"routines/{name}")["schema"]
    say(schema, shown.routine_lines(schema), as_json)


@command(
    "request",
    gettext_noop("Ask. FIELDS are --name value or name=value, repeated for a list (see: kumoban routine NAME)."),
    context_settings=_FREE,
)
@click.argument("routine", default="", type=click.UNPROCESSED)
@click.argument("fields", nargs=-1, type=click.UNPROCESSED)
@click.option("--favourite", default="", cls=Option, help=gettext_noop("with this favourite; FIELDS count more"))
@click.option("--text", default="", cls=Option, help=gettext_noop("fill the form from this line; FIELDS count more"))
@click.option("--yes", is_flag=True, cls=Option, help=gettext_noop("with --text: ask without looking first"))
@_emergency
def request(
    client: ApiClient,
    routine: str,
    fields: tuple[str, ...],
    favourite: str,
    text: str,
    yes: bool,
    emergency: bool,
    as_json: bool,
) -> None:
    if text:
        named = bool(routine) and not routine.startswith("--") and "=" not in routine
        given = fields if named or not routine else (routine, *fields)
        read = client.post(f"routines/{routine if named else _READS_TEXT}/from-text", {"text": text})
        asked = _with_text(client, read, given, emergency, yes, as_json)
        if asked is None:
            return
    elif favourite:
        asked = _with_favourite(client, favourite, (routine, *fields) if routine else fields)
    else:
        asked = filled_in(client, routine, fields)
    made = client.post("requests", {**asked, "emergency": emergency})
    say(made, shown.request_lines(made), as_json)


def _with_text(
    client: ApiClient, read: dict[str, Any], fields: Sequence[str], emergency: bool, yes: bool, as_json: bool
) -> dict[str, Any] | None:
    """The form of a text, after it was shown and agreed to; None: nothing is to be asked. Unclear fields are not."""
    given = filled_in(client, read["routine"], fields)
    form, extra = {**read["form"], **given["form"]}, {**read["extra"], **given["extra"]}
    filled = {*given["form"], *(f"extra.{key}" for key in given["extra"])}
    unclear = [one for one in read["unclear"] if one["field"] not in filled]
    if as_json and not yes:
        print_json({**read, "form": form, "extra": extra})
        return None
    if not as_json:
        click.echo("\n".join(shown.from_text_lines(read)))
    if unclear:
        names = ", ".join(dict.fromkeys(f"--{one['field'].replace('_', '-')}" for one in unclear))
        raise click.ClickException(_("Nothing was asked. Say what is unclear with %(fields)s.") % {"fields": names})
    asked = {"routine": read["routine"], "form": form, "extra": extra}
    if not yes:
        click.echo("")
        seen = client.post("requests/preview", {**asked, "emergency": emergency})
        click.echo("\n".join(_preview_lines(seen)))
        click.confirm(_("Ask for this?"), abort=True)
    return asked


def _with_favourite(client: ApiClient, name: str, fields: Sequence[str]) -> dict[str, Any]:
    kept = next((one for one in client.get("favourites") if one["name"] == name), None)
    if kept is None:
        raise click.ClickException(_("There is no such favourite."))
    given = fields[1:] if fields and fields[0] == kept["routine"] else fields
    asked = filled_in(client, kept["routine"], given)
    return {**asked, "form": {**kept["form"], **asked["form"]}, "extra": {**kept["extra"], **asked["extra"]}}


@command("favourites", gettext_noop("Your favourites: list them, or remove one."))
@click.option("--remove", default="", cls=Option, help=gettext_noop("remove the favourite with this name"))
def favourites(client: ApiClient, remove: str, as_json: bool) -> None:
    for one in client.get("favourites") if remove else ():
        if one["name"] == remove:
            client.delete(f"favourites/{one['id']}")
    found = client.get("favourites")
    rows = [(one["name"], one["routine"]) for one in found]
    say(found, columns((_("Name"), _("Routine")), rows) if rows else [_("No favourites.")], as_json)


@command(
    "favourite",
    gettext_noop("Keep a filled form under a name. FIELDS as for request, without times."),
    context_settings=_FREE,
)
@click.argument("name")
@click.argument("routine")
@click.argument("fields", nargs=-1, type=click.UNPROCESSED)
def favourite(client: ApiClient, name: str, routine: str, fields: tuple[str, ...], as_json: bool) -> None:
    kept = client.post("favourites", {**filled_in(client, routine, fields), "name": name})
    say(kept, [f"{kept['name']}: {kept['routine']}"], as_json)


@command(
    "preview",
    gettext_noop("What would happen and who would have to approve; nothing is stored. FIELDS as for request."),
    context_settings=_FREE,
)
@click.argument("routine")
@click.argument("fields", nargs=-1, type=click.UNPROCESSED)
@_emergency
def preview(client: ApiClient, routine: str, fields: tuple[str, ...], emergency: bool, as_json: bool) -> None:
    seen = client.post("requests/preview", {**filled_in(client, routine, fields), "emergency": emergency})
    say(seen, _preview_lines(seen), as_json)


def _preview_lines(seen: dict[str, Any]) -> Iterator[str]:
    yield from (change["detail"] for change in seen["normalised"])
    yield from shown.plan_lines(seen["plan"]["steps"])
    yield ""
    yield from (f"✕ {refusal['detail']}" for refusal in seen["refusals"])
    for slot in seen["approvals"]:
        yield f"{_('Approval')}: {shown.counted(slot['count'])} ({', '.join(slot['rules'])})"
    if not seen["refusals"] and not seen["approvals"]:
        yield _("No approval is needed.")


def filled_in(client: ApiClient, routine: str, fields: Sequence[str]) -> dict[str, Any]:
    """Derived from the routine's schema: which fields there are, and which of them are lists."""
    properties = client.get(f"routines/{routine}")["schema"]["properties"]
    form: dict[str, Any] = {}
    extra: dict[str, str] = {}
    for name, value in _pairs(fields):
        if name.startswith("extra."):
            extra[name.removeprefix("extra.")] = value
        elif properties.get(name, {}).get("type") == "array":
            form.setdefault(name, []).append(value)
        else:
            form[name] = value
    return {"routine": routine, "form": form, "extra": extra}


def _pairs(fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = iter(fields)
    for field in rest:
        name, sign, value = field.removeprefix("--").partition("=")
        if not sign:
            value = next(rest, "") if field.startswith("--") else ""
            if not value:
                raise click.ClickException(_("Write --name value or name=value, not %(field)s") % {"field": field})
        yield name.replace("-", "_") if field.startswith("--") else name, value


# --- reading


@command("requests", gettext_noop("The requests you may see."))
@click.option("--waiting-for-me", is_flag=True, cls=Option, help=gettext_noop("only those you can decide about"))
@click.option("--state", default="", cls=Option, help=gettext_noop("only in this state (its English code)"))
def requests(client: ApiClient, waiting_for_me: bool, state: str, as_json: bool) -> None:
    found = client.get("requests", waiting_for_me=waiting_for_me, state=state)
    say(found, shown.requests_lines(found), as_json)


@command("show", gettext_noop("One request."))
@click.argument("number")
def show(client: ApiClient, number: str, as_json: bool) -> None:
    one = client.get(f"requests/{number}")
    say(one, shown.request_lines(one), as_json)


@command("grants", gettext_noop("Grants in force, the nearest end first."))
def grants(client: ApiClient, as_json: bool) -> None:
    found = client.get("grants")
    say(found, shown.grant_lines(found), as_json)


# --- deciding


@command("approve", gettext_noop("Approve exactly the plan you have read."))
@click.argument("number")
@click.option("--plan", required=True, cls=Option, help=gettext_noop("number of the plan you read, such as 9F3C-A1"))
@click.option("--comment", default="", cls=Option)
def approve(client: ApiClient, number: str, plan: str, comment: str, as_json: bool) -> None:
    digest = _digest(client, number, plan)
    made = client.post(f"requests/{number}/approve", {"plan": digest, "comment": comment})
    say(made, shown.request_lines(made), as_json)


def _digest(client: ApiClient, number: str, plan: str) -> str:
    """Of the plan that was read; refused where the request has another one now."""
    current = client.get(f"requests/{number}")["plan"]
    if plan.upper() not in (current["number"], current["digest"].upper()):
        said = _("The plan is %(number)s now. Read it again before you decide.")
        raise click.ClickException(said % {"number": current["number"]})
    return str(current["digest"])


def _with_comment(name: str, help_text: str) -> None:
    @command(name, help_text)
    @click.argument("number")
    @click.option("--comment", required=True, cls=Option)
    def said(client: ApiClient, number: str, comment: str, as_json: bool) -> None:
        answer = client.post(f"requests/{number}/{name}", {"comment": comment})
        say(answer, shown.request_lines(answer) if "state" in answer else [answer.get("text", "")], as_json)


_with_comment("deny", gettext_noop("Deny a request."))
_with_comment("return", gettext_noop("Return a request for correction."))
_with_comment("question", gettext_noop("Ask the requester a question; no state changes."))
_with_comment("answer", gettext_noop("Answer a question on your request."))


# --- ending and mending


def _plain(name: str, help_text: str) -> None:
    @command(name, help_text)
    @click.argument("number")
    def done(client: ApiClient, number: str, as_json: bool) -> None:
        answer = client.post(f"requests/{number}/{name}", {})
        say(answer, shown.request_lines(answer), as_json)


_plain("withdraw", gettext_noop("Take a request back."))
_plain("end", gettext_noop("End grants early."))
_plain("resume", gettext_noop("Try what failed again (operations team)."))
_plain("give-up", gettext_noop("End what failed instead of trying again (operations team)."))
_plain("close", gettext_noop("Close the manual step (operations team)."))


@command("extend", gettext_noop("Ask for the same grants for longer: a new request, decided anew."))
@click.argument("number")
@click.option(
    "--until", required=True, cls=Option, help=gettext_noop("a length from approval (30m), or a time (20:00)")
)
@click.option("--reason", default="", cls=Option, help=gettext_noop("beside the one it was asked for with"))
@_emergency
def extend(client: ApiClient, number: str, until: str, reason: str, emergency: bool, as_json: bool) -> None:
    body = {"until": until, "reason": reason, "emergency": emergency}
    made = client.post(f"requests/{number}/extend", body)
    say(made, shown.request_lines(made), as_json)


@command("confirm-plan", gettext_noop("Confirm the plan as it is now, where AWS has changed since you asked."))
@click.argument("number")
@click.option("--plan", required=True, cls=Option, help=gettext_noop("number of the plan you read, such as 9F3C-A1"))
def confirm_plan(client: ApiClient, number: str, plan: str, as_json: bool) -> None:
    made = client.post(f"requests/{number}/confirm-plan", {"plan": _digest(client, number, plan)})
    say(made, shown.request_lines(made), as_json)


@command("report", gettext_noop("Report how the work went, after it has ended."))
@click.argument("number")
@click.argument("outcome", type=click.Choice(sorted(shown.OUTCOMES)))
@click.option("--comment", default="", cls=Option)
def report(client: ApiClient, number: str, outcome: str, comment: str, as_json: bool) -> None:
    made = client.post(f"requests/{number}/report", {"outcome": outcome, "comment": comment})
    say(made, [f"{number}: {_(shown.OUTCOMES[made['outcome']])}"], as_json)


@command("confirm", gettext_noop("Confirm the completion report."))
@click.argument("number")
def confirm(client: ApiClient, number: str, as_json: bool) -> None:
    made = client.post(f"requests/{number}/confirm", {})
    say(made, [f"{number}: {_(shown.OUTCOMES[made['outcome']])}"], as_json)


@command("emergencies", gettext_noop("What you may activate alone in an emergency, and reviews not yet closed."))
def emergencies(client: ApiClient, as_json: bool) -> None:
    found = client.get("emergencies")
    say(found, shown.emergency_lines(found), as_json)


@command("review-emergency", gettext_noop("Close the review of an emergency, after it has ended."))
@click.argument("number")
@click.argument("outcome", type=click.Choice(sorted(shown.REVIEWED)))
@click.option("--comment", required=True, cls=Option)
def review_emergency(client: ApiClient, number: str, outcome: str, comment: str, as_json: bool) -> None:
    made = client.post(f"requests/{number}/review", {"outcome": outcome, "comment": comment})
    say(made, [f"{number}: {_(shown.REVIEWED[made['outcome']])}"], as_json)


@command("assign", gettext_noop("Say who of the operations team works on it (operations team)."))
@click.argument("number")
@click.argument("assignee")
def assign(client: ApiClient, number: str, assignee: str, as_json: bool) -> None:
    made = client.post(f"requests/{number}/assign", {"assignee": assignee})
    say(made, shown.request_lines(made), as_json)


@command(
    "convert",
    gettext_noop(
        "Make a routine's request of another request, for its requester (operations team). FIELDS as for request."
    ),
    context_settings=_FREE,
)
@click.argument("number")
@click.argument("routine")
@click.argument("fields", nargs=-1, type=click.UNPROCESSED)
def convert(client: ApiClient, number: str, routine: str, fields: tuple[str, ...], as_json: bool) -> None:
    made = client.post(f"requests/{number}/convert", filled_in(client, routine, fields))
    say(made, shown.request_lines(made), as_json)


@command("work", gettext_noop("Record what was done in the manual step (operations team)."))
@click.argument("number")
@click.option("--text", required=True, cls=Option, help=gettext_noop("what was done"))
@click.option("--evidence", default="", cls=Option)
@click.option("--minutes", default=0, cls=Option)
def work(client: ApiClient, number: str, text: str, evidence: str, minutes: int, as_json: bool) -> None:
    made = client.post(f"requests/{number}/work", {"text": text, "evidence": evidence, "minutes": minutes})
    say(made, [f"{number}: {made['text']}"], as_json)
