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
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from akashi.checkup.cells.fold import clean, fold, key
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
_NO_FINDING_KEYS = frozenset(
    map(
        key,
        (
            "所見なし",
            "異常なし",
            "異常所見なし",
            "異常(所見)なし",
            "異常無し",
            "所見無し",
            "特記所見なし",
            "異常を認めず",
        ),
    )
)
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
    """A coded answer. ``table`` maps folded words to codes and wins; then labels and codes themselves are tried."""
    if not text or text.isspace():
        return Outcome()
    word = key(text)
    code = table.get(word)
    if code is None:
        code = next((code for code, label in labels.items() if word in {key(label), code}), None)
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


def _unified(part: str) -> str:
    # Only a text with a word of negation can be one of the ways to say "nothing found".
    if not any(sign in part for sign in "な無ず"):
        return part
    return _NO_FINDING if key(part) in _NO_FINDING_KEYS else part


def read_findings(text: str, separators: str = DEFAULT_SEPARATORS, *, spaces: bool = True) -> Outcome:
    """A list of findings joined by 「、」; a judgement word at its end is taken off as ``advice``."""
    absent = read_absence(text)
    if absent is not None:
        return absent
    splitter = _splitter(separators, spaces=spaces)
    cleaned, controls = clean(splitter.sub(JOINER, text))
    if controls:
        # Control characters have become spaces, which may part the list again.
        cleaned = splitter.sub(JOINER, cleaned)
    parts = [part.strip() for part in cleaned.split(JOINER) if part.strip()]
    advice: list[str] = []
    while len(parts) > 1 and parts[-1][0] in _ADVICE_STARTS and fold(parts[-1]) in _ADVICE:
        advice.insert(0, fold(parts.pop()))
    terms = [_unified(part) for part in parts]
    findings = ("cell.control",) if controls else ()
    status = Status.VALUE if terms else Status.EMPTY
    return Outcome(JOINER.join(terms), status, advice=JOINER.join(advice), findings=findings)


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
    standard = "　".join(unicodedata.normalize("NFKC", clean(text)[0]).replace("-", "ー").split())
    if not standard:
        return Outcome()
    findings = () if _KANA.fullmatch(standard) else ("cell.kana",)
    return Outcome(standard, Status.VALUE, findings=findings)
