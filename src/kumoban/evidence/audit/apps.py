from datetime import timedelta

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "kumoban.evidence.audit"
    label = "audit"

    def ready(self) -> None:
        from kumoban.desk import duties, words
        from kumoban.evidence.audit.pack.ordering import make_ordered
        from kumoban.evidence.audit.texts import TEXTS

        words.add(TEXTS)
        duties.add("audit_packs", timedelta(seconds=10), make_ordered, long=True)
