from datetime import timedelta

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "kumoban.evidence"
    label = "evidence"

    def ready(self) -> None:
        from kumoban.desk import duties, words
        from kumoban.evidence.collecting import collect_due
        from kumoban.evidence.matching.duty import match_due
        from kumoban.evidence.texts import TEXTS

        words.add(TEXTS)
        duties.add("session_evidence", timedelta(minutes=5), collect_due, long=True)
        duties.add("matching", timedelta(minutes=10), match_due, long=True)
