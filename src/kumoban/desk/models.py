"""The desk's rows. What may change them is in the modules beside: requests, approvals, holds, runner, rules."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from kumoban.core.plan import Plan as PlanValue
from kumoban.core.signing import number
from kumoban.desk.guests.models import Guest
from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.notices.models import Event, Notice, NoticeSettings, SlackCode, SlackLink, SlackMessage
from kumoban.desk.states import HoldState, Phase, Ratification, RequestState, StepKind
from kumoban.estate.models import Person

__all__ = [
    "DESK",
    "Absence",
    "Approval",
    "CompanyHoliday",
    "CompletionReport",
    "DemoClock",
    "Duty",
    "Event",
    "Exercise",
    "ExtraField",
    "Favourite",
    "FreezePeriod",
    "Guest",
    "Hold",
    "Lock",
    "Machine",
    "Notice",
    "NoticeSettings",
    "OutsideDecision",
    "PastAccess",
    "Plan",
    "Remark",
    "Request",
    "Requirement",
    "Rule",
    "RunbookReading",
    "ShiftNote",
    "SlackCode",
    "SlackLink",
    "SlackMessage",
    "Step",
    "Thing",
    "Token",
    "User",
    "WorkEntry",
]


#: the login of the user under which the desk itself asks
DESK = "kumoban"


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> models.QuerySet[User]:
        return super().get_queryset().select_related("person")  # nobody looks at a user without asking who that is

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(login=username)


class User(AbstractBaseUser):
    """Somebody who can sign in: a person, linked to the identity store by id, or a machine. Never keyed by e-mail."""

    login = models.CharField(max_length=128, unique=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    machine = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=5, default="")
    zone = models.CharField(max_length=60, default="")

    USERNAME_FIELD = "login"
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(machine=True) | models.Q(person__isnull=False), name="desk_user_is_someone"
            )
        ]


class Token(models.Model):
    """A personal token for the API; only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    #: to the hour: so that using a token seldom writes
    last_used_at = models.DateTimeField(null=True)
    #: the token that made this one, where a token did
    made_by = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")


class Rule(models.Model):
    """Who may ask for which routine, where, within what limits, and who must approve. Deny rows win."""

    class Effect(models.TextChoices):
        ALLOW = "allow"
        DENY = "deny"

    name = models.CharField(max_length=120)
    routine = models.CharField(max_length=60, db_index=True)
    effect = models.CharField(max_length=5, choices=Effect.choices)
    #: {"groups": [ids], "people": [ids], "everyone": bool}; {"machines": [names]}: only of what these ask for them
    who = models.JSONField(default=dict)
    #: {dimension: [values]}; "*" matches everything
    dimensions = models.JSONField(default=dict)
    #: [{dimension: value}]: exact pairs, such as an account and what may be had in it; one of them must match
    pairs = models.JSONField(default=list)
    #: {"max_minutes": int}; {"hours": [{"day", "start", "until"}]}: only in them; {"week_minutes": int}: no more in a
    #: week (see ``conditions``); with {"afterwards_days": int} it allows in an emergency, and is approved within these
    #: days; {"tells": ["group:id", "person:id"]}: who hears of an emergency at once;
    #: with {"qualified_days": int} only to who read the runbook and finished the exercise within these days
    limits = models.JSONField(default=dict)
    #: [{"group": id} | {"manager": true} | {"people": [ids]}, each with "count"; where so "concurrence", "via",
    #: "stage" (after the lower ones) and "escalate" ({"hours": of business time, "group" | "people"})]
    approvers = models.JSONField(default=list)
    #: keys of the company's own fields that must be filled where this rule allows
    fields = models.JSONField(default=list)
    version = models.IntegerField(default=1)
    enabled = models.BooleanField(default=True)
    changed_at = models.DateTimeField()


