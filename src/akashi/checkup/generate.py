"""Invented people and their results, from a seed: for tests, benches and the demo.

Guarantees: the same seed, layout and map give the same rows; names come from invented syllables and numbers from
this file's random source. Refuses: real names, real addresses, real insurers (the insurer numbers used start with
99, which no insurer has).

Rows agree with themselves (``coherence``). With ``messy`` the values take every form found in real files (knowledge 5.2):
widths, bounds, absences, joined findings, era dates, dropped zeros, formulas.

>>> from random import Random
>>> person(Random(1), 1).kana == person(Random(1), 1).kana
True
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from akashi.checkup.cells.numbers import GRADES
from akashi.checkup.checks.identity import PREFECTURES, check_digit_fits
from akashi.checkup.coherence import Coherence
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.formats.maps import LayoutMap, MapRule
from akashi.checkup.model import Role
from akashi.checkup.tabular.layout import Columns

_FAMILY = (
    ("星", "ホシ"),
    ("緑", "ミド"),
    ("影", "カゲ"),
    ("霧", "キリ"),
    ("雫", "シズ"),
    ("杜", "モリ"),
    ("凪", "ナギ"),
    ("灯", "トモ"),
)
_GIVEN = (
    ("空", "ソラ"),
    ("波", "ナミ"),
    ("葉", "ヨウ"),
    ("音", "オト"),
    ("糸", "イト"),
    ("月", "ツキ"),
    ("風", "フウ"),
    ("玉", "タマ"),
)
_LETTERS = ("A", "B", "C", "C6", "C12", "D2", "E")
_MESSY_LETTERS = ("Ａ", "Ｂ", "Ｃ６", "Ｃ１２", "D2", "F")
_TERMS = ("胆石", "脂肪肝", "腎のう胞", "不整脈", "右脚ブロック", "陳旧性陰影", "ポリープ", "胃炎")
# By the thesaurus a column asks; seven that ours knows, and one that nobody does.
_TERMS_OF = {
    "ecg": ("洞性徐脈", "右脚ブロック", "左室高電位", "不整脈", "上室期外収縮", "左軸偏位", "平低T波", "軸の揺れ"),
    "fundus": ("白斑", "網膜動脈硬化", "黄斑変性", "豹紋状眼底", "乳頭陥凹拡大", "白内障", "ドルーゼン", "眼底の影"),
    "chest_xray": ("結節影", "陳旧性陰影", "右肺尖部胸膜肥厚", "石灰化影", "心拡大", "索状影", "側弯", "陳旧の影"),
    "upper_gi_xray": ("胃ポリープ", "胃炎", "憩室", "胃下垂", "バリウム斑", "食道裂孔ヘルニア", "潰瘍瘢痕", "粘膜の影"),
    "upper_gi_endoscopy": (
        "胃ポリープ",
        "胃炎",
        "びらん",
        "逆流性食道炎",
        "萎縮性胃炎",
        "発赤",
        "黄色腫",
        "粘膜の荒れ",
    ),
    "abdominal_ultrasound": ("胆石", "脂肪肝", "腎のう胞", "胆のうポリープ", "肝のう胞", "腎結石", "血管腫", "肝の影"),
    "breast_ultrasound": ("のう胞", "線維腺腫", "腫瘤", "乳腺症", "乳管拡張", "石灰化", "低エコー域", "乳腺の影"),
    "mammography": ("石灰化", "腫瘤", "構築の乱れ", "微細石灰化", "嚢胞", "線維腺腫", "乳管拡張", "乳腺の影"),
}
_NOTHING_FOUND = ("異常所見なし", "異常(所見)なし", "所見なし", "異常なし/")
_FULL_WIDTH = str.maketrans("0123456789.-+", "０１２３４５６７８９．－＋")
_SHAPES = {
    "9N001": (165, 9), "9N006": (62, 11), "9N011": (23, 3), "9N016": (82, 10), "9A751": (124, 15), "9A752": (122, 15),
    "9A755": (123, 15), "9A761": (76, 10), "9A762": (75, 10), "9A765": (75, 10), "3F015": (110, 50), "3F050": (205, 30),
    "3F070": (60, 14), "3F077": (120, 28), "3F069": (145, 28), "3B035": (23, 8), "3B045": (22, 10), "3B090": (35, 22),
    "3D010": (96, 12), "3D046": (5.6, 0.4), "2A040": (43, 4), "2A030": (14, 1.4), "2A020": (470, 40), "2A010": (6100, 1500),
    "1A030": (1.018, 0.006), "9E160": (0.9, 0.3), "9N121": (68, 9), "3C015": (0.8, 0.15), "8A065": (75, 12),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person."""

    identifier: str
    name: str = field(repr=False)
    kana: str = field(repr=False)
    sex: str = field(repr=False)
    birth: date = field(repr=False)
    insurer: str = field(repr=False)
    number: str = field(repr=False)


