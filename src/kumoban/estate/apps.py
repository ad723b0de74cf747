from django.apps import AppConfig


class EstateConfig(AppConfig):
    name = "kumoban.estate"
    label = "estate"
