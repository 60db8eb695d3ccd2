"""Passkeys: enrolled and used, and every attack on them that the gateway must refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.identity.factors import passkeys
from akashi.identity.factors.errors import FactorKnown, FactorRefused, TooManyFactors
from akashi.identity.factors.model import Ceremony, FactorKind, FactorState, Secrets
from akashi.identity.factors.rules import CHALLENGE_MS, MOST_FACTORS
from akashi.identity.journal import What
from akashi.ledger.model import ApprovalKind, AuthMethod
from tests.identity.factors.authenticator import UP, UV, Authenticator
from tests.identity.factors.bench import DESK, TABLET, Bench, bench
from tests.identity.twin import PASSWORD


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Bench]:
    """Two people, no factors yet."""
    made = bench(tmp_path)
    yield made
    made.database.close()


@pytest.mark.parametrize("edwards", [False, True])
def test_a_passkey_alone_is_two_factors(home: Bench, edwards: bool) -> None:
    """ES256 and Ed25519 passkeys sign in without a login name: the credential says who it is."""
    made = home.enrol(home.nurse, Authenticator(edwards=edwards))
    answer = home.answer(made)

    assert home.factors.claimed(answer) == home.nurse
    assert home.alone(home.nurse, answer) is AuthMethod.PASSKEY


def test_a_passkey_is_a_second_factor_beside_the_password(home: Bench) -> None:
    """With the right password the method says both; with a wrong one the assertion does not help."""
    made = home.enrol(home.nurse)

    for password, method in ((PASSWORD, AuthMethod.PASSWORD_PASSKEY), ("wrong", None)):
        shown = Secrets(password, assertion=home.answer(made), certificate=TABLET)
        assert home.factors.check(home.nurse, shown) is method


def test_with_a_passkey_the_password_alone_is_not_enough(home: Bench) -> None:
    """Enrolling a factor makes it necessary."""
    home.enrol(home.nurse)

    assert home.check(home.nurse) is None
    assert home.check(home.doctor) is AuthMethod.PASSWORD


def test_what_the_browser_is_asked_names_nobody_at_sign_in(home: Bench) -> None:
    """Before sign-in the options hold no credential; they are the same with and without passkeys enrolled, but for the challenge."""
    before = home.factors.request_options(Ceremony.SIGN_IN, home.nurse, TABLET)
    home.enrol(home.nurse)
    after = home.factors.request_options(Ceremony.SIGN_IN, home.nurse, TABLET)

    assert before | {"challenge": ""} == after | {"challenge": ""}
    assert (after["allowCredentials"], after["userVerification"]) == ([], "required")


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://localhost:8444.evil.test"},
        {"origin": "http://localhost:8444"},
        {"rp_id": "evil.test"},
        {"flags": UP},
        {"flags": UV},
        {"client_extra": {"crossOrigin": True}},
        {"client_extra": {"topOrigin": "https://evil.test"}},
        {"client_extra": {"type": "webauthn.create"}},
        {"user": b"per-doctor000"},
    ],
    ids=["origin", "plain http", "rp", "no verification", "no presence", "frame", "top", "type", "other person"],
)
def test_a_bent_assertion_is_refused(home: Bench, bent: dict[str, object]) -> None:
    """Another site, another relying party, no user verification, an embedded page, a registration in place of an assertion."""
    made = home.enrol(home.nurse)
    for name, value in bent.items():
        setattr(made, name, value)

    assert home.alone(home.nurse, home.answer(made)) is None


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"origin": "https://evil.test"}, "origin"),
        ({"rp_id": "evil.test"}, "rp"),
        ({"flags": UP}, "user"),
        ({"curve": ec.SECP384R1()}, "algorithm"),
        ({"client_extra": {"crossOrigin": True}}, "origin"),
        ({"credential": b""}, "form"),
    ],
)
def test_a_bent_registration_is_refused(home: Bench, bent: dict[str, object], reason: str) -> None:
    """What does not verify is not enrolled, and the reason is a code."""
    made = Authenticator(**bent)  # type: ignore[arg-type]
    answer = made.create(home.factors.creation_options(home.nurse, TABLET))

    with pytest.raises(FactorRefused) as caught:
        home.factors.add_passkey(home.nurse, answer, "", TABLET)
    assert caught.value.params == {"reason": reason}
    assert home.factors.factors(home.nurse) == []


def test_a_challenge_counts_once(home: Bench) -> None:
    """The same assertion again is refused although its counter would do (no counter: zero)."""
    made = home.enrol(home.nurse, Authenticator(counts=False))
    answer = home.answer(made)

    assert home.alone(home.nurse, answer) is AuthMethod.PASSKEY
    assert home.alone(home.nurse, answer) is None


def test_parallel_uses_of_one_assertion_give_one_success(home: Bench) -> None:
    """Of eight threads with the same assertion one gets in."""
    made = home.enrol(home.nurse)
    answer = home.answer(made)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: home.alone(home.nurse, answer), range(8)))

    assert found.count(AuthMethod.PASSKEY) == 1


@pytest.mark.parametrize("late", [CHALLENGE_MS, -1])
def test_a_challenge_ends(home: Bench, late: int) -> None:
    """After five minutes, or with a clock that went back, the answer is too late."""
    made = home.enrol(home.nurse)
    answer = home.answer(made)
    home.clock.advance(late)

    assert home.alone(home.nurse, answer) is None


def test_a_challenge_is_for_one_device_ceremony_and_person(home: Bench) -> None:
    """An assertion made over one certificate, for a proof, or in a colleague's session is none for anything else; it is used up, too."""
    made = home.enrol(home.nurse)
    other_device = home.answer(made, DESK)
    a_proof = made.get(home.factors.request_options(Ceremony.PROOF, home.nurse, TABLET))
    of_doctor = made.get(home.factors.request_options(Ceremony.PROOF, home.doctor, TABLET))

    assert home.alone(home.nurse, other_device) is None
    assert home.alone(home.nurse, other_device, DESK) is None
    assert home.alone(home.nurse, a_proof) is None
    shown = Secrets(assertion=of_doctor, certificate=TABLET, ceremony=Ceremony.PROOF)
    assert home.factors.check(home.nurse, shown) is None


