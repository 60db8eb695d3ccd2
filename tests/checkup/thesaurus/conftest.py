"""The shipped words, loaded once; and a small thesaurus of invented meanings."""

from __future__ import annotations

import pytest

from akashi.checkup.thesaurus.judgements import JudgementVocabulary, load_judgements
from akashi.checkup.thesaurus.thesaurus import Thesaurus, load_thesaurus
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from tests.checkup.conftest import FORMATS

OWN = """\
thesaurus: 1
id: midori-terms
institution: midori
label: みどり健診センター
valid: {from: 2026-01-01, to: 2026-12-31}
terms:
- for: [ecg]
  findings:
    不整脈: [みだれ, 洞性不整脈]
- for: [abdominal_ultrasound]
  findings:
    脂肪肝: [白い肝臓]
"""
LETTERS = """\
judgements: 1
id: letters
version: {version}
institution: midori
label: みどりの判定
valid: {{from: {first}, to: {last}}}
grades:
- {{word: 異常なし, rank: 1, signs: [A]}}
- {{word: {word}, rank: 4, signs: [E]}}
"""


def letters(version: int, first: str, last: str, word: str) -> JudgementVocabulary:
    """One edition of an institution's letters, in which E means ``word``."""
    return load_judgements(LETTERS.format(version=version, first=first, last=last, word=word))


@pytest.fixture(scope="session")
def small() -> Thesaurus:
    """The shipped thesaurus."""
    return load_thesaurus((FORMATS / "thesaurus/akashi-small.yaml").read_text())


@pytest.fixture(scope="session")
def own() -> Thesaurus:
    """An institution's own, for one year."""
    return load_thesaurus(OWN)


@pytest.fixture(scope="session")
def vocabulary(small: Thesaurus, own: Thesaurus) -> Vocabulary:
    """Both, and letters whose E changed its meaning in April 2026."""
    old = letters(1, "2020-04-01", "2026-03-31", "要精密検査")
    new = letters(2, "2026-04-01", "2030-03-31", "治療中")
    return Vocabulary((small, own), (old, new))
