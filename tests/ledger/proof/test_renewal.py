"""Evidence records thirty years ahead: renewed in time they prove, renewed late, wrongly or not at all they do not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.proof.bundle import write_bundle
from akashi.ledger.proof.renewal import (
    DEFAULT_POLICY,
    Believed,
    Policy,
    begin_records,
    parse_policy,
    renew_stamps,
    renew_trees,
    verify_kept_file,
    verify_record,
)
from akashi.ledger.proof.renewal_record import ArchiveStamp, format_record, obtain_over, parse_record
from tests.ledger.proof.decades import FIRST, FOURTH, ROOTS, SECOND, THIRD, Authority, judged, year
from tests.vectors.world import START_MS, begun, stamp_note, tsa_root

BUNDLE, PAPER, OTHER = b"the bytes of a bundle", b"a document that went with it", b"another bundle"
GROUP = [BUNDLE, PAPER]


FIFTH = Authority("fifth", 2034, 2060, "sha512")


def thirty_years(objects: list[bytes] = GROUP) -> list[bytes]:
    """A record as of 2026, 2035, 2043 and 2049: two renewals of the stamp, then one of the hash tree."""
    (begun_2026,) = begin_records([objects], FIRST.at(2026))
    (in_2035,) = renew_stamps([begun_2026], SECOND.at(2035))
    (in_2043,) = renew_stamps([in_2035], THIRD.at(2043))
    (in_2049,) = renew_trees([in_2043], [objects], FOURTH.at(2049), "sha512")
    return [begun_2026, in_2035, in_2043, in_2049]


DECADES = thirty_years()


def failure(record: bytes, objects: list[bytes], at: int, roots: tuple[bytes, ...] = ROOTS) -> str:
    """Why a record proves nothing in that year."""
    with pytest.raises(ProofError) as raised:
        judged(record, objects, at, roots)
    return raised.value.failure


def test_thirty_years_ahead() -> None:
    """In 2056 all certificates of the first three authorities have ended, SHA-256 and P-256 too, and 2026 is still proven."""
    verdict = judged(DECADES[3], GROUP, 2056)

    assert (verdict.first_ms, verdict.stamps, verdict.chains) == (year(2026), 4, 2)
    assert year(2058) < verdict.renew_by_ms < year(2059)


@pytest.mark.parametrize(("step", "last_good", "failed"), [(0, 2035, 2036), (1, 2044, 2045), (2, 2050, 2051)])
def test_each_step_holds_until_its_end(step: int, last_good: int, failed: int) -> None:
    """Not renewed, a record proves until its stamp's certificate or its algorithms end, and then nothing."""
    assert judged(DECADES[step], GROUP, last_good).stamps == step + 1
    assert failure(DECADES[step], GROUP, failed) in {"record.expired", "record.algorithm"}


def test_the_verdict_names_the_day_by_which_to_renew() -> None:
    """Of the certificate's end and the algorithms' ends the earliest."""
    assert year(2035, 12) < judged(DECADES[0], GROUP, 2030).renew_by_ms < year(2036, 1)
    assert year(2050, 12) < judged(DECADES[2], GROUP, 2050).renew_by_ms < year(2051, 2)


def test_renewed_too_late() -> None:
    """A stamp that had expired before the next one came proves nothing, however good the newest is."""
    (late,) = renew_stamps([DECADES[0]], SECOND.at(2037))

    assert failure(late, GROUP, 2038) == "record.late"


def test_rehashed_after_the_end_of_the_hash() -> None:
    """Hash trees renewed in 2051, when SHA-256 was no longer good: too late for them."""
    (late,) = renew_trees([DECADES[2]], [GROUP], FOURTH.at(2051), "sha512")

    assert failure(late, GROUP, 2052) == "record.algorithm"


def test_only_the_stamp_renewed_and_the_hash_ended() -> None:
    """New stamps over a chain do not save its hash algorithm."""
    (kept,) = renew_stamps([DECADES[2]], FOURTH.at(2050))

    assert failure(kept, GROUP, 2052) == "record.algorithm"


def test_a_weak_signature_is_too_late_though_its_certificate_is_valid() -> None:
    """A policy that ends P-256 in 2040 refuses a stamp of 2035 that was renewed in 2043, and takes one renewed in 2039."""
    policy = Policy({**DEFAULT_POLICY.until, "ecdsa-p256": year(2040)})
    (early,) = renew_stamps([DECADES[1]], FIFTH.at(2039))
    believed = Believed((*ROOTS, FIFTH.root))

    assert verify_record(early, GROUP, believed, policy, year(2045)).stamps == 3
    with pytest.raises(ProofError) as raised:
        verify_record(DECADES[2], GROUP, believed, policy, year(2044))
    assert raised.value.failure == "record.algorithm"


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize(
    "objects",
    [[BUNDLE], [PAPER], [], [*GROUP, OTHER], [BUNDLE + b" ", PAPER], [OTHER, PAPER]],
    ids=["no paper", "no bundle", "nothing", "one more", "changed", "exchanged"],
)
def test_exactly_the_data_objects(step: int, objects: list[bytes]) -> None:
    """A data object that is missing, added, changed or exchanged is found out at every step."""
    assert failure(DECADES[step], objects, (2030, 2036, 2044, 2050)[step]) == "record.object"


