"""The demo's account register: the spreadsheet its operations team had, taken in as any other would be."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from kumoban.desk import clock, register
from kumoban.desk.people import Actor
from kumoban.desk.sign_in import demo_user
from kumoban.estate.models import Account, Membership, Person, RegisterColumn, RegisterEntry, Team

__all__ = ["fill_register"]

#: who keeps the demo's register
_KEEPER = "takahashi.ken"
_HEAD = (
    *("アカウントID", "管理番号", "商材", "環境", "責任者", "副責任者", "部門コード", "情報区分", "連絡網"),
    *("予算", "通貨", "root_mfa", "root_mfa_checked", "最終確認日", "own.cmdb"),
)
_SPOKEN = {"prod": "本番", "stg": "検証", "dev": "開発", "shared": "共通"}
_CLASSES = {"prod": "機密", "stg": "社外秘", "dev": "社内", "shared": "社外秘"}


def fill_register() -> int:
    """Does nothing where the register has entries already. How many were written."""
    if RegisterEntry.objects.exists():
        return 0
    keeper = Actor(demo_user(_KEEPER))
    if not RegisterColumn.objects.exists():
        column = register.ColumnForm(key="cmdb", label_ja="構成管理番号", label_en="CMDB number")
        register.save_column(keeper, column)
    text = _spreadsheet()
    return len(register.import_entries(keeper, text, digest=register.preview(keeper, text).digest).taken)


def _spreadsheet() -> str:
    """Every account of a team but the sandboxes, with the gaps that such spreadsheets have."""
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(_HEAD)
    teams = {team.slug: team for team in Team.objects.all()}
    found = Account.objects.filter(absent_since=None).exclude(name__startswith="sandbox").order_by("name")
    for index, account in enumerate(found):
        writer.writerow(_row(index, account, teams.get(account.team)))
    return held.getvalue()


def _row(index: int, account: Account, team: Team | None) -> tuple[str, ...]:
    people = _people(team)
    owner = str(account.tags.get("Owner", ""))
    deputy = next((name for name in people if name != owner), "")
    confirmed = clock.now().date() - timedelta(days=30 + index * 37 % 260)
    production = account.environment == "prod"
    return (
        account.spoken_id,
        f"CL-{1001 + index}",
        team.name.removesuffix("チーム") if team else "",
        "検証" if index % 13 == 5 else _SPOKEN.get(account.environment, ""),
        "" if index % 9 == 4 else owner,
        deputy if index % 4 else "",
        f"{4100 + index % 12 * 10}",
        "個人情報" if "data" in account.name else _CLASSES.get(account.environment, ""),
        f"平日 {team.name} 内線 {5200 + index}\n夜間・休日 当番" if team else "",
        "1500000" if production else "300000",
        "JPY",
        "あり" if index % 5 else "",
        confirmed.isoformat() if index % 5 else "",
        confirmed.isoformat(),
        f"CMDB-{20400 + index}" if production else "",
    )


def _people(team: Team | None) -> list[str]:
    if team is None:
        return []
    ids = Membership.objects.filter(group_id=team.group_id, absent_since=None).values("person_id")
    return list(Person.objects.filter(id__in=ids).order_by("user_name").values_list("user_name", flat=True)[:4])
