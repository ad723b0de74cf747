from datetime import timedelta

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "kumoban.evidence.audit"
    label = "audit"

    def ready(self) -> None:
        from kumoban.desk import duties, words
        from kumoban.evidence.audit.controls.running import run_daily
        from kumoban.evidence.audit.pack.ordering import make_ordered
        from kumoban.evidence.audit.retention import let_go
        from kumoban.evidence.audit.texts import TEXTS

        words.add(TEXTS)
        duties.add("audit_packs", timedelta(seconds=10), make_ordered, long=True)
        duties.add("controls", timedelta(days=1), run_daily, long=True)
        duties.add("retention", timedelta(hours=6), let_go, long=True)
