"""One golden hc08 document per observation form, made of invented people: what we write stays what it was.

A golden file has a line break between tags, for readers; nothing else differs from what is written. Written anew with
``PYTHONPATH=src:. python -m tests.checkup.cda.golden``, and then looked at by a person.
"""

from __future__ import annotations

import pytest
from lxml import etree

from akashi.checkup import ItemTable
from akashi.checkup.cda.expressible import expressible
from akashi.checkup.cda.header import stamped
from akashi.checkup.cda.reading import read_hc08
from tests.checkup.cda.golden import FOLDER, FORMS, document, made, sender
from tests.checkup.conftest import SHARED

SCHEMA = SHARED / "data/mhlw-xsd-v4/hc08_V08.xsd"


@pytest.mark.parametrize("form", sorted(FORMS))
def test_each_form_is_written_as_it_always_was(form: str, items: ItemTable) -> None:
    """Byte for byte, but for the line breaks."""
    golden = (FOLDER / f"hc08-{form}.xml").read_text(encoding="utf-8")

    assert document(form, items) == golden


@pytest.mark.parametrize("form", sorted(FORMS))
def test_each_golden_file_reads_back(form: str, items: ItemTable) -> None:
    """Broken lines between the tags change nothing."""
    data = (FOLDER / f"hc08-{form}.xml").read_bytes()

    assert read_hc08(data, items) == expressible(stamped(made(form, items), sender(items)), items)


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the ministry's XSD set (shared/) is not present")
def test_every_golden_file_is_valid() -> None:
    """By the ministry's schema."""
    schema = etree.XMLSchema(etree.parse(SCHEMA))

    invalid = [name for name in FORMS if not schema.validate(etree.parse(FOLDER / f"hc08-{name}.xml"))]
    assert invalid == []


def test_there_is_no_golden_file_without_a_form() -> None:
    """What is not tested is not kept."""
    assert {path.stem for path in FOLDER.glob("hc08-*.xml")} == {f"hc08-{form}" for form in FORMS}
