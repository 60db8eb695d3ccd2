"""The flow as a gateway offers it: every step of requests, boundaries, reports, production and assessment, and what waits to be done.

Guarantees: see :class:`~akashi.conformity.flow.asking.Asking` and :class:`~akashi.conformity.flow.applying.Applying`, which this is the sum
of; :meth:`Flow.inbox` names each thing that waits for this institution once. Refuses: nothing beyond them. Trusts: the caller for
permissions (``conformity.*`` of ``identity.permissions``); the ledger's own rules ask for the roles again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from akashi.conformity.flow.applying import Applying
from akashi.conformity.flow.asking import Asking
from akashi.conformity.flow.model import BoundaryStatus, RequestStatus


class Waiting(StrEnum):
    """What waits."""

    ANSWER = "answer"
    """Another institution's request wants this one's answer."""
    COMPARE = "compare"
    """An answer has come to an own request."""
    AGREE = "agree"
    RECEIVE = "receive"
    START = "start"
    """A system is flagged and has not started."""
    ASSESS = "assess"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One thing to do. ``due_ms`` 0: no day is set; ``late``: the day is over."""

    what: Waiting
    handle: str
    due_ms: int = 0
    late: bool = False


class Flow(Asking, Applying):
    """One institution's flow. Thread-safe as its parts are; ``close`` it."""

    def inbox(self) -> list[InboxEntry]:
        """What waits for this institution: dated things first, the earliest first."""
        found = [*self._requests_waiting(), *self._certificates_waiting()]
        found += [
            InboxEntry(Waiting.AGREE, one.handle)
            for one in self.boundaries()
            if one.status is BoundaryStatus.PROPOSED and one.other == self.institution
        ]
        found += [
            InboxEntry(Waiting.RECEIVE, one.record.handle) for one in self.reports() if one.record.received_ms is None
        ]
        found += [InboxEntry(Waiting.START, one.handle) for one in self.productions() if one.started_ms is None]
        found += [InboxEntry(Waiting.ASSESS, one.handle) for one in self.waiting_assessments()]
        return sorted(found, key=lambda one: (one.due_ms == 0, one.due_ms, one.what, one.handle))

    def _requests_waiting(self) -> list[InboxEntry]:
        now, found = self._clock.now_ms(), []
        for one in self.requests():
            late = now >= one.due_ms
            if one.status is RequestStatus.OPEN and one.vendor == self.institution:
                found.append(InboxEntry(Waiting.ANSWER, one.handle, one.due_ms, late))
            elif one.status is RequestStatus.ANSWERED and one.requester == self.institution:
                found.append(InboxEntry(Waiting.COMPARE, one.handle, one.due_ms))
        return found

    def _certificates_waiting(self) -> list[InboxEntry]:
        now, soon = self._clock.now_ms(), self.certificates_running_out()
        return [
            InboxEntry(Waiting.CERTIFICATE, name, one.expires_ms, one.expires_ms <= now)
            for name, one in self.certificates().items()
            if one in soon
        ]