def _insurer(serial: int) -> str:
    """A number that no insurer has, with a real prefecture and a right check digit."""
    body = f"99{serial // 1000 % len(PREFECTURES) + 1:02d}{serial % 1000:03d}"
    return next(body + digit for digit in "0123456789" if check_digit_fits(body + digit))


def person(random: Random, serial: int) -> Person:
    """Person number ``serial``."""
    family = random.choice(_FAMILY), random.choice(_FAMILY)
    given = random.choice(_GIVEN), random.choice(_GIVEN)
    return Person(
        identifier=f"P{serial:07d}",
        name="".join(k for k, _ in family) + "　" + "".join(k for k, _ in given),
        kana="".join(r for _, r in family) + "　" + "".join(r for _, r in given),
        sex=random.choice("12"),
        birth=date(1950, 1, 1) + timedelta(days=random.randrange(14_000)),
        insurer=_insurer(random.randrange(1_000_000)),
        number=f"{random.randrange(1, 99_999)}",
    )


def _era(day: date) -> str:
    letter, start = ("R", 2019) if day >= date(2019, 5, 1) else ("H", 1989) if day >= date(1989, 1, 8) else ("S", 1926)
    return f"{letter}{day.year - start + 1:02d}{day:%m%d}"


def _day(day: date, random: Random, *, messy: bool) -> str:
    if not messy:
        return f"{day:%Y%m%d}"
    forms = (
        lambda: f"{day.year}/{day.month}/{day.day}", lambda: f"{day:%Y%m%d}", lambda: _era(day),
        lambda: f"{day.year}年{day.month}月{day.day}日",
    )  # fmt: skip
    return random.choice(forms)()


def _number(item: Item | None, rule: MapRule, random: Random) -> str:
    code = rule.target[:5]
    mean, spread = _SHAPES.get(code, (0.0, 0.0))
    if not mean:
        whole = item.integers if item else 2
        mean = 4.0 * 10 ** max(min(whole, 3) - 2, 0)
        spread = mean / 8
    decimals = item.decimals if item else 1
    if rule.role is Role.LOWER:
        return f"{mean - 2 * spread:.{decimals}f}"
    if rule.role is Role.UPPER:
        return f"{mean + 2 * spread:.{decimals}f}"
    value = max(random.gauss(mean, spread), mean / 10) / float(rule.factor)
    return f"{value:.{decimals}f}"


def _mess_number(text: str, random: Random) -> str:
    roll = random.random()
    if roll < 0.80:
        return text
    if roll < 0.90:
        return text.translate(_FULL_WIDTH)
    forms = (f"{text}未満", f"{text}以上", f"{text}以下", "ｷﾔﾝｾﾙ", "未実施", "測定不能", "", f" {text} ")
    return random.choice(forms)


def _graded(random: Random, *, messy: bool) -> str:
    grade = random.choices(GRADES, (80, 8, 6, 3, 2, 1))[0]
    if not messy:
        return grade
    step = GRADES.index(grade)
    forms = (
        ("（－）", "-", "－", "(-)"), ("（±）", "+-", "±"), ("（＋）", "1+", "+"), ("（２＋）", "2+", "++"),
        ("（３＋）", "3+"), ("（４＋）", "4+"),
    )  # fmt: skip
    return random.choice(forms[step])


def _findings(random: Random, modality: str, *, messy: bool) -> str:
    if random.random() < 0.7:
        return random.choice(_NOTHING_FOUND) if messy else "所見なし"
    terms = random.sample(_TERMS_OF.get(modality, _TERMS), random.randint(1, 3))
    if not messy:
        return "、".join(terms)
    text = random.choice(("/", "、", " ")).join(terms)
    return text + random.choice(("", "/", " 要受診", "　要経過観察"))


def _hearing(random: Random, *, messy: bool) -> str:
    return random.choice(("10", "15", "20", "-5", "35") + (("所見なし", "２５", "2") if messy else ()))


