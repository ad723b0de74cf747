from django.apps import AppConfig


class OtherRequestConfig(AppConfig):
    name = "kumoban.routines.other_request"
    label = "routine_other_request"

    def ready(self) -> None:
        from kumoban.desk.routine import register
        from kumoban.routines.other_request.routine import ROUTINE

        register(ROUTINE)
