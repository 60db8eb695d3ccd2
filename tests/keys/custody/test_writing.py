"""Shares on paper and sealed: one spelling, mistakes are located, strangers open nothing, garbage is refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import AkashiError
from akashi.keys.custody.errors import ShareMalformed, ShareMistyped
from akashi.keys.custody.model import Share
from akashi.keys.custody.writing import ALPHABET, open_share, read_share, seal_share, share_digest, write_share
from akashi.keys.errors import OpeningFailed
from akashi.keys.openers import MemoryOpener, Opener, xwing_opener, xwing_public
from akashi.ledger.wire import cbor

LEDGER, HOSPITAL = bytes(16), "inst-aaaa"
SHARES = st.builds(
    Share,
    st.binary(min_size=16, max_size=16),
    st.integers(2, 16),
    st.integers(1, 16),
    st.binary(min_size=32, max_size=32),
)
ONE = Share(bytes(range(16)), 3, 2, bytes(range(100, 132)))
SEED = bytes(range(32))


def opener() -> list[Opener]:
    """The opening key of the officer's institution."""
    return [xwing_opener(SEED)]


@given(share=SHARES)
@settings(max_examples=60)
def test_what_is_written_is_read_back(share: Share) -> None:
    """Six lines, readable over the telephone, and only one spelling."""
    text = write_share(share)

    assert read_share(text) == share
    assert write_share(read_share(text)) == text
    assert len(text.splitlines()) == 6


def test_reading_forgives_how_people_write() -> None:
    """Capitals, o for 0, i and l for 1, hyphens and no line breaks."""
    text = write_share(ONE).upper().replace("0", "O").replace("1", "I").replace("\n", "-").replace(" ", "")
    assert read_share(text) == ONE


@given(share=SHARES, place=st.integers(0, 109), other=st.sampled_from(ALPHABET))
@settings(max_examples=150)
def test_one_wrong_character_is_found_and_usually_located(share: Share, place: int, other: str) -> None:
    """Every single mistake is refused; the group is named (but for 0 and z, which the checksum finds)."""
    digits = "".join(write_share(share).split())
    wrong = digits[:place] + other + digits[place + 1 :]
    if wrong == digits:
        assert read_share(wrong) == share
        return
    with pytest.raises((ShareMistyped, ShareMalformed)) as caught:
        read_share(wrong)
    if {other, digits[place]} != {"0", "z"}:
        assert caught.value.params == {"group": place // 5 + 1}


@given(share=SHARES, place=st.integers(0, 108))
@settings(max_examples=100)
def test_two_neighbours_swapped_are_found(share: Share, place: int) -> None:
    """The commonest slip of the hand never gives another share."""
    digits = "".join(write_share(share).split())
    wrong = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    if wrong == digits:
        return
    with pytest.raises((ShareMistyped, ShareMalformed)):
        read_share(wrong)


@given(text=st.one_of(st.text(max_size=200), st.text(alphabet=ALPHABET, min_size=105, max_size=115)))
@settings(max_examples=300)
def test_whatever_is_typed_is_a_share_or_refused_by_name(text: str) -> None:
    """Fuzz: no other exception, and no message that repeats the text."""
    refusal: AkashiError | None = None
    try:
        read_share(text)
    except (ShareMistyped, ShareMalformed) as error:
        refusal = error

    assert refusal is not None
    assert len(text) < 12 or text not in str(refusal)


@pytest.mark.parametrize("threshold_number", [(1, 1), (17, 1), (2, 0), (2, 17)])
def test_numbers_out_of_bounds_are_refused(threshold_number: tuple[int, int]) -> None:
    """Also with right checks: a share of nobody's making."""
    text = write_share(Share(bytes(16), *threshold_number, bytes(32)))
    with pytest.raises(ShareMalformed):
        read_share(text)


def test_too_much_text_is_refused_at_once() -> None:
    """A megabyte of hyphens is not worked through."""
    with pytest.raises(ShareMalformed):
        read_share("-" * 1_000_000)


def test_a_sealed_share_opens_at_its_institution() -> None:
    """Sealed to the opening key, named on the outside, opened by that key."""
    sealed = seal_share(ONE, LEDGER, HOSPITAL, 1, xwing_public(SEED))
    assert open_share(sealed, LEDGER, HOSPITAL, opener()) == ONE


@pytest.mark.parametrize("attack", ["institution", "ledger", "key", "set", "bit", "cut", "garbage"])
def test_a_sealed_share_opens_nowhere_else(attack: str) -> None:
    """Attack: another institution, another ledger, another set's name on the outside, altered bytes."""
    sealed, ledger, institution, openers = (
        seal_share(ONE, LEDGER, HOSPITAL, 1, xwing_public(SEED)),
        LEDGER,
        HOSPITAL,
        opener(),
    )
    fields = cbor.decode(sealed)
    assert isinstance(fields, list)
    match attack:
        case "institution":
            institution = "inst-bbbb"
        case "ledger":
            ledger = b"\x01" * 16
        case "key":
            openers = [xwing_opener(bytes(32))]
        case "set":
            fields[3] = bytes(16)
            sealed = cbor.encode(fields)
        case "bit":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        case "cut":
            sealed = sealed[:-10]
        case _:
            sealed = b"\x80"
    with pytest.raises((ShareMalformed, OpeningFailed)):
        open_share(sealed, ledger, institution, openers)


def test_another_set_inside_than_outside_is_refused() -> None:
    """Attack: whoever sealed it lies on the outside about the set."""
    outer = Share(bytes(16), 3, 2, bytes(32))
    sealed = seal_share(outer, LEDGER, HOSPITAL, 1, xwing_public(SEED))
    inner = write_share(ONE)
    body = read_share(inner)
    lying = MemoryOpener(1, xwing_public(SEED), lambda _hpke, _info: _bytes_of(body))
    with pytest.raises(ShareMalformed):
        open_share(sealed, LEDGER, HOSPITAL, [lying])


def test_the_digest_names_a_share_and_its_repr_says_nothing() -> None:
    """Different values, different digests; the value is not shown."""
    other = Share(ONE.of_set, 3, 2, bytes(32))

    assert share_digest(ONE) != share_digest(other)
    assert ONE.value.hex() not in repr(ONE)
    assert str(ONE.value) not in repr(ONE)


def _bytes_of(share: Share) -> bytes:
    captured: list[bytes] = []
    sealed = seal_share(share, LEDGER, HOSPITAL, 1, xwing_public(SEED))
    real = xwing_opener(SEED)

    def keep(hpke: bytes, info: bytes) -> bytes:
        captured.append(real.open(hpke, info))
        return captured[0]

    open_share(sealed, LEDGER, HOSPITAL, [MemoryOpener(1, xwing_public(SEED), keep)])
    return captured[0]
