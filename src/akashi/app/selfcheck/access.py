"""Permissions, the journal's coverage and who may read it, tried with test accounts on the running gateway.

Guarantees: every trial names a transfer, person or device that cannot exist, so that a permission that fails to refuse changes nothing.
Refuses: to act for real people. Trusts the desk's use cases to be those that pages and commands call.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from akashi.app.desk import devices, sending, transfers
from akashi.app.desk.drafts import Draft
from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.context import TOOL, SelfContext, copy_database, newest, scratch
from akashi.app.selfcheck.trial import Trial, introducer, refuses, strong_password, trial_device, trial_person
from akashi.checkup import ConversionReport, Coverage
from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.errors import AkashiError
from akashi.exchange.model import Destination, Form, ReadPurpose, RefuseReason, WithdrawReason
from akashi.identity.errors import NotPermitted, SignInFailed, StoreFailed
from akashi.identity.events import institution
from akashi.identity.journal import Access, Outcome, What
from akashi.identity.model import DeviceReason, PersonReason, Role, Session
from akashi.identity.permissions import PERMISSIONS, decide_permission
from akashi.identity.rules import decide_roles
from akashi.identity.store import Database
from akashi.ledger.errors import Refused
from akashi.ledger.rules import Allowed, Denied

NOBODY, NOTHING, NO_DEVICE = "per-selfcheck0000", "tr-selfcheck0000", "dev-selfcheck0000"
READ_LOGS = "dashboard.read"
"""The action that reading the access journal asks for."""
_NO_COVERAGE = Coverage(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    call: Callable[[], object]


def _mutating(gateway: Gateway, session: Session, trial: Trial) -> list[_Case]:
    """Every use case of a gateway that changes, opens or hands out something, for somebody who may not."""
    accounts, purpose = gateway.accounts, ReadPurpose.AUDIT
    report = ConversionReport("", "", "", "", 0, 0, 0, {}, _NO_COVERAGE, ())
    draft = Draft("selfcheck.csv", report, (0, 0, 0), (("selfcheck.csv", b""),), sha256(b"").digest())
    terms = sending.Terms(gateway.institution, 0, 0)
    took = (NOTHING, purpose, Destination.DEVICE, Form.PLAIN)
    return [
        _Case("transfer.send", partial(sending.send, gateway, session, draft, terms)),
        _Case("transfer.open", partial(transfers.opened, gateway, session, NOTHING, purpose)),
        _Case("transfer.export", partial(transfers.exported, gateway, session, *took)),
        _Case("transfer.confirm", partial(transfers.confirmed, gateway, session, NOTHING)),
        _Case("transfer.refuse", partial(transfers.refused, gateway, session, NOTHING, RefuseReason.NOT_OURS)),
        _Case(
            "transfer.withdraw", partial(transfers.withdrawn, gateway, session, NOTHING, WithdrawReason.WRONG_RECEIVER)
        ),
        _Case(
            "person.add",
            partial(accounts.add_person, login=trial.login, name="自己点検", roles=Role.AUDITOR, by=session),
        ),
        _Case("person.roles", partial(accounts.change_roles, NOBODY, Role.AUDITOR, by=session)),
        _Case("person.disable", partial(accounts.disable, NOBODY, PersonReason.ERROR, by=session)),
        _Case("person.password", partial(accounts.set_password, NOBODY, strong_password(), by=session)),
        _Case("person.totp", partial(accounts.drop_totp, NOBODY, by=session)),
        _Case("device.add", partial(devices.added, gateway, session, NOBODY)),
        _Case("device.revoke", partial(devices.revoked, gateway, session, NO_DEVICE, DeviceReason.ERROR)),
    ]


def permissions(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """A person who may only look tries each mutating use case, and each action of the table."""
    gateway = here.gateway
    with trial_person(here, Role.AUDITOR) as trial:
        trial.equip()
        session = trial.sign_in(gateway.machine_certificate())
        before = newest(gateway)
        cases = _mutating(gateway, session, trial)
        let = tuple(one.name for one in cases if not refuses(NotPermitted, one.call))
        actions = [name for name in PERMISSIONS if isinstance(decide_permission(Role.AUDITOR, name), Denied)]
        taken = tuple(
            name for name in actions if not refuses(NotPermitted, partial(gateway.accounts.require, session, name))
        )
        entries = [
            entry
            for entry in gateway.journal.entries(before + 1)
            if entry.session == session.id and entry.what is What.ACTION and entry.outcome is Outcome.REFUSED
        ]
    facts: dict[str, Fact] = {
        "tried": len(cases) + len(actions),
        "refused": len(cases) + len(actions) - len(let) - len(taken),
        "let": (*let, *taken),
        "recorded": len(entries),
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def canary(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Known operations of a test account, then the journal: each must be there with who, when and what."""
    gateway, accounts = here.gateway, here.gateway.accounts
    with trial_person(here, _hands(gateway)) as trial, trial_device(here, trial.person) as device:
        trial.equip()
        certificate = device.digest  # not the machine's own: failures on it would add up to a lock
        before, started = newest(gateway), gateway.clock.now_ms()
        _ignored(partial(accounts.sign_in, trial.login, strong_password(), None, certificate))
        session = trial.sign_in(certificate)
        for call in (
            partial(transfers.listed, gateway, session, received=True),
            partial(transfers.shown, gateway, session, NOTHING),
            partial(transfers.opened, gateway, session, NOTHING, ReadPurpose.AUDIT),
            partial(transfers.exported, gateway, session, NOTHING, ReadPurpose.AUDIT, Destination.DEVICE, Form.PLAIN),
            partial(accounts.require, session, "institution.unknown"),
        ):
            _ignored(call)
        accounts.sign_out(session.token)
        ended = gateway.clock.now_ms()
        entries = [one for one in gateway.journal.entries(before + 1) if one.person == trial.person]
    wanted = _wanted(session)
    found = {name: _match(entries, *one) for name, one in wanted.items()}
    timed = [one for one in found.values() if one is not None and started <= one.at_ms <= ended]
    facts: dict[str, Fact] = {
        "canaries": len(wanted),
        "logged": sum(1 for one in found.values() if one is not None),
        "logged.when": len(timed),
        "logged.device": sum(1 for one in found.values() if one is not None and one.device is not None),
        "missing": tuple(sorted(name for name, one in found.items() if one is None)),
    }
    return Observed(facts, json.dumps([one.number for one in entries]).encode(), TOOL)


