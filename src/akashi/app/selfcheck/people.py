"""Passwords, lock-out, sessions and factors, tried with test accounts on the running gateway.

Guarantees: each probe makes its own test account and stops it afterwards; what would need waiting is asked of a copy of the gateway's
database by a clock that is ahead, so that neither the journal nor anybody's lock is touched. Raw output holds reasons, never a
password. Refuses: to try real accounts. Trusts: the gateway's settings for which limits its sessions were promised.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.context import TOOL, TRIAL_LOGIN, SelfContext, Shifted, copy_database, newest, scratch
from akashi.app.selfcheck.trial import (
    Trial,
    TrialDevice,
    is_active,
    refuses,
    retire_leftovers,
    strong_password,
    trial_device,
    trial_person,
)
from akashi.conformity.model import DAY_MS, Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.identity.credentials import Hasher
from akashi.identity.errors import SessionEnded, SignInFailed
from akashi.identity.journal import Outcome, What
from akashi.identity.model import PersonReason, Policy, Session
from akashi.identity.presence.model import AlertKind
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.ledger.model import AuthMethod

LENGTHS = (6, 7, 8, 10, 12, 13, 16)
MOST_FAILURES = 12
_COMMON_LONG = (
    "password12345", "qwertyuiop123", "iloveyou12345", "administrator1", "abcdefghij123", "p@ssw0rd202611", "letmein1234567",
    "sakura1234567", "1q2w3e4r5t6y7u", "trustno1trustno1",
)  # fmt: skip
_COMMON_SHORT = (
    "password1", "qwerty123", "abcd1234", "iloveyou1", "p@ssw0rd1", "welcome1", "hospital1", "summer2026", "1q2w3e4r", "zaq12wsx",
)  # fmt: skip
"""Of the most widely used ones: which a system refuses is its own affair, so the samples come from no list of Akashi's."""
_LATER_S = (60, 300, 600, 840, 930, 1_800, 3_660, 86_460)
_TWO = frozenset(
    one.name.lower()
    for one in (
        AuthMethod.PASSWORD_TOTP,
        AuthMethod.PASSKEY,
        AuthMethod.PASSWORD_PASSKEY,
        AuthMethod.PASSWORD_RECOVERY,
        AuthMethod.TEMPORARY,
    )
)
"""Ways to sign in by which two factors were shown. Emergency accounts have one secret, and are counted apart."""
_HASH_FORMS = ("$argon2id$", "$argon2i$", "$y$", "$2b$", "$2y$", "$scrypt$", "$6$")


