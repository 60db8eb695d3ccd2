"""Good and broken fixtures of Akashi's people, doors and journal: really broken, then measured by the real probes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI

from akashi.api.faces import asgi_ask, routes_of
from akashi.app.selfcheck import people
from akashi.app.selfcheck.faces import Face, silent
from akashi.conformity.model import Measurement
from akashi.exchange.screening import NoScanner
from akashi.identity import rules, sessions
from akashi.identity.errors import SessionEnded, WeakPassword
from akashi.identity.factors.strength import Strength
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.model import Policy, Role, Session
from akashi.identity.service import Accounts
from akashi.ledger.rules import ALLOWED
from tests.conformity.akashi_stage import BROKEN, GOOD, Case, Stage, probed, said, stage


def _with(patches: list[Any], measure: Callable[[], list[Measurement]]) -> list[Measurement]:
    """Measure while parts of the program are replaced."""
    for one in patches:
        one.start()
    try:
        return measure()
    finally:
        for one in reversed(patches):
            one.stop()


class Careful(Accounts):
    """Accounts that refuse the present password."""

    _last: dict[str, str]

    def set_password(self, person: str, password: str, *, by: Session | None = None) -> None:
        self._last = getattr(self, "_last", {})
        if self._last.get(person) == password:
            raise WeakPassword(reason="password.same")
        super().set_password(person, password, by=by)
        self._last[person] = password


class Forgetful(Accounts):
    """Accounts that take the present password again, whatever the shipped ones do."""

    def set_password(self, person: str, password: str, *, by: Session | None = None) -> None:
        try:
            super().set_password(person, password, by=by)
        except WeakPassword as error:
            if error.params.get("reason") != "password.same":
                raise


class Anywhere(Accounts):
    """Accounts whose sessions are good on every device."""

    def session(self, token: str, certificate: bytes) -> Session:
        for one in self.accounts():
            for made in self.sessions(one.person):
                try:
                    return super().session(token, made.certificate)
                except SessionEnded:
                    continue
        return super().session(token, certificate)


class Unending(Accounts):
    """Accounts that do not end sessions."""

    def sign_out(self, token: str) -> None:
        return

    def sign_out_everywhere(self, person: str, *, reason: str = "everywhere") -> int:
        return 0


def _short_lock() -> list[Measurement]:
    """A build whose lock lasts a second."""
    brief = partial(Policy, lock_ms=1000)
    return _with(
        [patch.object(people, "Policy", brief)],
        lambda: probed("lockout", lambda st: st.accounts(brief(second_factor=True))),
    )


def _plain_storage() -> list[Measurement]:
    """Passwords kept as they are, behind a hasher that compares."""

    def spoil(st: Stage) -> None:
        store = st.accounts()._hasher
        store.hash = lambda password: f"plain:{password}"  # type: ignore[method-assign]

    return probed("passwords", spoil)


def _enrolled_late(st: Stage) -> None:
    """Somebody signed in with one factor last week."""
    person = st.service.cast.persons["clinic"]
    st.here.gateway.journal.record(
        What.SIGN_IN, institution=st.here.gateway.institution, person=person, device="dev-aaaaaaaa", reason="password"
    )


def _plainly_stored(st: Stage) -> None:
    """Somebody wrote a password into the database past the program."""
    with closing(sqlite3.connect(st.here.gateway.paths.database)) as database, database:
        database.execute("UPDATE people SET password = 'himitsu-2026'")


def _staff(content: str, *extra: str) -> Callable[[], list[Measurement]]:
    """A staff list, and further accounts."""

    def measure() -> list[Measurement]:
        def prepare(st: Stage) -> None:
            (st.folder / "staff.csv").write_text(content, encoding="utf-8")
            for login in extra:
                st.here.gateway.accounts.add_person(login=login, name="架空 追加", roles=Role.AUDITOR)

        with stage() as st:
            prepare(st)
            return st.run("staff", {"staff": str(st.folder / "staff.csv")})

    return measure


def _long_unused() -> list[Measurement]:
    """Everybody on the list, nobody signed in since last year."""
    with stage() as st:
        st.service.clock.advance(200 * 86_400_000)
        (st.folder / "staff.csv").write_text("login\nokuru\n", encoding="utf-8")
        return st.run("staff", {"staff": str(st.folder / "staff.csv")})


def _two_devices(st: Stage, *, ends: bool) -> None:
    """One person's sessions on two devices; with ``ends`` the first is over before the second begins."""
    gateway, person = st.here.gateway, st.service.cast.persons["clinic"]
    base = st.service.session("clinic")
    first = replace(base, id=b"1" * 32, person=person, device="dev-aaaaaaaa")
    second = replace(base, id=b"2" * 32, person=person, device="dev-bbbbbbbb")
    gateway.accounts.sign_out(base.token)
    gateway.journal.record(What.SIGN_IN, session=first, reason="password_totp")
    if ends:
        gateway.journal.record(What.SIGN_OUT, session=first)
    gateway.journal.record(What.SIGN_IN, session=second, reason="password_totp")


