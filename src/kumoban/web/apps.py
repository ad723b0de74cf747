from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "kumoban.web"
    label = "web"
