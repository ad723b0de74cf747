"""The outbox: what happened, who is told of it over which channel, how each person wants to be told."""

from __future__ import annotations

from django.db import models

from kumoban.estate.models import Person

__all__ = ["Event", "Notice", "NoticeSettings", "SlackCode", "SlackLink", "SlackMessage"]


class Event(models.Model):
    """Something that happened and that people may have to hear of; written with the change, fanned out after it."""

    kind = models.CharField(max_length=30)
    request = models.ForeignKey("desk.Request", null=True, on_delete=models.PROTECT, related_name="+")
    #: who did it: never told of it
    by = models.CharField(max_length=60, default="")
    params = models.JSONField(default=dict)
    at = models.DateTimeField()
    #: what happens only once, such as the reminder of an end
    key = models.CharField(max_length=120, null=True, unique=True)
    fanned_out_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    error = models.CharField(max_length=300, default="")

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="desk_event_waiting", condition=models.Q(fanned_out_at=None)),
            models.Index(fields=["request", "kind"], name="desk_event_of"),
        ]


class Notice(models.Model):
    """One message for one person, or one webhook, over one channel. ``due`` is empty once nothing more will be sent."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=30)
    request = models.ForeignKey("desk.Request", null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    #: mail, slack or webhook:<name>
    lane = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    #: event, person and lane: nobody is told the same thing twice over one channel
    dedupe = models.CharField(max_length=200, unique=True)
    #: notices of one person that go out as one message bear the same words here
    bundle = models.CharField(max_length=120, default="")
    created_at = models.DateTimeField()
    due = models.DateTimeField(null=True)
    #: tried until then, and then given up where people see it
    until = models.DateTimeField()
    lease_by = models.CharField(max_length=60, default="")
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    #: it may have been sent: the node was lost, or the answer
    unsure = models.BooleanField(default=False)
    sent_at = models.DateTimeField(null=True)
    #: it did not matter any more when it was due
    dropped_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, default="")
    #: what the other side calls the message it took
    receipt = models.CharField(max_length=200, default="")

    class Meta:
        indexes = [
            models.Index(fields=["lane", "due"], name="desk_notice_due", condition=models.Q(due__isnull=False)),
            models.Index(fields=["person", "-id"], name="desk_notice_mine"),
            models.Index(
                fields=["given_up_at"], name="desk_notice_lost", condition=models.Q(given_up_at__isnull=False)
            ),
        ]


class NoticeSettings(models.Model):
    """How one person wants to be told. No row: by every channel there is, at any hour, one by one."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.PROTECT, related_name="+")
    mail = models.BooleanField(default=True)
    slack = models.BooleanField(default=True)
    #: in the person's zone; may go over midnight
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)
    #: what can wait comes as one message at 8:50 of the next business day
    digest = models.BooleanField(default=False)


class SlackLink(models.Model):
    """A person's account in Slack, proved by a one-time code; never known by an e-mail address."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.PROTECT, related_name="+")
    team = models.CharField(max_length=30)
    slack_user = models.CharField(max_length=30)
    #: the conversation between this person and the app
    channel = models.CharField(max_length=30)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slack_user"], name="desk_slack_user_once")]


class SlackCode(models.Model):
    """A one-time code on its way from a person's page to the app; only its digest is kept."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()


class SlackMessage(models.Model):
    """The one message about a request in a person's conversation, kept up to date as the request moves."""

    request = models.ForeignKey("desk.Request", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=30)
    #: empty until it was sent
    ts = models.CharField(max_length=40, default="")
    #: how often the request has moved since, and up to which of these moves the message is written
    changes = models.IntegerField(default=0)
    shown = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "person"], name="desk_slack_message_once")]
        indexes = [
            models.Index(fields=["id"], name="desk_slack_behind", condition=models.Q(changes__gt=models.F("shown")))
        ]
