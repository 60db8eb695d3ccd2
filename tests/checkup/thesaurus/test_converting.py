"""Converting with words: per institution, per day, original beside standard, and a queue of what was not understood."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from akashi.checkup import (
    ConversionReport,
    FormatDefinition,
    ItemTable,
    LayoutMap,
    convert,
    layout_hash,
    load_map,
    read_records,
)
from akashi.checkup.errors import MapInvalid, VocabularyInvalid
from akashi.checkup.model import NeutralRecord, Status
from akashi.checkup.thesaurus.thesaurus import Thesaurus
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_MAP, TINY_ROW
from tests.checkup.thesaurus.conftest import letters

FINDING, HEIGHT = "9A110160800000049", "9N001000000000001"
TEXT = TINY_MAP.replace('at: "所見", kind: findings', 'at: "所見", kind: findings, terms: ecg').replace(
    "institution: tiny", "institution: midori"
)
LETTERS = TEXT.replace("kind: judgement, table: grades", "kind: judgement, vocabulary: letters")


def loaded(text: str) -> LayoutMap:
    """A map for the tiny layout."""
    return load_map(text.format(layout=layout_hash([TINY_HEADERS], ",")))


def row(visit: str, finding: str, judgement: str) -> list[str]:
    """One line of the tiny layout."""
    cells = list(TINY_ROW)
    cells[1], cells[9], cells[10] = visit, finding, judgement
    return cells


def encoded(*rows: list[str]) -> io.BytesIO:
    """A file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([TINY_HEADERS, *rows])
    return io.BytesIO(text.getvalue().encode())


class Bench:
    """Everything a conversion needs but the map and the rows."""

    def __init__(self, definition: FormatDefinition, items: ItemTable, vocabulary: Vocabulary) -> None:
        self.definition, self.items, self.vocabulary = definition, items, vocabulary

    def convert(self, text: str, *rows: list[str]) -> tuple[list[list[str]], ConversionReport]:
        """(lines without the heading, report)."""
        out = io.BytesIO()
        report = convert(
            encoded(*rows),
            loaded(text),
            self.definition,
            out,
            on=ON,
            items=self.items,
            checks=(),
            vocabulary=self.vocabulary,
        )
        return list(csv.reader(io.StringIO(out.getvalue().decode(), newline="")))[1:], report

    def records(self, text: str, *rows: list[str]) -> list[NeutralRecord]:
        """The same through the records' road."""
        reading = read_records(
            encoded(*rows), loaded(text), on=ON, items=self.items, checks=(), vocabulary=self.vocabulary
        )
        return list(reading)


@pytest.fixture
def bench(tiny_format: FormatDefinition, items: ItemTable, vocabulary: Vocabulary) -> Bench:
    """With the shipped words, an institution's own, and dated letters."""
    return Bench(tiny_format, items, vocabulary)


def test_standard_and_original_stand_side_by_side(bench: Bench) -> None:
    """The record has both; the CSV the unified list."""
    cells = row("2026-05-16", "ＣＲＢＢＢ/みだれ", "A")
    lines, report = bench.convert(LETTERS, cells)
    item = bench.records(LETTERS, cells)[0].item(FINDING)

    assert lines[0][12] == "完全右脚ブロック、不整脈"
    assert report.unmatched == {}
    assert item is not None
    assert (item.original, item.standard) == ("ＣＲＢＢＢ/みだれ", "完全右脚ブロック、不整脈")


def test_what_is_not_understood_is_kept_told_and_queued(bench: Bench) -> None:
    """By modality, with how often; the counts that may leave hold no text."""
    lines, report = bench.convert(
        TEXT,
        row("2026-05-16", "謎の波/洞徐脈", "A"),
        row("2026-05-16", "謎の波", "A"),
        row("2026-05-16", "洞徐脈", "A"),
    )

    assert [line[12] for line in lines] == ["謎の波、洞性徐脈", "謎の波", "洞性徐脈"]
    assert report.counts_by_code["term.unmatched"] == 2
    assert report.unmatched == {"ecg": {"謎の波": 2}}
    assert "謎" not in repr(report) + repr(report.counts())


def test_without_a_vocabulary_findings_stay_as_they_were(bench: Bench) -> None:
    """Only split and joined."""
    bench.vocabulary = Vocabulary()
    lines, report = bench.convert(TEXT, row("2026-05-16", "ＣＲＢＢＢ/みだれ", "A"))

    assert lines[0][12] == "ＣＲＢＢＢ、みだれ"
    assert "term.unmatched" not in report.counts_by_code


