"""Between a customer and its vendors, and within an institution: requests, boundaries, reports, production, certificates.

Guarantees: each step is one signed operation by a named person; texts, replies and tables go sealed to the one other side and stay here
under the gateway's keystore. A boundary is agreed to only after its table was opened and found to be what was proposed. Refuses (as
``StepRefused``, with the ledger's reason): whatever ``rules`` denies. Trusts: the caller for permissions and for who acts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from akashi.conformity.errors import BundleInvalid, RecordUnknown, StepRefused
from akashi.conformity.flow import records
from akashi.conformity.flow.agreements import (
    BoundaryAgreed,
    BoundaryEnded,
    BoundaryProposed,
    ProductionFlagged,
    ProductionStarted,
    ReportMade,
    ReportReceived,
    RequestAnswered,
    RequestClosed,
    RequestMade,
    RiskAccepted,
)
from akashi.conformity.flow.boundary import Table, dump_table, load_table, table_digest
from akashi.conformity.flow.comparison import (
    Compared,
    Need,
    compare,
    missing_reports,
    open_items,
    running_out,
    verdict_counts,
)
from akashi.conformity.flow.model import Boundary, Certificate, Production, Report, Request, Wanted
from akashi.conformity.flow.rules import is_overdue
from akashi.conformity.flow.speaking import Speaker, Spoken
from akashi.conformity.model import Catalogue, Decision, Item, Reply
from akashi.conformity.proof.codec import Fields
from akashi.conformity.proof.commitments import commit, new_salt
from akashi.identity.handles import new_handle
from akashi.identity.model import Session
from akashi.ledger.author import prepared
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire.cbor import Value

_REQUEST, _REPORT, _CERTIFICATE, _RISK = "flow.request", "flow.report", "flow.certificate", "flow.risk"
TABLE = "boundary.cbor"


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as its institution knows it."""

    record: Report
    catalogue: str
    item: str
    text: str = field(repr=False)


