"""Papers that a clerk can attach to an answer: what is read and written, by which means it is read, and what trying it gave.

Guarantees: every line comes from what this gateway has at that moment (formats, item table, maps) or from what a probe has just seen;
samples show invented people only. Refuses: an answer: whether the papers are enough is a person's to say. Trusts the probes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from akashi import __version__
from akashi.app.desk.outputs import Kind
from akashi.app.gateway.home import Gateway
from akashi.app.resultcheck.samples import plain
from akashi.checkup.readers.detection import FormatName
from akashi.checkup.report.paper import write_paper
from akashi.checkup.report.view import person_view
from akashi.conformity.probing import Observed

_TESTS, _CSV, _PDF = "application/json", "text/csv", "application/pdf"
_EDITIONS = {
    FormatName.LAYOUT: ("健診機関ごとの表", "承認した変換表の版と有効期間", "変換表"),
    FormatName.JMA: ("日医特定健診形式", "一行に見出し13と検査8欄ずつ", "表計算・文字の閲覧"),
    FormatName.FKAC522: ("国保連 FKAC522", "レコード種別 1・2・5・9", "表計算・文字の閲覧"),
    FormatName.HC08: ("特定健診 XML hc08", "第4期（V08）。第3期の項目コードも読む", "XML の閲覧・Akashi の表示と紙"),
    FormatName.HG08: ("特定保健指導 XML hg08", "第4期（V08）", "XML の閲覧・Akashi の表示と紙"),
    FormatName.ARCHIVE: ("特定健診の一式（zip）", "第4期。決済データは第4期と第3期を読む", "zip の展開・Akashi の検査"),
    FormatName.ECHECKUP: ("健診結果 FHIR 文書", "1.5.0", "FHIR の閲覧・Akashi の表示と紙"),
    FormatName.STANDARD_CSV: ("標準 CSV", "様式定義の版", "表計算"),
}
"""Format: what it is called, which editions are handled, by what it is read without Akashi or with it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One file to attach."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


def formats_paper(gateway: Gateway) -> Paper:
    """Every format with its editions, whether it is written too, and by what it is read; then the tables and maps in use."""
    items, definition = gateway.maps.items(), gateway.maps.definition()
    written = {one.value for one in Kind} | {"fkac522", "echeckup", "hg08", "akashi-csv"}
    rows: list[Sequence[str]] = [("形式", "名前", "扱う版", "読む", "書く", "開く手段")]
    for name, (title, editions, means) in _EDITIONS.items():
        rows.append((name.value, title, editions, "○", "○" if name.value in written else "－", means))
    rows.append(("項目表", items.table_id, f"{len(items.items)} 項目", "○", "－", "結果ごとに版を残す"))
    rows.append(("様式定義", definition.format_id, f"{len(definition.columns)} 列", "○", "○", "表計算"))
    for one in gateway.maps.maps():
        days = f"{one.valid_from.isoformat()}～{one.valid_to.isoformat()}"
        rows.append(("変換表", f"{one.map_id} 第{one.version}版", days, "○", "－", "変換表"))
    rows.append(("プログラム", f"Akashi {__version__}", "", "", "", ""))
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return Paper("形式と版と開く手段の一覧.csv", _CSV, text.getvalue().encode("utf-8-sig"))


def tests_paper(name: str, seen: Observed) -> Paper:
    """What a probe has just seen."""
    return Paper(name, _TESTS, json.dumps(dict(seen.facts), ensure_ascii=False, indent=1, sort_keys=True).encode())


def sample_paper(gateway: Gateway) -> Paper:
    """One invented person on paper."""
    view = person_view(plain(gateway)[:1], gateway.maps.items(), "ja")
    return Paper("印刷の見本（架空の人）.pdf", _PDF, write_paper(view, gateway.clock.now_ms()))
