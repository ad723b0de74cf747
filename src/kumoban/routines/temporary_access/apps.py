from django.apps import AppConfig


class TemporaryAccessConfig(AppConfig):
    name = "kumoban.routines.temporary_access"
    label = "routine_temporary_access"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.temporary_access.routine import ROUTINE

        register(ROUTINE)
