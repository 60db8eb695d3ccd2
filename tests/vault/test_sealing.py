"""Sealing and opening: what goes in comes out, for the recipients only, in flat memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.keys import DEFAULT, FAST_UNSAFE_COST, LISTED_ONLY, SUITES, FileKeystore, KeyKind, Profile
from akashi.keys.errors import OpeningFailed, SuiteRefused
from akashi.ledger.wire import cbor
from akashi.vault.errors import ContentMismatch, ContentTooLarge, PartRefused, RecipientRefused, SealForeign
from akashi.vault.model import CHUNK_SIZE, Part, Recipient
from akashi.vault.sealing import read_container, seal, unseal, wraps_digest, write_container
from tests.vault.forge import ALICE, ALICE_OPENER, BOB, BOB_OPENER, LEDGER, PAYLOAD, forged, noise, packed, sealed

LARGE = 1 << 34


@settings(max_examples=40)
@given(contents=st.lists(st.binary(max_size=3000), min_size=1, max_size=16), cut=st.integers(1, 5000))
def test_what_goes_in_comes_out(contents: list[bytes], cut: int) -> None:
    """Any parts, and a body that arrives in pieces of any size."""
    sealing = sealed(*contents)
    body = b"".join(sealing.chunks())
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]

    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, pieces)

    assert [content for _, content in opened.read(LARGE)] == contents
    assert opened.commitment() == sealing.summary.commitment


@pytest.mark.parametrize("length", [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE + 12345])
def test_lengths_around_the_chunk_border(length: int) -> None:
    """Incompressible content of lengths where an off-by-one would show."""
    content = noise(length)
    sealing = sealed(content)
    body = list(sealing.chunks())

    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, body)

    assert b"".join(opened.contents()) == content


@given(sizes=st.lists(st.integers(0, 700_000), max_size=6))
@settings(max_examples=15)
def test_content_may_arrive_in_pieces_of_any_size(sizes: list[int]) -> None:
    """Small pieces are gathered and large ones cut without changing the content."""
    pieces = [noise(size, str(n)) for n, size in enumerate(sizes)]
    sealing = seal([Part("a", pieces)], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER)
    body = list(sealing.chunks())

    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, body)

    assert b"".join(opened.contents()) == b"".join(pieces)


def test_the_summary_is_that_of_the_specification() -> None:
    """Body digest, wraps digest, size and commitment, computed here independently."""
    sealing = sealed(b"one", b"two", recipients=[BOB, ALICE])
    body = b"".join(sealing.chunks())

    summary = sealing.summary

    ordered = [wrap for _, wrap in sorted((cbor.decode(wrap)[2], wrap) for wrap in sealing.wraps)]  # type: ignore[index]  # a list
    digests = [sha256(wrap).digest() for wrap in ordered]
    content = sha256(b"onetwo").digest()
    assert (summary.size, summary.body_digest) == (len(body), sha256(body).digest())
    assert list(summary.wrap_digests) == digests
    assert summary.wraps_digest == sha256(b"akashi/wraps/1\0" + cbor.encode([*digests])).digest()
    assert summary.commitment == sha256(b"akashi/commit/1\0" + summary.salt + content).digest()


def test_the_wraps_digest_does_not_depend_on_the_order() -> None:
    """Naming the recipients in another order says the same."""
    wraps = sealed(b"x", recipients=[ALICE, BOB]).wraps

    assert wraps_digest(wraps) == wraps_digest(wraps[::-1])


def test_each_recipient_opens_with_its_own_wrap() -> None:
    """Two recipients, two wraps, one body."""
    sealing = sealed(b"content", recipients=[ALICE, BOB])
    body = list(sealing.chunks())
    container = read_container(write_container(LEDGER, sealing.wraps, body), LEDGER)

    opened = unseal(container.wrap_for(BOB.key_id), BOB_OPENER, LEDGER, container.body)

    assert opened.read(LARGE) == [("part-0", b"content")]


def test_sealing_twice_gives_nothing_in_common() -> None:
    """Fresh key and salt: equal content cannot be recognised from outside."""
    first, second = sealed(b"same"), sealed(b"same")
    bodies = [b"".join(first.chunks()), b"".join(second.chunks())]

    assert bodies[0] != bodies[1]
    assert first.summary.commitment != second.summary.commitment


def test_the_wrong_recipient_is_told_so() -> None:
    """Bob with Alice's wrap: not addressed to him."""
    sealing = sealed(b"content")

    with pytest.raises(SealForeign, match="recipient"):
        unseal(sealing.wraps[0], BOB_OPENER, LEDGER, sealing.chunks())