def _field(rule: MapRule, who: Person, on: date, random: Random, *, messy: bool) -> str:
    values: dict[str, Callable[[], str]] = {
        "person.id": lambda: who.identifier,
        "person.name": lambda: who.name,
        "person.kana": lambda: who.kana,
        "person.sex": lambda: (
            random.choice({"1": ("男", "M", "1", "男性"), "2": ("女", "F", "2", "女性")}[who.sex]) if messy else who.sex
        ),
        "person.birth": lambda: _day(who.birth, random, messy=messy),
        "person.postal": lambda: f"{random.randrange(100, 999)}-{random.randrange(10_000):04d}",
        "person.address": lambda: f"架空県星見市緑町{random.randrange(1, 30)}-{random.randrange(1, 30)}",
        "visit.date": lambda: _day(on - timedelta(days=random.randrange(1, 90)), random, messy=messy),
        "visit.number": lambda: f"{random.randrange(1, 10**6):06d}",
        "visit.course": lambda: random.choice(("定期健診", "人間ドック", "生活習慣病予防健診")),
        "visit.age": lambda: str(on.year - who.birth.year),
        "institution.code": lambda: "9910000018",
        "institution.name": lambda: "架空健診センター",
        "insurance.insurer": lambda: who.insurer,
        "insurance.symbol": lambda: f"{random.randrange(1, 999)}",
        "insurance.number": lambda: who.number,
        "insurance.branch": lambda: random.choice(("0", "00", "01")) if messy else "00",
        "ticket.number": lambda: f"{random.randrange(10**10, 10**11)}",
        "employer.name": lambda: random.choice(("星見製作所", "緑町物産", "霧影商会")),
        "employer.section": lambda: random.choice(("総務", "製造", "営業")),
        "employer.number": lambda: f"{random.randrange(1, 99_999):05d}",
    }
    return values[rule.target]()


class Maker:
    """Makes rows for one layout: every column that the map knows gets a value, the others stay empty."""

    def __init__(
        self, headers: Sequence[Sequence[str]], layout_map: LayoutMap, items: ItemTable, on: date, *, messy: bool
    ) -> None:
        columns = Columns(headers)
        self._size, self._items, self._on, self._messy = columns.size, items, on, messy
        self._cells: list[tuple[int, MapRule]] = []
        self._deciders: dict[int, tuple[str, ...]] = {}
        taken: set[int] = set()
        for rule in layout_map.rules:
            for place in rule.at:
                index = columns.find_optional(place)
                if index is not None and index not in taken:
                    taken.add(index)
                    self._cells.append((index, rule))
            if rule.when is not None and (index := columns.find_optional(rule.when.at)) is not None:
                self._deciders[index] = (*self._deciders.get(index, ()), *sorted(rule.when.words))
        self._tables = layout_map.tables
        self._coherence = Coherence(columns, layout_map, items)

    def _code(self, rule: MapRule, random: Random) -> str:
        table = self._tables.get(rule.table, {})
        labels = self._items.labels(rule.target)
        choices = list(labels.values()) + (sorted(table) if self._messy else [])
        return random.choice(choices or sorted(table) or ["1"])

    def _value(self, rule: MapRule, who: Person, random: Random) -> str:
        messy = self._messy
        if "." in rule.target:
            return _field(rule, who, self._on, random, messy=messy)
        kind = rule.kind
        if kind == "number":
            text = _number(self._items.items.get(rule.target), rule, random)
            return _mess_number(text, random) if messy and rule.role is Role.VALUE else text
        if kind == "judgement":
            return random.choice(_MESSY_LETTERS if messy and random.random() < 0.1 else _LETTERS)
        if kind == "findings":
            return _findings(random, rule.terms, messy=messy)
        if kind == "date":
            return _day(self._on - timedelta(days=random.randrange(1, 90)), random, messy=messy)
        if kind == "text":
            flag = rule.role is Role.FLAG
            return random.choice(("", "", "H", "L")) if flag else random.choice(("特になし", "経過良好", "酵素法"))
        simple: dict[str, Callable[[], str]] = {
            "graded": lambda: _graded(random, messy=messy),
            "hearing": lambda: _hearing(random, messy=messy),
            "name": lambda: "架空　医師",
        }
        return simple[kind]() if kind in simple else self._code(rule, random)

    def row(self, serial: int, random: Random) -> list[str]:
        """The cells of person ``serial``."""
        who = person(random, serial)
        row = [""] * self._size
        for index, rule in self._cells:
            row[index] = self._value(rule, who, random)
        for index, words in self._deciders.items():
            row[index] = random.choice(words)
        self._coherence.mend(row)
        return row

    def rows(self, seed: int, count: int) -> Iterator[list[str]]:
        """``count`` rows from ``seed``."""
        random = Random(seed)
        return (self.row(serial, random) for serial in range(1, count + 1))


def encode_file(
    headers: Sequence[Sequence[str]], rows: Iterator[list[str]], *, encoding: str, quoted: bool = False
) -> Iterator[bytes]:
    """A CSV file (CRLF) in pieces: headings, then rows. ``quoted`` puts every cell in quotes."""
    for row in headers:
        yield _line(row, encoding, quoted=quoted)
    for row in rows:
        yield _line(row, encoding, quoted=quoted)


def _line(row: Sequence[str], encoding: str, *, quoted: bool) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerow(row)
    return text.getvalue().encode(encoding)
