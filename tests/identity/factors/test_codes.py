"""One-time codes, recovery codes, the temporary route, and what signing in tells about who exists."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.identity.credentials import Hasher
from akashi.identity.factors import rules
from akashi.identity.factors.errors import NoSuchFactor, OwnTemporary, SignInBusy
from akashi.identity.factors.model import FactorKind, Secrets
from akashi.identity.factors.store import FactorStore
from akashi.identity.journal import What
from akashi.identity.model import Policy
from akashi.ledger.model import AuthMethod
from akashi.ledger.rules import Allowed
from tests.identity.factors.bench import Bench, bench
from tests.identity.twin import NOW, PASSWORD, canaries

HOUR, STEP = 3_600_000, 30_000


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Bench]:
    """Two people, no factors yet."""
    made = bench(tmp_path)
    yield made
    made.database.close()


def totp(home: Bench, person: str, label: str = "") -> pyotp.TOTP:
    """An authenticator app in force; its present code is used up."""
    made = pyotp.TOTP(home.factors.new_totp(person, label).secret)
    assert home.factors.confirm_totp(person, code(home, made)) is not None
    return made


def code(home: Bench, made: pyotp.TOTP) -> str:
    """The code of now."""
    return made.at(home.clock.now_ms() // 1000)


def temporary(home: Bench, person: str) -> str:
    """A code from the doctor, or the nurse."""
    issuer = home.doctor if person == home.nurse else home.nurse
    return home.factors.issue_temporary(person, issuer=issuer, method=1, document=bytes(32))


def test_several_seeds_each_accept_a_code_once(home: Bench) -> None:
    """A telephone and a tablet: either code will do, and each counts once, also the one used at enrolment."""
    phone, tablet = totp(home, home.nurse, "phone"), totp(home, home.nurse, "tablet")
    assert home.check(home.nurse, code(home, phone)) is None
    home.clock.advance(STEP)

    for made in (phone, tablet):
        assert home.check(home.nurse, code(home, made)) is AuthMethod.PASSWORD_TOTP
        assert home.check(home.nurse, code(home, made)) is None
    assert [one.label for one in home.factors.factors(home.nurse)] == ["phone", "tablet"]


def test_parallel_use_of_a_code_counts_once(home: Bench) -> None:
    """Of eight threads with one fresh code one gets in."""
    made = totp(home, home.nurse)
    home.clock.advance(STEP)
    fresh = code(home, made)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: home.check(home.nurse, fresh), range(8)))

    assert found.count(AuthMethod.PASSWORD_TOTP) == 1


def test_an_unconfirmed_seed_is_no_factor(home: Bench) -> None:
    """Until a code was given, the seed neither helps nor is asked for; a second seed replaces it."""
    first = pyotp.TOTP(home.factors.new_totp(home.nurse).secret)
    home.factors.new_totp(home.nurse)

    assert home.factors.confirm_totp(home.nurse, code(home, first)) is None
    assert home.check(home.nurse) is AuthMethod.PASSWORD
    assert home.factors.factors(home.nurse) == []


def test_the_doctors_code_is_not_the_nurses(home: Bench) -> None:
    """A code belongs to a person."""
    totp(home, home.nurse)
    made = totp(home, home.doctor)
    home.clock.advance(STEP)

    assert home.check(home.nurse, code(home, made)) is None


def test_a_seed_from_before_is_taken_over(home: Bench, tmp_path: Path) -> None:
    """A gateway that comes from one seed per person keeps it, with the last step that was used."""
    seed, step = pyotp.random_base32(), NOW // 1000 // 30
    kept = home.factors._box.protect(f"totp:{home.nurse}", seed.encode())
    with home.database.transaction() as db:
        db.execute("UPDATE people SET totp = ?, totp_step = ? WHERE person = ?", (kept, step, home.nurse))
    FactorStore(home.database)

    assert home.check(home.nurse, code(home, pyotp.TOTP(seed))) is None
    home.clock.advance(STEP)
    assert home.check(home.nurse, code(home, pyotp.TOTP(seed))) is AuthMethod.PASSWORD_TOTP


def test_each_recovery_code_works_once_and_is_told(home: Bench) -> None:
    """Ten codes; a used one is gone, recorded and alerted; the alert changes when few are left; new ones replace all."""
    totp(home, home.nurse)
    codes = home.factors.recovery_codes(home.nurse)
    assert len(set(codes)) == 10

    for typed in codes[:7]:
        assert home.check(home.nurse, typed.upper().replace("-", " ")) is AuthMethod.PASSWORD_RECOVERY
        assert home.check(home.nurse, typed) is None
    assert [kind for kind, _, _ in home.alarms.raised] == ["recovery.used"] * 6 + ["recovery.few"]
    assert sum(one.what is What.RECOVERY_USED for one in home.journal.entries()) == 7
    home.factors.recovery_codes(home.nurse)
    assert home.check(home.nurse, codes[8]) is None


def test_parallel_use_of_a_recovery_code_counts_once(home: Bench) -> None:
    """Of eight threads with one recovery code one gets in."""
    totp(home, home.nurse)
    one = home.factors.recovery_codes(home.nurse)[0]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: home.check(home.nurse, one), range(8)))

    assert found.count(AuthMethod.PASSWORD_RECOVERY) == 1


@pytest.mark.parametrize("route", ["recovery", "temporary"])
def test_a_long_code_needs_the_password_and_its_person(home: Bench, route: str) -> None:
    """Without the right password, or for somebody else, the code is worth nothing, and is not used up by trying."""
    totp(home, home.nurse)
    totp(home, home.doctor)
    one = home.factors.recovery_codes(home.nurse)[0] if route == "recovery" else temporary(home, home.nurse)

    for person, password in ((home.nurse, ""), (home.nurse, "wrong"), (home.doctor, PASSWORD), (None, PASSWORD)):
        assert home.factors.check(person, Secrets(password, one)) is None
    assert home.check(home.nurse, one) is not None


def test_a_temporary_code_ends_with_its_uses(home: Bench) -> None:
    """It opens as many sessions as the policy says."""
    totp(home, home.nurse)
    one = temporary(home, home.nurse)

    found = [home.check(home.nurse, one) for _ in range(Policy().temporary_uses + 1)]
    assert found == [AuthMethod.TEMPORARY] * Policy().temporary_uses + [None]


@pytest.mark.parametrize(("late", "good"), [(24 * HOUR - 1, True), (24 * HOUR, False), (-1, False)])
def test_a_temporary_code_ends_with_its_time(home: Bench, late: int, good: bool) -> None:
    """It is good for a day, and not before it was made (a clock that went back)."""
    totp(home, home.nurse)
    one = temporary(home, home.nurse)
    home.clock.advance(late)

    assert (home.check(home.nurse, one) is AuthMethod.TEMPORARY) is good


def test_a_temporary_code_ends_when_a_factor_is_enrolled(home: Bench) -> None:
    """With a new telephone the route is closed, and the journal says so."""
    one = temporary(home, home.nurse)
    totp(home, home.nurse)

    assert home.check(home.nurse, one) is None
    assert [entry.reason for entry in home.journal.entries() if entry.what is What.TEMPORARY_ENDED] == [
        "factor.enrolled"
    ]


def test_a_new_temporary_code_replaces_the_old(home: Bench) -> None:
    """There is one at a time, and it can be taken back."""
    totp(home, home.nurse)
    old, new = temporary(home, home.nurse), temporary(home, home.nurse)

    assert home.check(home.nurse, old) is None
    assert home.factors.end_temporary(home.nurse, "taken_back")
    assert home.check(home.nurse, new) is None
    assert not home.factors.end_temporary(home.nurse, "taken_back")


def test_nobody_issues_to_themselves(home: Bench) -> None:
    """The temporary route takes two people; the issue is alerted."""
    with pytest.raises(OwnTemporary):
        home.factors.issue_temporary(home.nurse, issuer=home.nurse, method=1, document=bytes(32))
    temporary(home, home.nurse)

    assert home.alarms.raised == [("factor.temporary", home.nurse, 1)]


def test_removing_the_last_factor_takes_the_codes_along(home: Bench) -> None:
    """Recovery codes do not outlive what they recover; somebody else's factor cannot be removed."""
    totp(home, home.nurse)
    (factor,) = home.factors.factors(home.nurse)
    home.factors.recovery_codes(home.nurse)

    with pytest.raises(NoSuchFactor):
        home.factors.remove(home.doctor, factor.id)
    assert home.factors.remove(home.nurse, factor.id).kind is FactorKind.TOTP
    assert home.factors.standing(home.nurse).recovery == 0


