from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "kumoban.watches.drift"
    label = "watch_drift"

    def ready(self) -> None:
        from kumoban.findings.watch import register
        from kumoban.watches.drift.watch import WATCH

        register(WATCH)