def test_data_that_is_missing_is_not_rehashed() -> None:
    """Hash trees are not renewed for data that is not all there: nobody could ever verify the result."""
    with pytest.raises(ProofError) as raised:
        renew_trees([DECADES[2]], [[BUNDLE]], FOURTH.at(2049), "sha512")
    assert raised.value.failure == "record.object"


def test_a_renewed_stamp_over_other_data() -> None:
    """The newest stamp of another record in this one's place is over something else."""
    theirs = parse_record(thirty_years([OTHER])[1])
    ours = parse_record(DECADES[0])
    grafted = format_record(((ours[0][0], theirs[0][1]),))

    assert failure(grafted, GROUP, 2036) == "stamp"


def test_a_new_chain_over_fewer_old_ones() -> None:
    """A hash-tree renewal binds all earlier chains: one that is shortened or lengthened afterwards does not fit."""
    first, second = parse_record(DECADES[3])

    assert failure(format_record((first[:-1], second)), GROUP, 2050) == "record.object"


def test_an_unknown_root_counts_for_nothing() -> None:
    """Without the root of one authority in the middle the record proves nothing."""
    assert failure(DECADES[2], GROUP, 2044, (FIRST.root, THIRD.root)) == "record.root"


def test_a_key_that_was_revoked_before_the_renewal() -> None:
    """Revoked in 2030 and renewed in 2035: late. Revoked in 2036, after the renewal: no matter."""
    for revoked, expected in ((2030, "record.late"), (2036, None)):
        believed = Believed(ROOTS, [FIRST.revoked(revoked)])
        failed = None
        try:
            verify_record(DECADES[1], GROUP, believed, DEFAULT_POLICY, year(2040))
        except ProofError as error:
            failed = error.failure
        assert failed == expected


def test_times_rise() -> None:
    """A stamp that says it is older than the one it renews, or newer than now, is refused."""
    (back,) = renew_stamps([begin_records([GROUP], SECOND.at(2035))[0]], FIRST.at(2034))

    assert failure(back, GROUP, 2035) == "record.order"
    assert failure(DECADES[0], GROUP, 2026 - 1) == "record.order"


def test_many_records_with_one_stamp() -> None:
    """Seven records are begun, renewed and rehashed with three stamps in all, and each verifies with its own data only."""
    groups = [[b"bundle %d" % number] if number % 2 else [b"bundle %d" % number, PAPER] for number in range(7)]
    records = begin_records(groups, FIRST.at(2026))
    records = renew_stamps(records, SECOND.at(2035))
    records = renew_trees(records, groups, FIFTH.at(2043), "sha512")
    newest = {parse_record(record)[-1][-1].token for record in records}

    assert len(newest) == 1
    for record, group, next_group in zip(records, groups, [*groups[1:], groups[0]], strict=True):
        assert judged(record, group, 2056, (*ROOTS, FIFTH.root)).stamps == 3
        assert failure(record, next_group, 2056) == "record.object"


@settings(max_examples=15)
@given(st.integers(1, 9), st.data())
def test_any_number_of_records_shares_a_stamp(count: int, data: st.DataObject) -> None:
    """Whatever the number of records and of objects in each, each one's reduced tree leads to the stamp."""
    groups = [
        [b"%d %d" % (at, one) for one in range(data.draw(st.integers(1, 4), label="objects"))] for at in range(count)
    ]
    records = begin_records(groups, FIRST.at(2026), "sha384")

    assert [judged(record, group, 2030).stamps for record, group in zip(records, groups, strict=True)] == [1] * count


def test_no_changed_byte_is_believed() -> None:
    """Any flipped bit before the newest token is found out; in the newest token nothing but what nobody signed may change."""
    record = DECADES[1]
    right = judged(record, GROUP, 2036)
    start = record.index(parse_record(record)[-1][-1].token)
    for at in range(0, len(record), 5):
        changed = record[:at] + bytes([record[at] ^ 0x10]) + record[at + 1 :]
        try:
            verdict = judged(changed, GROUP, 2036)
        except ProofError:
            continue
        assert at >= start
        assert verdict == right


