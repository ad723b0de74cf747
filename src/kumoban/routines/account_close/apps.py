from django.apps import AppConfig


class AccountCloseConfig(AppConfig):
    name = "kumoban.routines.account_close"
    label = "routine_account_close"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.account_close.routine import ROUTINE

        register(ROUTINE)
