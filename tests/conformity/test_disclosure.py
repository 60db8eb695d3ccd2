"""Disclosures as plain text: every row becomes an answer, 同上 is resolved, what is odd is said, and the text can be written again.

The disclosure in this file is invented (a parasol shop answers about its parasols). The real one is read only where shared/ is present.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.errors import DisclosureLayout
from akashi.conformity.forms.disclosure import (
    MAX_BYTES,
    MAX_LINE,
    MAX_LINES,
    Disclosure,
    DisclosureRow,
    Oddity,
    parse_disclosure,
    write_disclosure,
)

ROOT = Path(__file__).resolve().parents[2]
SEED = next(iter(sorted((ROOT.parent / "shared" / "seeds").glob("004*"))), None)
REAL = pytest.mark.skipif(SEED is None, reason="the real disclosure (shared/) is not present")

BANNER = "「日傘のお約束」で必要とされる実施事項"
ITEMS = ["1.1", "1.2-1", "1.2-2", "1.3.1-1-1", "1.3.1-1-2", "1.3.1-2", "1.3.2-1", "1.3.2-2"]
INVENTED = "\n".join(
    [
        "日傘の貸し出し 回答書",
        "",
        "ひがさ商店",
        "",
        f"{BANNER}\t\t\t\t\t\t\t",
        "Sseq\t章\t節\t段\t概要\t番号\t要求事項\t対応状況",
        '1\t1 日傘の貸し出し\t1.1 看板\t\t\t\t看板を出す\t"青い看板を出しています。',
        "2\t\t1.2.貸し方\t\t傘は\n二本まで\t(1)\t名前を聞く\t帳面に書きます。",
        "3\t\t\t\t\t(2)\t日を聞く\t同上",
        "",
        f"{BANNER}\t\t\t\t\t\t",
        "章\t節\t段\t概要\t番号\t要求事項\t対応状況",
        "4\t1.3.傘立て\t1.3.1.置き場\t雨の日は\t(1)\t・屋根の下に\n置く\t軒下に置きます。",
        "",
        "風の日は店の中です。",
        "5\t\t\t\t\t・鍵を掛ける\t同上 および夜はしまいます",
        "",
        f"S.No\t{BANNER}\t\t\t\t\t対応状況\t",
        "\t章\t節\t段\t概要\t番号\t\t要求事項",
        "6\t\t\t\t\t(2)\t数を数える\t同上",
        "7\t\t\t1.3.2.片付け\t\t(1)\t乾かす\t",
        "8\t\t\t\t\t(2)\t畳む\t同上。",
        "",
    ]
)


def read(*lines: str, count: int = 4) -> Disclosure:
    """The disclosure of these lines under an ordinary heading; ``count`` rows of items 9.9-1, 9.9-2, …"""
    heading = "Seq\t章\t節\t段\t概要\t番号\t要求事項\t対応状況"
    return parse_disclosure("\n".join([heading, *lines]), [f"9.9-{at}" for at in range(1, count + 1)])


def line(number: int, answer: str = "はい", requirement: str = "する", section: str = "") -> str:
    """One row of eight cells."""
    return f"{number}\t\t\t{section}\t\t({number})\t{requirement}\t{answer}"


@REAL
def test_the_real_disclosure_becomes_181_answers() -> None:
    """Seed 004: 181 rows, 42 same as above resolved and one with an addition, no answer empty, each row where the catalogue has it."""
    assert SEED is not None
    rows = yaml.safe_load((ROOT / "catalogs" / "meti-2.yaml").read_text("utf-8"))["items"]

    found = parse_disclosure(SEED.read_text("utf-8"), [row["id"] for row in rows])

    assert [row.number for row in found.rows] == list(range(1, 182))
    pure = [row for row in found.rows if row.answer == "同上"]
    assert len(pure) == 42
    assert all(row.same_as is not None for row in pure)
    assert {row.number: row.findings for row in found.rows if row.findings} == {110: (Oddity.SAME_AND_MORE,)}
    assert not [item for item, answer in found.answers().items() if not answer or answer.startswith("同上")]
    assert len(found.answers()) == 181
    assert [found.rows[at - 1].same_as for at in (15, 40, 64, 83, 157, 164, 178)] == [13, 39, 62, 82, 150, 163, 172]
    assert all(row.sections and row.requirement for row in found.rows)


@REAL
def test_the_real_disclosure_is_written_and_read_back() -> None:
    """Our text of the real disclosure reads back as the same disclosure, however many rows a page holds."""
    assert SEED is not None
    items = [f"row-{at}" for at in range(1, 182)]
    found = parse_disclosure(SEED.read_text("utf-8"), items)

    again = [parse_disclosure(write_disclosure(found, page_rows=size), items) for size in (1, 15, 200)]

    assert again == [found] * 3


def test_the_invented_disclosure_is_read_whole() -> None:
    """Three heading spellings, two widths, line breaks inside cells, sections carried over pages."""
    found = parse_disclosure(INVENTED, ITEMS)

    assert found.preamble == "日傘の貸し出し 回答書\n\nひがさ商店"
    assert found.title == "日傘のお約束"
    assert [row.label for row in found.rows] == ["", "(1)", "(2)", "(1)", "", "(2)", "(1)", "(2)"]
    assert found.rows[0].answer == '"青い看板を出しています。'
    assert found.rows[1].overview == "傘は\n二本まで"
    assert found.rows[3].requirement == "・屋根の下に\n置く"
    assert found.rows[3].answer == "軒下に置きます。\n\n風の日は店の中です。"
    assert found.rows[5].sections == ("1 日傘の貸し出し", "1.3.傘立て", "1.3.1.置き場")
    assert found.rows[7].sections == ("1 日傘の貸し出し", "1.3.傘立て", "1.3.2.片付け")


def test_same_as_above_is_resolved_to_the_row_that_says_something() -> None:
    """A plain 同上 points through others of its kind; one with words of its own is a row to point to."""
    found = parse_disclosure(INVENTED, ITEMS)

    assert [row.same_as for row in found.rows] == [None, None, 2, None, 4, 5, None, None]
    answers = found.answers()
    assert answers["1.2-2"] == "帳面に書きます。"
    assert answers["1.3.1-1-2"] == "軒下に置きます。\n\n風の日は店の中です。\nおよび夜はしまいます"
    assert answers["1.3.1-2"] == answers["1.3.1-1-2"]
    assert answers["1.3.2-2"] == ""


def test_what_is_odd_about_a_row_is_said() -> None:
    """An empty answer, 同上 over nothing, and 同上 with an addition are findings on their rows."""
    found = parse_disclosure(INVENTED, ITEMS)

    assert {row.number: row.findings for row in found.rows if row.findings} == {
        5: (Oddity.SAME_AND_MORE,),
        7: (Oddity.EMPTY_ANSWER,),
        8: (Oddity.SAME_AS_NOTHING,),
    }


def test_missing_double_and_unordered_rows_are_findings() -> None:
    """Exactly as many rows as the catalogue has; the first of two counts; a row that the catalogue does not have is named."""
    found = read(line(3), line(1, "甲"), line(1, "乙"), line(9))

    assert [row.findings for row in found.rows] == [
        (Oddity.ORDER, Oddity.DUPLICATE),
        (Oddity.MISSING,),
        (),
        (Oddity.MISSING,),
    ]
    assert found.answers() == {"9.9-1": "甲", "9.9-2": "", "9.9-3": "はい", "9.9-4": ""}
    assert found.unknown == (9,)


def test_same_as_above_never_reaches_over_a_missing_row() -> None:
    """Row 2 is not in the text, so 同上 of row 3 stands for nothing known."""
    found = read(line(1), line(3, "同上"))

    assert found.rows[2].same_as is None
    assert found.rows[2].findings == (Oddity.SAME_AS_NOTHING,)
    assert found.answers()["9.9-3"] == ""


def test_a_requirement_is_never_taken_for_an_answer() -> None:
    """An editor that drops trailing tabs leaves a row without its answer: the answer is empty, not the requirement."""
    found = read("1\t\t\t\t\t(1)\t札を下げる", line(2), count=2)

    assert (found.rows[0].requirement, found.rows[0].answer) == ("札を下げる", "")
    assert found.rows[0].findings == (Oddity.WIDTH, Oddity.EMPTY_ANSWER)


def test_rows_narrower_or_wider_than_their_heading_are_read_and_said() -> None:
    """A column that is missing between, or one too many, is seen; the answer stays the last."""
    found = read("1\t\t\t\t(1)\t下げる\tはい", "2\t\t\t\t\t(2)\t数える\tはい\tです", count=2)

    assert [(row.label, row.requirement, row.answer) for row in found.rows] == [
        ("(1)", "下げる", "はい"),
        ("(2)", "数える", "はい です"),
    ]
    assert [row.findings for row in found.rows] == [(Oddity.WIDTH,)] * 2


def test_a_row_in_another_place_than_the_catalogues_is_said() -> None:
    """The numbers may be right while the sheet is of another edition: section and label are compared with the item's id."""
    found = read(line(1, section="9.9.傘"), line(2, section="9.8.靴"), "3\t\t\t9.9.傘\t\t(7)\t置く\tはい", count=3)

    assert [row.findings for row in found.rows] == [(), (Oddity.PLACE,), (Oddity.PLACE,)]


