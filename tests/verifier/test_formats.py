"""Trust files, notes, operations and the tree as the second verifier reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi_verifier import Failure, bundle, cbor, note, operation, tree, trust
from tests.verifier import writer
from tests.verifier.writer import COSIGNER_KEY, GATEWAY_KEY, LOG_KEY


def refused(parse: Callable[[bytes], Any], data: bytes) -> str:
    """The failure class with which `parse` refuses the bytes."""
    with pytest.raises(Failure) as caught:
        parse(data)
    return caught.value.code


_GOOD = f"log {LOG_KEY.vkey}\nwitness a {COSIGNER_KEY.vkey}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        _GOOD,
        _GOOD + "quorum b\n",
        _GOOD + "quorum a\nquorum a\n",
        _GOOD + "quorum a",
        _GOOD + "quorum a\r\n",
        _GOOD + "quorum none\nspeak friend\n",
        _GOOD + "quorum none\n#!tsa_root x\n",
        _GOOD + "quorum none\n#!genesis " + "A" * 64 + "\n",
        _GOOD + f"log {LOG_KEY.vkey}\nquorum a\n",
        _GOOD + f"witness b {COSIGNER_KEY.vkey}\nquorum a\n",
        _GOOD + f"witness none {writer.NoteKey(5, 'x', 4).vkey}\nquorum a\n",
        _GOOD + "group g 2 a\nquorum g\n",
        _GOOD + "group g 0 a\nquorum g\n",
        _GOOD + "group g any a\ngroup h any a\nquorum h\n",
        _GOOD + "group a any a\nquorum a\n",
        f"witness a {COSIGNER_KEY.vkey}\nquorum a\n",
        f"log {COSIGNER_KEY.vkey}\nquorum none\n",
        f"log {LOG_KEY.vkey[:-2]}A=\nquorum none\n",
        _GOOD + "quorum none\n#!ca-root AAAA\n",
    ],
)
def test_bad_trust_files(text: str) -> None:
    """Each fault of a trust file is trust.format."""
    assert refused(trust.parse, text.encode()) == "trust.format"


def test_groups_count_members() -> None:
    """A threshold over groups and witnesses is met by enough of them and not by fewer."""
    keys = [writer.NoteKey(seed, f"w{seed}", 4) for seed in (31, 32, 33)]
    lines = [f"\t witness w{n} {key.vkey} https://example.jp/ " for n, key in enumerate(keys)]
    lines += ["group g any w0 w1", "group h all g w2", "quorum h", "  # a comment", f"log {LOG_KEY.vkey}"]
    policy = trust.parse("".join(line + "\n" for line in lines).encode())
    met = [policy.quorum_met({keys[n].key for n in have}) for have in ([0, 2], [0, 1], [1, 2], [2], [])]
    assert met == [True, False, True, False, False]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"example.jp/akashi", b"Example.jp/akashi", "note.origin"),
        (b"/1\n3\n", b"/0\n3\n", "note.origin"),
        (b"\n3\n", b"\n03\n", "note.size"),
        (b"\n3\n", b"\n+3\n", "note.size"),
        (b"\n3\n", b"\n9223372036854775808\n", "note.size"),
        (b"=\n\n", b"=\nextension\n\n", "note.format"),
        (b"=\n\n", b"\n\n", "note.root"),
        ("— example.jp/akashi".encode(), b"- example.jp/akashi", "note.format"),
        ("— example.jp/akashi".encode(), "—  example.jp/akashi".encode(), "note.format"),
        ("— example.jp/server".encode(), "— exam+ple.jp/server".encode(), "note.format"),
    ],
)
def test_bad_notes(old: bytes, new: bytes, code: str) -> None:
    """Each fault of a checkpoint's text has its class."""
    good = writer.founded().note()
    assert old in good
    assert refused(note.parse, good.replace(old, new)) == code


