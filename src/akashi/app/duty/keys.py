"""Where the institution's keys live and until when they are good, as people see it. Only looks: keys are changed at the console.

Guarantees: names, forms, generations, times and what a module says of itself; no key, no PIN, no path. Of a module's validation the one sentence
that may be said ("not known"). Looking is in the access journal. Refuses whoever does not manage keys. Trusts the key store and the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from akashi.app.config import DAY_MS
from akashi.app.gateway.home import Gateway
from akashi.app.keys.profile import sealing_profile
from akashi.app.keys.reporting import KeysReport, of_gateway
from akashi.identity.journal import What
from akashi.identity.model import Session
from akashi.keys.suites import SUITES
from akashi.ledger.keyring.records import keys_of
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.rules import is_current

MANAGE = "keys.manage"
_PURPOSES = (Purpose.GATEWAY, Purpose.OPENING, Purpose.DEVICE)


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """A current key of the institution on the ledger: its id's first 16 hex digits, what for, and its term."""

    key: str
    purpose: str
    algorithm: str
    to_ms: int
    days_left: int


@dataclass(frozen=True, slots=True)
class CertificateTerm:
    """A certificate of the gateway itself."""

    name: str
    to_ms: int
    days_left: int


@dataclass(frozen=True, slots=True)
class SuiteLine:
    """A suite: whether new data is sealed under it, and how many current opening keys senders would use it with."""

    number: int
    name: str
    listed: bool
    seals: bool
    opening_keys: int


@dataclass(frozen=True, slots=True)
class KeysSeen:
    """What the page shows."""

    report: KeysReport
    ledger: tuple[LedgerKey, ...]
    certificates: tuple[CertificateTerm, ...]
    suites: tuple[SuiteLine, ...]


def keys_seen(gateway: Gateway, session: Session) -> KeysSeen:
    """The report of this gateway's keys."""
    gateway.accounts.require(session, MANAGE, proof=False)
    now = gateway.clock.now_ms()
    with gateway.ledger.view() as state:
        found = [
            one for purpose in _PURPOSES for one in keys_of(state, gateway.institution, purpose) if is_current(one, now)
        ]
        opening = [_suite_of(state.get("key", one.key)) for one in found if one.purpose is Purpose.OPENING]
    keys = [
        LedgerKey(
            one.key.hex()[:16],
            one.purpose.name.lower(),
            _algorithm(one.algorithm),
            one.valid_to_ms,
            _days(one.valid_to_ms, now),
        )
        for one in found
    ]
    profile = sealing_profile(gateway.settings)
    suites = [
        SuiteLine(one.number, one.name, one.listed, one.number == profile.suite, opening.count(one.number))
        for one in SUITES.values()
    ]
    seen = KeysSeen(of_gateway(gateway), tuple(keys), _certificates(gateway, now), tuple(suites))
    gateway.journal.record(What.REPORT_READ, session=session, count=len(keys), reason="keys.report")
    return seen


def _certificates(gateway: Gateway, now: int) -> tuple[CertificateTerm, ...]:
    found = []
    for name, path in (("machine", gateway.paths.certificate), ("web", gateway.paths.server_certificate)):
        if path.is_file():
            ends = int(x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp() * 1000)
            found.append(CertificateTerm(name, ends, _days(ends, now)))
    return tuple(found)


def _days(to_ms: int, now: int) -> int:
    return max(0, (to_ms - now) // DAY_MS)


def _algorithm(number: int) -> str:
    """An opening key signs nothing: its suite stands in the table of suites."""
    known = {int(one): one.name.lower() for one in Algorithm}
    return known.get(number, "-")


def _suite_of(row: object) -> int:
    return row[8] if isinstance(row, list) and len(row) > 8 and isinstance(row[8], int) else 0
