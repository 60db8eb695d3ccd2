"""Results found, shown, printed and taken out for an emergency, and read again by programs that know nothing of Akashi.

Guarantees: paper is read from the PDF's own bytes, the emergency export with Python's zip and HTML readers; each value of each person is
looked for. Refuses: any real person's data. Leaves nothing: all of it happens in memory, at no session.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser

from akashi.app.checkup.showing import read_documents
from akashi.app.gateway.home import Gateway
from akashi.app.resultcheck.paper_text import pages_of, text_of
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.app.selfcheck.formats import sample
from akashi.checkup import NeutralRecord
from akashi.checkup.report.emergency import INDEX, RESULTS, write_emergency
from akashi.checkup.report.page import person_page
from akashi.checkup.report.paper import printable, write_paper
from akashi.checkup.report.people import People, Person, Source
from akashi.checkup.report.view import person_view
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed

_SPACE = re.compile(r"[\s\u200b]+")
_OUTSIDE = ("http://", "https://", "//", "javascript:")
_FILE = "selfcheck.csv"


class _Page(HTMLParser):
    """Text, links and elements of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.text, self.links, self.elements = "", list[str](), set[str]()
        self.feed(page.decode())
        self.text = _flat(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        self.elements.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        """Collect."""
        self.text += data


def results(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Find each of five invented people by their number, show, print and export them; read everything again."""
    gateway = here.gateway
    _layout, data = sample(gateway)
    opened = read_documents(gateway, [(_FILE, data)])
    people = opened.people
    facts: dict[str, Fact] = {
        "people": len(people),
        "found": sum(1 for one in people.listed() if [each.number for each in _fitting(people, one.identifier)] == [one.number]),
        **_each(gateway, people),
        **_emergency(gateway, people, opened.sources),
    }  # fmt: skip
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _fitting(people: People, wanted: str) -> list[Person]:
    return [one for one in people.listed() if one.fits(wanted)]


def _each(gateway: Gateway, people: People) -> dict[str, Fact]:
    """Every person on a page and on paper."""
    values = shown = printed = pages = versions = 0
    for number in range(1, len(people) + 1):
        records = people.records(number)
        view = person_view(records, gateway.maps.items(), "ja")
        page, paper = _Page(person_page(view)).text, write_paper(view, gateway.clock.now_ms())
        on_paper, wanted = _flat(text_of(paper)), _values(records)
        values += len(wanted)
        shown += sum(1 for text in wanted if text in page)
        printed += sum(1 for text in wanted if _flat(printable(text)) in on_paper)
        pages += pages_of(paper)
        versions += all(one.table_id.removeprefix("sha256:")[:8] in on_paper for one in records)
    return {
        "values": values, "values.shown": shown, "values.printed": printed, "pages": pages, "tables.named": versions,
    }  # fmt: skip


def _values(records: Iterable[NeutralRecord]) -> list[str]:
    """Every value of a person as one run of signs."""
    return [_flat(one.standard) for record in records for one in record.items if one.standard.strip()]


def _flat(text: str) -> str:
    return _SPACE.sub("", text)


def _emergency(gateway: Gateway, people: People, sources: Sequence[Source]) -> dict[str, Fact]:
    """The export, opened with nothing of ours."""
    data = write_emergency(people, gateway.maps.items(), sources, gateway.clock.now_ms())
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    pages = {name: _Page(content) for name, content in members.items() if name.endswith(".html")}
    links = tuple(dict.fromkeys(pages[INDEX].links))
    listed = [link for link in links if link in members]
    outside = [link for page in pages.values() for link in page.links if link.startswith(_OUTSIDE)]
    wanted = [_values(people.records(number)) for number in range(1, len(people) + 1)]
    texts = [pages[link].text for link in listed if link in pages]
    table = list(csv.reader(io.StringIO(members[RESULTS].decode("utf-8-sig"), newline=""), strict=True))
    return {
        "export.people": len(listed),
        "export.links_broken": len(links) - len(listed),
        "export.values": sum(
            1 for text, values in zip(texts, wanted, strict=False) for value in values if value in text
        ),
        "export.rows": len(table) - 1,
        "export.results": sum(len(record.items) for one in range(1, len(people) + 1) for record in people.records(one)),
        "export.outside": len(outside) + sum("script" in page.elements for page in pages.values()),
    }
