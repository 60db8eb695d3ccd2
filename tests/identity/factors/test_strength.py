"""Passwords that people in Japan take first are refused; those that nobody guesses are not; no list, no password."""

from __future__ import annotations

import lzma
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zxcvbn.matching import RANKED_DICTIONARIES

from akashi.identity import rules
from akashi.identity.factors.errors import WordsMissing
from akashi.identity.factors.romaji import latin, spellings
from akashi.identity.factors.sentences import sentence_bits
from akashi.identity.factors.strength import LIST, Strength, own_words
from akashi.ledger.rules import Allowed, Denied
from tools import japanese_words

STRENGTH = Strength()

_GUESSABLE_ALONE = (
    "watashihagenkidesu2024 watashihagakuseidesu1 kyouhaiitenkidesune1 nekogasukidesu12 korehapasuwadodesu1 watashinonamaehahanako1"
    " arigatougozaimasu1 ohayougozaimasu1 otsukaresamadesu1 yoroshikuonegaishimasu1 doumoarigatou1 nihonkokusai20 byouin1234567"
    " kangoshi12345678 tokuteikenshin1 tokuteikenshin2026 kenkoushindan2024 kenkoushindan1 hokenshidou2024 kokuminhoken2024"
    " shakaihoken2026 iryoukikan2025 sakura2024haru tanakahanako1 suzukiichirou51 yamamototarou1 nihonkoku20261 toukyoutochiji1"
    " shinkansen20261 inunekousagi123 hospital12345678 1qaz2wsx3edc4rfv password20262026 けんしん2026けんしん 東京都病院1234567"
    " けんこうしんだん2026 ケンコウシンダン2026 ｓａｋｕｒａ１２３４５６７ kyounotenki2026"
)
GUESSABLE_ALONE = _GUESSABLE_ALONE.split()
_GUESSABLE_WITH_FACTOR = (
    "byouin123 kenshin1 kenshin2024 sakura1234 himawari1 doraemon1 nekoneko1 arigatou1 konnichiwa1 ganbarou1 yamamoto1 tokyo2024"
    " hanako123 花子1980 suzuki2026 oosaka2025 けんしん2026 qwerty12345 kyoto1234 abcd1234 nihon2026 genkidesu1 kenko2026"
)
GUESSABLE_WITH_FACTOR = _GUESSABLE_WITH_FACTOR.split()
_GOOD = "tadashii-uma-7-denchi Horse-battery-9-staple tanuki-soba-88-kiri q7x0a9b3c4d5e passionate-kettle-41 雨と馬と7つの電池箱と靴下"
GOOD_ALONE = _GOOD.split()


def judged(password: str, *, with_factor: bool = False, own: tuple[str, ...] = ()) -> Allowed | Denied:
    """As the accounts do it."""
    return rules.decide_password(
        password, with_factor=with_factor, own=own, guesses=lambda: STRENGTH.guesses(password, own)
    )


def test_the_lists_of_attacks_are_sixty() -> None:
    """The brief asks for sixty; both lists together have them."""
    assert len(set(GUESSABLE_ALONE) | set(GUESSABLE_WITH_FACTOR)) >= 60


@pytest.mark.parametrize("password", GUESSABLE_ALONE)
def test_guessable_long_passwords_are_refused(password: str) -> None:
    """Sentences, compounds, names and years, keyboard walks, in romaji, kana, kanji and full width."""
    assert isinstance(judged(password), Denied)


@pytest.mark.parametrize("password", GUESSABLE_WITH_FACTOR)
def test_guessable_short_passwords_are_refused_beside_a_factor(password: str) -> None:
    """One word and digits is not enough beside a second factor either."""
    assert isinstance(judged(password, with_factor=True), Denied)


@pytest.mark.parametrize("password", GOOD_ALONE)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    """Words that do not belong together, with signs between them; random characters; a sentence of nobody's."""
    assert judged(password) == Allowed()


@pytest.mark.parametrize(
    ("password", "own"),
    [
        ("Hoshizora-9-77431", ("星野 ほしぞら",)),
        ("sitiro-9-77431-x", ("しちろう",)),
        ("nurse.n-9-774312", ("nurse.n",)),
        ("minatoclinic-9-7", ("Minato-Clinic",)),
        ("akashi-akashi-12", ("akashi",)),
        ("kangobu-hanako-12", ("かんごぶ はなこ",)),
    ],
)
def test_own_names_count_for_nothing(password: str, own: tuple[str, ...]) -> None:
    """Name (its kana in romaji too), login, institution and system weigh as the first guesses: much less than without them."""
    assert STRENGTH.guesses(password, own) < STRENGTH.guesses(password) - 1 or isinstance(
        judged(password, own=own), Denied
    )


