"""Opening a PDF that somebody else made.

Guarantees: a file is refused before it is parsed if it is too large, and while it is parsed if it is encrypted, not well formed (strict
mode, no hybrid cross references), unpacks beyond the limits, nests too deep, or has more objects, pages or signatures than allowed. Refuses
to repair. Trusts nobody; what the parser throws at hostile input becomes one error of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, TypeVar

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, StreamDecodeLimits
from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from akashi.ledger.rules import Denied
from akashi.signatures.errors import DocumentRefused
from akashi.signatures.model import Limits
from akashi.signatures.rules import decide_size

T = TypeVar("T")
# What a parser of hostile input may raise beside its own errors.
HOSTILE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    UnicodeError,
    OSError,
)


def open_pdf(data: bytes, limits: Limits | None = None) -> tuple[PdfFileReader, int]:
    """A reader of ``data`` and its number of pages. Raises :class:`DocumentRefused`."""
    held = limits or Limits()
    decision = decide_size(len(data), held)
    if isinstance(decision, Denied):
        raise DocumentRefused(what=decision.reason)
    if not data.startswith(b"%PDF-"):
        raise DocumentRefused(what="format")
    return guarded(lambda: _opened(data, held))


def _opened(data: bytes, limits: Limits) -> tuple[PdfFileReader, int]:
    decoded = StreamDecodeLimits(max_output_size=limits.decoded_most)
    budget = DocumentDecodeBudget(base_allowance=limits.decoded_most, max_ratio=20)
    reader = PdfFileReader(
        BytesIO(data), strict=True, decode_limits=DecodeLimits(per_stream=decoded, document_budget=budget)
    )
    if reader.encrypted:
        raise DocumentRefused(what="encrypted")
    if reader.xrefs.hybrid_xrefs_present:
        raise DocumentRefused(what="hybrid")
    if int(reader.trailer["/Size"]) > limits.objects_most:
        raise DocumentRefused(what="objects")
    pages = sum(1 for _ in _leaves(reader.root["/Pages"], limits))
    if not pages:
        raise DocumentRefused(what="pages")
    if len(reader.embedded_signatures) > limits.signatures_most:
        raise DocumentRefused(what="signatures")
    return reader, pages


def _leaves(node: Any, limits: Limits) -> Iterator[Any]:
    """The pages below ``node``; the tree's own count is not believed."""
    waiting, nodes, leaves = [(node, 0)], 0, 0
    while waiting:
        here, depth = waiting.pop()
        here = _resolved(here)
        nodes += 1
        if depth > limits.nodes_deep:
            raise DocumentRefused(what="depth")
        if nodes > limits.objects_most:
            raise DocumentRefused(what="objects")
        if not isinstance(here, generic.DictionaryObject):
            raise DocumentRefused(what="format")
        if "/Kids" in here:
            waiting += [(child, depth + 1) for child in here["/Kids"]]
            continue
        leaves += 1
        if leaves > limits.pages_most:
            raise DocumentRefused(what="pages")
        yield here


def _resolved(found: Any) -> Any:
    return found.get_object() if isinstance(found, generic.IndirectObject) else found


def only_signature_fields(reader: PdfFileReader, limits: Limits) -> bool:
    """Whether the document's form has no field that could be filled with anything but a signature."""
    if "/AcroForm" not in reader.root:
        return True
    form = reader.root["/AcroForm"]
    if "/XFA" in form:
        return False
    waiting, seen = [(one, None) for one in form.get("/Fields", ())], 0
    while waiting:
        field, inherited = waiting.pop()
        field = _resolved(field)
        seen += 1
        if seen > limits.pages_most:
            return False
        kind = field.get("/FT", inherited)
        children = list(field.get("/Kids", ()))
        if kind != "/Sig" and not children:
            return False
        waiting += [(child, kind) for child in children]
    return True


def guarded(work: Callable[[], T]) -> T:
    """Run work on a hostile document. Raises :class:`DocumentRefused` for whatever the parser stumbles over."""
    try:
        return work()
    except PdfDecodeLimitError as error:
        raise DocumentRefused(what="bomb") from error
    except (RecursionError, MemoryError) as error:
        raise DocumentRefused(what="depth") from error
    except (PdfError, *HOSTILE) as error:
        raise DocumentRefused(what="format") from error