def test_a_number_that_begins_a_line_of_a_cell_is_no_row() -> None:
    """While a row is unfinished, a line that begins with a number and has few cells belongs to it."""
    found = read("1\t\t\t\t\t(1)\t傘は\n2\t二本あります", line(2, "別の答え"), count=2)

    assert (found.rows[0].requirement, found.rows[0].answer) == ("傘は\n2", "二本あります")
    assert found.rows[1].answer == "別の答え"


def test_lines_that_belong_nowhere_are_left_out_and_said() -> None:
    """A line with cells after a whole row, and words between a heading and its first row."""
    found = read(line(1), "x\ty", "Seq\t章\t節\t段\t概要\t番号\t要求事項\t対応状況", "迷子", line(2), count=2)

    assert found.rows[0].answer == "はい"
    assert found.rows[0].findings == (Oddity.STRAY_LINE,)
    assert found.rows[1].findings == ()


def test_the_requirement_digest_does_not_depend_on_line_breaks() -> None:
    """The same sentence, broken otherwise by another export, has the same digest; another sentence has another."""
    one, broken, other = (
        read(line(1, requirement=text)).rows[0] for text in ("札を下げる", "札を\n下げる", "札を上げる")
    )

    assert one.requirement_digest == broken.requirement_digest
    assert one.requirement_digest != other.requirement_digest


