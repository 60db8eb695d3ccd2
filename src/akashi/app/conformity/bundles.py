"""Bundles: made from a recorded run with the ledger's evidence on it, opened by an assessor, verified by anybody.

Guarantees: the public bundle shows facts and verdicts, nothing meant for fewer; the assessor's carries raw output and texts sealed to the
assessor's proven key. Verifying needs no home, no network and no key. Refuses: a run that was never recorded. Trusts: nothing in a bundle.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.app.conformity.library import rulebook
from akashi.app.desk.evidence import collected
from akashi.app.desk.sending import verify_opening_key
from akashi.app.errors import OpeningKeyUnproven
from akashi.app.gateway.home import OPENING_KEY, Gateway
from akashi.conformity.model import Audience
from akashi.conformity.proof.bundle import ConformityBundle, apart_bytes, open_apart, parse_bundle, write_bundle
from akashi.conformity.proof.verify import Report, verify_conformity, verify_parsed
from akashi.conformity.sealing import container_for, open_container
from akashi.ledger.registry import opening_key


def make_bundle(gateway: Gateway, run: str = "", *, audience: Audience = Audience.PUBLIC, assessor: str = "") -> bytes:
    """The bundle of a run (the newest without a name). With ``assessor`` it also carries what is sealed to that institution.

    Raises ``RecordUnknown``, ``NoEvidence``, :class:`OpeningKeyUnproven`.
    """
    conformity = gateway.conformity
    sealed = conformity.sealed_run(run)
    container = b""
    if assessor:
        proven = verify_opening_key(gateway, assessor)
        with gateway.ledger.view() as state:
            key = opening_key(state, assessor, gateway.clock.now_ms())
        if key is None or key.key != proven:
            raise OpeningKeyUnproven(institution=assessor)
        container = container_for(gateway.ledger.ledger_id, [("apart.cbor", apart_bytes(sealed))], [key])
    catalogues, links = conformity.books_of(sealed.head)
    return write_bundle(
        sealed,
        evidence=collected(gateway, sealed.head.run),
        catalogues=catalogues,
        links=links,
        audience=audience,
        container=container,
    )


def open_bundle(gateway: Gateway, data: bytes) -> ConformityBundle:
    """The bundle with what was sealed to this gateway. Raises ``EncodingError``, ``WrapMissing``, ``SealError``."""
    bundle = parse_bundle(data)
    if not bundle.sealed:
        return bundle
    documents = open_container(gateway.ledger.ledger_id, bundle.sealed, gateway.keystore.openers(OPENING_KEY))
    return replace(open_apart(documents[0][1], bundle), sealed=b"")


def verify(data: bytes, trust: bytes | None, now_ms: int) -> Report:
    """Verify a bundle's bytes, offline."""
    return verify_conformity(data, trust, rulebook(), now_ms)


def verify_opened(bundle: ConformityBundle, trust: bytes | None, now_ms: int) -> Report:
    """Verify a bundle that was opened."""
    return verify_parsed(bundle, trust, rulebook(), now_ms)