def test_no_code_or_seed_is_in_a_file_or_repr(home: Bench, tmp_path: Path) -> None:
    """The database has digests and sealed seeds; labels are not shown by repr."""
    seed = home.factors.new_totp(home.nurse, "花子の携帯")
    secrets = [seed.secret, *home.factors.recovery_codes(home.nurse), temporary(home, home.nurse)]
    secrets += [rules.normal_code(one) for one in secrets[1:]]
    stored = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("gateway.db*")))

    for secret in secrets:
        assert not any(canary in stored for canary in canaries(secret))
    shown = repr([Secrets("pw-canary", "123456", "{}"), home.factors._store.rows(home.nurse), seed])
    assert not any(word in shown for word in ("pw-canary", "123456", "花子", seed.secret))


def test_work_and_writes_do_not_tell_who_exists(home: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, known without factor, with a factor, with codes: one hash each, no write, whatever code came along."""
    totp(home, home.nurse)
    home.factors.recovery_codes(home.nurse)
    temporary(home, home.nurse)
    hashes: list[bool] = []
    writes: list[str] = []
    real = home.factors._hasher.verify

    def verify(encoded: str | None, password: str) -> bool:
        hashes.append(encoded is None)
        return real(encoded, password)

    monkeypatch.setattr(home.factors._hasher, "verify", verify)
    home.database._connection.set_trace_callback(lambda sql: writes.append(sql) if sql == "COMMIT" else None)
    costs = set()
    for person in (None, "per-nobody0000", home.doctor, home.nurse):
        for typed in (None, "", "123456", "0000-0000-0000-0000", "x" * 5000):
            hashes.clear()
            assert home.factors.check(person, Secrets("wrong", typed)) is None
            costs.add((len(hashes), len(writes)))

    assert costs == {(1, 0)}


def test_a_flood_is_turned_away_and_not_queued(home: Bench) -> None:
    """With the places taken, the next ones hear "try again" at once, known or not; when one is free it goes on."""
    hasher = Hasher(at_once=1, waiting=1, passes=1, memory_kib=8, lanes=1)
    encoded = hasher.hash(PASSWORD)
    free = threading.Event()
    at_work = threading.Thread(target=hasher._in_turn, args=(free.wait,))
    waiting = threading.Thread(target=hasher.verify, args=(encoded, PASSWORD))
    for one in (at_work, waiting):
        one.start()
    while hasher._places._value:
        threading.Event().wait(0.005)
    for known in (encoded, None):
        with pytest.raises(SignInBusy):
            hasher.verify(known, PASSWORD)
    free.set()
    for one in (at_work, waiting):
        one.join()

    assert hasher.verify(encoded, PASSWORD)


@given(typed=st.text(max_size=40))
def test_any_text_is_read_as_a_code_or_not(typed: str) -> None:
    """Normalizing is total, idempotent, and what it accepts is in the alphabet."""
    code = rules.normal_code(typed)

    assert rules.normal_code(code) == code
    assert not rules.is_long_code(code) or rules.normal_code(rules.shown_code(code)) == code


@given(last=st.integers(0, 2**32 - 1), given_=st.integers(0, 2**32 - 1))
def test_a_counter_only_rises(last: int, given_: int) -> None:
    """Accepted are higher values, and zero where there never was a counter."""
    good = isinstance(rules.decide_counter(last, given_), Allowed)

    assert good is (given_ > last or last == given_ == 0)
