"""Records of one invented person, written out, for looking at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from akashi.checkup.model import ItemResult, NeutralRecord, Status

HEIGHT, GLUCOSE, URINE, ECG = "9N001000000000001", "3D010000001999901", "1A020000000191111", "9A110160800000049"
MADE_MS = 1_795_250_000_123
HOSTILE = '<b>&"\'#panic("x") #read("/etc/passwd") $x$ `c` \\ @ref </td><script>alert(1)</script>'
WHO = {
    "person.id": "P1",
    "person.name": "星　空",
    "person.kana": "ホシ　ソラ",
    "person.birth": "1968-01-01",
    "person.sex": "2",
    "visit.date": "2026-05-16",
    "institution.code": "9910000001",
    "institution.name": "架空健診センター",
    "insurance.insurer": "99000001",
    "insurance.symbol": "1",
    "insurance.number": "22",
}


def result(code: str, standard: str = "", **more: object) -> ItemResult:
    """A result with a value, or what ``more`` says."""
    base = ItemResult(code, 1, Status.VALUE if standard else Status.NOT_DONE, "", standard, standard)
    return replace(base, **more)  # type: ignore[arg-type]  # the fields' own types


def record(*items: ItemResult, fields: Mapping[str, str] | None = None, map_id: str = "tiny") -> NeutralRecord:
    """A visit of the person; ``fields`` replaces some of theirs (an empty text takes one away)."""
    said = {name: text for name, text in ({**WHO, **(fields or {})}).items() if text}
    return NeutralRecord(1, 2, map_id, "sha256:" + "ab" * 32, said, dict(said), items)
