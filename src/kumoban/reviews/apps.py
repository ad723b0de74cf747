from datetime import timedelta

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "kumoban.reviews"
    label = "reviews"

    def ready(self) -> None:
        from kumoban.desk import duties, words
        from kumoban.reviews.kind import register
        from kumoban.reviews.looking_after import look_after
        from kumoban.reviews.recertification import RECERTIFICATION
        from kumoban.reviews.texts import TEXTS

        words.add(TEXTS)
        register(RECERTIFICATION)
        duties.add("campaigns", timedelta(minutes=10), look_after)