class Request(models.Model):
    """Somebody asks for a routine with a filled form, for one or several workers. One row, one life."""

    number = models.CharField(max_length=20, unique=True)
    routine = models.CharField(max_length=60)
    state = models.CharField(max_length=12, choices=RequestState.choices, default=RequestState.DRAFTED)
    requester = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    workers = models.ManyToManyField(Person, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    #: the machine identity that asked, for its owner: it is judged by the rules that name it, to the end
    machine = models.ForeignKey(Machine, null=True, on_delete=models.PROTECT, related_name="+")
    form = models.JSONField()
    extra = models.JSONField(default=dict)
    #: asked for to be approved afterwards (事後承認)
    emergency = models.BooleanField(default=False)
    #: of an emergency: due until ``lapses_at``, ratified or rejected; empty where nothing is to be approved afterwards
    ratification = models.CharField(max_length=10, choices=Ratification.choices, default="")
    #: what pages show without reading the form again: title parts, names at the time
    shown = models.JSONField(default=dict)
    reason = models.TextField(default="")
    plan = models.ForeignKey("Plan", null=True, on_delete=models.PROTECT, related_name="+")
    assignee = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    target_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    #: when the waiting ends: the last moment an approval still counts
    lapses_at = models.DateTimeField(null=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    voids = models.IntegerField(default=0)
    #: refusals or the reason of the last automatic change of state, as stored Reasons
    why = models.JSONField(default=list)
    idempotency = models.CharField(max_length=80, null=True)
    #: the other request of which the operations team made this one
    converted_from = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="converted_into")
    #: the request whose grants this one holds on to (延長): its own end never moves
    extends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="extensions")
    search = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asked_by", "idempotency"], name="desk_request_asked_once"),
        ]
        indexes = [
            models.Index(fields=["requester", "-id"], name="desk_request_mine"),
            models.Index(fields=["state", "lapses_at"], name="desk_request_open"),
            models.Index(fields=["lapses_at"], name="desk_request_afterwards", condition=models.Q(ratification="due")),
        ]

    @property
    def state_label(self) -> str:
        return str(RequestState(self.state).label)

    @property
    def by_desk(self) -> bool:
        """Whether nobody asked: the desk noticed something and opened it by itself."""
        return self.asked_by.login == DESK

    @property
    def people(self) -> set[str]:
        """The ids of the requester and the workers."""
        return {self.requester_id, *(worker.id for worker in self.workers.all())}


class EmergencyReview(models.Model):
    """緊急アクセスの確認: somebody else looks at what was done in an emergency, after its end, and says how it was."""

    class Outcome(models.TextChoices):
        JUSTIFIED = "justified", _("Justified")
        IMPROVE = "improve", _("Justified, something to improve")
        UNJUSTIFIED = "unjustified", _("Not justified")
        NOT_USED = "not_used", _("Never in force")

    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="emergency_review")
    #: business days from the end within which it is closed
    days = models.IntegerField()
    opened_at = models.DateTimeField()
    #: None until what was granted has ended
    due = models.DateTimeField(null=True, db_index=True)
    #: since when it bars those who asked or worked from the next emergency
    locked_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default="")
    said = models.TextField(default="")
    closed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, db_index=True)


class Plan(models.Model):
    """One plan of a request, with the bytes its approvals sign."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="plans")
    ordinal = models.IntegerField()
    signed = models.TextField()
    digest = models.CharField(max_length=64)
    format_version = models.IntegerField()
    document = models.JSONField()
    #: who must approve and by which rules: see ``rules.Decision.stored``
    authority = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    #: checked against AWS read live (not only against estate rows)
    checked_at = models.DateTimeField(null=True)
    void_at = models.DateTimeField(null=True)
    void_why = models.JSONField(default=list)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "ordinal"], name="desk_plan_ordinal_once")]

    @property
    def number(self) -> str:
        return number(self.digest)

    @cached_property
    def value(self) -> PlanValue:
        return PlanValue.from_stored(self.document)


class Requirement(models.Model):
    """One who may fill a slot of a plan's approval: a group or a person. Kept as rows so that an inbox is one query."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="requirements")
    slot = models.IntegerField()
    #: group, person or manager (a person, found by being the requester's manager)
    kind = models.CharField(max_length=8)
    ref = models.CharField(max_length=60, db_index=True)
    count = models.IntegerField(default=1)
    #: the system outside in which it is decided; empty: here
    via = models.CharField(max_length=40, default="")
    #: whether it is its turn: the stages before it are filled, or it was escalated
    open = models.BooleanField(default=True)
    #: one who may fill the slot only where nobody answers in time: when that is, and since when it is so
    escalation = models.BooleanField(default=False)
    escalates_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)


class Approval(models.Model):
    """One person's signature over one plan. A changed plan has no approvals."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="approvals")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    #: whom the person stood in for, where they signed as a delegate
    on_behalf_of = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    comment = models.TextField(default="")
    #: the system outside in which the person decided, and its number there (決裁番号)
    via = models.CharField(max_length=40, default="")
    reference = models.CharField(max_length=100, default="")
    at = models.DateTimeField()
    void_at = models.DateTimeField(null=True)
    void_why = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "person"], condition=models.Q(void_at=None), name="desk_one_seal_a_person"
            )
        ]


class OutsideDecision(models.Model):
    """A signed call of another system, remembered so that it counts once."""

    system = models.CharField(max_length=40)
    #: its ``webhook-id``
    call = models.CharField(max_length=200)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "call"], name="desk_outside_decision_once")]


class Remark(models.Model):
    """Something said about a request: a question (照会), an answer, a return, a denial. Changes no state itself."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="remarks")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12)
    text = models.TextField()
    at = models.DateTimeField()