def test_one_persons_names_are_not_anothers(tmp_path: Path) -> None:
    """In parallel, nobody's own words weigh in somebody else's password, and zxcvbn's shared table stays as it is."""
    alone = STRENGTH.guesses("vqmzkjwx77")
    before = RANKED_DICTIONARIES.get("user_inputs")

    with ThreadPoolExecutor(4) as pool:
        names = [("vqmzkjwx",), ()] * 20
        found = list(pool.map(lambda own: STRENGTH.guesses("vqmzkjwx77", own), names))

    assert set(found[1::2]) == {alone}
    assert all(one < alone for one in found[::2])
    assert RANKED_DICTIONARIES.get("user_inputs") == before


@pytest.mark.parametrize(
    "content", [None, b"", b"not xz", lzma.compress(b"# 10\nword\n"), lzma.compress(b"word\n" * 10)]
)
def test_without_the_whole_list_nothing_is_judged(tmp_path: Path, content: bytes | None) -> None:
    """Missing, cut, damaged, too short: an error, never a yes."""
    path = tmp_path / "japanese.txt.xz"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(WordsMissing):
        Strength(path).guesses("tadashii-uma-7-denchi")


def test_a_cut_list_is_noticed(tmp_path: Path) -> None:
    """Half of the real file is no list."""
    path = tmp_path / "japanese.txt.xz"
    path.write_bytes(LIST.read_bytes()[: LIST.stat().st_size // 2])

    with pytest.raises(WordsMissing):
        Strength(path).guesses("tadashii-uma-7-denchi")


@pytest.mark.skipif(not japanese_words.DICTIONARY.is_dir(), reason="the IPA dictionary (mecab-ipadic) is not installed")
def test_the_committed_list_is_what_the_dictionary_gives() -> None:
    """A rebuild gives the same words in the same classes."""
    assert lzma.decompress(LIST.read_bytes()).decode() == japanese_words.text(japanese_words.DICTIONARY)


@settings(max_examples=80, deadline=None)
@given(password=st.text(max_size=300), own=st.lists(st.text(max_size=20), max_size=4))
def test_any_text_is_judged(password: str, own: list[str]) -> None:
    """Empty, long, surrogate, any script: a number at least zero comes out."""
    assert STRENGTH.guesses(password, own) >= 0


@settings(max_examples=60, deadline=None)
@given(password=st.text(alphabet=string.ascii_lowercase, min_size=3, max_size=30))
def test_own_words_never_help(password: str) -> None:
    """Knowing more never makes a password look stronger; having it whole as one's own word makes it worthless."""
    assert STRENGTH.guesses(password, [password]) <= min(STRENGTH.guesses(password), 1.0)


@given(kana=st.text(alphabet=[chr(c) for c in range(ord("ァ"), ord("ヺ") + 1)] + ["ー"], min_size=1, max_size=12))
def test_all_kana_have_a_spelling(kana: str) -> None:
    """Spelling is total over kana and gives Latin letters only."""
    assert all(one.isascii() for one in spellings(kana))
    assert latin(kana).isascii()


@pytest.mark.parametrize(
    ("kana", "forms"),
    [
        ("きょうしつ", {"kyoushitsu", "kyousitu", "kyoshitsu", "kyositu"}),
        ("がっこう", {"gakkou", "gakko"}),
        ("しゃちょう", {"shachou", "syatyou", "shacho", "syatyo"}),
        ("ジュース", {"juusu", "zyuusu", "jusu", "zyusu"}),
        ("kana", set()),
    ],
)
def test_spellings_are_what_people_type(kana: str, forms: set[str]) -> None:
    """Hepburn and Kunrei, long vowels spelled out and dropped."""
    assert spellings(kana) == forms


def test_a_sentence_weighs_by_its_letters() -> None:
    """Particles make a sentence; words with signs between them are none; what is around it is left over."""
    words = {"watashi", "gakusei", "hoken", "shidou", "tadashii", "uma"}.__contains__

    for text, bits, rest in (("watashihagakusei2024", 1.3 * 16, "2024"), ("hokenshidou1", 2.0 * 11, "1")):
        found = sentence_bits(text, words)
        assert found is not None
        assert (round(found[0], 6), found[1]) == (round(bits, 6), rest)
    assert sentence_bits("tadashii-uma-7", words) is None


def test_own_words_come_in_pieces_and_readings() -> None:
    """A name in kana is tried as it is typed, whole and in pieces."""
    assert {"nurse", "nurse.n", "hanako", "ほしの", "hoshino", "hosino"} <= set(own_words(["nurse.n", "ほしの はなこ"]))
