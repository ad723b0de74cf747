from django.apps import AppConfig


class AccountCreateConfig(AppConfig):
    name = "kumoban.routines.account_create"
    label = "routine_account_create"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.account_create.routine import ROUTINE

        register(ROUTINE)
