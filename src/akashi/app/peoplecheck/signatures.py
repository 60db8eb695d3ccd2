"""How much is signed with people's own keys, and where the institution's keys live.

Guarantees: every operation of the kinds that a person signs is read from the ledger; nothing is counted as signed that carries no approval (the ledger
verified those that are there). Of a key module only what it says of itself is told. Refuses: to name people. Trusts the key store for its forms.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from cryptography import x509

from akashi.app.gateway.home import Gateway
from akashi.app.keys.reporting import of_gateway
from akashi.app.people.signing import SIGNED_KINDS, WITHOUT_THEIR_KEY
from akashi.app.peoplecheck.standing import trials_of
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.app.selfcheck.ledgers import Line, books
from akashi.conformity.model import DAY_MS, Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.ledger.keyring.records import keys_of
from akashi.ledger.model import Purpose
from akashi.ledger.rules import is_current

_ENROLLED = "key.enrolled"
_PURPOSES = (Purpose.GATEWAY, Purpose.OPENING)


def approvals(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Of the operations of named people: how many they signed themselves, and how many they did not although they had a key."""
    with books(here, bench) as opened:
        mine = [
            one for one in opened.lines if one.accepted and one.statement.actor.institution == here.gateway.institution
        ]
    facts = signed_share(mine, trials_of(here.gateway))
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def signed_share(lines: Sequence[Line], trials: set[str]) -> dict[str, Fact]:
    """Counts over an institution's accepted operations; what concerns test accounts is left out."""
    since: dict[str, int] = {}
    for one in lines:
        whose = one.statement.subject or ""
        if one.statement.kind == _ENROLLED and whose.startswith("per-"):
            since.setdefault(whose, one.index)
    asked = [one for one in lines if one.statement.kind in SIGNED_KINDS and one.statement.actor.person is not None]
    asked = [one for one in asked if one.statement.subject not in trials and one.statement.actor.person not in trials]
    signed = [one for one in asked if one.approvals]
    could = [one for one in asked if one.index > since.get(one.statement.actor.person or "", 1 << 62)]
    left = [one for one in could if not one.approvals and one.statement.auth.method not in WITHOUT_THEIR_KEY]
    transfers = [one for one in asked if one.statement.kind.startswith("transfer.")]
    return {
        "operations": len(asked),
        "operations.signed": len(signed),
        "transfers": len(transfers),
        "transfers.signed": sum(1 for one in transfers if one.approvals),
        "holders": len(since.keys() - trials),
        "holders.operations": len(could),
        "holders.unsigned": len(left),
        "kinds.unsigned": tuple(sorted({one.statement.kind for one in left})),
    }


def key_module(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """The forms of the gateway's keys, what is due, and what the module says of itself."""
    gateway, now = here.gateway, here.gateway.clock.now_ms()
    report = of_gateway(gateway)
    with gateway.ledger.view() as state:
        found = [one for purpose in _PURPOSES for one in keys_of(state, gateway.institution, purpose)]
    current = [one for one in found if is_current(one, now)]
    terms = _certificates(gateway, now)
    forms = [one.form for one in report.keys]
    facts: dict[str, Fact] = {
        "keys": len(forms),
        "keys.in_files": forms.count("file"),
        "keys.in_module": forms.count("token"),
        "keys.wrapped": forms.count("wrapped"),
        "keys.retirement_overdue": sum(
            1 for one in report.keys if one.older and one.retires_ms is not None and one.retires_ms <= now
        ),
        "ledger.current": len(current),
        "ledger.days_left": min(((one.valid_to_ms - now) // DAY_MS for one in current), default=0),
        "certificates": len(terms),
        "certificates.days_left": min(terms, default=0),
        "module": report.token is not None,
        "module.validation": "none" if report.token is None else report.token.validation,
        "recoverable": report.recoverable,
    }
    return Observed(facts, json.dumps([one.name for one in report.keys]).encode(), TOOL)


def _certificates(gateway: Gateway, now: int) -> list[int]:
    """How many days each of the gateway's own certificates is still good for."""
    paths = (gateway.paths.certificate, gateway.paths.server_certificate)
    made = [x509.load_pem_x509_certificate(one.read_bytes()) for one in paths if one.is_file()]
    return [max(0, (int(one.not_valid_after_utc.timestamp() * 1000) - now) // DAY_MS) for one in made]
