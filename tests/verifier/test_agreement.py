"""Both verifiers, each a black box to the other, give the same verdict on the same bent log."""

from __future__ import annotations

import random
from typing import Any

import pytest

from akashi.ledger.proof.verify import verify_file
from akashi_verifier import cbor
from akashi_verifier.steps import verify
from tests.verifier import writer, writer_tsa
from tests.verifier.bend import mutate
from tests.verifier.writer import GATEWAY_KEY, OFFICE, OFFICE_KEY, SERVER_KEY, Log, Signer

HOSPITAL = "inst-0002"
SIGNERS = {key.id: key for key in (OFFICE_KEY, GATEWAY_KEY, SERVER_KEY)}


def busy() -> Log:
    """A log with an operation of each kind of registry.md except log.rekeyed."""
    log, _, _ = writer_tsa.stamped()
    opening = writer.enrolment(Signer(21), HOSPITAL, 5, f2=0, f9=1)
    del opening[8]
    log.add(GATEWAY_KEY, "key.enrolled", opening, HOSPITAL)
    log.add(OFFICE_KEY, "key.enrolled", writer.enrolment(Signer(22), HOSPITAL, 4, f10="dev-0001"), OFFICE)
    log.add(OFFICE_KEY, "key.enrolled", writer.enrolment(Signer(23), OFFICE, 1), OFFICE)
    log.add(OFFICE_KEY, "clock.stepped", {1: 1, 2: 2, 3: 2}, OFFICE)
    log.add(GATEWAY_KEY, "key.revoked", {1: GATEWAY_KEY.id, 2: 2, 3: 5}, HOSPITAL)
    return log


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """What both must agree on: with one fault the class too; `kinds` is not compared (verification.md)."""
    return {**result, "unproven": [word for word in result["unproven"] if word != "kinds"]}


def bent_log(seeded: random.Random) -> Log:
    """The busy log with one field of one operation bent, and that operation signed again by its signer."""
    log = busy()
    place = seeded.randrange(len(log.leaves))
    leaf = cbor.decode(log.leaves[place])
    protected, _, payload, _ = cbor.decode(leaf[3][1:])
    fields = cbor.decode(payload)[0]
    number = 7 if seeded.random() < 0.6 else seeded.randrange(11)
    fields[number] = mutate(fields[number], seeded)
    leaf[3] = writer.envelope(SIGNERS[cbor.decode(protected)[4]], fields)
    rebuilt = Log()
    for index, raw in enumerate(log.leaves):
        other = cbor.decode(raw)
        rebuilt.block(leaf[3] if index == place else other[3], ms=other[2])
    return rebuilt


@pytest.mark.parametrize("seed", range(150))
def test_one_bent_operation_is_judged_alike(seed: int) -> None:
    """One field bent, tree and signatures right: the same result, or the same failure class, from both."""
    log = bent_log(random.Random(seed))
    bundle, trust = log.bundle(), log.trust()
    assert summary(verify(bundle, trust)) == summary(verify_file(bundle, trust).to_json())


@pytest.mark.parametrize("seed", range(100))
def test_one_bent_item_is_judged_alike(seed: int) -> None:
    """One item of a bundle bent and the end item right: the same result or failure class."""
    log, seeded = busy(), random.Random(seed)
    items = log.items((0, 4), (5, 9))
    place = seeded.randrange(len(items))
    items[place] = mutate(items[place], seeded)
    bundle = writer.seal(items)
    assert summary(verify(bundle)) == summary(verify_file(bundle, None).to_json())


def test_the_unbent_log_is_verified_by_both() -> None:
    """The log that is bent above is good, so that what is refused is refused for the bend."""
    log = busy()
    found = {verify(log.bundle(), log.trust())["status"], verify_file(log.bundle(), log.trust()).to_json()["status"]}
    assert found == {"verified"}


def test_the_bends_bite() -> None:
    """Among the bent logs there are many classes of failure, so that the agreement says something."""
    classes = set()
    for seed in range(150):
        log = bent_log(random.Random(seed))
        classes.add(verify(log.bundle(), log.trust())["failure"])
    assert len(classes) >= 10
