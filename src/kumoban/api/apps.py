from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "kumoban.api"
    label = "api"
