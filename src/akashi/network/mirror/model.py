"""Values of mirrors: what is enrolled, carried, imported, answered.

Guarantees: frozen values; building one checks nothing, parsing does. Wraps stay out of ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Transport:
    """The key to which the next bundle's wraps are sealed: its number, HPKE suite and raw public key; the mirror destroys older ones."""

    number: int
    suite: int
    public: bytes


@dataclass(frozen=True, slots=True)
class MirrorRecord:
    """A mirror as the ledger knows it."""

    handle: str
    algorithm: int
    spki: bytes
    enrolled_ms: int
    transport: Transport
    number: int = 0
    """The newest bundle that it has acknowledged."""
    size: int = 0
    """How many leaves it had then."""
    destroyed: int = 0
    """Transport keys up to this number are destroyed."""
    accounted_ms: int = 0
    retired_ms: int | None = None


@dataclass(frozen=True, slots=True)
class BundleHeader:
    """The first item of a bundle: leaves ``[start, end)`` of ``origin``, the ``number``-th for ``mirror``."""

    origin: str
    mirror: str
    number: int
    start: int
    end: int
    acknowledged: int
    """The newest receipt that the exporter has taken in."""
    sealed: int
    """The newest transport key to which any earlier bundle's wraps were sealed, also of bundles that never arrived; 0: there was none."""


@dataclass(frozen=True, slots=True)
class Gone:
    """One erasure that a mirror answers for: no body and no key to its wraps is left there."""

    payload: bytes
    order: bytes
    erased_ms: int


@dataclass(frozen=True, slots=True)
class MirrorReceipt:
    """What a mirror says of itself, to be carried back."""

    origin: str
    mirror: str
    number: int
    size: int
    root: bytes
    made_ms: int
    transport: Transport
    destroyed: int
    gone: tuple[Gone, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """One import as the mirror remembers it."""

    number: int
    digest: bytes
    start: int
    end: int
    transport: int
    at_ms: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """What a mirror's home holds."""

    handle: str
    origin: str
    size: int
    number: int
    imported_ms: int
    bodies: int
    erased: int
    unaccounted: int
    """Erasures ordered whose wraps an undestroyed transport key could still open."""
    lag: int | None = None
    """Leaves behind the source that was last asked."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A copy that an erasure is not yet proven for."""

    mirror: str
    retired: bool


@dataclass(frozen=True, slots=True)
class SealedWraps:
    """All wraps of one payload; each opens only with its recipient's key."""

    payload: bytes
    wraps: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """A public or service file that a new server needs: settings, certificates, the names of institutions."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery made."""

    origin: str
    size: int
    payloads: int
    without_wraps: int
    previous: bytes | None = None
    """The former log's last checkpoint, where a new epoch was begun."""
