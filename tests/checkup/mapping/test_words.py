"""The word list: strict, and in step with the item table."""

from __future__ import annotations

import pytest

from akashi.checkup import ItemTable
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.maps import FIELD_TARGETS
from akashi.checkup.mapping.words import WordList, load_words
from tests.checkup.conftest import FORMATS

TEXT = (FORMATS / "map-words.yaml").read_text()


def test_every_target_of_the_list_exists(words: WordList, items: ItemTable) -> None:
    """Fields, items, and the joint judgements."""
    targets = {pattern.target for pattern in words.patterns} | set(words.groups.values()) | set(words.usual)

    assert {target for target in targets if target not in FIELD_TARGETS and target not in items.items} == set()


def test_answer_words_lead_to_answers_that_exist(words: WordList, items: ItemTable) -> None:
    """A vocabulary names codes of its answer table only."""
    for oid, (_name, table) in words.answers.items():
        assert set(table.values()) <= set(items.answers[oid])


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("words: 1", "words: 2", "schema 1"),
        ("  height: [身長,", "  height: [体重, 身長,", "two meanings"),
        ('"9N001000000000001": [height]', '"9N001000000000001": [tallness]', "terms of this list"),
        ("  SPARE: [", "  ELSE: [", "unknown name"),
        ("\nusual:", "\nother:", "unknown key"),
        ("  ecg: [ecg]", "  ekg: [ecg]", "unknown modality"),
        ("  chest_xray: [chest]", "  chest_xray: [ecg]", "each once"),
    ],
)
def test_a_mistake_in_the_list_is_refused_with_its_line(old: str, new: str, what: str) -> None:
    """Nothing is guessed."""
    assert old in TEXT

    with pytest.raises(MapInvalid) as caught:
        load_words(TEXT.replace(old, new, 1))

    assert what in str(caught.value.params["what"])