def test_a_wrap_does_not_open_in_another_ledger() -> None:
    """Attack: replay a sealed payload into a test ledger whose operators see more."""
    sealing = sealed(b"content")

    with pytest.raises(OpeningFailed):
        unseal(sealing.wraps[0], ALICE_OPENER, bytes(16), sealing.chunks())


def test_the_listed_profile_end_to_end(tmp_path: Path) -> None:
    """Suite 2 and ESP256 only: seal, carry as a container, open."""
    store = FileKeystore.create(tmp_path, b"invented", cost=FAST_UNSAFE_COST)
    public = store.generate("opening", SUITES[LISTED_ONLY.suite].kind)
    store.generate("gateway", LISTED_ONLY.signing)
    opener = store.opener("opening")
    sealing = seal(
        [Part("結果.csv", [b"1,2"])],
        media_type="text/csv",
        recipients=[Recipient(opener.key_id, 2, public)],
        ledger_id=LEDGER,
        profile=LISTED_ONLY,
    )
    container = read_container(write_container(LEDGER, sealing.wraps, list(sealing.chunks())), LEDGER)

    opened = unseal(container.wrap_for(opener.key_id), opener, LEDGER, container.body)

    assert opened.read(LARGE) == [("結果.csv", b"1,2")]
    assert (store.signer("gateway").algorithm, store.kind("opening")) == (-9, KeyKind.HPKE_P256)


def test_the_listed_profile_refuses_the_hybrid_suite() -> None:
    """An unlisted suite cannot slip in through a recipient's key or an argument."""
    with pytest.raises(SuiteRefused):
        seal([Part("a", [])], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER, suite=1, profile=LISTED_ONLY)
    with pytest.raises(RecipientRefused, match="suite"):
        seal([Part("a", [])], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER, profile=LISTED_ONLY)


def test_a_retired_suite_does_not_seal_but_opens() -> None:
    """Old payloads stay readable after their suite was retired."""
    retired = Profile("next year", suite=2, signing=DEFAULT.signing, refused=frozenset({1}))
    old = sealed(b"old")
    body = list(old.chunks())

    with pytest.raises(SuiteRefused):
        seal([Part("a", [])], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER, suite=1, profile=retired)
    assert unseal(old.wraps[0], ALICE_OPENER, LEDGER, body).read(LARGE) == [("part-0", b"old")]


@pytest.mark.parametrize(
    ("recipients", "failure"),
    [
        ([], "count"),
        ([ALICE] * 2, "twice"),
        ([Recipient(bytes([n]) * 32, 1, b"") for n in range(33)], "count"),
        ([Recipient(bytes(32), 1, ALICE.public)], "key_id"),
    ],
)
def test_recipients_that_do_not_fit(recipients: list[Recipient], failure: str) -> None:
    """Nobody, too many, the same one twice, a key id that is not the key's."""
    with pytest.raises(RecipientRefused, match=failure):
        sealed(b"", recipients=recipients)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "C:x", "a\0", "a\n", "x\u202eexe.csv", "あ" * 90, "\ud800"])
def test_part_names_that_could_harm_a_recipient(name: str) -> None:
    """Names become file names on the other side."""
    with pytest.raises(PartRefused, match="name"):
        seal([Part(name, [])], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER)


@pytest.mark.parametrize(("names", "failure"), [([], "count"), (["a"] * 17, "count"), (["a.csv", "A.CSV"], "twice")])
def test_numbers_of_parts(names: list[str], failure: str) -> None:
    """One to sixteen, and no two that a case-blind file system would merge."""
    with pytest.raises(PartRefused, match=failure):
        seal([Part(n, []) for n in names], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER)


def test_opening_stops_at_the_limit() -> None:
    """Ten bytes allowed, eleven there."""
    sealing = sealed(b"12345678901")
    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, sealing.chunks())

    with pytest.raises(ContentTooLarge):
        opened.read(10)


