"""Good and broken fixtures of people's duties: a clinic that really applied, reviewed, reset, drilled and received a visit, and others that did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache, partial
from unittest.mock import patch

from akashi.app.duty import emergencies
from akashi.app.people import reviews, rights
from akashi.app.peoplecheck import demo_people
from akashi.conformity.model import Fact, Measurement
from akashi.identity.emergency.model import OpenReason
from akashi.identity.factors.service import Factors
from akashi.identity.model import Job, Role
from akashi.identity.presence.alerts import Alerts
from tests.app.service import CLINIC
from tests.conformity.akashi_stage import BROKEN, GOOD, Case, Stage, probed, said, stage

READ = ("rights", "reviews", "identity_checks", "access_reviews", "emergency", "visits")
KEYS: dict[str, Fact] = {
    "keys": 4, "keys.in_files": 0, "keys.in_module": 3, "keys.wrapped": 1, "keys.retirement_overdue": 0, "ledger.current": 2,
    "ledger.days_left": 900, "certificates": 2, "certificates.days_left": 300, "module": True, "module.validation": "not known",
    "recoverable": True,
}  # fmt: skip
SIGNED: dict[str, Fact] = {
    "operations": 9, "operations.signed": 9, "transfers": 3, "transfers.signed": 3, "holders": 2, "holders.operations": 9,
    "holders.unsigned": 0, "kinds.unsigned": (),
}  # fmt: skip


def _boss(made: Stage) -> demo_people.Holder:
    return demo_people.hold_key(made.service.clinic, made.service.session(CLINIC))


@cache
def _at_work() -> Mapping[str, list[Measurement]]:
    """Everything that the demonstration's people do, in a clinic with a clock that stands still; then all that the probes read."""
    with stage() as made:
        gateway, boss = made.service.clinic, _boss(made)
        begun = gateway.clock.now_ms() - 1
        staff = demo_people.hire(gateway, boss)
        demo_people.apply_for_rights(gateway, boss, staff)
        demo_people.reset_password(gateway, staff)
        demo_people.drill_emergency(gateway, boss, staff)
        demo_people.receive_maintainer(gateway, boss, staff)
        demo_people.review_accounts(gateway, boss, staff)
        demo_people.look_at_access(gateway, staff, begun)
        return {name: made.run(name) for name in READ}


def _worked(probe: str) -> list[Measurement]:
    return _at_work()[probe]


def _but(probe: str, **changed: Fact) -> list[Measurement]:
    """What was really measured, but for some facts: what the ledger would not let happen."""
    return said(
        probe, dict(_worked(probe)[0].facts) | {name.replace("__", "."): fact for name, fact in changed.items()}
    )


def _department_only(made: Stage) -> None:
    """People whose rights nobody applied for."""
    demo_people.hire(made.service.clinic, _boss(made))


def _applied_only(made: Stage) -> None:
    """An application that nobody has decided on."""
    gateway, boss = made.service.clinic, _boss(made)
    staff = demo_people.hire(gateway, boss)
    newcomer = partial(rights.applied, gateway, staff.head.session, login="kango", name="架空", basis="要る")
    newcomer(department=staff.department, roles=Role.OPERATOR, job=Job.NURSE)


def _review_left(made: Stage) -> None:
    gateway, boss = made.service.clinic, _boss(made)
    staff = demo_people.hire(gateway, boss)
    reviews.opened(gateway, staff.planner.session)


def _long_ago(made: Stage) -> None:
    made.service.clock.advance(200 * 86_400_000)


def _prepared(made: Stage) -> str:
    gateway, boss = made.service.clinic, _boss(made)
    return boss.do(lambda by: emergencies.prepare(gateway, by, "hijo-1", "架空")).account


def _opened(made: Stage) -> None:
    account, gateway = _prepared(made), made.service.clinic
    emergencies.open_alone(gateway, made.service.session(CLINIC), account, OpenReason.DISASTER)


def _with_password(made: Stage) -> None:
    """Somebody with the database gave a sealed account a password."""
    account = _prepared(made)
    with made.service.clinic.database.transaction() as db:
        db.execute("UPDATE people SET password = 'x' WHERE person = ?", (account,))


def _patched(measure: Callable[[], list[Measurement]], *patches: tuple[type, str, object]) -> list[Measurement]:
    with ExitStack() as replaced:
        for of, name, by in patches:
            replaced.enter_context(patch.object(of, name, by))
        return measure()


_TOTP = Factors._totp  # what is replaced in one case


def _forgetful(self: Factors, person: str, typed: str) -> bool:
    """Codes count as often as one likes."""
    known = self.__dict__.setdefault("_seen", set())
    if (person, typed) in known:
        return True
    found = _TOTP(self, person, typed)
    if found:
        known.add((person, typed))
    return found


