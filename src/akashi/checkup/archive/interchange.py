"""Elements of the ministry's own XML (ix08, su08, cc08, gc08): written in order, read whatever the order.

Guarantees: every attribute has one pattern, asked on both ways, so that what we write we can read; both namespaces are
read, version 4 is written. Refuses: unknown namespaces, values outside their pattern, a repeated element where one is
expected; errors name the element, never the value. Source: co08_V08.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from akashi.checkup.archive.model import V4_NAMESPACE, VERSIONS
from akashi.checkup.archive.naming import compact, iso_day
from akashi.checkup.cda.parsing import parse
from akashi.checkup.errors import InterchangeInvalid, NamespaceUnknown

LIMIT_BYTES = 1 << 20
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIGITS = re.compile("[0-9]+", re.ASCII)
# Pattern of an attribute by the name it has here (co08_V08.xsd, simple types).
PATTERNS = {
    "institution": "[0-9]{10}",
    "insurer": "[0-9]{1,8}",
    "party": "[0-9]{1,8}|[0-9]{10}",
    "ticket": "[0-9]{11}",
    "card": r"[^\x00-\x1f]{1,20}",
    "branch": "[0-9]{2}",
    "sex": "[12]",
    "event": "[1-9]",
    "interaction": "1?[0-9]|20",
    "charge": "[1-4]",
    "own_charge": "[1-3]",
    "claim_type": "[1-5]",
    "commission": "[12]",
    "detail": "[1-4]",
    "code": r"[^\s]{1,64}",
    "level": "[1-4]",
    "timing": "[1-5]",
    "status": "[12]",
    "reason": "0[1-9]",
    "postal": "[0-9]{3}-[0-9]{4}",
}
_COMPILED = {name: re.compile(pattern, re.ASCII) for name, pattern in PATTERNS.items()}
MONEY, CHARGED, COUNT, TOTAL, POINTS, PERCENT = 999_999_999, 999_999, 999_999, 99_999_999, 9_999, 100


@lru_cache(maxsize=4096)
def _fits(pattern: str, value: str) -> bool:
    return _COMPILED[pattern].fullmatch(value) is not None


class Shape:
    """Writes the elements of one kind of file (``ix08`` …), which every error names."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def wrong(self, what: str) -> InterchangeInvalid:
        """The error about element ``what``."""
        return InterchangeInvalid(kind=self.kind, what=what)

    def code(self, element: str, value: str, pattern: str, attribute: str = "code") -> str:
        """``<element code="…"/>``."""
        if not _fits(pattern, value):
            raise self.wrong(element)
        return f"<{element} {attribute}={quoteattr(value)}/>"

    def identifier(self, element: str, root: str, value: str, pattern: str) -> str:
        """``<element root="OID" extension="…"/>``."""
        if not _fits(pattern, value):
            raise self.wrong(element)
        return f'<{element} root="{root}" extension={quoteattr(value)}/>'

    def day(self, element: str, iso: str) -> str:
        """``<element value="YYYYMMDD"/>`` from an ISO date."""
        if iso_day(compact(iso)) != iso:
            raise self.wrong(element)
        return f'<{element} value="{compact(iso)}"/>'

    def number(self, element: str, value: int, most: int) -> str:
        """``<element value="n"/>`` of at most ``most``."""
        if not 0 <= value <= most:
            raise self.wrong(element)
        return f'<{element} value="{value}"/>'

    def yen(self, element: str, value: int | None) -> str:
        """A sum of money of up to nine digits; nothing for ``None``."""
        if value is None:
            return ""
        if not 0 <= value <= MONEY:
            raise self.wrong(element)
        return f'<{element} value="{value}" currency="JPY"/>'

    def charged(self, value: int) -> str:
        """What a person pays: six digits with leading zeros."""
        if not 0 <= value <= CHARGED:
            raise self.wrong("amount")
        return f'<amount value="{value:06d}" currency="JPY"/>'

    def rate(self, value: int) -> str:
        """A rate in per cent: six digits with leading zeros."""
        if not 0 <= value <= PERCENT:
            raise self.wrong("rate")
        return f'<rate value="{value:06d}" unit="%"/>'

    def text(self, value: str, most: int, element: str) -> str:
        """Text content of at most ``most`` characters, without control characters."""
        cleaned = _FORBIDDEN.sub("", value)
        if len(cleaned) > most:
            raise self.wrong(element)
        return escape(cleaned)

    def document(self, root: str, body: str) -> bytes:
        """The whole file in version 4's namespace, UTF-8."""
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{V4_NAMESPACE}">{body}</{root}>\n'.encode()


