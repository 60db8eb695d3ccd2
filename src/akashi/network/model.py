"""Values of a ledger that several servers keep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum


class ServerRole(IntEnum):
    """What a server does. Permanent numbers, only appended."""

    VALIDATOR = 1
    """Orders, holds all, cosigns; a quorum of these makes an operation final."""
    FOLLOWER = 2
    """Holds all over a private link, without a vote."""
    MIRROR = 3
    """Gets carried bundles; nothing reaches it from the network."""


class RetireReason(IntEnum):
    """Why a server is one no more. Permanent numbers, only appended."""

    REPLACED = 1
    CEASED = 2
    COMPROMISED = 3


class IncidentKind(IntEnum):
    """What a server found. Permanent numbers, only appended."""

    DAMAGED = 1
    """Its own data disagreed with what the quorum signed; it stopped voting."""
    REPAIRED = 2
    """Rebuilt from others and verified again."""
    MISBEHAVED = 3
    """A validator signed two blocks of one height."""
    SPLIT_VIEW = 4
    """Two checkpoints of one size with different roots."""
    COPY_LOST = 5
    """A payload's copy was missing or changed, and was fetched again."""


class IncidentPlace(IntEnum):
    """Where it was found. Permanent numbers, only appended."""

    LEAVES = 1
    STATE = 2
    CONSENSUS = 3
    PAYLOADS = 4
    NOTES = 5
    KEYS = 6


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The public halves of a server's keys: 32 bytes each, ``server_key`` and ``peer`` are SHA-256 of a public key, ``node`` is 20 bytes."""

    server_key: bytes
    log_key: bytes
    cosigner_key: bytes
    validator: bytes
    node: bytes
    peer: bytes


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """A server as the ledger knows it. ``number`` is never given twice."""

    handle: str
    number: int
    role: ServerRole
    keys: ServerKeys
    enrolled_ms: int
    retired_ms: int | None = None

    @property
    def votes(self) -> bool:
        """Whether it takes part in ordering."""
        return self.role is ServerRole.VALIDATOR and self.retired_ms is None

    def changed(self, role: ServerRole, keys: ServerKeys) -> ServerRecord:
        """The same server with other keys or another role."""
        return replace(self, role=role, keys=keys)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that a server found and said, by operation."""

    operation: bytes
    server: str
    kind: IncidentKind
    place: IncidentPlace
    at: int
    """A leaf's index, a height, or 0."""
    block_ms: int
    about: str | None = None
    """The server that it is about, if another."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server's peer plane and its consensus are reached: host names or IP addresses, ports."""

    host: str
    peer_port: int
    node_port: int
