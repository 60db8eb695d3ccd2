"""What a home's keys are: where each is, how old generations stand, which module holds them, what is under which suite.

Guarantees: names, kinds, generations, forms, times and counts only. The module's manufacturer, model and firmware are its own words; its
validation is "not known" unless the operator declared one, and then the sentence says that the operator did. Trusts the key stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from akashi.app.gateway.home import GATEWAY_KEY, MACHINE_KEY, OPENING_KEY, WEB_KEY, Gateway
from akashi.app.keys import gateway_keys, server_keys
from akashi.app.keys.rotation import KeyRole
from akashi.app.server.authorities import CA_KEY
from akashi.app.server.founding import SECRETARIAT_KEY, SERVER_KEY, TSA_KEY
from akashi.app.server.home import Server
from akashi.keys.keystore import FileKeystore
from akashi.keys.tokens.model import TokenFacts

_CHANGED = {CA_KEY, TSA_KEY, WEB_KEY, MACHINE_KEY, SERVER_KEY, SECRETARIAT_KEY, GATEWAY_KEY, OPENING_KEY}
"""Names whose keys have generations (the log's keys have names of their own)."""


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key of one key store."""

    name: str
    kind: str
    form: str
    """``file``, ``token`` or ``wrapped``."""
    generation: int
    older: tuple[int, ...]
    retires_ms: int | None
    """When the older generation may be withdrawn, where it overlaps."""


@dataclass(frozen=True, slots=True)
class KeysReport:
    """One key store: its keys and its token."""

    owner: str
    """``server`` or the institution's handle."""
    keys: tuple[KeyLine, ...]
    token: TokenFacts | None
    recoverable: bool
    """Whether shares of a recovery key exist."""


def of_server(server: Server) -> KeysReport:
    """The server's key store."""
    ends: dict[str, Callable[[], int | None]] = {
        "ca": lambda: server_keys.ca_retires_ms(server),
        **{
            role.value: _ends(server_keys.ledger_keys(server, role).retires_ms, server.settings.key_overlap_ms)
            for role in (KeyRole.SECRETARIAT, KeyRole.SERVER)
        },
    }
    return _report("server", server.keystore, ends)


def of_gateway(gateway: Gateway) -> KeysReport:
    """A gateway's key store."""
    ends: dict[str, Callable[[], int | None]] = {
        role.value: _ends(gateway_keys.ledger_keys(gateway, role).retires_ms, gateway.settings.key_overlap_ms)
        for role in (KeyRole.GATEWAY, KeyRole.OPENING)
    }
    return _report(gateway.institution, gateway.keystore, ends)


def _ends(of: Callable[[int], int | None], overlap_ms: int) -> Callable[[], int | None]:
    return lambda: of(overlap_ms)


def _report(owner: str, keystore: FileKeystore, ends: dict[str, Callable[[], int | None]]) -> KeysReport:
    # The first generation of a changed key is gone: then only the later ones are files, under names with a number.
    later = {f"{name}-{n}" for name in _CHANGED for n in keystore.generations(name) if n > 1}
    names = sorted(({*keystore.names()} - later) | _CHANGED)
    lines = []
    for name in (one for one in names if keystore.generations(one)):
        current = keystore.generation(name)
        lines.append(
            KeyLine(
                name=name,
                kind=keystore.kind(name).name.lower(),
                form=keystore.form(name).name.lower(),
                generation=current,
                older=tuple(one for one in keystore.generations(name) if one != current),
                retires_ms=ends[name]() if name in ends else None,
            )
        )
    token = keystore.token
    return KeysReport(owner, tuple(lines), None if token is None else token.facts(), keystore.recoverable)