def test_the_words_of_a_disclosure_are_not_in_its_repr() -> None:
    """Answers may name people and devices; a log line that shows a row must not."""
    row = read(line(1, "担当は傘田です")).rows[0]

    assert "傘田" not in repr(row)
    assert "する" not in repr(row)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "no_table"),
        ("ただの文章です。\n表はありません。", "no_table"),
        ("Seq\t章\t節\n1\ta\tb", "no_table"),
        ("Seq\t章\t節\t段\t概要\t番号\t要求事項\t対応状況\nおわり", "no_rows"),
        ("あ" * (MAX_BYTES // 3 + 1), "size"),
        ("あ" * MAX_BYTES, "size"),
        ("x\n" + "y" * (MAX_LINE + 1), "line:2"),
        ("\n" * MAX_LINES, f"line:{MAX_LINES}"),
    ],
    ids=["empty", "prose", "narrow", "no_rows", "bytes", "characters", "long_line", "many_lines"],
)
def test_a_text_without_the_table_or_beyond_the_bounds_is_refused(text: str, where: str) -> None:
    """One stable error that says where, and nothing of the text."""
    with pytest.raises(DisclosureLayout) as caught:
        parse_disclosure(text, ITEMS)

    assert caught.value.code == "conformity.disclosure_layout"
    assert caught.value.params == {"where": where}


def test_odd_characters_do_no_harm() -> None:
    """A byte order mark, carriage returns, form feeds, control characters and lone surrogates are taken out."""
    heading = "Seq\t章\t節\t段\t概要\t番号\t要求事項\t対応状況"
    text = f"\ufeff表紙\r\n\f{heading}\r\n1\t\t\t\t\t(1)\t傘\ud800を\x00差す\tは\x1bい\u2028\r\n"

    found = parse_disclosure(text, ["9.9-1"])

    assert (found.preamble, found.rows[0].requirement, found.rows[0].answer) == ("表紙", "傘 を 差す", "は い")
    assert len(found.rows[0].requirement_digest) == 32


