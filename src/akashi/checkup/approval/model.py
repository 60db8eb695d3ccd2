"""Values of approval: versions of maps as the ledger and the store know them, drafts with a person's decisions.

Guarantees: frozen; a map's text and a draft's columns do not show in ``repr``. Refuses nothing. Holds no cell of a file but masked examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.mapping.model import Choice, Draft

MAX_CHILDREN = 32
MAX_VERSION = 9999
MAP, MAP_DRAFT = "map", "mdr"
"""Prefixes of handles."""


class RetireReason(IntEnum):
    """Why a version is used no more. Permanent numbers, only appended."""

    SUPERSEDED = 1
    WRONG = 2
    LAYOUT_ENDED = 3
    OTHER = 4


class MapState(Enum):
    """Where a version stands. WAITING: said, and the ledger was away; the others are what the ledger says."""

    WAITING = "waiting"
    APPROVED = "approved"
    RETIRED = "retired"
    WITHHELD = "withheld"
    ALTERED = "altered"
    UNAPPROVED = "unapproved"


@dataclass(frozen=True, slots=True)
class Approval:
    """One approved version as the replicated state holds it; ``retired_ms`` is 0 while it may be used."""

    owner: str
    map: str
    version: int
    digest: bytes
    layout: bytes
    from_ms: int
    until_ms: int
    children: tuple[str, ...]
    approved_ms: int
    person: str
    retired_ms: int = 0
    reason: RetireReason | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a map looks like before an operation: its owner and its newest version."""

    owner: str
    version: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class MapVersion:
    """A version here: its state, what the ledger says of it, and whose it is. ``operation`` is 32 bytes, empty while it waits."""

    map: str
    version: int
    map_id: str
    state: MapState
    own: bool
    approval: Approval | None = None
    operation: bytes = b""

    @property
    def usable(self) -> bool:
        """Whether files may be converted with it."""
        return self.state is MapState.APPROVED


@dataclass(frozen=True, slots=True)
class Usable:
    """A version with its parsed map."""

    version: MapVersion
    layout_map: LayoutMap = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A version that may not be used: named so that a file of its layout is refused with the reason and not as unknown."""

    version: MapVersion
    layout: bytes


@dataclass(frozen=True, slots=True)
class DraftHead:
    """What a person says about the map as a whole; dates are ISO days, ``program`` a code or empty."""

    map_id: str = ""
    institution: str = ""
    valid_from: str = ""
    valid_to: str = ""
    program: str = ""


@dataclass(frozen=True, slots=True)
class MapDraft:
    """A draft with what was decided so far. ``text`` is set where a finished map was handed in, else ``columns``.

    ``tables`` are lookup tables that a person
    gave, in place of drafted ones of the same name. ``closed`` names what became of it: empty while it is open, a map's handle once it was approved, ``dropped``.
    """

    handle: str
    started_by: str
    started_ms: int
    saved_by: str
    saved_ms: int
    head: DraftHead
    closed: str = ""
    columns: Draft | None = field(default=None, repr=False)
    choices: Mapping[int, Choice] = field(default_factory=dict, repr=False)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    text: str = field(default="", repr=False)

    @property
    def decided(self) -> int:
        """Columns that a person has decided about."""
        return len(self.choices)
