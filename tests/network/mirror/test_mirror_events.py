"""What the ledger says of mirrors and of new epochs, whatever the order in which it is said."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from akashi.keys.signers import Ed25519Signer
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, dump_body, info_of
from akashi.ledger.model import Actor, Algorithm, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.state import Memory, Overlay
from akashi.ledger.wire import cbor
from akashi.network.mirror.events import (
    MIRROR_KINDS,
    EpochCarried,
    MirrorAccounted,
    MirrorEnrolled,
    MirrorRetired,
    carried,
    carried_digest,
    mirror_record,
    survivors,
)
from akashi.network.mirror.model import Gone, MirrorReceipt, Transport
from akashi.network.mirror.receipt import sign_mirror_receipt
from akashi.vault.events import order_payload_erasure, register_payload
from akashi.vault.model import ErasureReason

LEDGER, NOW = bytes(range(16)), 1_795_219_200_000
ORIGIN = f"akashi.example/akashi/{LEDGER.hex()}/1"
MIRRORS = ("mir-aaaa", "mir-bbbb")
SIGNERS = {one: Ed25519Signer(Ed25519PrivateKey.from_private_bytes(sha256(one.encode()).digest())) for one in MIRRORS}
PAYLOADS = [bytes([n]) * 16 for n in (1, 2, 3)]
ORDERS = {payload: sha256(payload).digest() for payload in PAYLOADS}
KINDS = {kind.info.tag: kind for kind in MIRROR_KINDS}


def state_with(epoch: int = 1) -> Overlay:
    """A ledger with three payloads that are ordered to be erased."""
    state = Overlay(Memory())
    state.put("log", b"genesis", [ORIGIN[:-1] + str(epoch), bytes(32), "inst-secretariat"])
    state.put("log", b"key", [bytes(32), bytes(32)])
    for payload in PAYLOADS:
        digests = (sha256(b"wrap" + payload).digest(),)
        register_payload(
            state,
            payload,
            subject="tr-aaaa",
            institution="inst-sender",
            body_digest=ORDERS[payload],
            wrap_digests=digests,
        )
        order_payload_erasure(state, payload, ORDERS[payload], ErasureReason.CONFIRMED, block_ms=NOW)
    return state


def say(state: Overlay, body: object) -> None:
    """Apply one operation of the secretariat, or nothing of it."""
    info = info_of(type(body))
    statement = Statement(
        LEDGER,
        info.tag,
        1,
        Actor("inst-secretariat"),
        Auth(AuthMethod.MACHINE, NOW),
        None,
        dump_body(body),
        NOW,
        NOW + 1,
        bytes(16),
    )
    overlay = Overlay(state)
    KINDS[info.tag].run(overlay, Context(statement, bytes(32), bytes(32), Purpose.SECRETARIAT, NOW))
    state.absorb(overlay.changes)


def receipt(
    mirror: str, number: int = 0, gone: tuple[bytes, ...] = (), *, signer: str = "", origin: str = ORIGIN
) -> bytes:
    """A mirror's receipt."""
    transport = Transport(number + 1, 1, bytes([number]) * 32)
    rows = tuple(Gone(payload, ORDERS.get(payload, bytes(32)), NOW) for payload in gone)
    made = MirrorReceipt(origin, mirror, number, number * 10, bytes(32), NOW, transport, number, rows)
    return sign_mirror_receipt(made, SIGNERS[signer or mirror])


def enrolled(state: Overlay, mirror: str) -> None:
    """Enrol one."""
    say(state, MirrorEnrolled(mirror, int(Algorithm.ED25519), SIGNERS[mirror].spki, receipt(mirror)))


def refusal(state: Overlay, body: object) -> str:
    """The reason, with nothing changed."""
    before = dict(state.changes)
    with pytest.raises(Refused) as caught:
        say(state, body)
    assert state.changes == before
    return caught.value.reason


class Step(NamedTuple):
    """One receipt of the property test."""

    mirror: str
    number: int
    gone: frozenset[bytes]


STEPS = st.lists(
    st.builds(Step, st.sampled_from(MIRRORS), st.integers(0, 3), st.frozensets(st.sampled_from(PAYLOADS))), max_size=12
)