def test_notes_have_limits() -> None:
    """No line, 17 lines, no last newline and more than 8 KiB are note.format."""
    good = writer.founded().note()
    body = good.partition(b"\n\n")[0] + b"\n\n"
    line = LOG_KEY.line(b"")
    bad = [body, body + line * 17, good[:-1], body + b"x" * 8200, good + b"\xff\n"]
    assert [refused(note.parse, data) for data in bad] == ["note.format"] * 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 1", b"index 01"),
        (b"index 1", b"index -1"),
        (b"extra ", b"extra  "),
        (b"extra ", b"extras "),
        (b"index 1\n", b"index 1\nAAAA\n"),
        (b"\n\n", b"\n"),
    ],
)
def test_bad_receipts(old: bytes, new: bytes) -> None:
    """Each fault before the checkpoint is receipt.format."""
    good = writer.founded().receipt(1)
    count = -1 if old == b"\n\n" else 1
    assert refused(note.parse_receipt, good.replace(old, new, count)) == "receipt.format"


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        ({"f0": 2}, "op.statement"),
        ({"f0": True}, "op.statement"),
        ({"f1": b"x"}, "op.ledger"),
        ({"f2": "note"}, "op.kind"),
        ({"f2": "note.made\n"}, "op.kind"),
        ({"f3": 0}, "op.version"),
        ({"f3": True}, "op.version"),
        ({"f6": "x"}, "op.subject"),
        ({"f7": []}, "op.body"),
        ({"f8": -1}, "op.time"),
        ({"f9": 10}, "op.time"),
        ({"f9": 10 + 604_800_001, "f8": 10}, "op.lifetime"),
        ({"f10": b"x" * 15}, "op.nonce"),
        ({"f4": ["inst-0002", None]}, "op.actor"),
        ({"f4": [None, None, None]}, "op.actor"),
        ({"f5": [9, 0, None]}, "op.auth"),
        ({"f5": [0, -1, None]}, "op.auth"),
        ({"f5": [0, 0, b"x"]}, "op.auth"),
    ],
)
def test_bad_statements(bend: dict[str, Any], code: str) -> None:
    """Each fault of a statement has its class."""
    fields = writer.statement("note.made", {}, "inst-0002", 10, **bend)
    assert refused(operation.parse, writer.envelope(GATEWAY_KEY, fields)) == code


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        ({"approvals": [b""]}, "op.approvals"),
        ({"approvals": None}, "op.approvals"),
        ({"unprotected": {4: b"x"}}, "cose.unprotected"),
        ({"signature": b"x" * 63}, "cose.signature"),
        ({"protected": {1: -19, 4: b"k" * 32}}, "cose.protected"),
        ({"protected": {1: -19, 2: 0, 4: b"k" * 32, 16: "akashi-op/1"}}, "cose.protected"),
        ({"protected": {1: -8, 4: b"k" * 32, 16: "akashi-op/1"}}, "cose.algorithm"),
        ({"protected": {1: -19, 4: b"k" * 31, 16: "akashi-op/1"}}, "cose.key"),
        ({"protected": {1: -19, 4: b"k" * 32, 16: "akashi-op/2"}}, "cose.type"),
    ],
)
def test_bad_envelopes(bend: dict[str, Any], code: str) -> None:
    """Each fault of an envelope has its class."""
    fields = writer.statement("note.made", {}, "inst-0002", 10)
    assert refused(operation.parse, writer.envelope(GATEWAY_KEY, fields, **bend)) == code


def test_large_untagged_and_misshapen_envelopes() -> None:
    """Size, tag and shape are judged first."""
    good = writer.envelope(GATEWAY_KEY, writer.statement("note.made", {}, "inst-0002", 10))
    bad = [b"\xd2" * 32_769, good[1:], b"\xd2\x80", b"\xd2" + cbor.encode([b"", {}, None, b""]), good + b"\0"]
    expected = ["op.size", "cose.tag", "cose.shape", "cose.shape", "cbor.trailing"]
    assert [refused(operation.parse, data) for data in bad] == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.data())
def test_every_proof_of_every_shape_holds(size: int, data: st.DataObject) -> None:
    """Inclusion, consistency and range proofs of any tree lead to its root."""
    hashes = [tree.leaf_hash(bytes([n])) for n in range(size)]
    root = tree.root(hashes)
    index = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(index + 1, size))
    found = tree.inclusion_root(index, size, hashes[index], writer.inclusion(index, hashes))
    proof = writer.range_proof(index, end, hashes)
    tree.check_consistency(end, tree.root(hashes[:end]), size, root, writer.consistency(end, hashes))
    assert (found, tree.range_root(index, hashes[index:end], size, proof)) == (root, root)


def _items(change: Callable[[list[Any]], list[Any]]) -> bytes:
    return writer.seal(change(writer.founded().items((0, 1), (2, 3))))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda items: [["akashi-bundle", 2, *items[0][2:]], *items[1:]], "bundle.header"),
        (lambda items: [[*items[0][:3], 0], *items[1:]], "bundle.header"),
        (lambda items: [[*items[0][:3], 4], *items[1:]], "bundle.size"),
        (lambda items: [items[0], items[2], items[1], *items[3:]], "bundle.item"),
        (lambda items: items[:3], "bundle.item"),
        (lambda items: [*items, ["remark", 1]], "bundle.item"),
        (lambda items: [*items[:3], ["disclosure", b"x" * 32, b"x" * 32, b"x" * 32], *items[3:]], "bundle.item"),
        (lambda items: [*items[:3], items[4], items[3]], "bundle.order"),
        (lambda items: [*items, ["range", 3, [b"x"], []]], "bundle.range"),
        (lambda items: [*items[:4], ["range", 1, [b"x"], []]], "bundle.order"),
        (lambda items: [*items[:3], ["range", 0, [], []]], "bundle.range"),
        (lambda items: [*items[:3], ["range", 0, [b"x"], [b"x"]]], "bundle.range"),
        (lambda items: [*items, *[["disclosure", b"x" * 32, b"x" * 32, b"x" * 32]] * 2], "bundle.order"),
        (lambda items: [*items, ["disclosure", b"x" * 32, b"x" * 31, b"x" * 32]], "bundle.item"),
    ],
)
def test_bad_bundles(change: Callable[[list[Any]], list[Any]], code: str) -> None:
    """Each fault of a bundle's items has its class."""
    assert refused(bundle.parse, _items(change)) == code


def test_bundle_needs_its_end() -> None:
    """A missing, wrong, early or followed end is bundle.end."""
    items = writer.founded().items()
    whole, body = writer.seal(items), b"".join(map(cbor.encode, items))
    wrong = cbor.encode(["end", len(items), b"x" * 32])
    bad = [b"", body, body + wrong, whole + b"\0", body + cbor.encode(["end", 9, b"x" * 32])]
    assert [refused(bundle.parse, data) for data in bad] == ["bundle.end"] * 5