class Thing(models.Model):
    """One episode of a thing on AWS: opened by the first hold's intent, closed when the last hold has ended."""

    key = models.CharField(max_length=300)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    #: None until the one look that decides it; committed with the intent, before the first call
    existed_before = models.BooleanField(null=True)
    #: the step that sent the first create of this episode; None while nothing was ever sent
    created_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=models.Q(closed_at=None), name="desk_one_open_thing")
        ]


class Hold(models.Model):
    """One request's claim on a thing, [starts_at, ends_at). People call it a grant (付与中の権限)."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="holds")
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT, related_name="holds")
    key = models.CharField(max_length=300, db_index=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    account_id = models.CharField(max_length=12, default="")
    state = models.CharField(max_length=10, choices=HoldState.choices)
    shown = models.JSONField(default=dict)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    active_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: seen_absent, held_by_others, was_there_before, target_gone or never_made
    ended_by = models.CharField(max_length=20, default="")
    evidence = models.JSONField(default=dict)
    not_seen_since = models.DateTimeField(null=True)
    #: of a grant without end: whose it is, and the day by which somebody looks at it again (権限の棚卸し)
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    review_on = models.DateField(null=True, db_index=True)
    was_active = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["state", "ends_at"], name="desk_hold_in_force"),
            models.Index(fields=["person", "state"], name="desk_hold_person"),
            models.Index(fields=["account_id", "-id"], name="desk_hold_account"),
        ]


class Step(models.Model):
    """One piece of work with its lease. Waiting is a row with a later ``due``."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="steps")
    hold = models.ForeignKey(Hold, null=True, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=12, choices=StepKind.choices)
    position = models.IntegerField(default=0)
    action = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.LOOK)
    #: order of work: 0 ends, 1 polls, 2 applies, 3 checks
    rank = models.IntegerField()
    due = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=60, default="")
    lease_until = models.DateTimeField(null=True)
    lock_key = models.CharField(max_length=120, default="")
    attempts = models.IntegerField(default=0)
    #: how often an end came back without being ended, or what is to arrive was not there
    setbacks = models.IntegerField(default=0)
    operation = models.CharField(max_length=120, default="")
    aws_request_id = models.CharField(max_length=80, default="")
    #: this step's mutating call was accepted and AWS has not said that it ended
    outstanding = models.BooleanField(default=False)
    answer_lost = models.BooleanField(default=False)
    taken_over = models.BooleanField(default=False)
    needs_a_person = models.BooleanField(default=False)
    #: of a change under way when its request was ended: seen to its end, and nothing more is sent
    stopped = models.BooleanField(default=False)
    error = models.JSONField(default=dict)
    #: of a change: what it is about and where, and what was found of it for the steps behind it
    thing = models.CharField(max_length=300, default="")
    account_id = models.CharField(max_length=12, default="")
    found = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    #: not stored: this turn changed its grant or ended a change; the request's state is derived before the commit
    touched = False

    class Meta:
        indexes = [
            models.Index(fields=["rank", "due"], name="desk_step_due", condition=models.Q(due__isnull=False)),
            models.Index(
                fields=["lease_until"], name="desk_step_leased", condition=models.Q(lease_until__isnull=False)
            ),
            models.Index(fields=["action"], name="desk_step_outstanding", condition=models.Q(outstanding=True)),
        ]


class Lock(models.Model):
    """Mutual exclusion on AWS, held by a step from its intent until the terminal status is seen."""

    key = models.CharField(max_length=120, primary_key=True)
    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="lock")
    since = models.DateTimeField()


class WorkEntry(models.Model):
    """What a person did in a manual step: text, evidence, minutes."""

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="entries")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    evidence = models.TextField(default="")
    minutes = models.IntegerField(default=0)
    at = models.DateTimeField()


class CompletionReport(models.Model):
    """作業完了報告: how the work went, by a worker, confirmed by an approver."""

    class Outcome(models.TextChoices):
        COMPLETE = "complete"
        PARTIAL = "partial"
        NOT_DONE = "not_done"
        ABNORMAL = "abnormal"

    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="report")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    text = models.TextField(default="")
    at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)


class Duty(models.Model):
    """One row for each thing the desk does regularly by itself."""

    name = models.CharField(max_length=60, primary_key=True)
    due = models.DateTimeField()
    lease_by = models.CharField(max_length=60, default="")
    lease_until = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="")


class ShiftNote(models.Model):
    """申し送り: what one shift of the operations team leaves to the next; shown until somebody takes it off."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()
    off_at = models.DateTimeField(null=True, db_index=True)
    off_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")


class Favourite(models.Model):
    """お気に入り: a filled form, without its times, that a person keeps under a name."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    routine = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    form = models.JSONField()
    extra = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="desk_favourite_named_once")]


