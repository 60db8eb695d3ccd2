"""Pure decisions of identity, over all their inputs."""

from __future__ import annotations

import pyotp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from akashi.identity import rules
from akashi.identity.credentials import Hasher, matching_step, new_seed, new_token, token_id
from akashi.identity.model import ALL_ROLES, Device, Institution, InstitutionRole, Person, Policy, Role, Session
from akashi.ledger.model import AuthMethod
from akashi.ledger.rules import Allowed, Denied

INSTITUTION = Institution("inst-0000", InstitutionRole.SENDER, bytes(32), enabled=True, registered_ms=0)
PERSON = Person("per-0000", "inst-0000", Role.OPERATOR, enabled=True, registered_ms=0)
DEVICE = Device("dev-0000", "inst-0000", b"\x01", b"c" * 32, bytes(32), 10, 20, "per-0000")
HASHER = Hasher(passes=1, memory_kib=8, lanes=1)


def session(started_ms: int, seen_ms: int) -> Session:
    """A session on the device with certificate ``c…``."""
    return Session(
        bytes(32),
        "per-0000",
        "inst-0000",
        "dev-0000",
        Role.OPERATOR,
        AuthMethod.PASSWORD,
        b"c" * 32,
        started_ms,
        seen_ms,
        "",
    )


@given(st.integers(-5, 40), st.booleans(), st.booleans(), st.booleans(), st.sampled_from([b"c" * 32, bytes(32)]))
def test_actor_needs_everything(at_ms: int, enabled: bool, present: bool, revoked: bool, certificate: bytes) -> None:
    """Allowed only with an enabled institution, a present person and the unrevoked device's own certificate in its time."""
    institution = Institution("inst-0000", InstitutionRole.SENDER, bytes(32), enabled, 0)
    device = Device("dev-0000", "inst-0000", b"\x01", b"c" * 32, bytes(32), 10, 20, "per-0000", 15 if revoked else None)

    answer = rules.decide_actor(institution, PERSON if present else None, device, certificate, at_ms)

    good = enabled and present and not revoked and certificate == b"c" * 32 and 10 <= at_ms < 20
    assert isinstance(answer, Allowed) is good


def test_actor_of_another_institution_is_denied() -> None:
    """Person and device must both be of the institution they act in."""
    elsewhere = Person("per-0000", "inst-1111", Role.OPERATOR, enabled=True, registered_ms=0)
    lent = Device("dev-0000", "inst-1111", b"\x01", b"c" * 32, bytes(32), 10, 20, "per-0000")

    assert rules.decide_actor(INSTITUTION, elsewhere, DEVICE, b"c" * 32, 15) == Denied("person.disabled")
    assert rules.decide_actor(INSTITUTION, PERSON, lent, b"c" * 32, 15) == Denied("device.institution")
    assert rules.decide_actor(None, PERSON, DEVICE, b"c" * 32, 15) == Denied("institution.disabled")


@given(st.integers(-3, 40))
def test_secretariat_never_mixes(roles: int) -> None:
    """An institution is either the secretariat or something else, and always something."""
    answer = rules.decide_institution(roles)

    assert isinstance(answer, Allowed) is (roles == 8 or (1 <= roles <= 31 and not roles & 8))


@given(st.integers(-3, 300), st.sampled_from([1, 2, 4, 8, 16]))
def test_people_have_roles_that_their_institution_has(roles: int, of: int) -> None:
    """The secretariat has no operators, nobody else has secretaries, and only an assessor has people who assess."""
    institution = Institution("inst-0000", InstitutionRole(of), bytes(32), enabled=True, registered_ms=0)

    answer = rules.decide_roles(institution, roles)

    hands, assessing = int(Role.OPERATOR | Role.APPROVER), int(Role.ASSESSOR | Role.COMMITTEE | Role.BOARD)
    wrong = (0 if of < 8 else hands) | (0 if of == 8 else int(Role.SECRETARIAT)) | (0 if of == 16 else assessing)
    assert isinstance(answer, Allowed) is (0 < roles <= ALL_ROLES and not roles & wrong)