class Part:
    """Reads one element of such a file. ``kind`` names the file in errors."""

    def __init__(self, kind: str, element: etree._Element, namespace: str) -> None:
        self.kind, self._element, self._namespace = kind, element, namespace

    def wrong(self, what: str) -> InterchangeInvalid:
        """The error about element ``what``."""
        return InterchangeInvalid(kind=self.kind, what=what)

    def every(self, name: str) -> Iterator[Part]:
        """All children of this name."""
        for child in self._element.findall(f"{{{self._namespace}}}{name}"):
            yield Part(self.kind, child, self._namespace)

    def child(self, name: str) -> Part | None:
        """The only child of this name, or ``None``."""
        found = list(self.every(name))
        if len(found) > 1:
            raise self.wrong(name)
        return found[0] if found else None

    def need(self, name: str) -> Part:
        """The only child of this name; it must be there."""
        found = self.child(name)
        if found is None:
            raise self.wrong(name)
        return found

    def attribute(self, name: str, pattern: str) -> str:
        """An attribute that fits its pattern."""
        value = str(self._element.get(name, ""))
        if not _fits(pattern, value):
            raise self.wrong(name)
        return value

    def code(self, element: str, pattern: str, attribute: str = "code") -> str:
        """The code of child ``element``."""
        return self.need(element).attribute(attribute, pattern)

    def optional(self, element: str, pattern: str, attribute: str = "extension") -> str:
        """The identifier of child ``element``; empty where there is none."""
        found = self.child(element)
        return found.attribute(attribute, pattern) if found else ""

    def value(self) -> str:
        """The attribute ``value``, unchecked; empty where it is missing."""
        return str(self._element.get("value", ""))

    def has(self, name: str) -> bool:
        """Whether the attribute is there."""
        return self._element.get(name) is not None

    def root(self) -> str:
        """The OID of an identifier."""
        return str(self._element.get("root", ""))

    def day(self, element: str) -> str:
        """An ISO date from child ``element``."""
        day = iso_day(self.need(element).value())
        if not day:
            raise self.wrong(element)
        return day

    def whole(self, element: str, most: int) -> int:
        """The whole number in child ``element``."""
        value = self.optional_whole(element, most)
        if value is None:
            raise self.wrong(element)
        return value

    def optional_whole(self, element: str, most: int) -> int | None:
        """The whole number in child ``element``, or ``None`` where there is no such child."""
        found = self.child(element)
        if found is None:
            return None
        text = found.value()
        if len(text) > 12 or not _DIGITS.fullmatch(text) or int(text) > most:
            raise self.wrong(element)
        return int(text)

    def words(self) -> str:
        """The element's own text, without that of its children and without white space around it."""
        pieces = [self._element.text or "", *((child.tail or "") for child in self._element)]
        return "".join(pieces).strip()


def opened(kind: str, data: bytes, root: str, limit_bytes: int = LIMIT_BYTES) -> tuple[Part, int]:
    """The root element of a file, and its version (3 or 4). Raises what ``parse`` raises, and :class:`NamespaceUnknown`."""
    element = parse(data, limit_bytes)
    namespace, _brace, name = str(element.tag).lstrip("{").rpartition("}")
    if name != root:
        raise InterchangeInvalid(kind=kind, what=root)
    if namespace not in VERSIONS:
        raise NamespaceUnknown(kind=kind)
    return Part(kind, element, namespace), VERSIONS[namespace]