def test_a_proof_within_a_session_names_the_persons_passkeys(home: Bench) -> None:
    """For a proof the browser is told which credentials will do, also those that are not discoverable."""
    made = home.enrol(home.nurse)
    options = home.factors.request_options(Ceremony.PROOF, home.nurse, TABLET)

    assert [one["id"] for one in options["allowCredentials"]] == [passkeys.to_base64(made.credential)]  # type: ignore[attr-defined]
    shown = Secrets(assertion=made.get(options), certificate=TABLET, ceremony=Ceremony.PROOF)
    assert home.factors.check(home.nurse, shown) is AuthMethod.PASSKEY


def test_somebody_elses_passkey_is_not_mine(home: Bench) -> None:
    """The doctor's passkey does not open the nurse's account, nor an account that does not exist."""
    made = home.enrol(home.doctor)

    assert home.alone(home.nurse, home.answer(made)) is None
    assert home.alone(None, home.answer(made)) is None


def test_a_counter_that_does_not_rise_suspends_the_passkey(home: Bench) -> None:
    """A copy shows by its counter: the passkey is suspended, recorded, alerted, and does not come back."""
    made = home.enrol(home.nurse)
    assert home.alone(home.nurse, home.answer(made)) is AuthMethod.PASSKEY
    made.counter = 0

    assert home.alone(home.nurse, home.answer(made)) is None
    assert home.factors.factors(home.nurse)[0].state is FactorState.SUSPENDED
    assert home.alarms.raised == [("factor.cloned", home.nurse, 1)]
    assert [one.reason for one in home.journal.entries() if one.what is What.FACTOR_REMOVED] == ["factor.cloned"]
    made.counter = 100
    assert home.alone(home.nurse, home.answer(made)) is None
    assert home.check(home.nurse) is None  # being noticed is no way back to the password alone


def test_a_credential_is_enrolled_once(home: Bench) -> None:
    """Neither its owner nor somebody else enrols a credential again; nor is an answer taken twice."""
    made = home.enrol(home.nurse)

    with pytest.raises(FactorKnown):
        home.enrol(home.doctor, made)
    answer = Authenticator().create(home.factors.creation_options(home.nurse, TABLET))
    home.factors.add_passkey(home.nurse, answer, "", TABLET)
    with pytest.raises(FactorRefused):
        home.factors.add_passkey(home.nurse, answer, "", TABLET)


def test_a_registration_is_for_the_person_who_asked(home: Bench) -> None:
    """An answer to the nurse's challenge enrols nothing for the doctor."""
    answer = Authenticator().create(home.factors.creation_options(home.nurse, TABLET))

    with pytest.raises(FactorRefused):
        home.factors.add_passkey(home.doctor, answer, "", TABLET)
    assert home.factors.factors(home.doctor) == []


def test_the_number_of_factors_is_bounded(home: Bench) -> None:
    """Nobody fills the database with passkeys."""
    for _ in range(MOST_FACTORS):
        home.enrol(home.nurse)

    with pytest.raises(TooManyFactors):
        home.enrol(home.nurse)


def test_challenges_are_bounded_by_device() -> None:
    """A device that asks for very many challenges loses its own, not those of others; all together stay bounded."""
    held = passkeys.Challenges(most=30, each=10)
    mine = held.new(Ceremony.SIGN_IN, None, TABLET, 0)
    others = [held.new(Ceremony.SIGN_IN, None, DESK, 0) for _ in range(100)]

    assert held.take(mine, Ceremony.SIGN_IN, None, TABLET, 1)
    assert sum(held.take(one, Ceremony.SIGN_IN, None, DESK, 1) for one in others) == 10


def test_the_ledger_is_told_key_and_digests(home: Bench) -> None:
    """What goes to the ledger is the SPKI, and the digests of relying party and origin."""
    made = home.enrol(home.nurse)
    factor = home.factors.factors(home.nurse)[0]
    told = home.factors.ledger_enrolment(factor)

    spki = made.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert (factor.kind, factor.discoverable, told.kind) == (FactorKind.PASSKEY, True, ApprovalKind.PASSKEY)
    assert (told.spki, told.rp, told.origin) == (
        spki,
        sha256(b"localhost").digest(),
        sha256(b"https://localhost:8444").digest(),
    )


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=st.data())
def test_no_malformed_answer_gets_further_than_no(home: Bench, data: st.DataObject) -> None:
    """Whatever a browser sends in place of an answer, it is refused, not an error of another kind."""
    made = Authenticator()
    creation = json.loads(made.create(home.factors.creation_options(home.nurse, TABLET)))
    junk: object = data.draw(st.sampled_from([None, 1, "", "AA", "!!", [], {}, "A" * 20_000, to_junk(data)]))
    place = data.draw(st.sampled_from(["clientDataJSON", "attestationObject", "id", "rawId", "type", "response"]))
    owner = creation["response"] if place in creation["response"] else creation
    owner[place] = junk

    with pytest.raises(FactorRefused):
        home.factors.add_passkey(home.nurse, json.dumps(creation), "", TABLET)
    assert home.alone(home.nurse, json.dumps(creation)) is None


def to_junk(data: st.DataObject) -> str:
    """Some bytes in base64url."""
    return passkeys.to_base64(data.draw(st.binary(max_size=80)))
