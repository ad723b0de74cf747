from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "kumoban.ledger"
    label = "ledger"