@settings(max_examples=60)
@given(st.binary(max_size=40), st.integers(0, len(DECADES[1])), st.integers(0, 20))
def test_spliced_records_never_raise_anything_else(noise: bytes, at: int, skip: int) -> None:
    """Hostile DER gives our error, or the very same record."""
    changed = DECADES[1][:at] + noise + DECADES[1][at + skip :]
    failed, again = "", changed
    try:
        again = format_record(parse_record(changed))
    except ProofError as error:
        failed = error.failure
    assert failed in {"", "record.format"}
    assert again == changed


@pytest.mark.parametrize(
    "stamp",
    [
        ArchiveStamp("sha256", ((),), b""),
        ArchiveStamp("sha256", ((b"short",),), b""),
        ArchiveStamp("sha256", ((bytes(32), bytes(32)),), b""),
    ],
    ids=["empty list", "short hash", "the same twice"],
)
def test_trees_that_prove_nothing(stamp: ArchiveStamp) -> None:
    """Lists that we would never make are refused before anything is computed from them."""
    token = parse_record(DECADES[0])[0][0].token
    data = format_record(((ArchiveStamp(stamp.algorithm, stamp.lists, token),),))

    with pytest.raises(ProofError) as raised:
        parse_record(data)
    assert raised.value.failure == "record.format"


def test_openssl_reads_record_and_token(tmp_path: Path) -> None:
    """Another program finds the structure of RFC 4998 section 3, and verifies the newest token against the old one's hash."""
    (tmp_path / "record").write_bytes(DECADES[1])
    shown = subprocess.run(
        ["openssl", "asn1parse", "-inform", "DER", "-in", tmp_path / "record"],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    ).stdout
    first, second = parse_record(DECADES[1])[0]
    for name, data in (("old", first.token), ("new", second.token), ("ca", SECOND.root)):
        (tmp_path / name).write_bytes(data)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "new", "-data", "old", "-CAfile", "ca.pem"]
    convert = ["openssl", "x509", "-inform", "DER", "-in", "ca", "-out", "ca.pem"]
    subprocess.run(convert, cwd=tmp_path, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    done = subprocess.run(
        [*command, "-attime", str(year(2036) // 1000)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    assert shown.count("pkcs7-signedData") == 2
    assert "INTEGER           :01" in shown
    assert "Verification: OK" in done.stdout + done.stderr


def test_a_record_that_leaves_out_its_algorithm_is_refused() -> None:
    """Optional fields that we do not make are refused, never guessed."""
    with pytest.raises(ProofError):
        parse_record(b"\x30\x00")
    with pytest.raises(ProofError):
        parse_record(b"")


def test_policies_are_read_strictly() -> None:
    """A date that does not exist, a name given twice, and words beside are refused; comments and empty lines are not."""
    assert parse_policy(b"# mine\n\nsha256 2040-12-31\n").good("sha256", year(2040, 12))
    assert not parse_policy(b"sha256 2040-12-31\n").good("sha256", year(2041, 1))
    for wrong in (
        b"sha256 2040-13-01",
        b"sha256 2040-02-30",
        b"sha256 9999-12-31",
        b"sha256",
        b"a 2040-01-01\na 2041-01-01",
        b"\xff",
    ):
        with pytest.raises(EncodingError):
            parse_policy(wrong)


def test_an_authority_that_answers_something_else() -> None:
    """Unknown hash algorithms are not stamped; a token over another hash is refused on arrival."""
    with pytest.raises(ProofError):
        begin_records([GROUP], FIRST.at(2026), "md5")

    class Swapping:
        def respond(self, request: bytes) -> bytes:
            return FIRST.at(2026).respond(request.replace(bytes(32), bytes([1] * 32)))

    with pytest.raises(ProofError):
        obtain_over(Swapping(), "sha256", bytes(32))


def test_stamps_inside_a_bundle_had_not_ended_when_the_record_began() -> None:
    """A record begun while the bundle's own stamp was good keeps it; one begun after its certificate ended does not."""
    log = begun()
    note = log.note(2)
    data = write_bundle(log.bundle(stamps=[log.stamp(note, stamp_note(note, START_MS))]))
    believed = Believed((*ROOTS, tsa_root()))
    early = verify_record(begin_records([[data]], SECOND.at(2035))[0], [data], believed, DEFAULT_POLICY, year(2040))
    late = verify_record(begin_records([[data]], SECOND.at(2038))[0], [data], believed, DEFAULT_POLICY, year(2040))

    verify_kept_file(data, early, believed, DEFAULT_POLICY)
    with pytest.raises(ProofError) as raised:
        verify_kept_file(data, late, believed, DEFAULT_POLICY)
    assert raised.value.failure == "record.late"
    with pytest.raises(ProofError) as weak:
        verify_kept_file(data, early, believed, Policy({**DEFAULT_POLICY.until, "ed25519": year(2034)}))
    assert weak.value.failure == "record.algorithm"