class Asking(Speaker):
    """The steps outside of an assessment."""

    # requests

    def ask(self, vendor: str, what: Wanted, due_ms: int, text: str, needs: Sequence[Need], session: Session) -> str:
        """Ask a vendor until ``due_ms``; ``text`` and ``needs`` stay here, the ledger has a commitment. Returns the handle."""
        name = new_handle("req")
        rows: list[Value] = [[one.item, int(one.reply), one.risk] for one in needs]
        committed = commit([text, rows])
        self.keep(_REQUEST, name, [text, rows, committed.salt])
        self.say(RequestMade(name, vendor, what, due_ms, committed.digest), name, session)
        return name

    def answer(self, name: str, spoken: Spoken, session: Session) -> None:
        """The vendor's signed answer: ``rows`` are (item, number of the :class:`Reply`), ``files`` the sheets themselves."""
        found = self.request(name)
        staged = self.seal(spoken, found.requester)
        body = RequestAnswered(
            name, staged.commitment, staged.payload, staged.body_digest, staged.wraps, staged.storage, staged.copies
        )
        self.say(body, name, session)

    def close_request(self, name: str, session: Session) -> None:
        """The customer needs nothing more."""
        self.say(RequestClosed(name), name, session)

    def request(self, name: str) -> Request:
        """One request. Raises ``RecordUnknown`` for everybody but its two sides."""
        with self._ledger.view() as state:
            found = records.request(state, name)
        if found is None or self.institution not in (found.requester, found.vendor):
            raise RecordUnknown(name=name)
        return found

    def requests(self) -> list[Request]:
        """All requests by and to this institution, the earliest due first."""
        with self._ledger.view() as state:
            names = records.names_of(state, self.institution, "req")
            found = [records.request(state, name) for name in names]
        return sorted((one for one in found if one is not None), key=lambda one: (one.due_ms, one.handle))

    def overdue(self) -> list[Request]:
        """Requests whose answer is missing though it was due."""
        now = self._clock.now_ms()
        return [one for one in self.requests() if is_overdue(one, now)]

    def read_answer(self, name: str) -> Spoken:
        """The newest answer, opened and compared with its commitment."""
        found = self.request(name)
        if found.payload is None or found.answer is None:
            raise RecordUnknown(name=name)
        return self.open(found.payload, found.answer, name)

    def needs(self, name: str) -> list[Need]:
        """What this institution needs of a request's answer."""
        found = self._documents.get(_REQUEST, name)
        if found is None:
            raise RecordUnknown(name=name)
        fields = Fields(found.value, 3)
        fields.text()
        needs = []
        for row in fields.rows():
            one = Fields(row, 3)
            needs.append(Need(one.text(), one.member(Reply), one.number()))
        return needs

    def compare_answer(self, name: str) -> list[Compared]:
        """The newest answer against the own needs, the highest risks first. A reply of no known number is none."""
        known = set(Reply)
        replies: Mapping[str, Reply] = {
            item: Reply(number) for item, number in self.read_answer(name).rows if number in known
        }
        return compare(replies, self.needs(name))

    # boundaries

    def propose(self, other: str, table: Table, text: str, session: Session) -> str:
        """Propose a boundary of responsibility; the table goes sealed to the other side. Returns the handle."""
        name, data = prepared(session.approving, "boundary", lambda: new_handle("bnd")), dump_table(table)
        staged = self.seal_once(Spoken(text, ((TABLE, data),)), other, session)
        body = BoundaryProposed(
            name,
            other,
            table_digest(data),
            staged.payload,
            staged.body_digest,
            staged.wraps,
            staged.storage,
            staged.copies,
        )
        said = self.worded(body, name, session)
        self.keep("flow.boundary", name, [data, text, staged.commitment])
        self.send(said)
        return name

    def table(self, name: str) -> Table:
        """The table of a boundary: the own one, or the other side's, opened. Raises ``BundleInvalid`` where its digest differs."""
        found = self.boundary(name)
        kept = self._documents.get("flow.boundary", name)
        if kept is not None:
            data = Fields(kept.value, 3).octets()
        else:
            spoken = self.open_signed(found.payload, name, signed=found.digest, commitment=None)
            parts = dict(spoken.files)
            data = parts.get(TABLE, b"")
        if table_digest(data) != found.digest:
            raise BundleInvalid(failure="flow.table")
        try:
            return load_table(data)
        except EncodingError as error:
            raise BundleInvalid(failure="flow.table") from error

    def agree(self, name: str, session: Session) -> None:
        """Agree to the table as it was proposed, after opening it."""
        self.table(name)
        self.say(BoundaryAgreed(name, self.boundary(name).digest), name, session)

    def end_boundary(self, name: str, session: Session) -> None:
        """End a boundary."""
        self.say(BoundaryEnded(name), name, session)

    def boundary(self, name: str) -> Boundary:
        """One boundary. Raises ``RecordUnknown`` for everybody but its two sides."""
        with self._ledger.view() as state:
            found = records.boundary(state, name)
        if found is None or self.institution not in (found.proposer, found.other):
            raise RecordUnknown(name=name)
        return found

    def boundaries(self) -> list[Boundary]:
        """All boundaries of this institution, the newest first."""
        with self._ledger.view() as state:
            names = records.names_of(state, self.institution, "bnd")
            found = [records.boundary(state, name) for name in names]
        return sorted((one for one in found if one is not None), key=lambda one: (-one.proposed_ms, one.handle))

    # reports

    def report(self, to: str, catalogue: Catalogue, item: str, spoken: Spoken, session: Session) -> str:
        """Report to a colleague about an item that asks for it; files are sealed to the own institution. Returns the handle."""
        if item not in {one.id for one in catalogue.items if one.report}:
            raise StepRefused(reason="report.item")
        name = new_handle("rep")
        committed = commit([catalogue.id, item, spoken.value()])
        body, attached = ReportMade(name, to, catalogue.digest, committed.digest), b""
        if spoken.files:
            staged = self.seal(spoken, "")
            body = ReportMade(
                name, to, catalogue.digest, committed.digest,
                staged.payload, staged.body_digest, staged.wraps, staged.storage, staged.copies,
            )  # fmt: skip
            attached = staged.commitment
        self.keep(_REPORT, name, [catalogue.id, item, spoken.text, committed.salt, attached])
        self.say(body, name, session)
        return name

    def receive_report(self, name: str, session: Session) -> None:
        """The person whom it was made to has read it."""
        self.say(ReportReceived(name), name, session)

    def reports(self) -> list[Reported]:
        """All reports of this institution, the newest first."""
        with self._ledger.view() as state:
            found = [records.report(state, name) for name in records.names_of(state, self.institution, "rep")]
        made = []
        for record in sorted((one for one in found if one is not None), key=lambda one: (-one.made_ms, one.handle)):
            kept = self._documents.get(_REPORT, record.handle)
            if kept is not None:
                fields = Fields(kept.value, 5)
                made.append(Reported(record, fields.text(), fields.text(), fields.text()))
        return made

    def report_files(self, name: str) -> tuple[tuple[str, bytes], ...]:
        """The files of a report, opened and compared. Raises ``RecordUnknown`` for a report that is not here."""
        kept = self._documents.get(_REPORT, name)
        with self._ledger.view() as state:
            found = records.report(state, name)
        if kept is None or found is None:
            raise RecordUnknown(name=name)
        attached = Fields(kept.value, 5)
        for _ in range(3):
            attached.text()
        attached.octets()
        if found.payload is None:
            return ()
        own = attached.octets()
        return self.open_signed(found.payload, name, signed=found.commitment, commitment=own).files

    def missing_reports(self, catalogue: Catalogue, decisions: Sequence[Decision]) -> list[Item]:
        """Applicable items that ask for a report which nobody has made and received."""
        made = [(one.catalogue, one.item) for one in self.reports() if one.record.received_ms is not None]
        return missing_reports(catalogue, decisions, made)

    # production

    def flag(
        self, run: str, catalogue: Catalogue, decisions: Sequence[Decision], session: Session, name: str = ""
    ) -> str:
        """Flag a system with the verdicts of ``run`` on a catalogue (headings left out); again under ``name``. Returns the handle.

        Raises ``RecordUnknown`` for a name that is not flagged here.
        """
        if name and name not in {one.handle for one in self.productions()}:
            raise RecordUnknown(name=name)
        name = name or new_handle("prd")
        counts, left = verdict_counts(decisions), len(open_items(decisions))
        self.say(ProductionFlagged(name, run, catalogue.digest, counts, left), name, session)
        return name

    def accept_risk(self, name: str, text: str, until_ms: int, session: Session) -> None:
        """Accept until a day that something fails, with the reason why."""
        committed = commit([text], prepared(session.approving, "salt", new_salt))
        said = self.worded(RiskAccepted(name, committed.digest, until_ms), name, session)
        self.keep(_RISK, name, [text, until_ms, committed.salt])
        self.send(said)

    def start_production(self, name: str, session: Session) -> None:
        """Start production. Raises ``StepRefused`` while something is undecided, or fails without an accepted risk."""
        self.say(ProductionStarted(name), name, session)

    def productions(self) -> list[Production]:
        """All production starts, flagged ones first."""
        with self._ledger.view() as state:
            found = [records.production(state, name) for name in records.names_of(state, self.institution, "prd")]
        return sorted((one for one in found if one is not None), key=lambda one: (one.started_ms or 0, one.handle))

    # certificates of third parties

    def keep_certificate(self, name: str, certificate: Certificate) -> None:
        """Keep a third party's certificate under a name of one's own; sealed, name and all, and not on the ledger."""
        known = {named: key for key, named, _ in self._kept_certificates()}
        values: list[Value] = [certificate.number, certificate.scope, certificate.issuer, certificate.expires_ms]
        self.keep(_CERTIFICATE, known.get(name) or new_handle("crt"), [name, *values])

    def _kept_certificates(self) -> list[tuple[str, str, Certificate]]:
        made = []
        for one in self._documents.newest(_CERTIFICATE):
            fields = Fields(one.value, 5)
            name = fields.text()
            made.append((one.key, name, Certificate(fields.text(), fields.text(), fields.text(), fields.number())))
        return made

    def certificates(self) -> dict[str, Certificate]:
        """All kept certificates by name."""
        return {name: one for _, name, one in sorted(self._kept_certificates(), key=lambda row: row[1])}

    def certificates_running_out(self) -> list[Certificate]:
        """Those that have expired or soon will, the earliest first."""
        return running_out(self.certificates().values(), self._clock.now_ms())
