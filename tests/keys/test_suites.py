"""Suites: what is listed, what may seal, and that wraps open for their recipient and context only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.keys import DEFAULT, FAST_UNSAFE_COST, LISTED_ONLY, SUITES, FileKeystore, Profile, wrap_key
from akashi.keys.errors import OpeningFailed, PublicKeyInvalid, SuiteRefused, SuiteUnknown
from akashi.keys.openers import Opener, xwing_opener, xwing_public
from akashi.keys.suites import find_suite, verify_public, verify_sealing_suite

DATA_KEY = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> FileKeystore:
    return FileKeystore.create(tmp_path, b"an invented passphrase", cost=FAST_UNSAFE_COST)


@pytest.fixture(params=sorted(SUITES))
def pair(request: pytest.FixtureRequest, store: FileKeystore) -> tuple[Opener, bytes]:
    public = store.generate("opening", SUITES[request.param].kind)
    return store.opener("opening"), public


def test_a_wrap_opens_for_its_recipient(pair: tuple[Opener, bytes]) -> None:
    """The data key comes back, and a wrap is 48 bytes longer than the encapsulated key."""
    opener, public = pair
    suite = SUITES[opener.suite]

    hpke = wrap_key(suite, public, b"info", DATA_KEY)

    assert opener.open(hpke, b"info") == DATA_KEY
    assert len(hpke) == suite.encapsulated + 48


def test_another_context_does_not_open(pair: tuple[Opener, bytes]) -> None:
    """Attack: present a wrap under another payload's or ledger's name."""
    opener, public = pair
    hpke = wrap_key(SUITES[opener.suite], public, b"info", DATA_KEY)

    with pytest.raises(OpeningFailed):
        opener.open(hpke, b"other")


def test_any_altered_byte_does_not_open(pair: tuple[Opener, bytes]) -> None:
    """Every tenth byte flipped, one cut and one added: all refused."""
    opener, public = pair
    hpke = wrap_key(SUITES[opener.suite], public, b"info", DATA_KEY)
    altered = [hpke[:at] + bytes([hpke[at] ^ 0x80]) + hpke[at + 1 :] for at in range(0, len(hpke), 10)]

    for data in [*altered, hpke[:-1], hpke + b"\0", b""]:
        with pytest.raises(OpeningFailed):
            opener.open(data, b"info")


def test_another_recipient_does_not_open(pair: tuple[Opener, bytes], store: FileKeystore) -> None:
    """A second key of the same suite learns nothing."""
    opener, public = pair
    store.generate("second", SUITES[opener.suite].kind)
    hpke = wrap_key(SUITES[opener.suite], public, b"info", DATA_KEY)

    with pytest.raises(OpeningFailed):
        store.opener("second").open(hpke, b"info")


def test_the_x_wing_key_expansion_is_the_published_one() -> None:
    """First test vector of draft-connolly-cfrg-xwing-kem: seed to the beginning and end of the public key."""
    seed = bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")

    public = xwing_public(seed)

    assert public[:16].hex() == "e2236b35a8c24b39b10aa1323a96a919"
    assert len(public) == 1216
    assert xwing_opener(seed).open(wrap_key(SUITES[1], public, b"", DATA_KEY), b"") == DATA_KEY


@pytest.mark.parametrize("number", sorted(SUITES))
@given(public=st.one_of(st.binary(max_size=80), st.binary(min_size=1216, max_size=1216)))
def test_bytes_that_are_no_public_key_are_refused(number: int, public: bytes) -> None:
    """Wrong lengths and points off the curve raise our error, never the library's."""
    try:
        verify_public(SUITES[number], public)
    except PublicKeyInvalid:
        with pytest.raises(PublicKeyInvalid):
            wrap_key(SUITES[number], public, b"", DATA_KEY)
    else:
        assert len(public) in (65, 1216)


def test_a_compressed_point_is_not_a_public_key(store: FileKeystore) -> None:
    """HPKE has one form of a P-256 key; a second one would give one key two ids."""
    public = store.generate("opening", SUITES[2].kind)
    compressed = bytes([2 + (public[-1] & 1)]) + public[1:33]

    with pytest.raises(PublicKeyInvalid):
        verify_public(SUITES[2], compressed)


def test_every_suite_says_whether_it_is_listed() -> None:
    """Number, both notes and the list status are shown to people; only suite 2 is wholly listed."""
    assert {suite.number: suite.listed for suite in SUITES.values()} == {1: False, 2: True}
    assert all("リスト" in suite.note_ja and "list" in suite.note_en for suite in SUITES.values())


def test_profiles_decide_what_may_seal() -> None:
    """The listed-only profile refuses suite 1; each profile's own suite may seal; unknown numbers are unknown."""
    for profile in (DEFAULT, LISTED_ONLY):
        verify_sealing_suite(profile.suite, profile)
    with pytest.raises(SuiteRefused):
        verify_sealing_suite(1, LISTED_ONLY)
    with pytest.raises(SuiteUnknown):
        find_suite(3)


def test_the_listed_profile_is_made_of_listed_suites_only() -> None:
    """Every suite that it lets seal is listed."""
    allowed = [suite for suite in SUITES.values() if suite.number not in LISTED_ONLY.refused]

    assert allowed
    assert all(suite.listed for suite in allowed)


def test_a_retired_suite_still_opens(store: FileKeystore) -> None:
    """Retiring loses nothing: sealing is refused, opening goes on."""
    retired = Profile("next year", suite=1, signing=DEFAULT.signing, refused=frozenset({2}))
    public = store.generate("opening", SUITES[2].kind)
    old = wrap_key(SUITES[2], public, b"", DATA_KEY)

    with pytest.raises(SuiteRefused):
        verify_sealing_suite(2, retired)
    assert store.opener("opening").open(old, b"") == DATA_KEY