@pytest.mark.parametrize(
    ("visit", "standard"),
    [("2026-03-31", "要精密検査"), ("令和8年4月1日", "治療中"), ("2010-04-01", "Ｅ"), ("", "治療中"), ("謎", "治療中")],
)
def test_a_letter_means_what_it_meant_on_the_day_of_the_visit(bench: Bench, visit: str, standard: str) -> None:
    """An E of March and an E of April; before all editions it stays a letter, without a day that of the conversion counts."""
    cells = row(visit, "", "Ｅ")
    lines, report = bench.convert(LETTERS, cells)
    item = bench.records(LETTERS, cells)[0].item(HEIGHT)

    assert lines[0][7] == standard
    assert ("term.edition" in report.counts_by_code) == (standard == "Ｅ")
    assert item is not None
    assert (item.judgement, item.judgement_standard) == ("Ｅ", standard)


def test_two_rows_of_two_times_do_not_mix(bench: Bench) -> None:
    """The same letter twice in one file, remembered per edition."""
    rows = [row(day, "", letter) for day in ("2026-03-01", "2026-05-01") for letter in ("E", "A", "E", "F", "")]
    lines, report = bench.convert(LETTERS, *rows)

    words = ["要精密検査", "異常なし", "要精密検査", "F", "", "治療中", "異常なし", "治療中", "F", ""]
    assert [line[7] for line in lines] == words
    assert report.counts_by_code["cell.judgement"] == 2


def test_a_judgement_not_made_is_not_made_at_any_time(bench: Bench) -> None:
    """未実施 is no letter."""
    lines, _report = bench.convert(LETTERS, row("2010-01-01", "", "未実施"), row("2026-05-01", "", "未実施"))

    assert [line[7] for line in lines] == ["未実施", "未実施"]


def test_a_map_that_names_an_unknown_vocabulary_is_refused(bench: Bench) -> None:
    """Letters are never passed on as if they had been understood."""
    with pytest.raises(MapInvalid, match="nobody"):
        bench.convert(LETTERS.replace("vocabulary: letters", "vocabulary: nobody"), row("2026-05-16", "", "A"))


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("terms: ecg", "terms: teeth"),
        TEXT.replace('at: "身長", kind: number', 'at: "身長", terms: ecg, kind: number'),
        LETTERS.replace("vocabulary: letters", "table: grades, vocabulary: letters"),
        TEXT.replace('at: "身長", kind: number', 'at: "身長", vocabulary: letters, kind: number'),
    ],
)
def test_terms_and_vocabularies_stand_where_they_can_be_used(text: str) -> None:
    """Known modalities on findings, vocabularies on judgements, and not beside a table."""
    with pytest.raises(MapInvalid):
        loaded(text)


def test_own_words_win_and_only_at_home_and_in_time(vocabulary: Vocabulary) -> None:
    """The general thesaurus calls 洞性不整脈 by its name; midori does so outside of 2026 only."""
    said = {}
    for institution, day in (("midori", ON), ("midori", date(2027, 1, 1)), ("hoshi", ON), ("", ON)):
        known = vocabulary.terms("ecg", institution, day)
        term = known.find("洞不整脈") if known else None
        own = known.find("洞性不整脈") if known else None
        said[institution, day] = (term and term.text, own and own.text, bool(known and known.find("みだれ")))

    # The general synonym leads to the general word, which is a synonym at midori.
    assert said["midori", ON] == ("不整脈", "不整脈", True)
    assert set(said.values()) == {("不整脈", "不整脈", True), ("洞性不整脈", "洞性不整脈", False)}


def test_a_modality_nobody_has_words_for_is_not_looked_up(own: Thesaurus) -> None:
    """No finding either: there is nothing to know."""
    assert Vocabulary((own,)).terms("fundus", "midori", ON) is None


def test_two_editions_on_one_day_are_refused(own: Thesaurus) -> None:
    """Of letters and of thesauri; those of other institutions do not matter."""
    old, new = letters(1, "2020-04-01", "2026-04-01", "要精密検査"), letters(2, "2026-04-01", "2030-03-31", "治療中")

    with pytest.raises(VocabularyInvalid):
        Vocabulary((), (old, new))
    with pytest.raises(VocabularyInvalid):
        Vocabulary((own, replace(own, version=2)))
    assert Vocabulary((), (old, replace(new, institution="hoshi"))).editions("letters", "kumo") == ()


def test_own_letters_win_over_general_ones(vocabulary: Vocabulary) -> None:
    """All editions are the institution's then; others read the general ones."""
    general = replace(vocabulary.judgements[0], institution="")
    known = Vocabulary((), (*vocabulary.judgements, general))

    found = known.judgement("letters", "midori", ON)
    assert found is not None
    assert found.version == 2
    assert known.editions("letters", "hoshi") == (general,)
    assert known.judgement("letters", "hoshi", ON) is None


def test_a_row_without_statement_has_an_item_only_for_its_judgement(bench: Bench) -> None:
    """A judgement without a value is an item whose status says that it is empty; nothing at all is no item."""
    cells = row("2026-05-16", "", "A")
    cells[3] = ""
    judged = bench.records(LETTERS, cells)[0].item(HEIGHT)
    cells[10] = ""

    assert judged is not None
    assert (judged.status, judged.judgement) == (Status.EMPTY, "A")
    assert bench.records(LETTERS, cells)[0].item(HEIGHT) is None