@pytest.mark.parametrize("change", [{"answer": "a\tb"}, {"answer": " a"}, {"same_as": 1}, {"sections": ("傘",)}])
def test_what_would_not_read_back_is_not_written(change: dict[str, Any]) -> None:
    """A tab in a cell, space around it, a 同上 that is none, a heading without a number: refused rather than written wrongly."""
    row = DisclosureRow(1, "9.9-1", requirement="する", answer="はい")
    assert "はい" in write_disclosure(Disclosure("", "", (row,)))

    with pytest.raises(DisclosureLayout) as caught:
        write_disclosure(Disclosure("", "", (replace(row, **change),)))

    assert caught.value.params == {"where": "not_writable"}


def test_additions_to_the_row_above_cannot_grow_without_bound() -> None:
    """A small file must not become a large one: each row adds to the one above only up to the length of a line."""
    found = read(*[line(at, f"同上 {'あ' * 30_000}" if at > 1 else "はい") for at in range(1, 21)], count=20)

    assert max(map(len, found.answers().values())) <= MAX_LINE


CELL = st.text(st.sampled_from("傘立\n 1２.()・\"'同上、章A"), max_size=12).map(str.strip)
ANSWER = st.one_of(CELL, st.just("同上"), st.just("同上"))
SECTIONS = st.sampled_from(
    [
        ("1 傘",),
        ("1 傘", "1.1.柄"),
        ("1 傘", "1.1.柄", "1.1.1.木の柄"),
        ("1 傘", "1.1.柄", "1.1.2.竹の\n柄"),
        ("1 傘", "1.2 骨"),
        ("2.1 布", "2.1.1 色"),
        ("3.1.1 留め具",),
    ]
)


@st.composite
def disclosures(draw: st.DrawFn) -> Disclosure:
    """Disclosures as a provider could have written them, with 同上 resolved here by a loop of our own."""
    rows: list[DisclosureRow] = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        answer = draw(ANSWER)
        above = rows[-1] if rows else None
        target = None
        if above is not None and (answer == "同上" or answer.startswith(("同上 ", "同上、", "同上\n"))):
            target = above.same_as if above.answer == "同上" else (above.number if above.answer else None)
        label = draw(st.sampled_from(["", f"({number})", "(1)"]))
        cells = [draw(CELL) for _ in range(2)]
        rows.append(DisclosureRow(number, f"row-{number}", draw(SECTIONS), cells[0], label, cells[1], answer, target))
    preamble = draw(st.sampled_from(["", "表紙", "表紙\n\n傘の店"]))
    return Disclosure(preamble, draw(st.sampled_from(["", "傘のお約束"])), tuple(rows))


@settings(max_examples=150)
@given(made=disclosures(), page_rows=st.integers(1, 15))
def test_what_is_written_reads_back_as_the_same(made: Disclosure, page_rows: int) -> None:
    """parse(write(x)) == x for any content of cells, order of sections and size of pages."""
    text = write_disclosure(made, page_rows=page_rows)

    assert parse_disclosure(text, [row.item for row in made.rows]) == made


PIECES = st.sampled_from(
    [
        "\t",
        "\t\t",
        "\n",
        "1",
        "2",
        "3",
        "(1)",
        "傘",
        "同上",
        "1.1 柄",
        "Seq",
        "章\t節\t段\t概要\t番号\t要求事項\t対応状況\n",
        "\n\n",
        BANNER,
    ]
)


@settings(max_examples=200)
@given(pieces=st.lists(PIECES, max_size=60))
def test_any_text_gives_all_rows_or_the_one_error(pieces: list[str]) -> None:
    """However broken a text is: three rows for three items, answers for each, or the layout error and no other."""
    found = None
    with contextlib.suppress(DisclosureLayout):
        found = parse_disclosure("".join(pieces), ["a", "b", "c"])

    if found is None:
        return
    assert [row.number for row in found.rows] == [1, 2, 3]
    assert list(found.answers()) == ["a", "b", "c"]
    assert all((row.same_as or 0) < row.number for row in found.rows)
