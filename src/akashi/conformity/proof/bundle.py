"""The conformity bundle: one file with a run's commitments, what of it is disclosed, the catalogues, and the ledger's evidence.

Guarantees: deterministic CBOR behind a magic line; what is withheld is there as a commitment only. A public bundle discloses measurements,
decisions and public answers; an assessor's also carries raw output and texts, sealed to the assessor's key and to no other. Refuses:
files over 64 MiB, more than 100,000 items, and catalogues and links that a verifier would walk for ever. Source: docs/spec/conformity-bundle.md section 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from akashi.conformity.catalogues.catalogue import dump_catalogue, load_catalogue
from akashi.conformity.model import Audience, Catalogue, Link
from akashi.conformity.proof.codec import Fields, dump_links, load_links
from akashi.conformity.proof.commitments import Committed
from akashi.conformity.proof.items import Sealed, item_answer
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

MAGIC = b"akashi-conformity/1\n"
MAX_FILE = 64 << 20
MAX_ITEMS = 100_000
MAX_CATALOGUES = 64
MAX_LINKS = 4_000
MAX_LINKED = 64
"""Links at one item: all ways of three hops are walked."""
MAX_MEASURED = 5_000


@dataclass(frozen=True, slots=True)
class ConformityBundle:
    """A parsed bundle. ``disclosed``: item index to (salt, value); ``apart``: the same for raw bytes and texts."""

    run: str
    evidence: bytes = field(repr=False)
    """The ledger's evidence on the run (docs/spec/bundle.md)."""
    commitments: tuple[bytes, ...]
    disclosed: Mapping[int, tuple[bytes, bytes]] = field(repr=False)
    catalogues: tuple[Catalogue, ...]
    links: tuple[Link, ...]
    apart: Mapping[int, tuple[bytes, bytes]] = field(repr=False)
    sealed: bytes = field(repr=False, default=b"")
    """A sealed container with the apart items, for the assessor (docs/spec/sealed-payload.md)."""


def disclose(sealed: Sealed, audience: Audience) -> dict[int, Committed]:
    """The items that ``audience`` may see: all but the answers meant for fewer."""
    first = 1 + sealed.head.counts[0]
    hidden = {
        index
        for index in range(first, first + sealed.head.counts[1])
        if item_answer(sealed.items[index].value)[0].audience > audience
    }
    return {index: one for index, one in enumerate(sealed.items) if index not in hidden}


def write_bundle(  # everything a bundle holds
    sealed: Sealed,
    *,
    evidence: bytes,
    catalogues: Sequence[Catalogue],
    links: Sequence[Link],
    audience: Audience = Audience.PUBLIC,
    container: bytes = b"",
) -> bytes:
    """The bundle for an audience; ``container`` carries what is sealed to the assessor."""
    shown = disclose(sealed, audience)
    value: Value = [
        sealed.head.run,
        evidence,
        [one.digest for one in sealed.items],
        _disclosures(shown),
        [dump_catalogue(one) for one in catalogues],
        dump_links(links),
        [],
        container,
    ]
    return MAGIC + cbor.encode(value)


def _disclosures(items: Mapping[int, Committed]) -> Value:
    return [[index, one.salt, one.value] for index, one in sorted(items.items())]


def apart_bytes(sealed: Sealed) -> bytes:
    """What goes into the assessor's container: raw output and texts with their salts, and every answer item that the public lacks."""
    answers = {index: sealed.items[index] for index in range(1, 1 + sum(sealed.head.counts[:2]))}
    return cbor.encode([_disclosures(sealed.apart), _disclosures(answers)])


def parse_bundle(data: bytes) -> ConformityBundle:
    """Raises ``EncodingError``; nothing is verified here."""
    if not data.startswith(MAGIC) or len(data) > MAX_FILE:
        raise EncodingError("conformity.header")
    fields = Fields(cbor.decode(data[len(MAGIC) :]), 8)
    run, evidence, commitments = fields.text(), fields.octets(), fields.rows()
    if not all(isinstance(one, bytes) for one in commitments) or not 0 < len(commitments) <= MAX_ITEMS:
        raise EncodingError("conformity.commitments")
    disclosed = load_disclosures(fields.rows())
    catalogues, rows = [], fields.rows()
    if len(rows) > MAX_CATALOGUES:
        raise EncodingError("conformity.catalogue")
    for row in rows:
        if not isinstance(row, bytes):
            raise EncodingError("conformity.catalogue")
        catalogues.append(load_catalogue(row))
    links = load_links(fields.rows())
    ends = Counter(end for one in links for end in (one.source, one.target))
    if len(links) > MAX_LINKS or max(ends.values(), default=0) > MAX_LINKED:
        raise EncodingError("conformity.crosswalk")
    apart = load_disclosures(fields.rows())
    digests = tuple(one for one in commitments if isinstance(one, bytes))
    return ConformityBundle(run, evidence, digests, disclosed, tuple(catalogues), tuple(links), apart, fields.octets())


def load_disclosures(rows: Sequence[Value]) -> dict[int, tuple[bytes, bytes]]:
    """``[[index, salt, value], …]`` in ascending order. Raises ``EncodingError``."""
    made: dict[int, tuple[bytes, bytes]] = {}
    last = -1
    for row in rows:
        fields = Fields(row, 3)
        index = fields.number()
        if index <= last:
            raise EncodingError("conformity.order")
        last = index
        made[index] = (fields.octets(), fields.octets())
    return made


def open_apart(content: bytes, bundle: ConformityBundle) -> ConformityBundle:
    """The bundle with what the assessor's container held. Raises ``EncodingError``."""
    fields = Fields(cbor.decode(content), 2)
    apart, more = load_disclosures(fields.rows()), load_disclosures(fields.rows())
    disclosed = dict(sorted((dict(more) | dict(bundle.disclosed)).items()))
    return ConformityBundle(
        bundle.run,
        bundle.evidence,
        bundle.commitments,
        disclosed,
        bundle.catalogues,
        bundle.links,
        apart,
        bundle.sealed,
    )
