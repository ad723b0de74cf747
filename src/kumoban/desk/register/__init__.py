"""アカウント台帳: what people know of each account, kept by the operations team, confirmed by owners twice a year."""

from kumoban.desk.register.asking import REMIND_AFTER, ask_owners, asked_person, to_confirm, unconfirmed
from kumoban.desk.register.bulk import MOST_BYTES, Line, Preview, import_entries, preview, text_of
from kumoban.desk.register.columns import ColumnForm, remove_column, save_column
from kumoban.desk.register.entry import (
    Change,
    Saving,
    account_seen,
    change,
    changes_since,
    confirm,
    entry_of,
    history_of,
    may_confirm,
    may_write,
)
from kumoban.desk.register.fields import Field, columns, fields, label_of, spoken
from kumoban.desk.register.finding import CONFIRM_AFTER, ENVIRONMENTS, GAPS, Wanted, accounts, differs, gaps
from kumoban.desk.register.table import as_csv, as_xlsx, entry_or_none, word

__all__ = [
    "CONFIRM_AFTER",
    "ENVIRONMENTS",
    "GAPS",
    "MOST_BYTES",
    "REMIND_AFTER",
    "Change",
    "ColumnForm",
    "Field",
    "Line",
    "Preview",
    "Saving",
    "Wanted",
    "account_seen",
    "accounts",
    "as_csv",
    "as_xlsx",
    "ask_owners",
    "asked_person",
    "change",
    "changes_since",
    "columns",
    "confirm",
    "differs",
    "entry_of",
    "entry_or_none",
    "fields",
    "gaps",
    "history_of",
    "import_entries",
    "label_of",
    "may_confirm",
    "may_write",
    "preview",
    "remove_column",
    "save_column",
    "spoken",
    "text_of",
    "to_confirm",
    "unconfirmed",
    "word",
]
