from django.apps import AppConfig


class UnrequestedConfig(AppConfig):
    name = "kumoban.watches.unrequested"
    label = "watch_unrequested"

    def ready(self) -> None:
        from kumoban.findings.watch import register
        from kumoban.watches.unrequested.watch import WATCH

        register(WATCH)
