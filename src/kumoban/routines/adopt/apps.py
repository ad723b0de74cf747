from django.apps import AppConfig


class AdoptConfig(AppConfig):
    name = "kumoban.routines.adopt"
    label = "routine_adopt"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.adopt.routine import ROUTINE

        register(ROUTINE)