@given(st.text("abcdefgh1234 !あ", max_size=20), st.booleans())
def test_password_rule_is_length_and_mix(password: str, with_factor: bool) -> None:
    """Accepted is exactly what has the length, letters and digits, and five different characters."""
    answer = rules.decide_password(password, with_factor=with_factor)

    mixed = any(c.isalpha() for c in password) and any(c.isdecimal() for c in password)
    good = len(password) >= (8 if with_factor else 13) and mixed and len(set(password)) >= 5
    assert isinstance(answer, Allowed) is good


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_sessions_end_by_both_clocks(started: int, seen: int, now: int) -> None:
    """A session is good strictly within idle and absolute time."""
    policy = Policy(idle_ms=1_000, absolute_ms=5_000)

    answer = rules.decide_session(session(started, seen), b"c" * 32, now, policy)

    assert isinstance(answer, Allowed) is (now - seen < 1_000 and now - started < 5_000 and started - now <= 1_000)


@given(st.integers(0, 30), st.integers(0, 10**6), st.integers(0, 10**6))
def test_failures_lapse_together(count: int, last_ms: int, now_ms: int) -> None:
    """Failures stand for the lock time after the last one, and not a moment longer, whichever way the clock went."""
    standing = rules.standing_failures(count, last_ms, now_ms, 1_000)

    assert standing == (count if -1_000 < now_ms - last_ms < 1_000 else 0)


@given(st.integers(0, 2**40), st.integers(-5, 5))
def test_codes_are_good_for_one_step_around(now_s: int, away: int) -> None:
    """A code of the step before, of now or of the next matches, and says which step it was."""
    seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    step = now_s // 30
    assume(step + away >= 0)
    code = pyotp.TOTP(seed).generate_otp(step + away)

    found = matching_step(seed, code, now_s * 1000)

    assert found is None or (abs(found - step) <= 1 and pyotp.TOTP(seed).generate_otp(found) == code)
    assert abs(away) > 1 or found is not None


def test_hash_tells_right_from_wrong() -> None:
    """The right password matches in any width; a wrong one, no hash or a broken hash does not."""
    encoded = HASHER.hash("Ｕma-7-denchi-ya")

    assert HASHER.verify(encoded, "Uma-7-denchi-ya")
    assert not HASHER.verify(encoded, "uma-7-denchi-ya")
    assert not HASHER.verify(None, "Uma-7-denchi-ya")
    assert not HASHER.verify("not a hash", "Uma-7-denchi-ya")
    assert "argon2id" in encoded
    assert HASHER.is_outdated(Hasher(passes=2, memory_kib=8, lanes=1).hash("x"))


def test_secrets_are_long_and_new() -> None:
    """Tokens have 256 bits, seeds 160; the stored id is not the token."""
    token = new_token()

    assert len(token) == 43
    assert len(new_seed()) == 32
    assert new_token() != token
    assert len(token_id(token)) == 32


def test_default_hashing_is_rfc_9106_low_memory() -> None:
    """Three passes over 64 MiB in four lanes unless told otherwise."""
    argon = Hasher()._argon

    assert (argon.time_cost, argon.memory_cost, argon.parallelism) == (3, 65_536, 4)


@pytest.mark.parametrize(
    "password",
    ["password12345", "p@ssw0rd13579", "sakurasakura2024", "1q2w3e4r5t6y7", "Administrator1!", "ｐａｓｓｗｏｒｄ2026"],
)
def test_a_common_word_with_digits_around_it_is_refused(password: str) -> None:
    """What everybody takes is what is guessed first, whatever signs stand for its letters (guideline 7.0 draft 14⑥(1))."""
    assert rules.decide_password(password, with_factor=True) == Denied("password.common")


@pytest.mark.parametrize("password", ["q7x0a9b3c4d5e", "12a4567890123", "tanuki-soba-88", "passionate-kettle-41"])
def test_digits_and_words_of_ones_own_are_not_common(password: str) -> None:
    """Few letters are no fault, and a common word inside a longer phrase neither."""
    assert rules.decide_password(password, with_factor=False) == Allowed()
