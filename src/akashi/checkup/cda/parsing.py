"""XML from outside, made safe before anything looks at it.

Guarantees: no document type, no entity beyond XML's own five, no network, no file; UTF-8 only; size, depth, number of
elements and length of any attribute or text are bounded before the tree exists; comments and processing instructions
are gone. Refuses: everything else, with the line where there is one and never with what stood there. Trusts:
libxml2 for well-formedness and for its limit of 256 levels.

>>> parse(b"<a><b c='1'/></a>")[0].get("c")
'1'
>>> parse(b"<!DOCTYPE a><a/>")
Traceback (most recent call last):
akashi.checkup.errors.DocumentInvalid: Line 1 of the XML document is wrong (doctype).
"""

from __future__ import annotations

import re

from lxml import etree

from akashi.checkup.errors import DocumentInvalid, FileTooLarge

DEFAULT_LIMIT = 4 << 20
"""Bytes of one document. A checkup document has 20 to 60 KB."""
LONGEST_RUN = 32 << 10
"""Bytes between two ``<``: bounds each attribute, each text, and how many attributes a tag can have."""
MOST_TAGS = 100_000
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
# A "<!" that opens neither a comment nor a CDATA section declares something: DOCTYPE, ENTITY, ELEMENT, NOTATION.
_DECLARES = re.compile(rb"<!(?!--|\[CDATA\[)")
# Entities are refused earlier, so nothing is ever resolved; the switches are the second lock on the same door.
# The encoding is forced: libxml2 would otherwise guess EBCDIC from the first bytes and see what the checks above cannot.
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
    remove_comments=True, remove_pis=True, strip_cdata=True,
)  # fmt: skip


def refuse_shape(data: bytes, limit: int) -> None:
    """Everything that can be refused without a parser; :func:`parse` does this first."""
    if len(data) > limit:
        raise FileTooLarge(limit=limit)
    if b"\0" in data or data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise DocumentInvalid(line=1, what="encoding")
    declared = _DECLARATION.match(data.removeprefix(b"\xef\xbb\xbf"))
    if declared is not None and declared[1].lower() not in {b"utf-8", b"utf8"}:
        raise DocumentInvalid(line=1, what="encoding")
    # What follows reads bytes as ASCII; that is only sound in UTF-8, which libxml2 checks byte by byte.
    if b"<!" in data and (found := _DECLARES.search(data)) is not None:
        raise DocumentInvalid(line=data.count(b"\n", 0, found.start()) + 1, what="doctype")
    if data.count(b"<") > MOST_TAGS:
        raise DocumentInvalid(line=1, what="too many elements")
    # A run longer than the bound covers a whole aligned half of it, so only such halves need a closer look.
    half = LONGEST_RUN // 2
    if any(data.find(b"<", at, at + half) < 0 for at in range(0, len(data) - half, half)):
        line = 1
        for run in data.split(b"<"):
            if len(run) > LONGEST_RUN:
                raise DocumentInvalid(line=line, what="text too long")
            line += run.count(b"\n")


def parse(data: bytes, limit: int = DEFAULT_LIMIT) -> etree._Element:
    """The root element of ``data``. Raises :class:`DocumentInvalid` or :class:`FileTooLarge`."""
    refuse_shape(data, limit)
    return parse_refused(data)


def parse_refused(data: bytes) -> etree._Element:
    """The same, of bytes that are a part of what ``refuse_shape`` has let pass."""
    try:
        return etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        # libxml2's own message quotes the document; only the line may leave.
        line = error.lineno or 1
    raise DocumentInvalid(line=line, what="not well formed")


def line_of(node: etree._Element) -> int:
    """The line an element starts on, 1 where libxml2 does not know."""
    line: object = node.sourceline
    return line if isinstance(line, int) else 1