def passwords(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Which passwords a new account may have, without and with a second factor, and how they are kept."""
    left = retire_leftovers(here)
    with trial_person(here) as trial:
        facts: dict[str, Fact] = {"leftovers": left}
        said: dict[str, str] = {}
        _lengths(trial, "without_factor", facts, said)
        said |= _words(trial, _COMMON_LONG)
        facts["stored.form"], facts["stored.plain"] = _stored(here.gateway, trial)
        facts["same.refused"] = trial.offer(trial.password) != ""
        trial.renew_seed()
        _lengths(trial, "with_factor", facts, said)
        said |= _words(trial, _COMMON_SHORT)
        common = [reason for name, reason in said.items() if name.startswith("common")]
        facts["common.tried"], facts["common.refused"] = len(common), sum(1 for reason in common if reason)
        for name in ("letters", "digits", "own", "repeats"):
            facts[f"{name}.refused"] = said[name] != ""
    return Observed(facts, json.dumps(said, sort_keys=True).encode(), TOOL)


def _lengths(trial: Trial, factor: str, facts: dict[str, Fact], said: dict[str, str]) -> None:
    """The shortest password that is taken; 0 where none is."""
    taken = []
    for length in LENGTHS:
        reason = ""
        for _ in range(3):  # chance makes a date or a walk over the keyboard now and then, which is rightly refused
            reason = trial.offer(_mixed(length))
            if not reason:
                break
        said[f"{factor}.{length}"] = reason
        taken += [] if reason else [length]
    facts[f"shortest.{factor}"] = min(taken, default=0)
    facts[f"longest.{factor}"] = max(taken, default=0)


def _mixed(length: int) -> str:
    """Letters and digits of an exact length (16 at most), none twice, different each time."""
    chance = secrets.SystemRandom()
    return "".join(chance.sample("bdfghjkmqtvwxz", (length + 1) // 2) + chance.sample("23456789", length // 2))


def _words(trial: Trial, common: tuple[str, ...]) -> dict[str, str]:
    letters = "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(20))
    digits = "".join(secrets.choice("0123456789") for _ in range(20))
    tries = {"letters": letters, "digits": digits, "own": f"{trial.login}-Q7x9", "repeats": "a1" * 10}
    kind = "long" if common is _COMMON_LONG else "short"
    tries |= {f"common.{kind}.{number}": word for number, word in enumerate(common)}
    return {name: trial.offer(word) for name, word in tries.items()}


def _stored(gateway: Gateway, trial: Trial) -> tuple[str, bool]:
    """The form of the stored hash (its prefix), and whether the password itself stands in the row."""
    trial.offer(strong_password())
    row = [
        cell for line in gateway.database.read("SELECT * FROM people WHERE person = ?", trial.person) for cell in line
    ]
    texts = [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for cell in row]
    forms = [form.strip("$") for form in _HASH_FORMS if any(text.startswith(form) for text in texts)]
    return (forms[0] if forms else "unknown"), any(trial.password in text for text in texts)


def lockout(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Fail until the gateway says that it is locked, then try the right password, now and (on a copy) later."""
    with trial_person(here) as trial, trial_device(here, trial.person) as device:
        trial.equip()
        reasons = _failed(trial, device)
        right = partial(trial.accounts.sign_in, trial.login, trial.password, trial.code(), device.digest)
        closed = refuses(SignInFailed, right)
        alerts = here.gateway.people.alerts.of_person(trial.person)
        with scratch(bench) as folder:
            still, opened = _later(here, trial, device, folder) if closed else (0, 0)
    allowed = next((number for number, reason in enumerate(reasons) if reason == "locked"), len(reasons))
    facts: dict[str, Fact] = {
        "tried": len(reasons),
        "recorded": sum(1 for reason in reasons if reason),
        "locked": closed,
        "locked.after": allowed,
        "closed.at_least_s": still,
        "opens.after_s": opened,
        "alerted": any(one.kind == AlertKind.LOCKED_OUT for one in alerts),
    }
    return Observed(facts, json.dumps(reasons).encode(), TOOL)


def _failed(trial: Trial, device: TrialDevice) -> list[str]:
    """Wrong passwords until the journal says that the account is locked; the reason that it gives for each."""
    gateway, reasons = trial.here.gateway, list[str]()
    while len(reasons) < MOST_FAILURES and "locked" not in reasons:
        before = newest(gateway)
        wrong = partial(trial.accounts.sign_in, trial.login, strong_password(), trial.code(), device.digest)
        refused = refuses(SignInFailed, wrong)
        said = [
            entry.reason or ""
            for entry in gateway.journal.entries(before + 1)
            if entry.person == trial.person and entry.what is What.SIGN_IN and entry.outcome is not Outcome.DONE
        ]
        reasons.append(said[0] if refused and said else "")
    return reasons


def _later(here: SelfContext, trial: Trial, device: TrialDevice, folder: Path) -> tuple[int, int]:
    """Seconds for which the right password stays refused, and after how many it is taken (0: not within a day)."""
    database = copy_database(here.gateway.paths.database, folder / "gateway.db")
    still = 0
    for seconds in _LATER_S:
        ahead = seconds * 1000
        with closing(Database(database)) as copy:
            then = accounts_over(here.gateway, copy, ahead)
            if not refuses(
                SignInFailed, partial(then.sign_in, trial.login, trial.password, trial.code(ahead), device.digest)
            ):
                return still, seconds
        still = seconds
    return still, 0


def accounts_over(gateway: Gateway, database: Database, ahead_ms: int) -> Accounts:
    """The same people over a copy of the database, by a clock that is ahead, under the gateway's own settings."""
    settings = gateway.settings
    policy = Policy(
        idle_ms=settings.idle_timeout_ms, absolute_ms=settings.session_ms, second_factor=settings.require_totp
    )
    # Verifying a hash takes the hash's own parameters; the cheap ones here are for unknown logins, which nobody tries.
    hasher = Hasher(passes=1, memory_kib=64, lanes=1)
    ahead = Shifted(gateway.clock, ahead_ms)
    return Accounts(database, gateway.keystore, gateway.author, ahead, policy=policy, hasher=hasher)


def sessions(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """How long a session lives, and whether it is good on another device, after signing out, and after the person was stopped."""
    gateway, accounts, settings = here.gateway, here.gateway.accounts, here.gateway.settings
    machine = gateway.machine_certificate()
    with trial_person(here) as trial, trial_device(here, trial.person) as device:
        trial.equip()
        first = trial.sign_in(machine)
        second = trial.sign_in(device.digest)
        facts: dict[str, Fact] = {
            "idle.limit_s": settings.idle_timeout_ms // 1000,
            "absolute.limit_s": settings.session_ms // 1000,
            "lives": not _ended(accounts, first, machine),
            "other_device.refused": _ended(accounts, first, device.digest),
            "second_device.lives": not _ended(accounts, second, device.digest),
        }
        with scratch(bench) as folder:
            facts |= _expiry(gateway, first, machine, folder)
        accounts.sign_out(first.token)
        facts["signed_out.refused"] = _ended(accounts, first, machine)
        device.revoke()
        facts["revoked_device.refused"] = _ended(accounts, second, device.digest)
        third = trial.sign_in(machine)
        accounts.disable(trial.person, PersonReason.UNUSED, by=here.by)
        facts["disabled.refused"] = _ended(accounts, third, machine)
    return Observed(facts, json.dumps({name: str(value) for name, value in facts.items()}).encode(), TOOL)


def _ended(accounts: Accounts, session: Session, certificate: bytes) -> bool:
    return refuses(SessionEnded, partial(accounts.session, session.token, certificate))


def _expiry(gateway: Gateway, session: Session, certificate: bytes, folder: Path) -> dict[str, Fact]:
    """On copies: refused a second after the idle time, alive a second before, refused after the whole time although in use."""
    settings, asked = gateway.settings, {}
    for name, ahead, seen in (
        ("idle.alive_before", min(settings.idle_timeout_ms, settings.session_ms) - 5_000, 0),
        ("idle.ended_after", settings.idle_timeout_ms + 5_000, 0),
        ("absolute.ended_after", settings.session_ms + 5_000, settings.session_ms),
    ):
        path = copy_database(gateway.paths.database, folder / f"{name}.db")
        with closing(Database(path)) as copy:
            if seen:  # in use until just now, in the copy
                with closing(sqlite3.connect(path)) as db, db:
                    db.execute("UPDATE sessions SET seen_ms = ? WHERE id = ?", (session.started_ms + seen, session.id))
            ended = _ended(accounts_over(gateway, copy, ahead), session, certificate)
        asked[name] = not ended if name == "idle.alive_before" else ended
    return dict(asked)


def factors(here: SelfContext, target: Target, _bench: Bench) -> Observed:
    """How many sign-ins of the last days had two factors, and whether one factor would do."""
    gateway, accounts = here.gateway, here.gateway.accounts
    days = int(target.options.get("days", "30"))
    since = gateway.clock.now_ms() - days * DAY_MS
    trials = {one.person for one in accounts.accounts() if one.login.startswith(TRIAL_LOGIN)}
    sealed = {one.person for one in gateway.people.emergencies.accounts()}
    methods = [
        entry.reason
        for entry in gateway.journal.entries()
        if entry.what is What.SIGN_IN
        and entry.outcome is Outcome.DONE
        and entry.at_ms >= since
        and entry.person not in trials | sealed
    ]
    staff = [
        one
        for one in accounts.accounts()
        if one.has_password and one.person not in sealed and is_active(here, one.person)
    ]
    with trial_person(here) as trial, trial_device(here, trial.person) as device:
        trial.offer(strong_password())
        certificate = device.digest  # not the machine's own: failures on it would add up to a lock
        single = refuses(SignInFailed, partial(accounts.sign_in, trial.login, trial.password, None, certificate))
        trial.renew_seed()
        wrong = partial(accounts.sign_in, trial.login, trial.password, _wrong(trial), certificate)
        wrong_refused = refuses(SignInFailed, wrong)
        trial.renew_seed()
        both = not refuses(
            SignInFailed, partial(accounts.sign_in, trial.login, trial.password, trial.code(), certificate)
        )
    facts: dict[str, Fact] = {
        "days": days,
        "sign_ins": len(methods),
        "sign_ins.two_factors": sum(1 for method in methods if method in _TWO),
        "accounts.with_password": len(staff),
        "accounts.single_factor": sum(1 for one in staff if not accounts.factors.standing(one.person).has_factor),
        "required": gateway.settings.require_totp,
        "single.refused": single,
        "wrong_code.refused": wrong_refused,
        "both.admitted": both,
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _wrong(trial: Trial) -> str:
    """Six digits that are no code around now."""
    near = {trial.code(ahead * 30_000) for ahead in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)
