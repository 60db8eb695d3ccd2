"""The index page of an evidence folder: one HTML file that opens without a server and prints well.

Guarantees: every text is escaped; no script, no style or picture from elsewhere (the page forbids them itself); contradictions stand first.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from akashi.conformity.model import Decision
from akashi.conformity.paper.dates import iso, minute, wareki
from akashi.conformity.paper.report import MARKS, expiry
from akashi.conformity.paper.view import BASES, VERDICTS, RunView
from akashi.conformity.rules import shares

_STYLE = """
body { font-family: "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", sans-serif; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; color: #111; background: #fff; line-height: 1.6; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; border-bottom: 2px solid #111; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } table.items { table-layout: fixed; } th, td { border: 1px solid #767676; padding: .3rem .5rem;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: #222; color: #fff; } tr.fails td { background: #e4e4e4; }
tbody.group th { background: #ccc; } td.short, th.short { white-space: nowrap; text-align: center; }
code { overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; font-size: 9pt; } thead { display: table-header-group; }
  tr { break-inside: avoid; } a { color: inherit; text-decoration: none; } @page { size: A4; margin: 15mm; } }
"""
_HEADINGS = ("条項", "求められていること（要約）", "判定", "根拠", "わけ", "期限")
_WIDTHS = (12, 34, 11, 10, 18, 15)


def index_page(view: RunView, label: str, folders: Mapping[str, str]) -> bytes:
    """The page; ``folders``: item to its folder."""
    counted = shares(view.decisions)
    against = [one for one in view.decisions if one.contradiction]
    title = escape(view.catalogue.title.ja)
    facts = {
        "施設": f"{label}（{view.institution}）",
        "もとの文書": f"{view.catalogue.publisher}『{view.catalogue.document}』{view.catalogue.edition}",
        "判定した時": f"{minute(view.judged_ms)}（{wareki(view.judged_ms)}・日本時間）",
        "番号": view.run,
        "証拠全体の要約値": view.root.hex(),
        "決まり方": f"実測 {counted.measured}、文書 {counted.document}、自己申告 {counted.word}、"
        f"未決 {counted.open}、対象外 {counted.not_applicable}",
    }
    head = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>\n" for key, value in facts.items())
    rows = [_table([_body(view, against, folders)]) if against else "<p>食い違いはありません。</p>\n"]
    return (
        '<!DOCTYPE html>\n<html lang="ja">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} 証跡</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}　証跡の一覧</h1>\n"
        f"<table>\n{head}</table>\n<h2>食い違い（申告と測定が合わない項目）　{len(against)} 件</h2>\n{''.join(rows)}"
        f"<h2>すべての項目</h2>\n{_table(_groups(view, folders))}"
        "<p>「求められていること」は要約です。公式の文ではありません。確かめ方は「はじめに.txt」にあります。</p>\n"
        "</body>\n</html>\n"
    ).encode("utf-8", "replace")


def _table(bodies: list[str]) -> str:
    heads = "".join(f'<th scope="col">{one}</th>' for one in _HEADINGS)
    columns = "".join(f'<col style="width: {one}%">' for one in _WIDTHS)
    return f'<table class="items">\n<colgroup>{columns}</colgroup>\n<thead><tr>{heads}</tr></thead>\n{"".join(bodies)}</table>\n'


def _groups(view: RunView, folders: Mapping[str, str]) -> list[str]:
    items = view.items
    made = []
    for group in view.catalogue.groups:
        mine = [one for one in view.decisions if items[one.item].group == group.id]
        if mine:
            name = escape(f"{group.id}　{group.title.ja}")
            made.append(f'<tbody class="group"><tr><th colspan="6" scope="rowgroup">{name}</th></tr></tbody>\n')
            made.append(_body(view, mine, folders))
    return made


def _body(view: RunView, decisions: list[Decision], folders: Mapping[str, str]) -> str:
    return f"<tbody>\n{''.join(_row(view, one, folders) for one in decisions)}</tbody>\n"


def _row(view: RunView, one: Decision, folders: Mapping[str, str]) -> str:
    item = view.items[one.item]
    verdict = VERDICTS[one.verdict]
    ends = expiry(one)
    until = f"{iso(ends)}<br><small>{wareki(ends)}</small>" if ends else "－"
    place = escape(quote(f"{folders[item.id]}/"))
    return (
        f'<tr class="{verdict.en}"><td><a href="{place}">{escape(item.clause or item.id)}</a></td>'
        f'<td>{escape(item.text.ja)}</td><td class="short">{MARKS[one.verdict]} {verdict.ja}</td>'
        f'<td class="short">{BASES[one.basis].ja}</td><td>{escape(one.why.ja)}</td>'
        f'<td class="short">{until}</td></tr>\n'
    )
