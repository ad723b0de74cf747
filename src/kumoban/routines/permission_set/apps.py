from django.apps import AppConfig


class PermissionSetConfig(AppConfig):
    name = "kumoban.routines.permission_set"
    label = "routine_permission_set"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.permission_set.routine import ROUTINE

        register(ROUTINE)
