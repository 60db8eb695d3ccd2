"""The words that a gateway converts with: the shipped ones, and the institution's own as soon as they lie there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from akashi.app.desk.conversion import make_draft
from akashi.app.desk.maps import MapShelf
from akashi.checkup.errors import VocabularyInvalid
from akashi.checkup.formats.maps import MODALITIES
from akashi.checkup.thesaurus.queue import extend, new_thesaurus
from tests.app.service import SHELF, Service, encoded, rows_of

ON = date(2026, 6, 1)


def test_the_shipped_words_are_there_for_everybody() -> None:
    """Every modality has some; letters and plain words of judgements, too."""
    words = SHELF.vocabulary()

    assert {modality for modality in MODALITIES if words.terms(modality, "anybody", ON)} == MODALITIES
    assert words.judgement("dock", "anybody", ON) is not None
    assert words.judgement("akashi-general", "anybody", ON) is not None


def test_an_institutions_own_words_count_at_once(tmp_path: Path) -> None:
    """A decision written beside the maps is used by the next conversion; a wrong file is told."""
    shelf, text = MapShelf(tmp_path), extend(new_thesaurus("own", "midori", "x"), "ecg", "不整脈", "みだれ")
    before = shelf.vocabulary().terms("ecg", "midori", ON)
    (tmp_path / "terms").mkdir()
    (tmp_path / "terms" / "own.yaml").write_text(text)
    after, elsewhere = (shelf.vocabulary().terms("ecg", institution, ON) for institution in ("midori", "hoshi"))
    again = shelf.vocabulary()
    (tmp_path / "terms" / "own.yaml").write_text(text + "more: 1\n")

    assert [one is not None and one.find("みだれ") is not None for one in (before, after, elsewhere)] == [
        False, True, False,
    ]  # fmt: skip
    assert shelf.maps() == shelf.shipped()
    assert again.thesauri[-1].thesaurus_id == "own"
    with pytest.raises(VocabularyInvalid):
        shelf.vocabulary()


def test_a_draft_speaks_the_words_of_the_thesaurus(service: Service) -> None:
    """A finding written in its own way leaves the desk in the standard one; an unknown one as it came, and queued."""
    heads, rows = rows_of("hoshi", 2, messy=False, seed=7)
    people = [list(row) for row in rows]
    for row, finding in zip(people, ("洞徐脈/ＰＶＣ", "謎の波"), strict=True):
        row[heads[-1].index("心電図所見")] = finding
    draft = make_draft(service.clinic, "kekka.csv", encoded(heads, iter(people), "hoshi"), kinds=())
    standard = dict(draft.documents)["standard.csv"].decode("cp932")

    assert "洞性徐脈、心室期外収縮" in standard
    assert "謎の波" in standard
    assert draft.report.unmatched == {"ecg": {"謎の波": 1}}
