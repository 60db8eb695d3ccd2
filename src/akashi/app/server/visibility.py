"""Which part of the replicated state a member may read.

Guarantees: pure; deny by default. Members see the registry of keys and institutions, their own people and devices, and transfers
to which they are a party; of conformity, what names them as owner, reader or party, and the public list; of maps, their own and those
shared with them. Refuses everything else, so
that a gateway's certificate is no window on other institutions.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.checkup.approval import events as maps
from akashi.conformity.deliveries import may_read
from akashi.conformity.flow.records import CONCERNS, LISTED, PARTY_SPACES, SPACE_OF, is_party
from akashi.exchange.records import transfer_of_payload, visible_to
from akashi.identity.events import device
from akashi.ledger.registry import key_record
from akashi.ledger.rules import ALLOWED, Allowed, Denied
from akashi.ledger.state import ReadState
from akashi.ledger.wire.cbor import Value

_MEMBERS = frozenset({"inst", "adm", "key", "keyof", "log", LISTED})
_LIFECYCLE = frozenset({"dep", "rgt", "rgp", "dpl", "plc", "tmp", "dpi", "rvw", "rvd", "rst", "axr"})
"""Departments, applications, reviews and resets: rows that begin with the institution whose they are (``identity.lifecycle``)."""
_EMERGENCY = frozenset({"emga", "emgo", "emgd", "emgu", "emgx", "vis", "vism"})
_DEVICES = frozenset({"dreq", "dlim", "dsuc", "dins", "seat"})
"""Requests, limits, successors and installations of devices; answers about second places."""
_OWNED = _LIFECYCLE | _EMERGENCY | _DEVICES | frozenset({"per", "dev", "cli", "cftgt", "cfrun", "cfans"})
_INDEXES = frozenset({"trin", "trout", CONCERNS})
_SUBJECTS = {
    "per": "per",
    "dev": "dev",
    "cli": "cli",
    "dep": "dep",
    "req": "rgt",
    "emg": "emgo",
    "vis": "vis",
    "rev": "rvw",
    "rst": "rst",
    "tgt": "cftgt",
    "run": "cfrun",
    "ans": "cfans",
    "evd": "cfans",
    **SPACE_OF,
} | {"map": maps.SPACE}
"""Where the row of a subject is, whose owner may read the operations on it."""
_PAYLOADS = frozenset({"pay", "paye", "cfp"})


def decide_row(state: ReadState, institution: str, space: str, key: bytes, value: Value) -> Allowed | Denied:
    """May ``institution`` see this row?"""
    if space in _MEMBERS:
        return ALLOWED
    if space in _OWNED and isinstance(value, list) and value and value[0] == institution:
        return ALLOWED
    if space in _INDEXES and key.startswith(f"{institution}/".encode()):
        return ALLOWED
    if space == "cert" and isinstance(value, str):
        found_device = device(state, value)
        if found_device is not None and found_device.institution == institution:
            return ALLOWED
    if space in {"acc", "perkey"}:  # where a gateway anchored its journal; the keys of its own people
        signer = key_record(state, key[-32:])
        if signer is not None and signer.institution == institution:
            return ALLOWED
    if space == "tr" and visible_to(state, key.decode("ascii", "replace"), institution):
        return ALLOWED
    if space in {"pay", "paye"}:  # a payload, and which servers have said that their copy is gone
        found = transfer_of_payload(state, key)
        if found is not None and institution in (found.sender, found.receiver):
            return ALLOWED
    if space in _PAYLOADS and may_read(state, key, institution):
        return ALLOWED
    if space == maps.SPACE and maps.concerns(value, institution):
        return ALLOWED
    if space in PARTY_SPACES and is_party(value, institution):
        return ALLOWED
    return Denied("state.hidden")


def decide_subject(state: ReadState, institution: str, subject: str) -> Allowed | Denied:
    """May ``institution`` read the operations on ``subject``? Registry leaves are for all members, trails for the parties."""
    if subject.startswith("inst-"):
        return ALLOWED
    if subject.startswith("tr-"):
        return ALLOWED if visible_to(state, subject, institution) else Denied("subject.hidden")
    space = _SUBJECTS.get(subject.partition("-")[0])
    if space is None:
        return Denied("subject.hidden")
    return decide_row(state, institution, space, subject.encode(), state.get(space, subject.encode()))


class MemberView:
    """A :class:`ReadState` that shows one member's part of another."""

    def __init__(self, state: ReadState, institution: str) -> None:
        self._state, self._institution = state, institution

    def get(self, space: str, key: bytes) -> Value:
        """The value, or ``None`` where there is none or it is not the member's to see."""
        value = self._state.get(space, key)
        if space == "per":
            return value  # whoever was told a person's handle may name them in a transfer; nobody can list them
        return value if self._may(space, key, value) else None

    def scan(self, space: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Value]]:
        """The visible rows below ``prefix``."""
        for key, value in self._state.scan(space, prefix):
            if self._may(space, key, value):
                yield key, value

    def _may(self, space: str, key: bytes, value: Value) -> bool:
        return isinstance(decide_row(self._state, self._institution, space, key, value), Allowed)
