"""Thesauri and judgement vocabularies are read strictly, and extended by decisions."""

from __future__ import annotations

import pytest

from akashi.checkup.errors import VocabularyInvalid
from akashi.checkup.thesaurus.judgements import load_judgements, worse
from akashi.checkup.thesaurus.queue import Unmatched, extend, new_thesaurus, written
from akashi.checkup.thesaurus.thesaurus import Thesaurus, load_thesaurus
from akashi.errors import Misuse
from tests.checkup.conftest import FORMATS
from tests.checkup.thesaurus.conftest import OWN

HEAD = "thesaurus: 1\nid: own\nlabel: x\n"
GRADES = "judgements: 1\nid: own\nlabel: x\ngrades:\n"


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("terms:\n- for: [ecg]\n  findings:\n    甲: [乙]\n    丙: [乙]\n", 8, "two meanings"),
        ("terms:\n- for: [ecg]\n  findings:\n    甲: [乙]\n    乙: [甲]\n", 8, "two meanings"),
        ("terms:\n- for: [ecg]\n  locations: {ﾌﾞ: []}\n  findings:\n    ブ: []\n", 8, "two meanings"),
        ("terms:\n- for: [ecg]\n  findings: {甲: []}\n- for: [ecg]\n  findings: {甲: [丁]}\n", 7, "two sections"),
        ("terms:\n- for: [ecg]\n  findings: {甲なし: []}\n", 6, "absent"),
        ("terms:\n- for: [ecg]\n  findings: {甲: [乙（－）]}\n", 6, "absent"),
        ("terms:\n- for: [ecg]\n  findings: {甲: ['（）']}\n", 6, "1 to 80"),
        ("terms:\n- for: [teeth]\n  findings: {甲: []}\n", 5, "one of"),
        ("terms:\n- for: []\n", 5, "modalities"),
        ("terms:\n- for: [ecg]\n  findings: {甲: []}\n  pairs: {乙: []}\n", 7, "pairs"),
        ("spellings: {頚: 頸, 頸: 首}\nterms: []\n", 4, "replaced again"),
        ("spellings: {頚: 頚頚}\nterms: []\n", 4, "replaced again"),
        ("valid: {from: 2026-02-01, to: 2026-01-01}\nterms: []\n", 4, "after"),
        ("words: {}\nterms: []\n", 4, "unknown key"),
        ("qualifiers: {疑い: [所見なし]}\nterms: []\n", 4, "absent"),
    ],
)
def test_a_mistake_in_a_thesaurus_has_its_line(body: str, line: int, what: str) -> None:
    """Two meanings, circles, negations, unknown words of the schema."""
    with pytest.raises(VocabularyInvalid) as caught:
        load_thesaurus(HEAD + body)

    assert caught.value.params["line"] == line
    assert what in str(caught.value.params["what"])


def test_one_meaning_may_be_written_in_many_ways() -> None:
    """Half width beside full width is what a thesaurus is for."""
    loaded = load_thesaurus(HEAD + "terms:\n- for: [ecg]\n  findings: {ポリープ: [ﾎﾟﾘｰﾌﾟ, ぽりーぷ]}\n")

    assert loaded.lookup("ecg", "ポリ－プ") is not None


def test_pairs_allow_a_finding_at_its_places_only() -> None:
    """Without a place it stands anywhere."""
    body = "sides: {右: []}\nterms:\n- for: [ecg]\n  locations: {肝: [], 腎: []}\n  findings: {結石: []}\n  pairs: {結石: [腎]}\n"
    loaded = load_thesaurus(HEAD + body)

    assert [text for text in ("結石", "腎結石", "右腎結石", "肝結石") if loaded.lookup("ecg", text)] == [
        "結石", "腎結石", "右腎結石",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("- {word: 良, rank: 1, signs: [A]}\n- {word: 悪, rank: 2, signs: [Ａ]}\n", 6),
        ("- {word: 良, rank: 2, signs: [A]}\n- {word: 悪, rank: 1, signs: [B]}\n", 6),
        ("- {word: 良, rank: 1, signs: [A]}\n- {word: 良, rank: 2, signs: [B]}\n", 6),
        ("- {word: 良, rank: 1, signs: ['']}\n", 5),
        ("[]\n", 4),
    ],
)
def test_a_mistake_in_a_judgement_vocabulary_has_its_line(body: str, line: int) -> None:
    """A sign with two meanings, an order that is none."""
    with pytest.raises(VocabularyInvalid) as caught:
        load_judgements(GRADES + body if body != "[]\n" else GRADES.replace("grades:\n", "grades: []\n"))

    assert caught.value.params["line"] == line


def test_shipped_letters_and_words_have_their_order() -> None:
    """A is best; ranks are compared within one vocabulary only."""
    dock = load_judgements((FORMATS / "judgements/dock-2024.yaml").read_text())
    words = load_judgements((FORMATS / "judgements/akashi-general.yaml").read_text())
    best, ill, plain = dock.grade("Ａ"), dock.grade("d2"), words.grade("要精検")

    assert best is not None
    assert ill is not None
    assert plain is not None
    assert (best.word, ill.word, plain.word) == ("異常なし", "要精密検査", "要精密検査")
    assert worse(best, ill) == ill
    assert dock.grade("F") is None
    with pytest.raises(Misuse):
        worse(best, plain)


def test_a_decision_makes_the_next_version() -> None:
    """All earlier words stay; the new one is found; the version counts up."""
    text = extend(extend(OWN, "ecg", "不整脈", "脈とび"), "ecg", "完全右脚ブロック", "右脚の完全な遮断")
    loaded = load_thesaurus(text)

    assert loaded.version == 3
    assert loaded.valid == load_thesaurus(OWN).valid
    for synonym, standard in {"みだれ": "不整脈", "脈とび": "不整脈", "右脚の完全な遮断": "完全右脚ブロック"}.items():
        term = loaded.lookup("ecg", synonym)
        assert term is not None
        assert term.text == standard


@pytest.mark.parametrize(
    ("modality", "finding", "synonym"),
    [("teeth", "甲", "乙"), ("ecg", "不整脈", "不整なし"), ("ecg", "洞性徐脈", "みだれ"), ("ecg", "不整脈", " ")],
)
def test_a_wrong_decision_is_not_written(modality: str, finding: str, synonym: str) -> None:
    """A negation, a word that means something else already, nothing, nowhere."""
    with pytest.raises(VocabularyInvalid):
        extend(OWN, modality, finding, synonym)


def test_a_written_thesaurus_loads_to_the_same(small: Thesaurus) -> None:
    """Nothing is lost but comments."""
    assert load_thesaurus(written(small)) == small


def test_an_own_file_begins_empty() -> None:
    """With its institution; a wrong id is refused."""
    assert load_thesaurus(new_thesaurus("own", "midori", "x")).institution == "midori"
    with pytest.raises(VocabularyInvalid):
        new_thesaurus("Own Terms", "midori", "x")


def test_the_queue_is_bounded() -> None:
    """What does not fit is counted."""
    queue = Unmatched(limit=2)
    for text in ("甲", "乙", "丙", "乙"):
        queue.add("ecg", text)

    assert queue.counts() == {"ecg": {"乙": 2, "甲": 1}}
    assert list(queue.counts()["ecg"]) == ["乙", "甲"]
    assert queue.beyond == 1