def _sql(st: Stage, *statements: str) -> None:
    with closing(sqlite3.connect(st.here.gateway.paths.database, timeout=10)) as db, db:
        for one in statements:
            db.execute(one)


def _forgetful(*kinds: What) -> Any:
    """A journal that drops some kinds."""
    record = Journal.record

    def dropping(self: Journal, what: What, outcome: Outcome = Outcome.DONE, **rest: Any) -> int:
        return 0 if what in kinds else record(self, what, outcome, **rest)

    return patch.object(Journal, "record", dropping)


def _late() -> Any:
    """A journal that says the wrong time."""
    record = Journal.record

    def shifted(self: Journal, what: What, outcome: Outcome = Outcome.DONE, **rest: Any) -> int:
        return record(self, what, outcome, **{**rest, "at_ms": 1})

    return patch.object(Journal, "record", shifted)


def _without_trigger(st: Stage) -> None:
    """Rows may be rewritten; the schema would put the trigger back, so it is made toothless."""
    for name in ("update", "delete"):
        _sql(
            st,
            f"DROP TRIGGER journal_no_{name}",
            f"CREATE TRIGGER journal_no_{name} BEFORE {name} ON journal BEGIN SELECT 1; END",
        )


def _faces(*made: Face) -> Callable[[Stage], None]:
    def prepare(st: Stage) -> None:
        st.here = replace(st.here, faces=(*st.here.faces, *made))

    return prepare


def _open_app() -> Face:
    """An application with one route that asks for nothing."""
    app = FastAPI(telemetry={"auto_configure": False}) if "telemetry" in FastAPI.__init__.__annotations__ else FastAPI()
    app.add_api_route("/api/v1/everything", lambda: {"all": True}, methods=["GET"])
    return Face("gateway", routes_of(app), asgi_ask(app))


def _redirecting() -> Face:
    """One whose refusals lead somewhere else than to the sign-in."""
    app = FastAPI()
    app.add_api_route("/list", lambda: {"rows": []}, methods=["POST"])
    return Face("pages", routes_of(app), asgi_ask(app))


def _dead(st: Stage) -> None:
    """Nothing listens: everything is refused, and nothing is shown."""
    st.here = replace(st.here, faces=tuple(replace(one, ask=silent) for one in st.here.faces))


def _one_factor(st: Stage) -> None:
    """A gateway that asks for no second factor."""
    st.settings(require_totp=False)
    st.accounts(Policy(second_factor=False))


def _by_hand(st: Stage) -> None:
    """Somebody wrote a hash into the database."""
    st.here.gateway.accounts.add_person(login="atode", name="架空 後日", roles=Role.AUDITOR)
    _sql(st, "UPDATE people SET password = 'x' WHERE password IS NULL")


def _console_reset(st: Stage) -> None:
    st.here.gateway.accounts.set_password(st.service.cast.persons["clinic"], "Another-horse-8-battery")