class RecurringRequest(models.Model):
    """定期申請: a filled form, without its times, that the desk asks again by itself until its last day."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Recurring")
        PAUSED = "paused", _("Paused")
        ENDED = "ended", _("Ended")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    routine = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    form = models.JSONField()
    extra = models.JSONField(default=dict)
    #: ``RecurringForm`` without name, since and until
    when = models.JSONField()
    since = models.DateField()
    until = models.DateField()
    #: the groups it was allowed through; empty where a rule names the person, or everyone
    basis = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE, db_index=True)
    #: why it ended by itself, as stored Reasons
    why = models.JSONField(default=list)
    created_at = models.DateTimeField()

    @property
    def subject(self) -> str:
        """How the ledger calls it."""
        return f"recurring:{self.pk}"


class Occurrence(models.Model):
    """One day of a recurring request: the request made for it, or why none was."""

    recurring = models.ForeignKey(RecurringRequest, on_delete=models.PROTECT, related_name="occurrences")
    day = models.DateField()
    request = models.OneToOneField(Request, null=True, on_delete=models.PROTECT, related_name="occurrence")
    why = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recurring", "day"], name="desk_occurrence_once")]


class RunbookReading(models.Model):
    """読みました: somebody read this version of a routine's runbook."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    routine = models.CharField(max_length=60)
    #: of the text in both languages
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["routine", "person", "-at"], name="desk_reading_last")]


class Exercise(models.Model):
    """修了: somebody finished a routine's exercise on a practice AWS, as the operations team confirmed."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    routine = models.CharField(max_length=60)
    #: where it can be looked up: such as the request's number on the practice desk
    reference = models.CharField(max_length=120)
    confirmed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["routine", "person", "-at"], name="desk_exercise_last")]


class Absence(models.Model):
    """Between ``starts_at`` and ``ends_at`` the delegate may approve in the person's place."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    delegate = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()


class CompanyHoliday(models.Model):
    day = models.DateField(primary_key=True)
    name = models.CharField(max_length=80)


class FreezePeriod(models.Model):
    """凍結期間: nothing of these routines starts in these OUs, unless an exception approver approves."""

    reason = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    routines = models.JSONField(default=list)
    ou_ids = models.JSONField(default=list)
    exception_group = models.CharField(max_length=60, default="")


class ExtraField(models.Model):
    """追加項目: a field the company adds to a routine's form, as data."""

    routine = models.CharField(max_length=60)
    key = models.SlugField(max_length=40)
    label_ja = models.CharField(max_length=80)
    label_en = models.CharField(max_length=80)
    #: text, paragraph, number, date, url or choice
    kind = models.CharField(max_length=12, default="text")
    required = models.BooleanField(default=False)
    pattern = models.CharField(max_length=200, default="")
    choices = models.JSONField(default=list)
    #: where the value is looked up, with {value} in it; empty: nowhere
    link = models.CharField(max_length=300, default="")
    position = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["routine", "key"], name="desk_extra_field_once")]


class DemoClock(models.Model):
    """Demo mode only: how far the windows' clock was moved ahead of the database's."""

    offset_seconds = models.FloatField(default=0)


class PastAccess(models.Model):
    """Access that somebody had before the desk, as another tool said it: read-only, and proved by nobody."""

    class Outcome(models.TextChoices):
        """How today's rules would have decided."""

        ALLOWED = "allowed", _("allowed without approval")
        APPROVAL = "approval", _("allowed with approval")
        REFUSED = "refused", _("would be refused")
        UNKNOWN = "unknown", _("not known to the estate")

    #: the tool it comes from: csv or team
    source = models.CharField(max_length=12)
    #: the row's own id there; taken once
    key = models.CharField(max_length=80)
    #: as the source names them
    person_name = models.CharField(max_length=256)
    account_name = models.CharField(max_length=120)
    permission_set_name = models.CharField(max_length=128)
    #: what they are in the estate; empty where nothing, or several things, have the name
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    account_id = models.CharField(max_length=12, default="", db_index=True)
    permission_set_arn = models.CharField(max_length=120, default="")
    starts_at = models.DateTimeField()
    #: None: without end
    ends_at = models.DateTimeField(null=True)
    #: what else the source says (status, approver, ticket, reason), in its own words
    said = models.JSONField(default=dict)
    imported_at = models.DateTimeField()
    search = models.CharField(max_length=700, default="")
    judged_at = models.DateTimeField(null=True, db_index=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default="")
    #: the first refusal's code
    code = models.CharField(max_length=60, default="")
    #: the deciding rules' ids, joined by commas
    decided_by = models.CharField(max_length=200, default="")
    #: refusals and required approvals, stored
    why = models.JSONField(default=list)
    slots = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="desk_past_once")]
        indexes = [models.Index(fields=["outcome", "-id"], name="desk_past_outcome")]
