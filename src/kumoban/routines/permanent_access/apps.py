from django.apps import AppConfig


class PermanentAccessConfig(AppConfig):
    name = "kumoban.routines.permanent_access"
    label = "routine_permanent_access"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.permanent_access.routine import ROUTINE

        register(ROUTINE)
