"""Who the servers are, changed while they run: a further one, its vote, one that leaves. In the founding server's process only, which has the secretariat's key.

Guarantees: a further server follows first and votes only when it has what we have; nobody is removed, and nobody is given a vote, if those who answer now would be no
quorum afterwards; the trust file is published anew after every change, the one before stays beside it. What was interrupted is finished by asking again. Refuses
with codes ``network.*``. Trusts: the secretariat to have compared the offer's fingerprint.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from akashi.app.config import DAY_MS
from akashi.app.network.company import node_settings
from akashi.app.network.places import AddressBook, Reached
from akashi.app.network.running import NetworkNode
from akashi.app.roster.meeting import meet, offer_learning
from akashi.app.roster.papers import Invitation, Offer
from akashi.app.roster.ports import require_apart, service_ports
from akashi.app.roster.regrowing import invitation_from
from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.identity.handles import new_handle
from akashi.ledger.author import Author
from akashi.ledger.errors import LedgerStopped
from akashi.ledger.keyring.handover import LogHandover, handed_over
from akashi.ledger.keyring.members import next_chain, quorum
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.registry import KeyEnrolled, KeyRevoked, RevocationReason, key_record
from akashi.ledger.wire.envelope import key_id
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.errors import AllNeeded, FounderStays, NotCaughtUp, NotFinal, ServerUnknown, TooFewLeft
from akashi.network.events import ServerChanged, ServerEnrolled, ServerRetired
from akashi.network.model import RetireReason, ServerRecord, ServerRole
from akashi.network.node.config import Peer as NodePeer
from akashi.network.node.config import config_toml
from akashi.network.peers.certificates import read_certificate
from akashi.network.records import servers

YEAR_MS = 365 * DAY_MS
CATCH_UP_S, _POLL_S = 20.0, 0.2
END_S = 60.0
"""How long the end of a chain may take to become final, beyond what any operation may."""
_KEY_REASONS = {
    RetireReason.REPLACED: RevocationReason.SUPERSEDED,
    RetireReason.CEASED: RevocationReason.CEASED,
    RetireReason.COMPROMISED: RevocationReason.COMPROMISED,
}


class Roster:
    """The changes that the secretariat makes. One at a time: the control socket sees to it."""

    def __init__(self, node: NetworkNode, author: Author, clock: Clock) -> None:
        self._node, self._author, self._clock = node, author, clock

    def enrol(self, request: dict[str, Any]) -> dict[str, Any]:
        """Verb ``enrol``: ``offer`` (its text) becomes a server that follows. Gives its number and its invitation; the same again for the same offer."""
        offer = Offer.parse(str(request["offer"]).encode())
        peer = read_certificate(offer.certificate).spki
        self._check(offer)
        record = next((one for one in self._servers() if one.keys.peer == peer and one.retired_ms is None), None)
        if record is None:
            record = self._enrol(offer, peer)
        reached = Reached(record.handle, record.number, offer.address, offer.certificate)
        meet(self._node, [reached])
        self._publish()
        invitation = self._invitation(record.handle)
        return {"number": record.number, "invitation": invitation.encode().decode()}

    def promote(self, request: dict[str, Any]) -> dict[str, Any]:
        """Verb ``promote``: the server with ``number`` votes from here on. Raises :class:`NotCaughtUp`, :class:`TooFewLeft`."""
        record = self._record(request)
        if not record.votes:
            self._await(record)
            self._require_quorum(self._voters() | {record.handle})
            self._author.submit(ServerChanged(server=record.handle, role=ServerRole.VALIDATOR), subject=record.handle)
        self._publish()
        return {"number": record.number, "voting": len(self._voters())}

    def retire(self, request: dict[str, Any]) -> dict[str, Any]:
        """Verb ``retire``: the server with ``number`` is one no more, and its machine's key signs nothing more, for ``reason``. The same again finishes what was cut off.

        Raises :class:`FounderStays`, :class:`TooFewLeft`.
        """
        reason = RetireReason[str(request["reason"]).upper()]
        half = next(
            (one for one in self._servers() if one.number == int(request["number"]) and self._may_sign(one)), None
        )
        if half is not None and half.retired_ms is not None:
            return self._retired(half, reason)
        record = self._record(request)
        if record.handle == self._node.seat.book.own:
            raise FounderStays
        if record.votes:
            self._require_quorum(self._voters() - {record.handle})
        self._author.submit(ServerRetired(server=record.handle, reason=reason), subject=record.handle)
        return self._retired(record, reason)

    def _retired(self, record: ServerRecord, reason: RetireReason) -> dict[str, Any]:
        if self._may_sign(record):
            body = KeyRevoked(key=record.keys.server_key, reason=_KEY_REASONS[reason])
            self._author.submit(body, subject=self._author.institution)
        meet(self._node, ())
        self._publish()
        return {"number": record.number, "voting": len(self._voters())}

    def _may_sign(self, record: ServerRecord) -> bool:
        """Whether its machine's key is not revoked."""
        with self._node.engine.view() as state:
            known = key_record(state, record.keys.server_key)
        return known is not None and known.revoked_ms is None

    def succeed(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Verb ``succeed``: the present chain ends here, the next one goes on over the same ledger. The same chain again while it ends: whoever asks twice ends one.

        Raises :class:`AllNeeded` unless every server that votes answers within :data:`CATCH_UP_S`, :class:`NotFinal` where no quorum signs it within :data:`END_S`.
        """
        named, running = self._named_chain(), self._node.desk.begun["chain"]
        if named == running:
            self._await_all()
            named = next_chain(running)
            note = parse_checkpoint(self._node.engine.checkpoint())
            said = LogHandover(chain=named, size=note.size, root=note.root)
            try:
                self._author.submit(said, subject=self._author.institution)
            except NotFinal:  # it is kept, and this server may have been too busy to hear of it
                self._await_end()
        return {"chain": named}

    def _named_chain(self) -> str:
        """The chain that the newest committed block names, which is not this server's own once that has ended."""
        with self._node.engine.view() as state:
            named = handed_over(state)
        if named is None:
            raise LedgerStopped("not_handed_over")
        return named

    def _await_all(self) -> None:
        """Wait until every server that votes answers: one may be starting again. Raises :class:`AllNeeded`."""
        ends = time.monotonic() + CATCH_UP_S
        while not (voters := self._voters()) <= (up := self._up()):
            if time.monotonic() > ends:
                raise AllNeeded(up=len(voters & up), voters=len(voters))
            time.sleep(_POLL_S)

    def _await_end(self) -> None:
        """Wait until a quorum signed that another chain follows; only the next one can. Raises :class:`NotFinal`."""
        ends = time.monotonic() + END_S
        while not self._node.is_over():
            if time.monotonic() > ends:
                raise NotFinal
            time.sleep(_POLL_S)

    # -- what the ledger says -----------------------------------------------------------------------------------------

    def _servers(self) -> tuple[ServerRecord, ...]:
        with self._node.engine.view() as state:
            return servers(state)

    def _voters(self) -> set[str]:
        return {one.handle for one in self._servers() if one.votes}

    def _record(self, request: dict[str, Any]) -> ServerRecord:
        number = int(request["number"])
        found = next((one for one in self._servers() if one.number == number and one.retired_ms is None), None)
        if found is None:
            raise ServerUnknown(number=number)
        return found

    def _require_quorum(self, voters: set[str]) -> None:
        """Those of ``voters`` who answer now are a quorum of them. Raises :class:`TooFewLeft`."""
        up = self._up()
        if not voters or len(voters & up) < quorum(len(voters)):
            raise TooFewLeft(up=len(voters & up), needed=quorum(len(voters)), voters=len(voters))

    def _up(self) -> set[str]:
        """Who answers now, this server included."""
        return {server for server, link in self._node.links.states().items() if link.up} | {self._node.seat.book.own}

    def _await(self, record: ServerRecord) -> None:
        """Wait until the server says that it has what we have. Its word counts for when, not for what: a vote is one of many."""
        wanted, size, ends = self._node.engine.size, -1, time.monotonic() + CATCH_UP_S
        peer = self._node.links.peers().get(record.handle)
        while peer is not None and time.monotonic() < ends:
            try:
                size = int(peer.status().get("size", -1))
            except (AkashiError, TypeError, ValueError):
                size = -1
            if size >= wanted:
                return
            time.sleep(_POLL_S)
        raise NotCaughtUp(number=record.number, size=max(size, 0), wanted=wanted)

    # -- a further one ------------------------------------------------------------------------------------------------

    def _check(self, offer: Offer) -> None:
        """Its address can stand in the files of every server, and is nobody's. Raises ``SettingsInvalid``, ``BadSetting``, ``PortsOut``, ``PortsOverlap``."""
        seat = self._node.seat
        serving = {one.handle for one in self._servers() if one.retired_ms is None}
        known = [one for one in seat.book.others if one.server in serving and one.certificate != offer.certificate]
        places = [*(one.address for one in known), offer.address]
        require_apart([seat.book.me.address], places, service_ports(seat.paths.root.parent))
        row = Reached("srv-offered", 9999, offer.address, offer.certificate)
        AddressBook.parse(AddressBook(seat.book.own, (*seat.book.servers, row)).encode())
        settings = node_settings(seat, self._node.chain_id, self._node.roll.servers())
        place = f"[{offer.address.host}]" if ":" in offer.address.host else offer.address.host
        other = NodePeer(offer.node.hex(), f"{place}:{offer.address.node_port}")
        kept = tuple(one for one in settings.peers if one.node_id != other.node_id)
        config_toml(replace(settings, peers=(*kept, other)))

    def _enrol(self, offer: Offer, peer: bytes) -> ServerRecord:
        key, now = key_id(offer.server_spki), self._clock.now_ms()
        with self._node.engine.view() as state:
            known = key_record(state, key) is not None  # an enrolment that was interrupted
        if not known:
            body = KeyEnrolled(
                key=key,
                algorithm=int(Algorithm.ED25519),
                public=offer.server_spki,
                institution=self._author.institution,
                purpose=Purpose.SERVER,
                valid_from_ms=now - DAY_MS,
                valid_to_ms=now + 10 * YEAR_MS,
                possession=offer.possession,
            )
            self._author.submit(body, subject=self._author.institution)
        handle, number = new_handle("srv"), max(one.number for one in self._servers()) + 1
        enrolled = ServerEnrolled(
            server=handle, server_number=number, role=ServerRole.FOLLOWER, server_key=key, log_key=offer.log_key,
            cosigner_key=offer.cosigner_key, validator=offer.validator, node=offer.node, peer=peer,
        )  # fmt: skip
        self._author.submit(enrolled, subject=handle)
        return self._record({"number": number})

    def _invitation(self, handle: str) -> Invitation:
        """What the new server needs."""
        return invitation_from(self._node.seat.paths, self._node.seat.book, handle)

    def _publish(self) -> None:
        """The trust file for those who vote now; the one before stays beside it, for bundles that it was made for."""
        self._node.trust.renew()


def offer_roster(node: NetworkNode, author: Author, clock: Clock) -> None:
    """Answer ``enrol``, ``promote``, ``retire`` and ``succeed`` at the founding server's control socket, and ``learn`` as every server does."""
    roster = Roster(node, author, clock)
    node.verbs.update(enrol=roster.enrol, promote=roster.promote, retire=roster.retire, succeed=roster.succeed)
    offer_learning(node)