def test_a_bomb_unpacks_in_bounded_steps() -> None:
    """64 MiB of zeros in a few KiB: each step yields at most 1 MiB, and the limit stops it early."""
    inner = cbor.encode([1, "text/csv", bytes(32), ["a"]]) + bytes(64 << 20)
    wrap, body = forged(packed(inner))

    steps = unseal(wrap, ALICE_OPENER, LEDGER, body).contents(limit=8 << 20)

    sizes: list[int] = []
    with pytest.raises(ContentTooLarge):
        sizes.extend(len(step) for step in steps)
    assert sum(len(piece) for piece in body) < 64 * 1024
    assert max(sizes, default=0) <= 1 << 20


def test_the_commitment_is_compared_with_the_ledger() -> None:
    """A sealer that announced other content than it sealed is found out."""
    sealing = sealed(b"content")
    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, sealing.chunks())
    opened.read(LARGE)

    opened.verify_commitment(sealing.summary.commitment)
    with pytest.raises(ContentMismatch):
        opened.verify_commitment(bytes(32))


def test_streams_are_read_once_and_summaries_come_last() -> None:
    """Interface misuse is refused instead of giving half a digest."""
    sealing = sealed(b"content")
    with pytest.raises(Misuse):
        _ = sealing.summary
    body = list(sealing.chunks())
    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, body)
    with pytest.raises(Misuse):
        opened.commitment()
    opened.read(LARGE)

    attempts: list[Callable[[], bytes]] = [lambda: next(sealing.chunks()), lambda: next(opened.contents())]
    for again in attempts:
        with pytest.raises(Misuse):
            again()


def test_a_failing_source_leaves_no_summary() -> None:
    """A file that cannot be read to its end does not yield digests of its beginning."""

    def broken() -> Iterator[bytes]:
        yield b"a"
        raise OSError(5, "invented")

    sealing = seal([Part("a", broken())], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER)

    with pytest.raises(OSError):
        list(sealing.chunks())
    with pytest.raises(Misuse):
        _ = sealing.summary


def test_nothing_personal_or_secret_in_repr() -> None:
    """Names of parts, salts and content digests stay out of logs."""
    sealing = seal([Part("山田.csv", [b"x"])], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER)
    body = list(sealing.chunks())
    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, body)
    summary = sealing.summary

    shown = " ".join(map(repr, (sealing, opened, summary, Part("山田.csv", []), opened._inner, sealing._cipher)))

    assert "山田" not in shown
    assert repr(summary.salt) not in shown
    assert repr(summary.content_digest) not in shown


def test_payload_ids_are_fresh_unless_given() -> None:
    """A caller may name the payload (to stage it again); otherwise it is random."""
    ids = {
        seal([Part("a", [])], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER).payload_id for _ in range(4)
    }

    assert len(ids) == 4
    assert sealed(b"").payload_id == PAYLOAD


_MEMORY = """
import os, sys
from pathlib import Path
from akashi.clock import FixedClock
from akashi.vault.sealing import Part, seal, unseal
from akashi.vault.service import Vault
from tests.vault.forge import ALICE, ALICE_OPENER, LEDGER
from tests.vault.test_vault_rules import SIGNER
mib = int(sys.argv[1])
content = (os.urandom(1 << 20) for _ in range(mib))
with Vault(Path(sys.argv[2]), SIGNER, LEDGER, FixedClock(1)) as vault:
    sealing = seal([Part("a", content)], media_type="text/csv", recipients=[ALICE], ledger_id=LEDGER)
    vault.stage(sealing.payload_id, sealing.wraps, sealing.chunks())
    opened = unseal(sealing.wraps[0], ALICE_OPENER, LEDGER, vault.body(sealing.payload_id))
    assert sum(map(len, opened.contents())) == mib << 20
status = Path("/proc/self/status").read_text()  # ru_maxrss would also hold what the parent took
print(status.split("VmHWM:")[1].split()[0])
"""


def _peak_kib(directory: Path, mib: int) -> int:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(mib), str(directory / str(mib))],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{root / 'src'}:{root}"},
    )
    return int(done.stdout)


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Sealing, storing and opening 72 MiB needs no more memory than 8 MiB does (within 16 MiB)."""
    assert _peak_kib(tmp_path, 72) - _peak_kib(tmp_path, 8) < 16 * 1024


@pytest.mark.slow
def test_memory_stays_flat_up_to_a_gibibyte(tmp_path: Path) -> None:
    """The same for 1 GiB that does not compress."""
    assert _peak_kib(tmp_path, 1024) - _peak_kib(tmp_path, 8) < 16 * 1024
