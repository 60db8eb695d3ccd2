"""One person's results, or the list of people, as HTML files that any browser opens and that need nothing else.

Guarantees: every text is escaped; no script, and no style, picture or font from elsewhere (the page forbids them itself); it prints on A4
and fits a phone; nothing depends on colour. Refuses: links to anywhere but the files beside it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from akashi.checkup.report.people import Person
from akashi.checkup.report.view import Cell, PersonView, Row, remarks
from akashi.checkup.report.words import SEXES, day, one_of, words

_STYLE = """
body { font-family: "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo", sans-serif; margin: 1.5rem auto;
  max-width: 62rem; padding: 0 1rem; color: #111; background: #fff; line-height: 1.55; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
p.copy { border: 1px solid #111; padding: .3rem .6rem; display: inline-block; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #767676; padding: .25rem .45rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
thead th { background: #333; color: #fff; font-weight: 600; } tbody th { background: #ddd; }
td.n { text-align: right; } td.c { text-align: center; } small { color: #444; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; margin: .3rem 0; } dt { color: #444; } dd { margin: 0; overflow-wrap: anywhere; }
div.sheet { overflow-x: auto; margin-top: 1rem; }
@media print { body { margin: 0; max-width: none; font-size: 9pt; } thead { display: table-header-group; } tr { break-inside: avoid; }
  div.sheet { overflow: visible; } @page { size: A4; margin: 14mm; } }
"""


def _frame(title: str, body: str, language: str) -> bytes:
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    ).encode("utf-8", "replace")


def person_page(view: PersonView) -> bytes:
    """The page of one person. Its title names nobody: browsers keep titles."""
    said = words(view.language)
    parts = [f'<h1>{view.title}</h1>\n<p class="copy">{said["copy"]}</p>\n', _facts(view.facts)]
    parts += [f"<h2>{said['visit']}: {escape(one.shown)}</h2>\n{_facts(one.facts)}" for one in view.visits]
    if view.left_out:
        parts.append(f"<p>{said['left_out'].format(count=view.left_out)}</p>\n")
    parts.append(_sheet(view) if view.sections else f"<p>{said['no_results']}</p>\n")
    parts.append(f"<p><small>{said['given']}<br>{said['legend']}<br>{said['verbatim_note']}</small></p>\n")
    return _frame(view.title, "".join(parts), view.language)


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>\n" for label, text in facts)
    return f"<dl>\n{rows}</dl>\n"


def _sheet(view: PersonView) -> str:
    said, first, earlier = words(view.language), view.visits[0], view.visits[1:]
    heads = [
        said["item"],
        f"{said['result']} {first.day}",
        *(said[key] for key in ("unit", "range", "flag", "judgement")),
    ]
    heads += [one.day or one.shown for one in earlier]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    bodies = []
    for section in view.sections:
        rows = "".join(_row(row, view) for row in section.rows)
        title = f'<tr><th colspan="{len(heads)}" scope="rowgroup">{escape(section.title)}</th></tr>'
        bodies.append(f"<tbody>\n{title}\n{rows}</tbody>\n")
    return f'<div class="sheet"><table>\n<thead><tr>{head}</tr></thead>\n{"".join(bodies)}</table></div>\n'


def _row(row: Row, view: PersonView) -> str:
    note = f"<br><small>{escape(row.note)}</small>" if row.note else ""
    item = f"<td>{escape(row.name)}{note}</td>"
    if row.wide:
        lines = "<br>\n".join(
            f"<small>{escape(visit.day)}</small> {_line(cell, view.language)}"
            for visit, cell in zip(view.visits, row.cells, strict=True)
            if cell is not None
        )
        return f'<tr>{item}<td colspan="{4 + len(view.visits)}">{lines}</td></tr>\n'
    now = row.cells[0]
    value, flag, judged = (now.value, now.flag, now.judgement) if now else ("", "", "")
    past = "".join(f'<td class="n">{_past(cell)}</td>' for cell in row.cells[1:])
    return (
        f'<tr>{item}<td class="n"><b>{escape(value)}</b></td><td>{escape(row.unit)}</td><td class="c">{escape(row.range)}</td>'
        f'<td class="c"><b>{escape(flag)}</b></td><td class="c">{escape(judged)}</td>{past}</tr>\n'
    )


def _past(cell: Cell | None) -> str:
    if cell is None:
        return ""
    flag = f" <small>{escape(cell.flag)}</small>" if cell.flag else ""
    more = "".join(f"<br><small>{escape(text)}</small>" for text in (cell.judgement, cell.differs) if text)
    return f"{escape(cell.value)}{flag}{more}"


def _line(cell: Cell, language: str) -> str:
    return "　".join(escape(text) for text in line_of(cell, language))


def line_of(cell: Cell, language: str) -> list[str]:
    """A cell in one line of texts: the value with its unit, then what else was given."""
    said = words(language)
    value = f"{cell.value} {cell.unit}" if cell.value and cell.unit else cell.value
    pairs = (("flag", cell.flag), ("range", cell.range), ("judgement", cell.judgement))
    return [
        text
        for text in (value, *(f"{said[key]}: {text}" for key, text in pairs if text), *remarks(cell, language))
        if text
    ]


def people_page(people: Iterable[tuple[Person, str]], about: Iterable[tuple[str, str]], language: str = "ja") -> bytes:
    """The list of people, each with the name of their file beside it; ``about`` is (label, text) of the whole."""
    said = words(language)
    rows = "".join(
        f'<tr><td class="n"><a href="{escape(file)}">{one.number}</a></td><td>{escape(one.identifier)}</td>'
        f'<td><a href="{escape(file)}">{escape(one.kana or one.name)}</a></td><td>{escape(one.name)}</td>'
        f"<td>{escape(day(one.birth, language))}</td>"
        f"<td>{escape(one_of(SEXES[one.sex], language) if one.sex in SEXES else one.sex)}</td>"
        f"<td>{escape('、'.join(text or said['no_day'] for text in one.visits))}</td></tr>\n"
        for one, file in people
    )
    titles = ("No.", *LIST_TITLES[language == "en"])
    heads = "".join(f'<th scope="col">{text}</th>' for text in titles)
    body = (
        f'<h1>{said["title"]}</h1>\n<p class="copy">{said["copy"]}</p>\n{_facts(about)}'
        f'<div class="sheet"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n'
    )
    return _frame(said["title"], body, language)


LIST_TITLES = (
    ("受診者ID", "カナ氏名", "氏名", "生年月日", "性別", "受診日"),
    ("ID", "Name (kana)", "Name", "Born", "Sex", "Visits"),
)
"""Headings of a list of people after the number, in Japanese and English."""
