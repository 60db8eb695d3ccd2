r"""How OSCAL writes things: tokens, lines, markup, moments, UUIDs, properties of our own namespace, and the bytes of a document.

Guarantees: the same values give the same bytes (sorted keys, UUID version 5 from our own ids, no clock); our texts come out of OSCAL markup
as they went in, and no text of ours is taken for markup or a parameter; control ids map back to item ids. Refuses: values that OSCAL has
no room for (blank or many-lined ones where a line is asked). Source: OSCAL 1.2 metadata and data types; RFC 9562 5.5.

>>> control_id("4(1)")
'c-4_28_1_29_'
>>> item_id("c-4_28_1_29_")
'4(1)'
>>> markup("a*b")
'a\\*b'
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import Catalogue

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
Object: TypeAlias = dict[str, Json]

OSCAL_VERSION = "1.2.1"
NAMESPACE = "urn:akashi:oscal"
"""The namespace of every property, part and value that is ours."""
MAX_BYTES = 32 << 20
_UUIDS = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_KEPT = re.compile(r"[A-Za-z0-9.-]", re.ASCII)
_ESCAPED = re.compile(r"_([0-9a-f]{1,6})_")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_UNESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ident(*parts: str) -> str:
    """A UUID version 5 of our own ids."""
    return str(uuid.uuid5(_UUIDS, "\x1f".join(parts)))


def moment(at_ms: int) -> str:
    """A date-time with time zone, UTC, whole milliseconds."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def control_id(item: str) -> str:
    """The token that stands for an item; reversible."""
    return "c-" + _token(item)


def group_id(group: str) -> str:
    """The token that stands for a group."""
    return "g-" + _token(group)


def statement_id(item: str) -> str:
    """The id of an item's statement."""
    return control_id(item) + "_smt"


def _token(text: str) -> str:
    return "".join(one if _KEPT.fullmatch(one) else f"_{ord(one):x}_" for one in text)


def item_id(token: str) -> str:
    """Inverse of :func:`control_id`. Raises ``CatalogueInvalid``."""
    text = _ESCAPED.sub(_character, token[2:])
    if control_id(text) != token:
        raise CatalogueInvalid(name="oscal", where="id")
    return text


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    if code > 0x10FFFF:
        raise CatalogueInvalid(name="oscal", where="id")
    return chr(code)


def markup(text: str) -> str:
    """A text as OSCAL markup that shows it letter by letter: every ASCII punctuation mark is escaped (CommonMark 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", text)


def unmarked(text: str) -> str:
    """Inverse of :func:`markup`."""
    return _UNESCAPE.sub(r"\1", text)


def line(text: str, where: str) -> str:
    """A text that OSCAL takes as one line. Raises ``CatalogueInvalid``."""
    if not text or text != text.strip() or len(text.splitlines()) != 1:
        raise CatalogueInvalid(name="oscal", where=where)
    return text


def prop(name: str, value: str) -> Object:
    """A property of our namespace."""
    return {"name": name, "ns": NAMESPACE, "value": line(value, name)}


def props(values: Mapping[str, str]) -> list[Json]:
    """Properties in the order of their names; empty values are left out."""
    return [prop(name, value) for name, value in sorted(values.items()) if value]


def truth(value: bool) -> str:
    """``true`` or nothing."""
    return "true" if value else ""


def metadata(title: str, version: str, at_ms: int, **more: Json) -> Object:
    """The head of a document."""
    return {
        "title": markup(line(title, "title")),
        "last-modified": moment(at_ms),
        "version": line(version, "version"),
        "oscal-version": OSCAL_VERSION,
        **more,
    }


def document_resource(catalogue: Catalogue) -> Object:
    """The official document as a citation in words: we know no lasting address of it, so none is given."""
    words = f"{catalogue.publisher}『{catalogue.document}』{catalogue.edition}"
    return {
        "uuid": ident("document", catalogue.id),
        "title": markup(line(catalogue.document, "document")),
        "citation": {"text": markup(line(words, "citation"))},
    }


def document_link(catalogue: Catalogue, text: str = "") -> Object:
    """A link to :func:`document_resource`; ``text`` names the place in the document."""
    row: Object = {"href": f"#{ident('document', catalogue.id)}", "rel": "reference"}
    if text:
        row["text"] = markup(line(text, "clause"))
    return row


def catalog_uuid(catalogue: Catalogue) -> str:
    """The UUID of a catalogue's OSCAL document: another content is another document."""
    return ident("catalog", catalogue.id, catalogue.digest.hex())


def catalog_name(catalogue: str) -> str:
    """The file name that our documents refer to a catalogue by."""
    return f"catalog-{catalogue}.json"


def write(root: str, body: Object) -> bytes:
    """The bytes of a document: UTF-8, sorted keys, a line feed at the end."""
    return json.dumps({root: body}, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def read(data: bytes, root: str) -> Reading:
    """The body of a document. Raises ``CatalogueInvalid``."""
    if len(data) > MAX_BYTES:
        raise CatalogueInvalid(name="oscal", where="size")
    try:
        value = json.loads(data.decode("utf-8"))
        # Half a surrogate pair can be written in JSON and nowhere else: it would fail later, far from here.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise CatalogueInvalid(name="oscal", where="json") from error
    return Reading(value, "top").inner(root)


class Reading:
    """Takes typed values out of a document; says where it failed."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise CatalogueInvalid(name="oscal", where=where)
        self._value, self._where = value, where
        self._own: dict[str, list[str]] = {}
        for row in self._list("props"):
            if isinstance(row, dict) and row.get("ns") == NAMESPACE:
                name, said = row.get("name"), row.get("value")
                if isinstance(name, str) and isinstance(said, str):
                    self._own.setdefault(name, []).append(said)

    def fail(self, key: str) -> CatalogueInvalid:
        """The error that names ``key``."""
        return CatalogueInvalid(name="oscal", where=f"{self._where}.{key}")

    def inner(self, key: str) -> Reading:
        """An object."""
        return Reading(self._value.get(key), f"{self._where}.{key}")

    def rows(self, key: str) -> list[Reading]:
        """A list of objects; absent means none."""
        return [Reading(row, f"{self._where}.{key}[{at}]") for at, row in enumerate(self._list(key))]

    def _list(self, key: str) -> Sequence[object]:
        value = self._value.get(key, [])
        if not isinstance(value, list):
            raise self.fail(key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value = self._value.get(key, default)
        if not isinstance(value, str):
            raise self.fail(key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        found = self._list(key)
        made = tuple(one for one in found if isinstance(one, str))
        if len(made) != len(found):
            raise self.fail(key)
        return made

    def own(self, name: str, default: str | None = "") -> str:
        """Our property, once. ``None`` as ``default``: it must be there."""
        found = self._own.get(name, [])
        if len(found) > 1 or (not found and default is None):
            raise self.fail(name)
        return found[0] if found else str(default)

    def owns(self, name: str) -> tuple[str, ...]:
        """Our property, any number of times, in order."""
        return tuple(self._own.get(name, []))

    def number(self, name: str) -> int:
        """Our property as a natural number below 10^9."""
        value = self.own(name, None)
        if not re.fullmatch(r"0|[1-9][0-9]{0,8}", value, re.ASCII):
            raise self.fail(name)
        return int(value)
