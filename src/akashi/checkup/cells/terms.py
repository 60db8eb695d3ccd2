"""Words: absence, coded answers, judgements, finding lists, sex, names.

Guarantees: a word outside its table stays verbatim with a finding; a judgement letter is folded and mapped only
by the institution's own table. Refuses: translating one institution's letters by another's meaning.

>>> read_absence("ｷﾔﾝｾﾙ").status.value, read_findings("胆石/脂肪肝/ 要受診").standard
('not_done', '胆石、脂肪肝')
>>> read_judgement("Ｃ１２", None).standard
'C12'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from akashi.checkup.cells.fold import clean, fold, key, normal
from akashi.checkup.model import Outcome, Status

NOT_DONE = "未実施"
UNMEASURABLE = "測定不能"
JOINER = "、"
DEFAULT_SEPARATORS = "/、，\n"
_NOT_DONE_KEYS = frozenset(
    map(key, ("未実施", "未受診", "未検査", "未検", "キャンセル", "中止", "拒否", "対象外", "検査せず", "実施せず"))
)
_UNMEASURABLE_KEYS = frozenset(
    map(key, ("測定不能", "判定不能", "測定不可", "計測不能", "検査不能", "検体不良", "採血不可", "測定不可能"))
)
# Half-width kana and inner spaces make a word longer than its key; nothing is written with more than twice the signs.
_LONGEST_ABSENCE = 2 * max(map(len, _NOT_DONE_KEYS | _UNMEASURABLE_KEYS))
_NO_FINDING = "所見なし"
NOTHING_WORDS = (
    "所見なし", "異常なし", "異常所見なし", "異常(所見)なし", "異常無し", "所見無し", "特記所見なし", "異常を認めず",
)  # fmt: skip
_NO_FINDING_KEYS = frozenset(map(key, NOTHING_WORDS))
# The chunks of a findings list, each as its pieces between spaces -> parts in standard words, and whether all were known.
Chunks = list[list[str]]
Unify = Callable[[Sequence[Sequence[str]]], tuple[Sequence[str], bool]]
# Stands at the end of a judgement's text once for each edition up to the one that reads it: a space to everybody else.
_EDITION = "\u2003"
_ADVICE = frozenset(
    {
        "要受診",
        "要精検",
        "要精密検査",
        "要再検",
        "要再検査",
        "要治療",
        "要医療",
        "要経過観察",
        "経過観察",
        "要観察",
        "治療中",
    }
)
_ADVICE_STARTS = frozenset(word[0] for word in _ADVICE)
_SEX = {
    "男": "1",
    "男性": "1",
    "m": "1",
    "male": "1",
    "1": "1",
    "女": "2",
    "女性": "2",
    "f": "2",
    "female": "2",
    "2": "2",
}
SEX_LABELS = {"1": "男", "2": "女"}
_KANA = re.compile(r"[ァ-ヶー・ヽヾ　]*")


def read_absence(text: str) -> Outcome | None:
    """EMPTY, NOT_DONE or UNMEASURABLE where the text says so, otherwise ``None``."""
    stripped = text.strip()
    if not stripped:
        return Outcome()
    # All words of absence are Japanese and short, so most cells need no folding to be told apart from them.
    if stripped.isascii() or len(stripped) > _LONGEST_ABSENCE:
        return None
    word = key(stripped)
    if word in _NOT_DONE_KEYS:
        return Outcome(NOT_DONE, Status.NOT_DONE)
    if word in _UNMEASURABLE_KEYS:
        return Outcome(UNMEASURABLE, Status.UNMEASURABLE)
    return Outcome() if not word else None


def read_code(text: str, table: Mapping[str, str], labels: Mapping[str, str]) -> Outcome:
    """A coded answer. ``table`` maps folded words to codes and wins; then labels and codes themselves are tried.

    A text that is one answer's label and another's code (Scheie grades: label １ is code 2) is not guessed at.
    """
    if not text or text.isspace():
        return Outcome()
    word = key(text)
    code = table.get(word)
    if code is None:
        meant = [code for code, label in labels.items() if word in {key(label), key(code)}]
        code = meant[0] if len(meant) == 1 else None
    if code is not None:
        return Outcome(labels.get(code, code), Status.VALUE, code)
    return read_absence(text) or Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.term",))


def read_judgement(text: str, table: Mapping[str, str] | None) -> Outcome:
    """A judgement letter or word; without a table it is only folded, with one it must be in it."""
    if not text or text.isspace():
        return Outcome()
    folded = fold(text)
    if table is None:
        return read_absence(text) or Outcome(folded.upper(), Status.VALUE)
    standard = table.get(key(text))
    if standard is not None:
        return Outcome(standard, Status.VALUE, folded.upper())
    if folded in map(fold, table.values()):
        return Outcome(clean(text)[0], Status.VALUE)
    return read_absence(text) or Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.judgement",))


@lru_cache(maxsize=64)
def _splitter(separators: str, *, spaces: bool) -> re.Pattern[str]:
    return re.compile("[" + re.escape(separators) + (r"\s" if spaces else "") + "]+")


@lru_cache(maxsize=64)
def _chunker(separators: str) -> re.Pattern[str]:
    return re.compile(f"(?:[（(][^（(）)]*[）)]|[^{re.escape(separators + JOINER)}])+")


_NEGATION = frozenset("な無ず")


def _unified(part: str) -> str:
    # Only a text with a word of negation can be one of the ways to say "nothing found".
    if _NEGATION.isdisjoint(part):
        return part
    return _NO_FINDING if key(part) in _NO_FINDING_KEYS else part


def split_findings(
    text: str, separators: str = DEFAULT_SEPARATORS, *, spaces: bool = True
) -> tuple[Chunks, list[str], bool]:
    """The chunks of a findings list, the judgement words taken off its end, and whether it had control characters.

    What stands in brackets is not parted.

    >>> split_findings("腎嚢胞（右、12mm）/脂肪肝 要受診")
    ([['腎嚢胞（右、12mm）'], ['脂肪肝']], ['要受診'], False)
    """
    parts = [clean(part) for part in _chunker(separators).findall(text)]
    controls = any(controls for _part, controls in parts)
    chunks = [part.split() if spaces else [part] for part, _controls in parts if part]
    advice: list[str] = []
    while chunks and (len(chunks) > 1 or len(chunks[0]) > 1):
        last = chunks[-1][-1]
        if last[0] not in _ADVICE_STARTS or fold(last) not in _ADVICE:
            break
        advice.append(fold(chunks[-1].pop()))
        if not chunks[-1]:
            chunks.pop()
    return chunks, advice[::-1], controls


def read_terms(text: str, unify: Unify, separators: str = DEFAULT_SEPARATORS, *, spaces: bool = True) -> Outcome:
    """A list of findings in the words of a thesaurus; what it does not know stays as written, with ``term.unmatched``."""
    absent = read_absence(text)
    if absent is not None:
        return absent
    if len(text) <= _LONGEST_ABSENCE and _unified(text) == _NO_FINDING:
        return Outcome(_NO_FINDING, Status.VALUE)
    chunks, advice, controls = split_findings(text, separators, spaces=spaces)
    findings: tuple[str, ...] = ("cell.control",) if controls else ()
    if not chunks:
        return Outcome(findings=findings)
    parts, known = unify(chunks)
    if not known:
        findings += ("term.unmatched",)
    return Outcome(JOINER.join(parts), Status.VALUE, advice=JOINER.join(advice), findings=findings)


def of_edition(text: str, number: int | None) -> str:
    """``text`` with the edition (from 0) of the vocabulary that reads it, hidden in spaces at its end; ``None``: no edition.

    >>> of_edition("E", 0).strip(), read_edition(of_edition("E", 1), ({"e": "要精密検査"}, {"e": "治療中"})).standard
    ('E', '治療中')
    """
    return text.strip() + (0 if number is None else number + 1) * _EDITION


def read_edition(text: str, editions: Sequence[Mapping[str, str]]) -> Outcome:
    """A judgement by the edition that :func:`of_edition` named; verbatim with ``term.edition`` where it named none."""
    letter = text.rstrip(_EDITION)
    number = len(text) - len(letter) - 1
    if not letter or letter.isspace():
        return Outcome()
    if 0 <= number < len(editions):
        return read_judgement(letter, editions[number])
    return read_absence(letter) or Outcome(clean(letter)[0], Status.UNMATCHED, findings=("term.edition",))


def read_findings(text: str, separators: str = DEFAULT_SEPARATORS, *, spaces: bool = True) -> Outcome:
    """A list of findings joined by 「、」; a judgement word at its end is taken off as ``advice``."""
    # A list is no word of absence.
    absent = None if JOINER in text else read_absence(text)
    if absent is not None:
        return absent
    splitter = _splitter(separators, spaces=spaces)
    if text.isprintable() and splitter.search(text) is None and JOINER not in text:
        # One term and nothing around it: most cells are "nothing found".
        return Outcome(_unified(text), Status.VALUE)
    cleaned, controls = clean(splitter.sub(JOINER, text))
    if controls:
        # Control characters have become spaces, which may part the list again.
        cleaned = splitter.sub(JOINER, cleaned)
    parts = [part.strip() for part in cleaned.split(JOINER) if part.strip()]
    advice: list[str] = []
    while len(parts) > 1 and parts[-1][0] in _ADVICE_STARTS and fold(parts[-1]) in _ADVICE:
        advice.append(fold(parts.pop()))
    terms = [_unified(part) for part in parts]
    findings = ("cell.control",) if controls else ()
    status = Status.VALUE if terms else Status.EMPTY
    return Outcome(JOINER.join(terms), status, advice=JOINER.join(reversed(advice)), findings=findings)


def read_text(text: str) -> Outcome:
    """Free text, verbatim but for outer spaces and control characters."""
    # The common case of numbers and codes kept as text: nothing to fold, nothing to clean.
    if text.isascii() and text.isalnum():
        return Outcome(text, Status.VALUE)
    absent = read_absence(text)
    if absent is not None:
        return absent
    cleaned, controls = clean(text)
    return Outcome(cleaned, Status.VALUE if cleaned else Status.EMPTY, findings=("cell.control",) if controls else ())


def read_sex(text: str) -> Outcome:
    """男 or 女 with code 1 or 2."""
    if not text or text.isspace():
        return Outcome()
    code = _SEX.get(key(text))
    if code is None:
        return Outcome(clean(text)[0], Status.UNMATCHED, findings=("cell.sex",))
    return Outcome(SEX_LABELS[code], Status.VALUE, code)


def read_name(text: str) -> Outcome:
    """A name as written, with single full-width spaces; the signs themselves are never folded."""
    cleaned, controls = clean(text)
    standard = "　".join(cleaned.split())
    return Outcome(standard, Status.VALUE if standard else Status.EMPTY, findings=("cell.control",) if controls else ())


def read_kana(text: str) -> Outcome:
    """A kana name in full width with single full-width spaces."""
    standard = "　".join(normal("NFKC", clean(text)[0]).replace("-", "ー").split())
    if not standard:
        return Outcome()
    findings = () if _KANA.fullmatch(standard) else ("cell.kana",)
    return Outcome(standard, Status.VALUE, findings=findings)
