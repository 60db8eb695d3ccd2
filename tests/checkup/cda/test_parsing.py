"""XML from outside: what is refused before a tree exists, and that nothing of it is quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from akashi.checkup.cda.parsing import LONGEST_RUN, MOST_TAGS, parse
from akashi.checkup.errors import DocumentInvalid, FileTooLarge

LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"<!DOCTYPE x><x/>", 1, "doctype"),
        (b'<?xml version="1.0"?>\n\n<!DOCTYPE x SYSTEM "file:///x"><x/>', 3, "doctype"),
        (LAUGHS, 1, "doctype"),
        (b"<x><!ENTITY y 'z'></x>", 1, "doctype"),
        (b"<x>\n&y;</x>", 2, "not well formed"),
        (b"<x>\n<y></x>", 2, "not well formed"),
        (b"<x>", 1, "not well formed"),
        (b"", 1, "not well formed"),
        (b"<x/><y/>", 1, "not well formed"),
        (b"<x a='1' a='2'/>", 1, "not well formed"),
        (b"<p:x/>", 1, "not well formed"),
        ("<x>星</x>".encode("cp932"), 1, "not well formed"),
        ("<x>星</x>".encode("utf-16"), 1, "encoding"),
        ("<x>星</x>".encode("utf-16-le"), 1, "encoding"),
        ("<!DOCTYPE x><x/>".encode("cp500"), 1, "not well formed"),
        (b'<?xml version="1.0" encoding="Shift_JIS"?><x/>', 1, "encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?><x/>', 1, "encoding"),
        (b"<x>" * 100_000, 1, "not well formed"),
        (b"<x>" * 1_000 + b"</x>" * 1_000, 1, "not well formed"),
        (b"<x>" + b"<y/>" * MOST_TAGS + b"</x>", 1, "too many elements"),
        (b"<x>\n<y a='" + b"z" * LONGEST_RUN + b"'/></x>", 2, "text too long"),
        (b"<x>\n\n" + b">" * LONGEST_RUN + b"</x>", 1, "text too long"),
    ],
)  # fmt: skip
def test_unsafe_or_broken_xml_is_refused_with_its_line(data: bytes, line: int, what: str) -> None:
    """Document types, entities, other encodings, depth, numbers, lengths."""
    with pytest.raises(DocumentInvalid) as caught:
        parse(data)

    assert caught.value.params == {"line": line, "what": what}


def test_the_size_is_bounded_by_the_caller() -> None:
    """One byte more is refused."""
    assert parse(b"<x/>", limit=4).tag == "x"
    with pytest.raises(FileTooLarge):
        parse(b"<x/> ", limit=4)


def test_comments_and_instructions_are_gone_and_text_is_one() -> None:
    """A walker meets elements only; a byte order mark, CDATA and the five entities are read."""
    root = parse(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><x><?p q?>a<!-- c -->b<![CDATA[<]]>&amp;<y/></x>")

    assert (root.text, [node.tag for node in root]) == ("ab<&", ["y"])


def test_the_error_never_quotes_the_document() -> None:
    """libxml2's own message would."""
    with pytest.raises(DocumentInvalid) as caught:
        parse("<星空><緑></星空>".encode())

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "星" not in str(caught.value) + repr(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_element_or_our_own_error(noise: bytes) -> None:
    """Bytes inside an element, and bytes alone."""
    for data in (noise, b"<x>" + noise + b"</x>"):
        try:
            root = parse(data)
        except DocumentInvalid:
            continue
        assert isinstance(root, etree._Element)