def _silent(*_args: object, **_more: object) -> int:
    return 0


def _unnoticed(made: Stage) -> None:
    _prepared(made)


CASES: list[Case] = [
    ("proofs.single_use", "as it is", GOOD, partial(probed, "proofs")),
    ("proofs.single_use", "codes count twice", BROKEN, lambda: _patched(partial(probed, "proofs"), (Factors, "_totp", _forgetful))),
    ("proofs.single_use", "no passkeys", BROKEN, lambda: _patched(partial(probed, "proofs"), (Factors, "claimed", lambda *_: None))),
    ("password.lockout_told", "as it is", GOOD, partial(probed, "lockout")),
    ("password.lockout_told", "nobody is told", BROKEN, lambda: _patched(partial(probed, "lockout"), (Alerts, "raise_", _silent))),
    ("password.lockout_told", "nothing locked", BROKEN, lambda: said("lockout", {"locked": False, "alerted": True})),
    ("rights.applied", "everybody", GOOD, partial(_worked, "rights")),
    ("rights.applied", "no departments", BROKEN, partial(probed, "rights")),
    ("rights.applied", "nobody applied", BROKEN, partial(probed, "rights", _department_only)),
    ("rights.applied", "not decided", BROKEN, partial(probed, "rights", _applied_only)),
    ("rights.applied", "by themselves", BROKEN, partial(_but, "rights", applications__by_themselves=1)),
    ("reviews.current", "done", GOOD, partial(_worked, "reviews")),
    ("reviews.current", "never", BROKEN, partial(probed, "reviews")),
    ("reviews.current", "left open", BROKEN, partial(probed, "reviews", _review_left)),
    ("reviews.current", "overdue", BROKEN, partial(_but, "reviews", overdue=True)),
    ("resets.identified", "by photo", GOOD, partial(_worked, "identity_checks")),
    ("resets.identified", "none", BROKEN, partial(probed, "identity_checks")),
    ("resets.identified", "bare", BROKEN, partial(_but, "identity_checks", resets__with_document=0)),
    ("resets.identified", "of oneself", BROKEN, partial(_but, "identity_checks", resets__of_themselves=1)),
    ("emergency.sealed", "drilled", GOOD, partial(_worked, "emergency")),
    ("emergency.sealed", "none", BROKEN, partial(probed, "emergency")),
    ("emergency.sealed", "with a password", BROKEN, partial(probed, "emergency", _with_password)),
    ("emergency.sealed", "nobody is told", BROKEN, lambda: _patched(partial(probed, "emergency", _unnoticed), (Alerts, "raise_", _silent))),
    ("emergency.sealed", "open", BROKEN, partial(probed, "emergency", _opened)),
    ("emergency.renewed", "sealed anew", GOOD, partial(_worked, "emergency")),
    ("emergency.renewed", "never used", BROKEN, partial(probed, "emergency", _unnoticed)),
    ("emergency.renewed", "still open", BROKEN, partial(probed, "emergency", _opened)),
    ("emergency.renewed", "left", BROKEN, partial(_but, "emergency", accounts__spent=1, accounts__spent_overdue=1)),
    ("visits.reported", "whole", GOOD, partial(_worked, "visits")),
    ("visits.reported", "none", BROKEN, partial(probed, "visits")),
    ("visits.reported", "deviates", BROKEN, partial(_but, "visits", deviations=2)),
    ("visits.reported", "outside", BROKEN, partial(_but, "visits", visits__outside_window=1)),
    ("visits.reported", "uninvited", BROKEN, partial(_but, "visits", uninvited__refused=False)),
    ("log.reviewed", "done", GOOD, partial(_worked, "access_reviews")),
    ("log.reviewed", "never", BROKEN, partial(probed, "access_reviews")),
    ("log.reviewed", "long ago", BROKEN, partial(probed, "access_reviews", _long_ago)),
    ("approvals.share", "all", GOOD, partial(said, "approvals", SIGNED)),
    ("approvals.share", "nobody has a key", BROKEN, partial(probed, "approvals")),
    ("approvals.share", "one did not", BROKEN, partial(said, "approvals", SIGNED | {"operations.signed": 8, "holders.unsigned": 1})),
    ("keys.kept", "in a module", GOOD, partial(said, "key_module", KEYS)),
    ("keys.kept", "in files", BROKEN, partial(probed, "key_module")),
    ("keys.kept", "ending", BROKEN, partial(said, "key_module", KEYS | {"certificates.days_left": 3})),
]  # fmt: skip
