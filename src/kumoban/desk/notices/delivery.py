"""Sending what is due over one lane: claimed under a lease, sent, marked; at least once, and never all at once.

When the other side does not answer, the lane is left alone for a while, longer each time: one attempt tells that it is
back, not one for every notice. A notice that was claimed and never marked may have been sent: it is sent again as the
same message (``unsure``), which the other side recognises.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from django.db.models import F, Q

from kumoban.desk import clock
from kumoban.desk.models import Notice, Request
from kumoban.desk.notices.audience import may_decide
from kumoban.desk.notices.kinds import KINDS
from kumoban.desk.notices.readers import Reader, readers
from kumoban.desk.rules import awaits_decision
from kumoban.desk.states import Ratification, RequestState
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["Bundle", "Down", "Lane", "NotNow", "NotThisOne", "Postman"]

log = logging.getLogger(__name__)

_LEASE = timedelta(seconds=90)
#: seconds of the lease after which nothing more is begun under it
_ENOUGH = 40.0
_AT_ONCE = 25
_LONGEST_PAUSE = 300.0


class Down(Exception):
    """The whole lane does not work now: for ``pause`` seconds, where it said so. ``unsure``: it may have been sent."""

    def __init__(self, why: str, pause: float | None = None, *, unsure: bool = False) -> None:
        super().__init__(why)
        self.pause = pause
        self.unsure = unsure


class NotNow(Exception):
    """This message was not taken now; it is tried again."""


class NotThisOne(Exception):
    """This message will never be taken: no such address, not wanted."""


@dataclass(frozen=True)
class Bundle:
    """What goes out as one message: a notice, or all of one digest. ``reader`` is None for a webhook."""

    notices: Sequence[Notice]
    reader: Reader | None

    @property
    def first(self) -> Notice:
        return self.notices[0]

    @property
    def digest(self) -> bool:
        return bool(self.first.bundle)

    @property
    def key(self) -> str:
        """The same whenever it is sent: what the other side recognises it by."""
        return self.first.bundle.replace(":", "-") if self.digest else f"notice-{self.first.pk}"

    @property
    def unsure(self) -> bool:
        return any(notice.unsure for notice in self.notices)


class Lane(Protocol):
    """One way out. ``send`` returns what the other side calls the message; raises Down, NotNow or NotThisOne."""

    name: str

    def send(self, bundle: Bundle) -> str: ...

    def keep_up(self) -> int:
        """Bring what was sent before up to date, where the lane can; how much of it."""

    def rest(self) -> None:
        """Nothing more is sent for now: let connections go."""


@dataclass
class Postman:
    """Carries one lane's notices for one node."""

    lane: Lane
    node: str
    _failures: int = field(default=0, init=False)
    _not_before: float = field(default=0.0, init=False)
    #: who may decide about a plan, for this round
    _deciding: dict[int, set[str]] = field(default_factory=dict, init=False)

    def round(self) -> int:
        """Send what is due now; how many notices were dealt with."""
        if time.monotonic() < self._not_before:
            return 0
        claimed = self._claim()
        self._deciding.clear()
        begun, done = time.monotonic(), 0
        try:
            for bundle in self._bundles(claimed):
                if time.monotonic() - begun > _ENOUGH:
                    break
                self._deliver(bundle)
                done += len(bundle.notices)
            done += self.lane.keep_up()
        except Down as down:
            self._pause(down)
        finally:
            self.lane.rest()
            if claimed:
                self._let_go()
        return done

    def _pause(self, down: Down) -> None:
        self._failures += 1
        grown = min(_LONGEST_PAUSE, 2.0 ** min(self._failures, 9)) * random.uniform(0.7, 1.3)  # noqa: S311
        pause = down.pause if down.pause is not None else grown
        self._not_before = time.monotonic() + pause
        log.warning("notices by %s wait %.0f s: %s", self.lane.name, pause, down)
        self._mark(Q(lease_by=self.node), down)

    # --- claiming

    def _claim(self) -> list[Notice]:
        now, bare = clock.now(), database_now()
        due = Notice.objects.filter(lane=self.lane.name, due__lte=now).filter(
            Q(lease_until=None) | Q(lease_until__lt=bare)
        )
        if not due.exists():
            return []
        with writing():
            rows = due.order_by("due", "id").select_for_update(skip_locked=True)
            found = list(rows[:_AT_ONCE])
            bundles = {notice.bundle for notice in found if notice.bundle}
            if bundles:  # a digest is one message: all of it or nothing
                with_them = due.filter(bundle__in=bundles).order_by("id").select_for_update(skip_locked=True)
                found = [notice for notice in found if not notice.bundle] + list(with_them)
            lost = [notice.pk for notice in found if notice.lease_by]
            ids = [notice.pk for notice in found]
            Notice.objects.filter(pk__in=lost).update(unsure=True)
            Notice.objects.filter(pk__in=ids).update(lease_by=self.node, lease_until=bare + _LEASE)
        read = Notice.objects.filter(pk__in=ids).select_related(
            "event", "request", "request__plan", "request__requester"
        )
        return list(read.order_by("due", "id"))

    def _bundles(self, notices: Sequence[Notice]) -> list[Bundle]:
        reach = readers(notice.person_id for notice in notices if notice.person_id)
        together: dict[str, list[Notice]] = {}
        for notice in notices:
            together.setdefault(notice.bundle or str(notice.pk), []).append(notice)
        return [Bundle(group, reach.get(group[0].person_id or "")) for group in together.values()]

    # --- sending

    def _deliver(self, bundle: Bundle) -> None:
        left = [notice for notice in bundle.notices if self._matters(notice, bundle.reader)]
        gone = [notice.pk for notice in bundle.notices if notice not in left]
        if gone:
            self._over(gone, dropped_at=clock.now())
        if not left:
            return
        ids = [notice.pk for notice in left]
        try:
            receipt = self.lane.send(Bundle(left, bundle.reader))
        except NotThisOne as refused:
            self._give_up(left, str(refused))
        except NotNow as refused:
            self._again(left, str(refused))
        except Down as down:
            if down.unsure:
                self._update(Q(pk__in=ids), unsure=True)
            raise
        except Exception as broken:
            log.exception("notice %s by %s", ids, self.lane.name)
            self._again(left, repr(broken))
        else:
            self._failures = 0
            self._over(ids, sent_at=clock.now(), receipt=receipt[:200], last_error="")

    def _matters(self, notice: Notice, reader: Reader | None) -> bool:
        """Whether it is still worth saying: nobody is asked to decide what is decided."""
        if notice.person_id is None:
            return True
        if reader is None:  # the directory has this person no more
            return False
        return self._still(notice)

    def _still(self, notice: Notice) -> bool:
        request = notice.request
        if request is None:
            return True
        if KINDS[notice.kind].decide:
            return self._still_decides(notice, request)
        if notice.kind == "afterwards_overdue":
            return bool(request.ratification == Ratification.DUE)
        states = _ONLY_WHILE.get(notice.kind)
        return states is None or request.state in states

    def _still_decides(self, notice: Notice, request: Request) -> bool:
        plan = request.plan
        if not awaits_decision(request) or plan is None or plan.pk != notice.params.get("plan"):
            return False
        if plan.pk not in self._deciding:
            self._deciding[plan.pk] = may_decide(request, plan)
        return notice.person_id in self._deciding[plan.pk]

    # --- marking; only what is still ours

    def _over(self, ids: Sequence[int], **marks: object) -> None:
        self._update(Q(pk__in=ids), due=None, lease_by="", lease_until=None, **marks)

    def _again(self, notices: Sequence[Notice], why: str) -> None:
        now = clock.now()
        if any(notice.until <= now for notice in notices):
            self._give_up(notices, why)
            return
        tried = max(notice.attempts for notice in notices)
        wait = timedelta(seconds=min(3600.0, 15.0 * 2 ** min(tried, 9)) * random.uniform(0.7, 1.3))  # noqa: S311
        marks = {"due": now + wait, "attempts": F("attempts") + 1, "last_error": why[:300]}
        self._update(Q(pk__in=[notice.pk for notice in notices]), lease_by="", lease_until=None, **marks)

    def _give_up(self, notices: Sequence[Notice], why: str) -> None:
        with writing():
            self._over([notice.pk for notice in notices], given_up_at=clock.now(), last_error=why[:300])
            for notice in notices:
                about = notice.request.number if notice.request else f"person:{notice.person_id}"
                facts = {
                    "notice": notice.pk,
                    "kind": notice.kind,
                    "lane": notice.lane,
                    "person": notice.person_id or "",
                }
                record("notice.given_up", actor=SYSTEM, subject=about, facts=facts)

    def _mark(self, which: Q, down: Down) -> None:
        """The lane is down: what waited too long is given up, the rest says why it waits."""
        late = list(Notice.objects.filter(which, lane=self.lane.name, until__lte=clock.now()).select_related("request"))
        if late:
            self._give_up(late, str(down))
        self._update(which, last_error=str(down)[:300])

    def _let_go(self) -> None:
        self._update(Q(due__isnull=False), lease_by="", lease_until=None)

    def _update(self, which: Q, **marks: object) -> None:
        with writing():
            Notice.objects.filter(which, lane=self.lane.name, lease_by=self.node).update(**marks)


#: a notice is dropped where the request has gone on from these
_ONLY_WHILE: dict[str, tuple[RequestState, ...]] = {
    "fell": (RequestState.WAITING,),
    "confirm": (RequestState.WAITING,),
    "approved": (RequestState.APPROVED, RequestState.SCHEDULED, RequestState.APPLYING),
    "returned": (RequestState.RETURNED,),
    "active": (RequestState.ACTIVE, RequestState.FAILED),
    "ending_soon": (RequestState.ACTIVE,),
    "ops_overdue": (RequestState.APPLYING, RequestState.ACTIVE, RequestState.ENDING, RequestState.FAILED),
}
