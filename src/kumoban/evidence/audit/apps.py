from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "kumoban.evidence.audit"
    label = "audit"

    def ready(self) -> None:
        from kumoban.desk import words
        from kumoban.evidence.audit.texts import TEXTS

        words.add(TEXTS)
