"""What the cells of a column look like: counts, kinds of text, masked examples.

Guarantees: an example shows no sign of the cell but its classes (digit, kana, kanji, letter) unless the whole cell is a word
of our own vocabularies and the column has few distinct words; memory is bounded. Refuses: keeping cells.

>>> masked("星　空太 A-12 ｶﾅかな"), masked("1960/5/16")
('漢　漢漢 A-99 ｶｶカカ', '9999/9/99')
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from statistics import median

from akashi.checkup.cells.dates import parse_date
from akashi.checkup.cells.fold import fold, key
from akashi.checkup.cells.numbers import NumberRule, read_graded, read_hearing, read_number
from akashi.checkup.cells.terms import read_absence, read_findings, read_sex
from akashi.checkup.mapping.model import ColumnShape
from akashi.checkup.model import Status

FEW = 12
EXAMPLES = 5
_KEPT_WORDS = 4096
_LOOKED_AT = 80
_CUT = 200
_LETTER = re.compile(r"[A-H][0-9]{0,2}|[A-H]")
_WORDS_OF_OURS = frozenset(
    map(
        key,
        (
            "男", "女", "男性", "女性", "M", "F", "male", "female", "はい", "いいえ", "有", "無", "あり", "なし", "有り", "無し", "所見あり", "所見なし",
            "異常なし", "異常あり", "陽性", "陰性", "(-)", "(±)", "(+)", "(2+)", "(3+)", "-", "±", "+-", "+", "++", "+++", "1+", "2+", "3+", "4+", "(4+)",
            "H", "L", "N", "A", "B", "C", "D", "E", "F", "G", "C3", "C6", "C12", "D1", "D2", "1", "2", "3", "4", "5", "未実施", "測定不能", "空腹", "随時",
            "食後", "食後10時間以上", "正常", "○", "×", "AB", "O", "キャンセル",
        ),
    )
)  # fmt: skip


@lru_cache(maxsize=4096)
def _masked_sign(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if "\uff66" <= sign <= "\uff9f":
        return sign if sign in "ﾞﾟ" else "ｶ"
    if "\u3041" <= sign <= "\u30ff":
        return "カ"
    if unicodedata.category(sign) == "Lo":
        return "漢"
    if sign.isalpha():
        return "A"
    return sign if unicodedata.category(sign)[0] in "PSZ" else "?"


def masked(text: str) -> str:
    """Every letter and digit replaced by its class, lengths kept."""
    return "".join(map(_masked_sign, text[:40]))


def _is_number(text: str) -> bool:
    return read_number(text, NumberRule()).status in {Status.VALUE, Status.BELOW, Status.ABOVE}


def _kinds(text: str, on: date) -> Iterable[str]:
    """The kinds of text this filled cell may be; one cell may be several."""
    bare = fold(text)
    if _is_number(text):
        yield "number"
    parsed = parse_date(text)
    if parsed is not None and 1900 <= parsed.year <= on.year:
        yield "date"
    if read_graded(text).status is Status.VALUE:
        yield "graded"
    if read_sex(text).status is Status.VALUE:
        yield "sex"
    if read_hearing(text, coded=True).status is Status.VALUE:
        yield "hearing"
    if _LETTER.fullmatch(bare.upper()):
        yield "judgement"
    if bare in {"H", "L", "N", "*", "↑", "↓", "h", "l", "HH", "LL"}:
        yield "flag"
    if bare.isdigit():
        yield "digits"
    if re.fullmatch(r"[ァ-ヶー・ヽヾ]+", bare):
        yield "kana"
    if re.fullmatch(r"〒?[0-9]{3}-?[0-9]{4}", bare):
        yield "postal"
    if read_findings(text).standard == "所見なし" or "、" in text:
        yield "findings"


_ORDER = ("date", "sex", "graded", "flag", "judgement", "number", "kana", "postal", "findings")


class ColumnTally:
    """Counts the cells of one column while a file is read once."""

    __slots__ = ("filled", "rows", "words")

    def __init__(self) -> None:
        self.rows = self.filled = 0
        self.words: Counter[str] = Counter()

    def add(self, cells: Sequence[str]) -> None:
        """Take a run of cells in."""
        self.rows += len(cells)
        # What a text is shows at its beginning; a whole report in a cell would only cost memory.
        counted = Counter([text if len(text) <= _CUT else text[:_CUT] for text in cells])
        for text in [text for text in counted if not text or text.isspace()]:
            del counted[text]
        self.filled += counted.total()
        if len(self.words) < _KEPT_WORDS:
            self.words.update(counted)

    def shape(self, on: date, known: dict[str, tuple[str, ...]]) -> ColumnShape:
        """What has been counted so far; ``known`` remembers the kinds of texts that many columns share."""
        kinds: Counter[str] = Counter()
        present = 0
        numbers: list[float] = []
        common = self.words.most_common(_LOOKED_AT)
        for text, count in common:
            absent = read_absence(text)
            if absent is not None:
                continue
            present += count
            found = known.get(text)
            if found is None:
                found = known[text] = tuple(_kinds(text, on))
            kinds.update(dict.fromkeys(found, count))
            if "number" in found:
                plain = re.match(r"-?[0-9.]+", read_number(text, NumberRule()).standard)
                if plain:
                    numbers.append(float(plain[0]))
        shares = {kind: count / present for kind, count in kinds.items()} if present else {}
        kind = next((name for name in _ORDER if shares.get(name, 0) >= 0.9), "text") if present else "empty"
        few = len(self.words) <= FEW
        words = tuple(sorted(key(text) for text in self.words)) if few else ()
        return ColumnShape(
            self.rows, self.filled, len(self.words), kind, shares, self._examples(few=few), words,
            median(numbers) if numbers else None,
        )  # fmt: skip

    def _examples(self, *, few: bool) -> tuple[str, ...]:
        shown: dict[str, None] = {}
        for text, _count in self.words.most_common(60):
            ours = few and key(text) in _WORDS_OF_OURS
            shown.setdefault(text.strip() if ours else masked(text.strip()), None)
            if len(shown) == EXAMPLES:
                break
        return tuple(shown)
