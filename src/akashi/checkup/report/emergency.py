"""The emergency export: everything in one zip that opens without Akashi, with a browser, a text editor or a spreadsheet.

Guarantees: ``index.html`` lists the people and leads to one page each; beside it one text per person, two tables with everything
(original and standard) and 「はじめに.txt」, which says what this is, when and from what it was made. The same people, sources and time give
the same bytes. Refuses: more people than :data:`~akashi.checkup.report.people.MOST_PEOPLE`. It is **not encrypted**: whoever has it can read it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.report.page import people_page, person_page
from akashi.checkup.report.people import People, Person, Source
from akashi.checkup.report.plain import Tables, person_text
from akashi.checkup.report.view import person_view
from akashi.checkup.report.words import minute

README, INDEX = "はじめに.txt", "index.html"
RESULTS, FIELDS = "results.csv", "people.csv"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READ_AND_WRITE = 0o600 << 16


def write_emergency(
    people: People,
    items: ItemTable,
    sources: Sequence[Source],
    made_ms: int,
    *,
    program: str = "Akashi",
    language: str = "ja",
    missing: int = 0,
    show: Callable[[int, int], None] = lambda _done, _total: None,
) -> bytes:
    """The zip; ``made_ms`` is the time it names, ``missing`` how many rows, documents or files of the sources could not be read.

    ``show`` is told how many people are done.
    """
    out, tables, total = io.BytesIO(), Tables(items), len(people)
    listed: list[tuple[Person, str]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for one, records in people.everything():
            view = person_view(records, items, language)
            name = f"people/{one.number:05d}"
            _put(archive, f"{name}.html", person_page(view))
            _put(archive, f"{name}.txt", person_text(view))
            tables.add(one.number, records)
            listed.append((one, f"{name}.html"))
            show(one.number, total)
        _put(archive, INDEX, people_page(listed, _about(total, sources, made_ms, language, missing), language))
        _put(archive, RESULTS, tables.results())
        _put(archive, FIELDS, tables.fields())
        _put(archive, README, _readme(total, sources, made_ms, program, missing).encode())
    return out.getvalue()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _READ_AND_WRITE
    archive.writestr(info, data)


def _about(total: int, sources: Sequence[Source], made_ms: int, language: str, missing: int) -> list[tuple[str, str]]:
    labels = (
        ("made", "people", "file", "SHA-256", "could not be read")
        if language == "en"
        else ("作った時", "人数", "元のファイル", "SHA-256", "読めなかったもの")
    )
    rows = [(labels[0], minute(made_ms)), (labels[1], str(total))]
    rows += [(labels[4], str(missing))] if missing else []
    for one in sources:
        rows += [(labels[2], f"{one.name}（{one.format}）" if one.format else one.name), (labels[3], one.digest.hex())]
    return rows


def _readme(total: int, sources: Sequence[Source], made_ms: int, program: str, missing: int) -> str:
    lost = (
        f"  欠け: 読めなかった行・文書が {missing} 件あります。そこにある人の結果は入っていません。\n"
        if missing
        else ""
    )
    files = "".join(f"  {one.name}（{one.format}）\r\n    SHA-256: {one.digest.hex()}\r\n" for one in sources)
    text = f"""\
健診結果の非常時用書き出し

これは何か
  健診結果を、Akashi が使えないときでも読めるようにした写しです。原本ではありません。
  作った時: {minute(made_ms)}（日本時間）　作ったもの: {program}　人数: {total}
{lost}  元のファイル:
@@
開き方
  {INDEX}            ブラウザで開きます。受診者の一覧から、一人ずつの結果に移れます。紙にも印刷できます。
  people/…….html    一人分の結果です。通信もプログラムも使いません。
  people/…….txt     同じものを文字だけにしたものです。どの文書ソフトでも開けます。
  {RESULTS}         すべての検査結果の表です。標準にした値と元の値が並んでいます。
  {FIELDS}          受診者と受診についての、すべての項目の表です。「番号」は一覧の番号、「受診」は新しい順です。
  表計算ソフトが数式として動かしかねない文字には、先頭に「'」を付けてあります。

読み方
  基準範囲・印（H、L、N）・判定は、健診機関がデータに付けたものです。Akashi は判定をしていません。
  状態: value 値あり、not_done 未実施、unmeasurable 測定不能、below と above 測れる範囲の外、unmatched 原文のまま。
  一人の結果が二人に分かれていることがあります（氏名・生年月日・性別と番号がそろわないとき）。別の人の結果が一人にまとまることがないようにするためです。

取り扱い
  暗号化していません。開ければだれでも読めます。暗号化した媒体か金庫に保管し、要らなくなったら消してください。
"""
    # The files' names go in last: they are no template.
    return text.replace("\n", "\r\n").replace("@@\r\n", files)
