"""The table of the self check's probes.

Guarantees: every probe of this package, of ``networkcheck``, of ``resultcheck`` and of ``peoplecheck`` is in it once, of the kind ``akashi``; those that make test accounts, stage something or send
requests are active, so that they need consent. Refuses nothing; trusts the context for what it may reach.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from akashi.app.networkcheck import copies, outside, peers, servers
from akashi.app.peoplecheck import duties, proofs, signatures, standing
from akashi.app.resultcheck import intake, maps, shown, standards
from akashi.app.selfcheck import access, accounts, formats, ledgers, people, vault, wire
from akashi.app.selfcheck.context import SelfContext
from akashi.conformity.model import Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Probe

_Made = Callable[[SelfContext, Target, Bench], Observed]
_PROBES: dict[str, _Made] = {
    "passwords": people.passwords,
    "lockout": people.lockout,
    "sessions": people.sessions,
    "factors": people.factors,
    "permissions": access.permissions,
    "canary": access.canary,
    "log_readers": access.log_readers,
    "staff": accounts.staff,
    "sharing": accounts.sharing,
    "password_store": accounts.password_store,
    "resets": accounts.resets,
    "ledger": ledgers.ledger,
    "records": ledgers.records,
    "tamper": ledgers.tamper,
    "signatures": ledgers.signatures,
    "sealing": vault.sealing,
    "erasure": vault.erasure,
    "isolation": vault.isolation,
    "formats": formats.formats,
    "screening": formats.screening,
    "standards": standards.standards,
    "results": shown.results,
    "maps": maps.maps,
    "wrong_input": intake.wrong_input,
    "doors": wire.doors,
    "revocation": wire.revocation,
    "proofs": proofs.proofs,
    "rights": standing.rights,
    "reviews": standing.reviews,
    "identity_checks": standing.identity_checks,
    "access_reviews": standing.access_reviews,
    "emergency": duties.emergency,
    "visits": duties.visits,
    "approvals": signatures.approvals,
    "key_module": signatures.key_module,
    "servers": servers.servers,
    "copies": copies.copies,
    "outside": outside.outside,
    "peers": peers.peers,
}
_ACTIVE = frozenset(
    {"passwords", "lockout", "sessions", "factors", "permissions", "canary", "log_readers"}
) | frozenset({"resets", "sealing", "doors", "revocation", "proofs", "visits", "peers"})
"""Those that make a test account, stage something or send requests: they need consent."""
_OPTIONS = {"staff": accounts.STAFF_OPTION}


def self_probes(here: SelfContext) -> list[Probe]:
    """All probes over one context, by name; hand them to ``run_probes`` (or ``Probes.add``) beside the others."""
    return [
        Probe(name, 1, TargetKind.AKASHI, name in _ACTIVE, partial(_run, made, here), _OPTIONS.get(name, ""))
        for name, made in sorted(_PROBES.items())
    ]


def _run(made: _Made, here: SelfContext, target: Target, bench: Bench) -> Observed:
    return made(here, target, bench)
