from django.apps import AppConfig


class IdentityGroupConfig(AppConfig):
    name = "kumoban.routines.identity_group"
    label = "routine_identity_group"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.identity_group.routine import ROUTINE

        register(ROUTINE)