def _scanner(found: object) -> Any:
    return patch("akashi.app.selfcheck.formats.find_scanner", lambda: found)


def _blind(say: Callable[..., str | None]) -> list[Any]:
    return [
        patch("akashi.app.selfcheck.formats.inspect", say),
        patch("akashi.app.desk.conversion.screen", say),
        _scanner(object()),
    ]


NOBODY = {"open.refused": True, "resumed.refused": True, "new.refused": True, "tickets": False}
UNLOCKED = Policy(failures=1000, device_failures=1000, second_factor=True)
RULES = [patch.object(rules, "MIN_ALONE", 6), patch.object(rules, "MIN_WITH_FACTOR", 6)]
COMMON = [patch.object(rules, "is_common", lambda _: False), patch.object(Strength, "guesses", lambda *_: 99.0)]
ANYTHING = [patch.object(rules, "decide_password", lambda *_a, **_k: ALLOWED)]
PERMITTED = [patch.object(sessions, "decide_access", lambda *_: ALLOWED)]

CASES: list[Case] = [
    ("password.rules", "as shipped", GOOD, lambda: probed("passwords")),
    ("password.rules", "common taken", BROKEN, lambda: _with(COMMON, lambda: probed("passwords"))),
    ("password.rules", "six characters", BROKEN, lambda: _with(RULES, lambda: probed("passwords"))),
    ("password.rules", "anything", BROKEN, lambda: _with(ANYTHING, lambda: probed("passwords"))),
    ("password.rules", "kept in the clear", BROKEN, _plain_storage),
    ("password.reuse", "careful", GOOD, lambda: probed("passwords", lambda st: st.accounts(of=Careful))),
    ("password.reuse", "same again", BROKEN, lambda: probed("passwords", lambda st: st.accounts(of=Forgetful))),
    ("password.reuse", "common taken", BROKEN, lambda: _with(COMMON, lambda: probed("passwords"))),
    ("password.reuse", "anything", BROKEN, lambda: _with(ANYTHING, lambda: probed("passwords"))),
    ("password.lockout", "as shipped", GOOD, lambda: probed("lockout")),
    ("password.lockout", "never", BROKEN, lambda: probed("lockout", lambda st: st.accounts(UNLOCKED))),
    ("password.lockout", "a second", BROKEN, _short_lock),
    ("password.lockout", "unrecorded", BROKEN, lambda: _with([_forgetful(What.SIGN_IN)], lambda: probed("lockout"))),
    ("session.limits", "as shipped", GOOD, lambda: probed("sessions")),
    (
        "session.limits",
        "a day idle",
        BROKEN,
        lambda: probed("sessions", lambda st: st.settings(idle_timeout_ms=86_400_000)),
    ),
    (
        "session.limits",
        "a month",
        BROKEN,
        lambda: probed("sessions", lambda st: st.settings(session_ms=30 * 86_400_000)),
    ),
    ("session.limits", "every device", BROKEN, lambda: probed("sessions", lambda st: st.accounts(of=Anywhere))),
    ("session.limits", "no sign-out", BROKEN, lambda: probed("sessions", lambda st: st.accounts(of=Unending))),
    ("session.unauthenticated", "as shipped", GOOD, lambda: probed("doors")),
    ("session.unauthenticated", "open route", BROKEN, lambda: probed("doors", _faces(_open_app()))),
    ("session.unauthenticated", "open form", BROKEN, lambda: probed("doors", _faces(_redirecting()))),
    ("session.unauthenticated", "dead", BROKEN, lambda: probed("doors", _dead)),
    ("factors.share", "as shipped", GOOD, lambda: probed("factors")),
    ("factors.share", "earlier with one", BROKEN, lambda: probed("factors", _enrolled_late)),
    (
        "factors.share",
        "not required",
        BROKEN,
        lambda: probed("factors", _one_factor),
    ),
    ("accounts.hashes", "as shipped", GOOD, lambda: probed("password_store")),
    ("accounts.hashes", "in the clear", BROKEN, lambda: probed("password_store", _plainly_stored)),
    ("accounts.staff", "equal", GOOD, _staff("login\nokuru\n")),
    ("accounts.staff", "one more", BROKEN, _staff("login\nokuru\n", "taishoku")),
    ("accounts.staff", "unused for months", BROKEN, _long_unused),
    ("accounts.staff", "others' list", BROKEN, _staff("login\nyosono\n")),
    ("accounts.staff", "no list", BROKEN, _staff("")),
    ("accounts.staff", "not text", BROKEN, _staff('login\n"okuru\n')),
    ("accounts.shared", "one after the other", GOOD, lambda: probed("sharing", lambda st: _two_devices(st, ends=True))),
    ("accounts.shared", "at once", BROKEN, lambda: probed("sharing", lambda st: _two_devices(st, ends=False))),
    (
        "accounts.shared",
        "nobody",
        BROKEN,
        lambda: probed("sharing", lambda st: st.service.clock.advance(400 * 86_400_000)),
    ),
    ("permission.enforced", "as shipped", GOOD, lambda: probed("permissions")),
    ("permission.enforced", "all permitted", BROKEN, lambda: _with(PERMITTED, lambda: probed("permissions"))),
    (
        "permission.enforced",
        "unrecorded",
        BROKEN,
        lambda: _with([_forgetful(What.ACTION)], lambda: probed("permissions")),
    ),
    ("resets.recorded", "as shipped", GOOD, lambda: probed("resets")),
    ("resets.recorded", "set by hand", BROKEN, lambda: probed("resets", _by_hand)),
    (
        "resets.recorded",
        "not recorded",
        BROKEN,
        lambda: _with([_forgetful(What.PASSWORD_SET)], lambda: probed("resets")),
    ),
    ("resets.recorded", "nameless", BROKEN, lambda: probed("resets", _console_reset)),
    ("log.coverage", "as shipped", GOOD, lambda: probed("canary")),
    ("log.coverage", "no reads", BROKEN, lambda: _with([_forgetful(What.READ)], lambda: probed("canary"))),
    (
        "log.coverage",
        "no refusals",
        BROKEN,
        lambda: _with([_forgetful(What.ACTION, What.EXPORTED)], lambda: probed("canary")),
    ),
    ("log.coverage", "wrong time", BROKEN, lambda: _with([_late()], lambda: probed("canary"))),
    ("log.access", "as shipped", GOOD, lambda: probed("log_readers")),
    ("log.access", "everybody", BROKEN, lambda: _with(PERMITTED, lambda: probed("log_readers"))),
    (
        "log.access",
        "readable file",
        BROKEN,
        lambda: probed("log_readers", lambda st: st.here.gateway.paths.database.chmod(0o644)),
    ),
    ("log.access", "rewritable", BROKEN, lambda: probed("log_readers", _without_trigger)),
    ("screening.refused", "all", GOOD, lambda: _with([_scanner(object())], lambda: probed("screening"))),
    ("screening.refused", "no scanner", BROKEN, lambda: _with([_scanner(NoScanner())], lambda: probed("screening"))),
    ("screening.refused", "blind", BROKEN, lambda: _with(_blind(lambda *_: None), lambda: probed("screening"))),
    (
        "screening.refused",
        "refuses all",
        BROKEN,
        lambda: _with(_blind(lambda *_: "program"), lambda: probed("screening")),
    ),
    ("tls.revocation", "refused", GOOD, lambda: said("revocation", {"before.admitted": True, **NOBODY})),
    (
        "tls.revocation",
        "open one lives",
        BROKEN,
        lambda: said("revocation", {**NOBODY, "before.admitted": True, "open.refused": False}),
    ),
    ("tls.revocation", "never admitted", BROKEN, lambda: said("revocation", {**NOBODY, "before.admitted": False})),
    ("tls.revocation", "not served", BROKEN, lambda: probed("revocation")),
]