@given(STEPS)
def test_an_erasure_is_done_when_every_mirror_has_said_so(steps: list[Step]) -> None:
    """Receipts in any order, repeated and late: what counts is whether each mirror has once answered for a payload."""
    state = state_with()
    said: dict[str, set[bytes]] = {one: set() for one in MIRRORS}
    newest = dict.fromkeys(MIRRORS, 0)
    for mirror in MIRRORS:
        enrolled(state, mirror)
    for step in steps:
        body = MirrorAccounted(step.mirror, receipt(step.mirror, step.number, tuple(sorted(step.gone))))
        fresh = step.gone - said[step.mirror]
        if step.number < newest[step.mirror]:
            assert refusal(state, body) == "mirror.older"
        elif step.number == newest[step.mirror] and not fresh:
            assert refusal(state, body) == "mirror.nothing"
        else:
            say(state, body)
            said[step.mirror] |= step.gone
            newest[step.mirror] = step.number
        for payload in PAYLOADS:
            left = {one.mirror for one in survivors(state, payload)}
            assert left == {one for one in MIRRORS if payload not in said[one]}


def test_who_may_be_a_mirror() -> None:
    """Once, with a key of its own, and with a first receipt of its own."""
    state = state_with()
    enrolled(state, MIRRORS[0])
    spki, algorithm = SIGNERS[MIRRORS[1]].spki, int(Algorithm.ED25519)
    bodies = [
        MirrorEnrolled(MIRRORS[0], algorithm, spki, receipt(MIRRORS[0])),
        MirrorEnrolled(MIRRORS[1], algorithm, SIGNERS[MIRRORS[0]].spki, receipt(MIRRORS[1])),
        MirrorEnrolled(MIRRORS[1], algorithm, spki, receipt(MIRRORS[1], signer=MIRRORS[0])),
        MirrorEnrolled(MIRRORS[1], algorithm, spki, receipt(MIRRORS[0], signer=MIRRORS[1])),
        MirrorEnrolled(MIRRORS[1], algorithm, spki, receipt(MIRRORS[1], 1)),
        MirrorEnrolled(MIRRORS[1], algorithm, spki, receipt(MIRRORS[1], origin="a/akashi/" + "0" * 32 + "/1")),
    ]

    reasons = [refusal(state, body) for body in bodies]
    assert reasons == [
        "mirror.again",
        "mirror.key",
        "mirror.signature",
        "mirror.receipt",
        "mirror.receipt",
        "mirror.ledger",
    ]


def test_what_a_receipt_may_not_say() -> None:
    """Another mirror's receipt, an order that is none, a mirror that is retired or unknown."""
    state = state_with()
    enrolled(state, MIRRORS[0])
    unknown = MirrorAccounted(MIRRORS[1], receipt(MIRRORS[1], 1))
    foreign = MirrorAccounted(MIRRORS[0], receipt(MIRRORS[1], 1))
    order = MirrorAccounted(MIRRORS[0], receipt(MIRRORS[0], 1, (bytes(16),)))
    reasons = [refusal(state, body) for body in (unknown, foreign, order)]
    say(state, MirrorRetired(MIRRORS[0]))
    reasons.append(refusal(state, MirrorAccounted(MIRRORS[0], receipt(MIRRORS[0], 1))))

    assert reasons == ["mirror.unknown", "mirror.signature", "mirror.order", "mirror.unknown"]
    assert mirror_record(state, MIRRORS[0]) is not None
    assert [one.retired for one in survivors(state, PAYLOADS[0])] == [True]


def rows(*pairs: tuple[str, bytes]) -> bytes:
    """A batch of carried rows."""
    return cbor.encode([[space, key, cbor.encode([1])] for space, key in pairs])


def test_a_new_epoch_takes_the_former_rows_once() -> None:
    """In batches, closed by the digest over all of them; nothing more after that."""
    state, first, second = state_with(2), rows(("tr", b"a")), rows(("tr", b"b"), ("inst", b"c"))
    total = carried_digest(carried_digest(bytes(32), first), second)
    say(state, EpochCarried(first))
    wrong = refusal(state, EpochCarried(second, bytes(32)))
    say(state, EpochCarried(second, total))
    late = refusal(state, EpochCarried(rows(("tr", b"d"))))

    assert (wrong, late) == ("epoch.digest", "epoch.closed")
    assert carried(state) == (3, total, True)
    assert state.get("tr", b"b") == [1]


def test_what_a_new_epoch_does_not_take() -> None:
    """Nothing in a first epoch, nothing of the log's own, nothing over what is there, nothing that is no row."""
    state = state_with(2)
    bad = [
        rows(("log", b"key")),
        rows(("epoch", b"x")),
        rows(("pay", PAYLOADS[0])),
        rows(("Tr", b"a")),
        cbor.encode([7]),
        cbor.encode(1),
    ]
    reasons = [refusal(state, EpochCarried(one)) for one in bad]

    assert refusal(state_with(1), EpochCarried(rows(("tr", b"a")))) == "epoch.first"
    assert reasons == ["epoch.space", "epoch.space", "epoch.exists", "epoch.rows", "epoch.rows", "epoch.rows"]
