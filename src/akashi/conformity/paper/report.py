"""The A4 report of a run under one catalogue, as PDF.

Guarantees: the same view and label give the same bytes on a machine with the same fonts (the document's time is the run's); texts go in as
data and are never read as typst source; long words break inside their column. Refuses: to print Japanese with a font that lacks it
(:class:`ToolMissing`). Trusts: the typst library with the data of one view; it gets no files, no packages and no network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import typst

from akashi.conformity.errors import ToolMissing
from akashi.conformity.model import Basis, Decision, Mode, Verdict
from akashi.conformity.paper.dates import both, iso, minute, wareki
from akashi.conformity.paper.view import BASES, REACHES, REPLIES, VERDICTS, RunView
from akashi.conformity.rules import shares

Data: TypeAlias = "bool | int | str | list[Data] | dict[str, Data]"
FONTS = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "BIZ UDPGothic", "BIZ UDGothic", "IPAexGothic",
    "IPAGothic", "VL Gothic", "TakaoGothic", "M PLUS 1p",
)  # fmt: skip
"""Free fonts with Japanese, the best first."""
MARKS = {
    Verdict.CONFORMS: "○",
    Verdict.PARTIAL: "△",
    Verdict.FAILS: "×",
    Verdict.NOT_APPLICABLE: "－",
    Verdict.UNDECIDED: "？",
}
_SOURCE = Path(__file__).with_name("report.typ")
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff0-\uffff]"
)
_LONG = re.compile(r"[!-~]{9,}")
_JOINT = re.compile(r"([-_./:=,]|[!-~]{8})(?=[!-~])")
_GAP = "\u200b"


def write_report(view: RunView, label: str) -> bytes:
    """The PDF; ``label`` is what the institution calls itself. Raises :class:`ToolMissing`."""
    known = set(typst.Fonts().families())
    fonts = [one for one in FONTS if one in known]
    if not fonts:
        raise ToolMissing(name=FONTS[0])
    compiler = typst.Compiler(
        _SOURCE.read_bytes(),
        root=str(_SOURCE.parent),
        sys_inputs={"data": json.dumps(report_data(view, label) | {"fonts": list[Data](fonts)}, sort_keys=True)},
    )
    made = compiler.compile(format="pdf", timestamp=view.judged_ms // 1000)
    if not isinstance(made, bytes):
        raise ToolMissing(name="typst")
    return made


def printable(text: str) -> str:
    """A text for paper: no control or direction marks, and long words of ASCII may break."""
    clean = _UNPRINTABLE.sub("\ufffd", text.replace("\n", " "))
    return _LONG.sub(lambda found: _JOINT.sub(rf"\1{_GAP}", found[0]), clean)


def report_data(view: RunView, label: str) -> dict[str, Data]:
    """Everything that stands in the report, as data."""
    catalogue = view.catalogue
    said: dict[str, str] = {
        "title": catalogue.title.ja,
        "document": f"{catalogue.publisher}『{catalogue.document}』{catalogue.edition}",
        "label": label,
        "institution": view.institution,
        "run": view.run,
        "judged": f"{minute(view.judged_ms)}（{wareki(view.judged_ms)}・日本時間）",
        "day": both(view.judged_ms),
    }
    contradictions = [one for one in view.decisions if one.contradiction]
    made: dict[str, Data] = {key: printable(value) for key, value in said.items()}
    return made | {
        "root": _hex(view.root),
        "digest": _hex(catalogue.digest),
        "draft": catalogue.status in ("draft", "preparing"),
        "shares": _shares(view),
        "verdicts": _verdicts(view.decisions),
        "contradictions": [_row(view, one) for one in contradictions],
        "groups": _groups(view),
        "measurements": _measurements(view),
    }


def _hex(data: bytes) -> str:
    """A digest in groups of eight, which a person can compare and a line can break at."""
    text = data.hex()
    return " ".join(text[at : at + 8] for at in range(0, len(text), 8))


def _shares(view: RunView) -> Data:
    counted = shares(view.decisions)
    rows = (
        ("実測", counted.measured, "機械が測って決めた"),
        ("文書", counted.document, "資料で決めた"),
        ("自己申告", counted.word, "人の言葉だけで決めた"),
        ("未決", counted.open, "まだ決まっていない"),
    )
    return [{"name": name, "count": count, "about": about} for name, count, about in rows]


def _verdicts(decisions: Sequence[Decision]) -> Data:
    counts: Mapping[Verdict, int] = {one: sum(1 for row in decisions if row.verdict is one) for one in Verdict}
    return [{"mark": MARKS[one], "name": VERDICTS[one].ja, "count": counts[one]} for one in Verdict]


def _groups(view: RunView) -> Data:
    decided = {one.item: one for one in view.decisions}
    groups: list[Data] = []
    for group in view.catalogue.groups:
        rows: list[Data] = []
        for item in view.catalogue.items:
            if item.group != group.id:
                continue
            if item.mode is Mode.GROUP:
                rows.append({"heading": printable(f"{item.clause}　{item.text.ja}")})
            elif item.id in decided:
                rows.append(_row(view, decided[item.id]))
        if rows:
            groups.append({"title": printable(f"{group.id}　{group.title.ja}"), "rows": rows})
    return groups


def _row(view: RunView, decision: Decision) -> dict[str, Data]:
    item = view.items[decision.item]
    answer = view.answers.get(decision.item)
    absent = decision.verdict is Verdict.NOT_APPLICABLE
    ends = expiry(decision)
    return {
        "clause": printable(item.clause or item.id),
        "text": printable(item.text.ja),
        "mark": MARKS[decision.verdict],
        "verdict": VERDICTS[decision.verdict].ja,
        "basis": "－" if decision.basis is Basis.NONE or absent else BASES[decision.basis].ja,
        "declared": REPLIES[answer.reply].ja if answer is not None and decision.contradiction else "",
        "why": printable(decision.why.ja),
        "expires": iso(ends) if ends else "",
        "expires_ja": wareki(ends) if ends else "",
        "fails": decision.verdict is Verdict.FAILS,
        "contradiction": decision.contradiction,
    }


def expiry(decision: Decision) -> int:
    """Until when a verdict holds, or when it ceased to; 0 where there is nothing that could expire."""
    empty = decision.verdict is Verdict.UNDECIDED and decision.reason != "item.expired"
    return 0 if empty else decision.expires_ms


def _measurements(view: RunView) -> Data:
    return [
        {
            "probe": printable(one.probe),
            "target": printable(one.target),
            "reach": REACHES[one.reach].ja,
            "vantage": printable(one.vantage),
            "tool": printable(one.tool or "－"),
            "ended": minute(one.ended_ms),
            "raw": one.raw_digest.hex()[:16],
        }
        for one in view.measurements
    ]
