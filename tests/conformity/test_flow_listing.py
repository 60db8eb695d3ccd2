"""The public list: static, escaped, honest about what is over, and each mark leads to what can be verified."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from akashi.conformity.errors import BundleInvalid
from akashi.conformity.flow.listing import Standing, bundle_file, export_list, mark, mark_file, standing
from akashi.conformity.flow.model import ApplicantKind, Listed, WithdrawnReason
from akashi.conformity.model import DAY_MS

START = 1_795_219_200_000
BUNDLE = b"a redacted bundle"
ENTRY = Listed(
    "asm-0001", "inst-vendor", "inst-assessor", ApplicantKind.PROVIDER, START, START + 300 * DAY_MS,
    sha256(BUNDLE).digest(),
)  # fmt: skip
GONE = replace(ENTRY, assessment="asm-0002", withdrawn_ms=START + DAY_MS, reason=WithdrawnReason.UNTRUE)
RENEWED = replace(ENTRY, assessment="asm-0003", renewed_by="asm-0001", kind=ApplicantKind.OPERATOR)
NAMES = {"inst-vendor": "架空クラウド", "inst-assessor": "架空評価協会"}


class Tags(HTMLParser):
    """Which tags and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        self.attributes.extend(attrs)


@pytest.mark.parametrize(
    ("entry", "at_ms", "says"),
    [
        (ENTRY, START, Standing.VALID),
        (ENTRY, START + 300 * DAY_MS - 1, Standing.VALID),
        (ENTRY, START + 300 * DAY_MS, Standing.EXPIRED),
        (RENEWED, START, Standing.RENEWED),
        (RENEWED, START + 300 * DAY_MS, Standing.EXPIRED),
        (GONE, START + 400 * DAY_MS, Standing.WITHDRAWN),
    ],
)
def test_standing_at_a_moment(entry: Listed, at_ms: int, says: Standing) -> None:
    """A withdrawal outlives everything; the end is exclusive."""
    assert standing(entry, at_ms) is says


def test_the_same_bytes_again_and_everything_named_is_there() -> None:
    """Deterministic; each entry has its mark, its bundle with the published SHA-256, and a row in the JSON."""
    files = export_list([ENTRY, GONE, RENEWED], NAMES, START, {"asm-0001": BUNDLE})
    rows = json.loads(files["list.json"])["entries"]

    assert files == export_list([ENTRY, GONE, RENEWED], NAMES, START, {"asm-0001": BUNDLE})
    assert set(files) == {
        "index.html", "list.json", bundle_file(ENTRY), *(mark_file(one) for one in (ENTRY, GONE, RENEWED)),
    }  # fmt: skip
    assert [row["standing"] for row in rows] == ["valid", "withdrawn", "renewed"]
    assert [row["kind"] for row in rows] == ["provider", "provider", "operator"]
    assert rows[0]["bundle"] == {"file": "asm-0001.akc", "sha256": sha256(BUNDLE).hexdigest()}
    assert (rows[1]["reason"], rows[2]["renewed_by"]) == ("untrue", "asm-0001")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", "<script>alert(1)</script>", '"><img src=x onerror=y>', "&lt;", "'"]))
def test_a_name_cannot_become_markup(text: str, attack: str) -> None:
    """Whatever an institution is called, the page has the same tags, no script, no handler and no foreign address."""
    name = text.replace("\x00", "") + attack
    page = export_list([ENTRY, GONE], {"inst-vendor": name, "inst-assessor": attack}, START)["index.html"].decode()
    plain = export_list([ENTRY, GONE], {}, START)["index.html"].decode()
    found = Tags(page)

    assert found.tags == Tags(plain).tags
    assert "script" not in found.tags
    assert not [key for key, _ in found.attributes if key.startswith("on")]
    assert all(not re.match(r"[a-z]+:|//", value or "") for key, value in found.attributes if key in ("href", "src"))


def test_what_is_over_is_marked() -> None:
    """A withdrawn and an expired entry stay in the page and say so with their days."""
    page = export_list([ENTRY, GONE], NAMES, START + 300 * DAY_MS)["index.html"].decode()

    assert "期限切れ" in page
    assert "取り下げ" in page
    assert page.count("<tr class=") == 2


@pytest.mark.parametrize(("entry", "paths"), [(ENTRY, 1), (GONE, 2)])
def test_the_mark_links_to_its_bundle(entry: Listed, paths: int) -> None:
    """Well-formed SVG without script; the link is the bundle beside it, the title its whole SHA-256; struck through when over."""
    drawn = etree.fromstring(mark(entry, START))
    space = "{http://www.w3.org/2000/svg}"
    link = drawn.find(f"{space}a")
    title = drawn.findtext(f"{space}title")

    assert link is not None
    assert link.get("href") == bundle_file(entry)
    assert title is not None
    assert entry.bundle.hex() in title
    assert len(link.findall(f"{space}path")) == paths
    assert not list(drawn.iter(f"{space}script"))


def test_another_bundle_than_was_published_is_refused() -> None:
    """The list never carries bytes that its own digest contradicts."""
    with pytest.raises(BundleInvalid, match=r"flow\.listed_bundle"):
        export_list([ENTRY], NAMES, START, {"asm-0001": BUNDLE + b"!"})
