from django.apps import AppConfig


class IdentityUserConfig(AppConfig):
    name = "kumoban.routines.identity_user"
    label = "routine_identity_user"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.identity_user.routine import ROUTINE

        register(ROUTINE)
