from django.apps import AppConfig


class AwsConfig(AppConfig):
    name = "kumoban.aws"
    label = "aws"
