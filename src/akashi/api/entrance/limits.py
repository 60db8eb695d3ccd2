"""What connections of an origin may take: how many, from where, how long, and how many handshakes a second.

Guarantees: every number is at least one; :func:`within` keeps an origin's share of the files that the process may open. The defaults let 300 people
behind one address work: three connections each at once, and what is more is made room for by ending connections at rest. Refuses zeros
(:class:`akashi.errors.Misuse`). Trusted: whoever can raise these can let clients hold the server up.

>>> within(Limits(), files=4096, origins=4).connections
512
>>> within(Limits(), files=20_000, origins=4) == Limits()
True
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, fields, replace

from akashi.app.config import GatewaySettings, ServerSettings
from akashi.app.errors import SettingsInvalid
from akashi.errors import Misuse

FILES = 65_536
_OWN_FILES = 1_024
"""What the ledger, the databases and the key stores of a process keep open, with room to spare."""
_LEAST = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """What connections may take. Times in seconds."""

    header_bytes: int = 32 * 1024
    header_count: int = 100
    header_seconds: float = 10.0
    """From the end of the handshake, or the beginning of a request, to the end of its headers."""
    idle_seconds: int = 30
    """How long a connection may rest between two requests."""
    stalled_seconds: int = 60
    """How long an answer may lie unread, or a peer that vanished be written to (TCP_USER_TIMEOUT)."""
    connections: int = 1_536
    """Beyond the handshake, in the origin. Where there are so many, one at rest ends for the next that comes."""
    connections_each: int = 1_024
    """Of one address (IPv4) or one /64 (IPv6); where there are so many, one of its own ends."""
    connections_device: int = 128
    """With one client certificate; where there are so many, one of its own ends."""
    waiting: int = 768
    """Before the handshake, in the origin; the network with the most gives way."""
    waiting_each: int = 512
    """Before the handshake, of one network."""
    hello_seconds: float = 5.0
    """From the connection to a whole ClientHello."""
    patience_seconds: float = 10.0
    """From there to the turn; a client that has waited longer is turned away, for it hardly waits any more."""
    handshakes_second: int = 30
    """Handshakes begun in a second on average. Each costs about 3 ms of a processor."""
    handshake_seconds: float = 5.0
    """From the turn to the end of the handshake."""
    stop_seconds: int = 10
    refresh_seconds: float = 60.0

    def __post_init__(self) -> None:
        for name in COUNTS:
            if getattr(self, name) < 1:
                raise Misuse(what=f"{name} below one")

    @property
    def burst(self) -> int:
        """Handshakes saved up while nobody came: a shift that begins, a service that comes back."""
        return 3 * self.handshakes_second

    @property
    def handshakes(self) -> int:
        """Under way at once: as many as are begun while one that never ends is borne with."""
        return max(2, int(self.handshakes_second * self.handshake_seconds))

    @property
    def handshakes_each(self) -> int:
        """Of these, those of one network: half, so that one alone never holds them all."""
        return self.handshakes // 2


COUNTS = (
    "connections",
    "connections_each",
    "connections_device",
    "waiting",
    "waiting_each",
    "handshakes_second",
    "header_count",
)

_SET = (
    "connections",
    "connections_per_address",
    "connections_per_device",
    "waiting_connections",
    "handshakes_per_second",
    "handshake_ms",
    "idle_ms",
)


def within(limits: Limits, files: int, origins: int) -> Limits:
    """``limits``, lowered where ``origins`` of them could open more than ``files`` between them; two thirds for who is in, one for who waits."""
    share = max(3 * _LEAST, (files - _OWN_FILES) // max(1, origins))
    most = {
        "connections": share * 2 // 3,
        "connections_each": share * 2 // 3,
        "connections_device": share * 2 // 3,
        "waiting": share // 3,
        "waiting_each": share // 3,
    }
    return replace(
        limits, **{f.name: min(getattr(limits, f.name), most[f.name]) for f in fields(limits) if f.name in most}
    )


def from_settings(settings: ServerSettings | GatewaySettings) -> Limits:
    """The limits of an origin by its home's settings. Raises :class:`akashi.app.errors.SettingsInvalid` for one that is zero."""
    for name in _SET:
        if getattr(settings, name) < 1:
            raise SettingsInvalid(setting=name)
    return Limits(
        connections=settings.connections,
        connections_each=settings.connections_per_address,
        connections_device=settings.connections_per_device,
        waiting=settings.waiting_connections,
        waiting_each=max(1, settings.waiting_connections * 2 // 3),
        handshakes_second=settings.handshakes_per_second,
        hello_seconds=settings.handshake_ms / 1000,
        handshake_seconds=settings.handshake_ms / 1000,
        idle_seconds=max(1, settings.idle_ms // 1000),
    )


def allow_files() -> int:
    """Let this process open as many files as it may be allowed to (:data:`FILES` at most); how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return FILES if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a sandbox may forbid it: what there is must do
        return soft
    return wanted
