"""Visits of one gateway: apply, decide, begin, act as a test account, end, report, review.

Guarantees: plan and report are sealed here and committed to on the ledger; what a decider is shown is what they decide on; the report's
comparison is made from the journal, not from what the visitor says. Refuses what the ledger refuses.
Left to the caller (``app.duty.visits``): permissions and the access journal.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress

from akashi.clock import Clock
from akashi.identity.emergency.rules import text_commitment
from akashi.identity.handles import VISIT, new_handle
from akashi.identity.journal import Access, What
from akashi.identity.maintenance import comparing, events, records, rules
from akashi.identity.maintenance.errors import PlanAltered, PlanUnusable, VisitUnknown
from akashi.identity.maintenance.model import (
    HOUR_MS,
    Alerting,
    Comparison,
    Reads,
    Report,
    TrialData,
    Visit,
    VisitStage,
    VisitVerdict,
    WorkPlan,
    WorkPurpose,
)
from akashi.identity.maintenance.store import VisitStore
from akashi.identity.model import SecretBox, Session
from akashi.identity.presence.model import AlertKind
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.ledger.author import Author, prepared
from akashi.ledger.errors import Refused
from akashi.ledger.rules import Denied

DECIDE_WITHIN_MS = 24 * HOUR_MS
"""How long an emergency visit may stay without a decision before that is told."""
_DAY_MS = 24 * HOUR_MS
_SALT = 32


class Visits:
    """The visits of one institution. Thread-safe as far as its parts are."""

    def __init__(
        self, database: Database, box: SecretBox, author: Author, clock: Clock, accounts: Accounts, alert: Alerting
    ) -> None:
        self._store = VisitStore(database)
        self._box, self._author, self._clock, self._accounts, self._alert = box, author, clock, accounts, alert

    def request(
        self, maintainer: str, plan: WorkPlan, from_ms: int, to_ms: int, by: Session, *, emergency: bool = False
    ) -> str:
        """Apply for a visit; its handle. Raises :class:`PlanUnusable`."""
        decision = rules.decide_plan(plan)
        if isinstance(decision, Denied):
            raise PlanUnusable(field=decision.reason)
        handle = prepared(by.approving, "visit", lambda: new_handle(VISIT))
        text, salt = rules.plan_text(plan), prepared(by.approving, "salt", _new_salt)
        digest = rules.sources_digest(handle, plan.sources)
        shape = (digest, int(plan.reads), bool(plan.test_accounts), emergency)
        body = events.VisitRequested(handle, maintainer, text_commitment(text, salt), from_ms, to_ms, *shape)
        said = self._worded(body, handle, by)
        self._seal(handle, "plan", text, salt)
        self._store.put_sources(handle, plan.sources)
        try:
            self._author.ledger.submit(said)
        except Refused:
            self._store.drop(handle)
            raise
        return handle

    def decide(self, visit: str, verdict: VisitVerdict, by: Session) -> Visit:
        """Decide on the plan as it is kept; one that was altered since cannot be decided on. Raises :class:`PlanAltered`."""
        found = self.visit(visit)
        if verdict is VisitVerdict.ACCEPTED:
            self.plan(visit)
        self._say(events.VisitDecided(visit, verdict, found.plan), visit, by)
        if verdict is VisitVerdict.REFUSED:
            self._accounts.sign_out_everywhere(found.maintainer, reason="visit.refused")
        return self.visit(visit)

    def begin(self, visit: str, by: Session) -> Visit:
        """The visitor begins."""
        self._say(events.VisitBegun(visit), visit, by)
        return self.visit(visit)

    def act_as(self, visit: str, account: str, by: Session) -> None:
        """The visitor says that they act as a test account from now on. Raises ``Refused`` for one that the plan does not name."""
        if account not in self.plan(visit).test_accounts:
            raise Refused("visit.account")
        self._say(events.VisitImpersonated(visit, account), visit, by)

    def end(self, visit: str, by: Session | None) -> Visit:
        """End it, and the visitor's sessions with it; without a person only after the window."""
        found = self.visit(visit)
        self._say(events.VisitEnded(visit), visit, by)
        self._accounts.sign_out_everywhere(found.maintainer, reason="visit.ended")
        self.look()
        return self.visit(visit)

    def report(self, visit: str, test_data: TrialData, text: str, by: Session) -> Report:
        """Compare journal and plan, and record what was found."""
        # Being asked for an approval is an entry of the journal too: what was shown is what is recorded.
        made = Report(visit, prepared(by.approving, f"report {visit}", lambda: self.compare(visit)), test_data, text)
        if self.visit(visit).stage is not VisitStage.ENDED:  # what is kept of an earlier report is not written over
            raise Refused("visit.not_ended")
        found, written, salt = made.comparison, _report_text(made), prepared(by.approving, "salt", _new_salt)
        commitment = text_commitment(written, salt)
        body = events.VisitReported(
            visit, commitment, found.saw, len(found.seen), bool(found.acted_as), test_data, len(found.deviations)
        )
        said = self._worded(body, visit, by)
        self._seal(visit, "report", written, salt)
        self._author.ledger.submit(said)
        return made

    def review(self, visit: str, verdict: VisitVerdict, by: Session) -> Visit:
        """The report was looked at."""
        self._say(events.VisitReviewed(visit, verdict), visit, by)
        return self.visit(visit)

    def visit(self, handle: str) -> Visit:
        """One visit. Raises :class:`VisitUnknown`."""
        with self._author.ledger.view() as state:
            found = records.visit(state, handle)
        if found is None or found.institution != self._author.institution:
            raise VisitUnknown
        return found

    def visits(self) -> list[Visit]:
        """All of the institution, newest first."""
        with self._author.ledger.view() as state:
            own = [one for one in records.visits(state) if one.institution == self._author.institution]
        return sorted(own, key=lambda one: (-one.requested_ms, one.handle))

    def plan(self, visit: str) -> WorkPlan:
        """The work plan, as the ledger commits to it. Raises :class:`PlanAltered`."""
        text = self._opened(visit, "plan", self.visit(visit).plan)
        row = json.loads(text)
        return WorkPlan(
            WorkPurpose(row["purpose"]),
            tuple(row["systems"]),
            tuple(row["steps"]),
            tuple(row["sources"]),
            tuple(What(one) for one in row["expects"]),
            Reads(row["reads"]),
            tuple(row["test_accounts"]),
            row["text"],
        )

    def report_text(self, visit: str) -> str | None:
        """The report as it was recorded (JSON); ``None`` before that. Raises :class:`PlanAltered`."""
        found = self.visit(visit)
        return None if found.report is None else self._opened(visit, "report", found.report)

    def entries(self, visit: str) -> list[Access]:
        """Every entry of the journal that belongs to the visit."""
        return comparing.entries_of(self.visit(visit), self.plan(visit), self._accounts.journal.entries())

    def compare(self, visit: str) -> Comparison:
        """The journal against the plan, as it stands now."""
        return comparing.compare(self.visit(visit), self.plan(visit), self.entries(visit))

    def look(self) -> int:
        """End what ran over its window, and tell what administrators must hear; returns how many alerts that were."""
        now, told = self._clock.now_ms(), 0
        for one in self.visits():
            found = one
            if one.stage is VisitStage.BEGUN and now >= one.to_ms:
                with suppress(Refused):  # somebody ended it in this moment
                    self._say(events.VisitEnded(one.handle), one.handle, None)
                    self._accounts.sign_out_everywhere(one.maintainer, reason="visit.over")
                found = self.visit(one.handle)
            told += self._told(found, now)
        return told

    def _told(self, found: Visit, now: int) -> int:
        told = 0
        if found.emergency and found.verdict is None and now - found.requested_ms >= DECIDE_WITHIN_MS:
            told += self._tell("undecided", found.handle, now // _DAY_MS, 1)
        if found.stage is VisitStage.ENDED and now - (found.ended_ms or now) >= DECIDE_WITHIN_MS:
            told += self._tell("unreported", found.handle, now // _DAY_MS, 1)
        if found.stage is VisitStage.ENDED and not self._store.was_told("compared", found.handle, 0):
            deviations = self._deviations(found.handle)
            if deviations:
                told += self._tell("deviates", found.handle, 0, deviations)
            self._store.told("compared", found.handle, 0)
        return told

    def _deviations(self, visit: str) -> int:
        try:
            return len(self.compare(visit).deviations)
        except PlanAltered:
            return 1  # a plan that nobody can compare with is a deviation itself

    def _tell(self, code: str, visit: str, mark: int, count: int) -> int:
        if self._store.was_told(code, visit, mark):
            return 0
        self._alert(AlertKind.MAINTENANCE_DEVIATES, visit, count)
        self._store.told(code, visit, mark)
        return 1

    def _seal(self, visit: str, paper: str, text: str, salt: bytes) -> None:
        self._store.put_paper(visit, paper, salt, self._box.protect(f"visit-{paper}:{visit}", text.encode()))

    def _opened(self, visit: str, paper: str, commitment: bytes) -> str:
        found = self._store.paper(visit, paper)
        if found is None:
            raise PlanAltered(visit=visit)
        text = self._box.reveal(f"visit-{paper}:{visit}", found[1]).decode()
        if text_commitment(text, found[0]) != commitment:
            raise PlanAltered(visit=visit)
        return text

    def _say(self, body: object, subject: str, by: Session | None) -> None:
        self._author.ledger.submit(self._worded(body, subject, by))

    def _worded(self, body: object, subject: str, by: Session | None) -> bytes:
        """The signed operation, not yet submitted: a person who must approve it first is asked here, before anything is kept."""
        if by is None:
            return self._author.compose(body, subject=subject)
        return self._author.compose(
            body, subject=subject, person=by.person, device=by.device, auth=by.auth, approving=by.approving
        )


def _new_salt() -> bytes:
    return secrets.token_bytes(_SALT)


def _report_text(report: Report) -> str:
    found = report.comparison
    return json.dumps(
        {
            "acted_as": list(found.acted_as),
            "deviations": [
                [one.code, one.number, None if one.what is None else one.what.name.lower()] for one in found.deviations
            ],
            "entries": found.entries,
            "saw": found.saw.name.lower(),
            "seen": list(found.seen),
            "test_data": report.test_data.name.lower(),
            "text": report.text,
        },
        ensure_ascii=False,
        sort_keys=True,
    )
