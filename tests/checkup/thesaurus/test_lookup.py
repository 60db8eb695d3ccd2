"""Looking findings up: what is understood, what is kept as written, and that it stays so when read again."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup.cells.terms import read_terms
from akashi.checkup.formats.maps import MODALITIES
from akashi.checkup.model import Outcome, Status
from akashi.checkup.thesaurus.folding import is_negated, term_key
from akashi.checkup.thesaurus.model import Term
from akashi.checkup.thesaurus.queue import written
from akashi.checkup.thesaurus.thesaurus import Thesaurus, lexicon, load_thesaurus
from tests.checkup.conftest import FORMATS

SMALL = load_thesaurus((FORMATS / "thesaurus/akashi-small.yaml").read_text())
ECG, CHEST = lexicon("ecg", (SMALL,)).unify, lexicon("chest_xray", (SMALL,)).unify
_SIGNS = st.sampled_from(
    [
        *"右左肺胃肝胆腎嚢胞石ポリープぽりーぷﾎﾟﾘｰﾌﾟ疑術後既往結節影上葉体部のに・:（）()[]-－?1２.m㎜c個 　、/無なし",
        "結節",
        "の疑い",
        "脂肪肝",
        "所見なし",
        "右上葉",
        "胃体部",
    ]
)


@pytest.mark.parametrize(
    ("modality", "text", "standard"),
    [
        ("chest_xray", "右肺上葉 結節影", "右肺上葉 結節影"),
        ("chest_xray", "結節（右上葉）", "右肺上葉 結節影"),
        ("chest_xray", "右上葉に結節影を認める。", "右肺上葉 結節影"),
        ("upper_gi_endoscopy", "胃体部ポリープ", "胃体部 ポリープ"),
        ("upper_gi_endoscopy", "胃:ﾎﾟﾘｰﾌﾟ", "胃 ポリープ"),
        ("upper_gi_endoscopy", "胃ポリ－プ疑", "胃 ポリープ（疑い）"),
        ("upper_gi_xray", "胃がんの術後", "胃 癌（術後）"),
        ("fundus", "左)黄斑変性", "左 黄斑変性"),
        ("abdominal_ultrasound", "軽度の脂肪肝の疑い", "脂肪肝（軽度・疑い）"),
        ("abdominal_ultrasound", "右腎のう胞（最大12㎜）", "右 腎嚢胞（最大12mm）"),
        ("abdominal_ultrasound", "肝：異常なし", "肝 所見なし"),
        ("ecg", "ＣＲＢＢＢ", "完全右脚ブロック"),
        ("ecg", "wpw", "WPW症候群"),
    ],
)
def test_a_finding_with_place_doubt_and_size_is_unified(
    small: Thesaurus, modality: str, text: str, standard: str
) -> None:
    """``location finding（qualifiers）``, whatever widths, order and joining words the source used."""
    term = small.lookup(modality, text)

    assert term is not None
    assert term.text == standard


@pytest.mark.parametrize(
    "text",
    [
        "結節なし",
        "結節（－）",
        "結節を認めず",
        "結節は否定的",
        "結節疑いなし",
        "肺",
        "疑い",
        "謎の結節",
        "結節腫瘤",
        "胆石",
        "",
        "の結節",
    ],
)
def test_negations_and_what_is_not_understood_are_no_finding(small: Thesaurus, text: str) -> None:
    """Every sign must be accounted for: half an understanding is none."""
    assert small.lookup("chest_xray", text) is None


def test_all_standard_words_and_synonyms_are_found(small: Thesaurus) -> None:
    """Each as its standard word, and that word as itself."""
    for section in small.sections:
        for modality in section.modalities:
            for standard, synonyms in section.findings.items():
                for text in (standard, *synonyms):
                    assert small.lookup(modality, text) == Term(standard)


def test_the_shipped_thesaurus_covers_every_modality_and_says_whose_it_is(small: Thesaurus) -> None:
    """Fifteen findings at least for each; not to be taken for the official one."""
    counts = {m: sum(len(one.findings) for one in small.sections if m in one.modalities) for m in small.modalities}

    assert small.modalities == MODALITIES
    assert min(counts.values()) >= 15
    assert "公式の画像所見用語ではありません" in small.label


@given(st.sampled_from(sorted(MODALITIES)), st.lists(_SIGNS, max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_what_came_out_comes_out_again(modality: str, text: str) -> None:
    """The text of a term reads as the same term."""
    term = SMALL.lookup(modality, text)

    assert term is None or SMALL.lookup(modality, term.text) == term


@given(st.lists(_SIGNS, max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_a_cell_read_twice_is_as_read_once(text: str) -> None:
    """The unified list of a cell is unified; what was not understood is not understood."""
    once = read_terms(text, CHEST)
    again = read_terms(once.standard, CHEST)

    assert once.status is not Status.VALUE or "term.unmatched" in once.findings or again.standard == once.standard


@given(st.one_of(st.text(max_size=30), st.lists(_SIGNS, max_size=12).map("".join)))
@settings(max_examples=300, deadline=None)
def test_folding_twice_is_folding_once(text: str) -> None:
    """With the shipped spellings, too."""
    assert term_key(term_key(text)) == term_key(text)
    assert term_key(term_key(text, SMALL.spellings), SMALL.spellings) == term_key(text, SMALL.spellings)


@given(
    st.sampled_from(sorted(SMALL.sections[0].findings)),
    st.sampled_from(["なし", "無し", "を認めず", "(-)", "は認めない", " 否定"]),
)
@settings(max_examples=60, deadline=None)
def test_no_finding_survives_its_negation(word: str, negation: str) -> None:
    """Alone and beside another word, a negated finding leaves its cell as written."""
    assert SMALL.lookup("ecg", word + negation) is None
    for text in (word + negation, f"洞徐脈、{word}{negation}"):
        outcome = read_terms(text, ECG)
        assert "term.unmatched" in outcome.findings
        assert outcome.standard == "、".join(text.replace("、", " ").split())


def test_the_order_of_the_file_does_not_matter(small: Thesaurus) -> None:
    """Sections, words and synonyms reversed: the same terms."""
    document = yaml.safe_load(written(small))
    for section in document["terms"]:
        for name in ("locations", "findings"):
            section[name] = {word: texts[::-1] for word, texts in reversed(section[name].items())}
    document["terms"].reverse()
    turned = load_thesaurus(yaml.safe_dump(document, allow_unicode=True, sort_keys=False))

    for section in small.sections:
        for modality in section.modalities:
            for words in section.findings.values():
                for text in words:
                    for cell in (text, f"右{text}の疑い", f"軽度{text}"):
                        assert turned.lookup(modality, cell) == small.lookup(modality, cell)


@pytest.mark.parametrize(
    ("text", "standard", "known"),
    [
        ("胆石/のう胞（右腎、12mm）", "胆石、右 腎嚢胞（12mm）", True),
        ("胆石 脂肪肝", "胆石、脂肪肝", True),
        ("右腎 結石 肝 のう胞", "右 腎結石、肝嚢胞", True),
        ("結石 多発 のう胞", "結石、多発、のう胞", False),
        ("結石 右腎", "右 腎結石", True),
        ("結石 右腎 嚢胞 肝", "結石、右腎、嚢胞、肝", False),
        ("異常なし/", "所見なし", True),
        ("なし", "所見なし", True),
        ("胆石、謎", "胆石、謎", False),
        ("ﾀﾝｾｷ謎 脂肪肝", "ﾀﾝｾｷ謎、脂肪肝", False),
        ("FATTY LIVER、謎の影", "脂肪肝、謎の影", False),
        ("胆石、腫瘤なし", "胆石、腫瘤なし", False),
        ("GB stone、その他異常なし", "GB、stone、その他異常なし", False),
        ("胆石症 異常なし", "胆石症、異常なし", False),
        ("no mass/stone", "no、mass、stone", False),
    ],
)
def test_a_cell_is_unified_part_by_part(small: Thesaurus, text: str, standard: str, known: bool) -> None:
    """Parts that are understood; nothing of a cell in which somebody says no to something."""
    outcome = read_terms(text, lexicon("abdominal_ultrasound", (small,)).unify)

    assert (outcome.standard, "term.unmatched" not in outcome.findings) == (standard, known)


def test_absence_advice_and_emptiness_are_read_as_without_a_thesaurus(small: Thesaurus) -> None:
    """未実施 is no finding; 要受診 at the end is advice."""
    unify = lexicon("abdominal_ultrasound", (small,)).unify

    assert read_terms("ｷｬﾝｾﾙ", unify).status is Status.NOT_DONE
    assert read_terms(" ／ ", unify, "／").status is Status.EMPTY
    assert read_terms("胆石症 要受診", unify) == Outcome("胆石", Status.VALUE, advice="要受診")
    assert read_terms("胆石\x07症", unify).findings == ("cell.control",)


def test_negation_is_told_at_the_end_of_a_word() -> None:
    """無気肺 is a finding."""
    assert [text for text in ("無気肺", "結節なし", "結節無", "結節（−）", "認めず", "腫瘤") if is_negated(text)] == [
        "結節なし", "結節無", "結節（−）", "認めず",
    ]  # fmt: skip


def test_endless_texts_are_not_searched(small: Thesaurus) -> None:
    """A cell of a megabyte stays as written."""
    text = "結節" * 500_000

    assert small.lookup("chest_xray", text) is None
    assert read_terms(text, lexicon("chest_xray", (small,)).unify).standard == text


@pytest.mark.parametrize(
    ("modality", "text", "standard"),
    [
        ("abdominal_ultrasound", "肝血管腫", "肝 血管腫"),
        ("abdominal_ultrasound", "腎血管筋脂肪腫", "腎 血管筋脂肪腫"),
        ("upper_gi_endoscopy", "食道乳頭腫", "食道 乳頭腫"),
        ("chest_xray", "右肺門リンパ節腫大", "右肺門部 リンパ節腫大"),
    ],
)
def test_a_place_inside_a_word_is_not_lost(modality: str, text: str, standard: str) -> None:
    """A haemangioma of the liver stays one of the liver: no synonym may swallow where it was seen."""
    term = lexicon(modality, (SMALL,)).find(text)

    assert term is not None
    assert term.text == standard
