from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "kumoban.findings"
    label = "findings"

    def ready(self) -> None:
        from kumoban.desk import words
        from kumoban.findings.texts import TEXTS

        words.add(TEXTS)
