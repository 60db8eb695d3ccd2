"""An institution joins: application, attested operating rules and training, approved map, and only then may its people work.

Guarantees: each step is an operation of the secretariat; the documents stay where they are, the ledger has their digests; the map is looked
up on the ledger, not believed. Refuses: skipped steps, other documents than those of the application, a name that is taken. Trusts
whoever holds the server's home for having looked at the documents: that is what the attestation says.
"""

from __future__ import annotations

from hashlib import sha256

from akashi.app.server.home import Server
from akashi.checkup.approval.events import approvals
from akashi.identity import events as identity
from akashi.identity.admission import events
from akashi.identity.admission.errors import AttestationUnusable, NoAdmission, StepsMissing
from akashi.identity.admission.model import Admission, AdmissionStage, AttestedKind
from akashi.identity.admission.rules import decide_attested, decide_trained, missing_steps
from akashi.identity.handles import ADMISSION, new_handle
from akashi.identity.model import InstitutionRole
from akashi.ledger.rules import Denied

_STEPS = {"rules": "運用管理規程", "training": "教育", "map": "変換表"}


class Admissions:
    """The admissions of one service, as the secretariat carries them out."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def list(self) -> list[Admission]:
        """Everybody who joined by an admission, or is leaving."""
        with self._server.engine.view() as state:
            return list(events.admissions(state))

    def find(self, institution: str) -> Admission:
        """One of them. Raises :class:`NoAdmission`."""
        with self._server.engine.view() as state:
            found = events.admission(state, institution)
        if found is None:
            raise NoAdmission(institution=institution)
        return found

    def apply(
        self, *, name: str, number: str, roles: InstitutionRole, rules: bytes, training: bytes, trained_ms: int
    ) -> Admission:
        """Take an application: the institution gets its id, and nothing of it works yet. Raises ``NameTaken``, ``AttestationUnusable``."""
        if not rules or not training:
            raise AttestationUnusable(reason="admission.document")
        decision = decide_trained(trained_ms, self._server.clock.now_ms())
        if isinstance(decision, Denied):
            raise AttestationUnusable(reason=decision.reason)
        institution = self._server.register_institution(name, number, int(roles))
        digests = sha256(rules).digest(), sha256(training).digest()
        body = events.AdmissionApplied(new_handle(ADMISSION), institution, *digests, trained_ms)
        self._server.author.submit(body, subject=institution)
        return self.find(institution)

    def attest(self, institution: str, kind: AttestedKind, document: bytes) -> Admission:
        """Say that one has looked at ``document``, the very one of the application. Raises :class:`AttestationUnusable`."""
        digest = sha256(document).digest()
        decision = decide_attested(self.find(institution), kind, digest)
        if isinstance(decision, Denied):
            raise AttestationUnusable(reason=decision.reason)
        self._server.author.submit(events.AdmissionAttested(institution, kind, digest), subject=institution)
        return self.find(institution)

    def approve_map(self, institution: str) -> Admission:
        """Take note of the institution's own approved map; one that only receives needs none. Raises :class:`StepsMissing`."""
        found = self.find(institution)
        if found.stage is not AdmissionStage.ATTESTED:
            raise StepsMissing(steps=_told(missing_steps(found)))
        with self._server.engine.view() as state:
            house = identity.institution(state, institution)
            own = [one for one in approvals(state) if one.owner == institution and not one.retired_ms]
        sends = house is not None and bool(house.roles & InstitutionRole.SENDER)
        if sends and not own:
            raise StepsMissing(steps=_told(["map"]))
        approved = max(own, key=lambda one: (one.approved_ms, one.map)).map if own else None
        self._server.author.submit(events.AdmissionMapApproved(institution, approved), subject=institution)
        return self.find(institution)

    def complete(self, institution: str) -> Admission:
        """From the next request on its people may work. Raises :class:`StepsMissing`."""
        found = self.find(institution)
        if found.stage < AdmissionStage.MAP_APPROVED:
            raise StepsMissing(steps=_told(missing_steps(found)))
        self._server.author.submit(events.AdmissionCompleted(institution), subject=institution)
        return self.find(institution)


def _told(steps: list[str]) -> str:
    return "・".join(_STEPS[step] for step in steps)
