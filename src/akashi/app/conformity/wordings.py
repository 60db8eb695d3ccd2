"""Official wording that the institution has attached to a catalogue: kept here, sealed, and in nothing that leaves without a wish for it.

Guarantees: every version is kept with the digest of the file that it came from. Refuses nothing: what it is attached to was matched by
``forms.wording``. Trusts: the store.
"""

from __future__ import annotations

from akashi.conformity.codec import Fields
from akashi.conformity.forms.model import Wording
from akashi.conformity.service import Conformity
from akashi.ledger.wire.cbor import Value

_SPACE = "wording"
_FIELDS = 2


def keep_wording(conformity: Conformity, wording: Wording) -> None:
    """Keep it from now on."""
    rows: list[Value] = [[item, text] for item, text in sorted(wording.texts.items())]
    conformity.documents.put(_SPACE, wording.catalogue, [wording.digest, rows], conformity.now_ms())


def wording_of(conformity: Conformity, catalogue: str) -> Wording | None:
    """The newest wording of a catalogue, or ``None``."""
    found = conformity.documents.get(_SPACE, catalogue)
    if found is None:
        return None
    fields = Fields(found.value, _FIELDS)
    digest, texts = fields.octets(), {}
    for row in fields.rows():
        pair = Fields(row, 2)
        item = pair.text()
        texts[item] = pair.text()
    return Wording(catalogue, digest, texts)
