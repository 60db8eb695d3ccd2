"""Emergency accounts and visits: quiet in normal times, noticed when they are not, looked at afterwards.

Guarantees: the emergency accounts are tried on a copy of the gateway's database, so that no real alert is raised and no account is locked; a
visitor without a visit is tried with a test account. Facts are counts. Refuses: to open a real account. Trusts the ledger for openings and visits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.context import TOOL, SelfContext, copy_database, scratch
from akashi.app.selfcheck.people import accounts_over
from akashi.app.selfcheck.trial import refuses, strong_password, trial_device, trial_person
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.identity.credentials import Hasher
from akashi.identity.emergency.model import DAY_MS, AccountState, EmergencyAccount, EmergencyPolicy, Opening, Stage
from akashi.identity.emergency.sealing import Seals
from akashi.identity.emergency.store import EmergencyStore
from akashi.identity.emergency.watching import Watch
from akashi.identity.errors import SignInFailed
from akashi.identity.maintenance.model import Saw, TrialData, Visit, VisitStage, VisitVerdict
from akashi.identity.model import Role
from akashi.identity.presence.model import Alert, AlertKind
from akashi.identity.store import Database


def emergency(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Try each account that is not open, on a copy: it must stay out and somebody must hear of it; then what became of the openings."""
    gateway, now = here.gateway, here.gateway.clock.now_ms()
    service = gateway.people.emergencies
    accounts, openings = service.accounts(), service.openings()
    closed = [one for one in accounts if one.state is not AccountState.OPEN]
    with scratch(bench) as folder:
        refused, noticed = _tried(gateway, closed, folder) if closed else (0, 0)
    store = EmergencyStore(gateway.database)
    used = [one for one in openings if one.opened_ms is not None]
    facts: dict[str, Fact] = {
        "accounts": len(accounts),
        "accounts.closed": len(closed),
        "accounts.spent": sum(1 for one in accounts if one.state is AccountState.SPENT),
        "accounts.spent_overdue": sum(1 for one in accounts if _is_left(one, now)),
        "closed.refused": refused,
        "closed.noticed": noticed,
        "closed.with_password": sum(1 for one in closed if store.has_password(one.person)),
        "openings": len(used),
        "openings.alone": sum(1 for one in used if one.alone),
        "openings.reviewed": sum(1 for one in used if one.stage is Stage.REVIEWED),
        "openings.self_reviewed": sum(1 for one in used if one.reviewer in (one.opener, one.taken_by) and one.reviewer),
        "openings.unreviewed_overdue": sum(1 for one in used if _is_unreviewed(one, now, service.policy.review_ms)),
    }
    return Observed(facts, json.dumps([one.handle for one in used]).encode(), TOOL)


def _is_left(one: EmergencyAccount, now: int) -> bool:
    return one.state is AccountState.SPENT and now - one.since_ms >= DAY_MS


def _is_unreviewed(one: Opening, now: int, allowed_ms: int) -> bool:
    ended = one.ended_ms(now)
    return one.stage in (Stage.OPEN, Stage.CLOSED) and ended is not None and now - ended >= allowed_ms


def _tried(gateway: Gateway, closed: Sequence[EmergencyAccount], folder: Path) -> tuple[int, int]:
    """How many of the accounts stayed out, and of how many the people who read alerts heard, on a copy."""
    path = copy_database(gateway.paths.database, folder / "gateway.db")
    hasher, certificate = Hasher(passes=1, memory_kib=64, lanes=1), gateway.machine_certificate()
    with closing(Database(path)) as copy:
        accounts = accounts_over(gateway, copy, 0)
        before = _misused(accounts.alerts.open())
        logins = {one.person: accounts.account(one.person).login for one in closed}
        refused = sum(
            1
            for one in closed
            if refuses(
                SignInFailed, partial(accounts.sign_in, logins[one.person], strong_password(), None, certificate)
            )
        )
        store = EmergencyStore(copy)
        seals = Seals(store, gateway.keystore, hasher)
        parts = (store, seals, gateway.author, accounts.journal, gateway.clock, accounts.alerts.raise_)
        Watch(*parts, EmergencyPolicy()).look()
        heard = _misused(accounts.alerts.open())
    return refused, sum(1 for one in closed if heard.get(one.person, 0) > before.get(one.person, 0))


def _misused(alerts: Sequence[Alert]) -> dict[str, int]:
    """How often misuse of each account was told."""
    return {one.subject: one.count for one in alerts if one.kind == AlertKind.EMERGENCY_MISUSED}


def visits(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """A visitor without a visit must stay out; of the visits that were: decided by somebody else, within their window, reported, looked at."""
    gateway, now = here.gateway, here.gateway.clock.now_ms()
    with trial_person(here, Role.MAINTENANCE) as trial, trial_device(here, trial.person) as device:
        trial.equip()
        enter = partial(trial.accounts.sign_in, trial.login, trial.password, trial.code(), device.digest)
        outside = refuses(SignInFailed, enter)
    made = gateway.people.visits.visits()
    begun = [one for one in made if one.begun_ms is not None]
    over = [one for one in begun if one.ended_ms is not None or now >= one.to_ms]
    facts: dict[str, Fact] = {
        "uninvited.refused": outside,
        "visits": len(made),
        "visits.begun": len(begun),
        "visits.over": len(over),
        "visits.unapproved": sum(1 for one in begun if _is_unapproved(one)),
        "visits.outside_window": sum(1 for one in begun if _is_outside(one)),
        "visits.unreported": sum(1 for one in over if one.report is None),
        "visits.unreviewed": sum(1 for one in over if one.stage is not VisitStage.REVIEWED),
        "deviations": sum(one.deviations or 0 for one in begun),
        "data.unplanned": sum(1 for one in begun if one.saw is Saw.UNPLANNED),
        "test_data.kept": sum(1 for one in over if _trial_data(gateway, one) == TrialData.KEPT.name.lower()),
    }
    return Observed(facts, json.dumps([one.handle for one in made]).encode(), TOOL)


def _is_unapproved(one: Visit) -> bool:
    """Nobody accepted the plan, or somebody accepted their own."""
    return one.verdict is not VisitVerdict.ACCEPTED or one.decider in (one.requester, one.maintainer)


def _is_outside(one: Visit) -> bool:
    ended = one.ended_ms if one.ended_ms is not None else one.to_ms
    return not one.from_ms <= (one.begun_ms or 0) <= ended <= one.to_ms


def _trial_data(gateway: Gateway, one: Visit) -> str:
    """What the report says became of test data; empty where there is none."""
    text = gateway.people.visits.report_text(one.handle)
    return "" if text is None else str(json.loads(text).get("test_data", ""))