def _wanted(session: Session) -> dict[str, tuple[set[What], set[Outcome], str | None]]:
    """What must stand in the journal: which kinds, how it ended, and about what. A role may refuse before the use case does."""
    may_open = isinstance(decide_permission(session.roles, "transfer.open"), Denied)
    refused = {Outcome.REFUSED, Outcome.FAILED}
    opened, exported = ({What.ACTION}, {What.ACTION}) if may_open else ({What.OPENED}, {What.EXPORTED})
    return {
        "sign_in.failed": ({What.SIGN_IN}, {Outcome.FAILED, Outcome.REFUSED}, None),
        "sign_in": ({What.SIGN_IN}, {Outcome.DONE}, None),
        "listing": ({What.LISTED}, {Outcome.DONE}, None),
        "read": ({What.READ}, refused, NOTHING),
        "opening": (opened, refused, NOTHING),
        "export": (exported, refused, NOTHING),
        "refused_action": ({What.ACTION}, {Outcome.REFUSED}, None),
        "sign_out": ({What.SIGN_OUT}, {Outcome.DONE}, None),
    }


def _match(entries: list[Access], whats: set[What], outcomes: set[Outcome], subject: str | None) -> Access | None:
    for one in entries:
        if one.what in whats and one.outcome in outcomes and subject in (None, one.subject):
            return one
    return None


def log_readers(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Which roles may read the journal, whether the files are their owner's only, and whether a row can be changed by plain SQL."""
    gateway = here.gateway
    roles = [role for role in Role if _possible(gateway, role)]
    readers: list[str] = []
    others: list[str] = []
    with trial_person(here, Role.AUDITOR) as trial:
        trial.equip()
        for role in roles:
            reads = _reads_logs(here, trial, role)
            (readers if reads else others).append(role.name.lower() if role.name else "")
    files = _files(here)
    with scratch(bench) as folder:
        changeable = _changeable(copy_database(gateway.paths.database, folder / "gateway.db"))
    facts: dict[str, Fact] = {
        "readers": tuple(readers),
        "refused": tuple(others),
        "files": len(files),
        "files.open_to_others": sum(1 for path in files if path.stat().st_mode & 0o077),
        "rows.changeable": changeable,
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _reads_logs(here: SelfContext, trial: Trial, role: Role) -> bool:
    """Whether the test account may read the journal in this role. What cannot be had or cannot come in (an account for emergencies, a
    visitor without a visit) cannot read it either.
    """
    gateway = here.gateway
    try:
        gateway.accounts.change_roles(trial.person, role, by=introducer(here))
        session = trial.sign_in(gateway.machine_certificate())
    except (Refused, SignInFailed):
        return False
    return not refuses(NotPermitted, partial(gateway.accounts.require, session, READ_LOGS))


def _possible(gateway: Gateway, role: Role) -> bool:
    """Whether the institution can have people of this role."""
    with gateway.ledger.view() as state:
        return isinstance(decide_roles(institution(state, gateway.institution), int(role)), Allowed)


def _hands(gateway: Gateway) -> Role:
    """A role that may open, where the institution sends or receives; else one that may look."""
    return Role.OPERATOR if _possible(gateway, Role.OPERATOR) else Role.AUDITOR


def _files(here: SelfContext) -> list[Path]:
    """The databases that hold logs: the gateway's journal and, where it is in reach, the ledger."""
    found = [here.gateway.paths.database]
    try:
        found += sorted(here.server_paths.ledger.glob("*.db"))
    except Unreached:
        return found  # a gateway alone: the ledger is somebody else's machine
    return [path for path in found if path.is_file()]


def _changeable(path: Path) -> bool:
    """Whether a statement of the application's own connection can rewrite a journal row."""
    database = Database(path)
    try:
        with database.transaction() as db:
            db.execute("UPDATE journal SET entry = x'00' WHERE number = 1")
        return True
    except (sqlite3.IntegrityError, StoreFailed):
        return False
    finally:
        database.close()


def _ignored(call: Callable[[], object]) -> None:
    """What it says is of no interest here; the journal is."""
    try:
        call()
    except AkashiError:
        return
