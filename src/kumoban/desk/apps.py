from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "kumoban.desk"
    label = "desk"
