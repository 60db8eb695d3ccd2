"""Emergencies, visits, devices, keys and memberships as JSON, for programs.

Guarantees: handles, enum names, counts and times; the words of a plan and of a report only in :func:`shown_row`, which their use case permits.
Refuses nothing itself.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import IntFlag

from akashi.app.duty.emergencies import Standing, checklist
from akashi.app.duty.keys import KeysSeen
from akashi.app.duty.memberships import Membership
from akashi.app.duty.visits import Shown
from akashi.identity.devices.model import DeviceStanding, DeviceWanted
from akashi.identity.emergency.model import Declaration, EmergencyAccount, Opening
from akashi.identity.journal import Access
from akashi.identity.maintenance.model import Comparison, Visit, WorkPlan

Row = dict[str, object]


def standing_row(found: Standing) -> Row:
    """Accounts, openings, declared emergencies."""
    return {
        "accounts": [account_row(one) for one in found.accounts],
        "openings": [opening_row(one) for one in found.openings],
        "declarations": [declaration_row(one) for one in found.declarations],
    }


def account_row(one: EmergencyAccount) -> Row:
    """A sealed account."""
    return {
        "account": one.person,
        "state": one.state.name.lower(),
        "generation": one.generation,
        "opening": one.opening,
        "since_ms": one.since_ms,
    }


def opening_row(one: Opening) -> Row:
    """An opening."""
    return {
        "opening": one.handle,
        "account": one.account,
        "reason": one.reason.name.lower(),
        "stage": one.stage.name.lower(),
        "alone": one.alone,
        "opener": one.opener,
        "second": one.second,
        "taken_by": one.taken_by,
        "asked_ms": one.asked_ms,
        "opened_ms": one.opened_ms,
        "until_ms": one.until_ms,
        "closed_ms": one.closed_ms,
        "reviewer": one.reviewer,
        "verdict": None if one.verdict is None else one.verdict.name.lower(),
        "declaration": one.declaration,
    }


def declaration_row(one: Declaration) -> Row:
    """A declared emergency with its checklist."""
    ticks = {tick.step: tick for tick in one.ticks}
    steps: list[Row] = []
    for step in checklist(one.checklist).steps:
        tick = ticks.get(step.number)
        done = (
            None if tick is None else {"outcome": tick.outcome.name.lower(), "person": tick.person, "at_ms": tick.at_ms}
        )
        steps.append({"number": step.number, "ja": step.ja, "en": step.en, "done": done})
    return {
        "declaration": one.handle,
        "cause": one.cause.name.lower(),
        "by": one.by,
        "declared_ms": one.declared_ms,
        "ended_ms": one.ended_ms,
        "openings": list(one.openings),
        "steps": steps,
    }


def access_row(one: Access) -> Row:
    """An entry of the access journal."""
    return {
        "number": one.number,
        "at_ms": one.at_ms,
        "what": one.what.name.lower(),
        "outcome": one.outcome.name.lower(),
        "person": one.person,
        "subject": one.subject,
        "count": one.count,
        "reason": one.reason,
    }


def visit_row(one: Visit) -> Row:
    """A visit without the words of its plan."""
    return {
        "visit": one.handle,
        "visitor": one.maintainer,
        "requester": one.requester,
        "stage": one.stage.name.lower(),
        "verdict": None if one.verdict is None else one.verdict.name.lower(),
        "decider": one.decider,
        "emergency": one.emergency,
        "from_ms": one.from_ms,
        "to_ms": one.to_ms,
        "begun_ms": one.begun_ms,
        "ended_ms": one.ended_ms,
        "reads": flags(one.reads),
        "saw": None if one.saw is None else one.saw.name.lower(),
        "deviations": one.deviations,
        "acted_as": list(one.acted_as),
        "reporter": one.reporter,
        "reviewer": one.reviewer,
        "review": None if one.review is None else one.review.name.lower(),
    }


def plan_row(plan: WorkPlan) -> Row:
    """A work plan, as ``POST /api/v1/visits`` takes it."""
    return {
        "purpose": plan.purpose.name.lower(),
        "systems": list(plan.systems),
        "steps": list(plan.steps),
        "sources": list(plan.sources),
        "expects": [one.name.lower() for one in plan.expects],
        "reads": flags(plan.reads),
        "test_accounts": list(plan.test_accounts),
        "text": plan.text,
    }


def comparison_row(found: Comparison) -> Row:
    """The journal against the plan."""
    return {
        "entries": found.entries,
        "seen": list(found.seen),
        "acted_as": list(found.acted_as),
        "saw": found.saw.name.lower(),
        "deviations": [
            {"code": one.code, "number": one.number, "what": None if one.what is None else one.what.name.lower()}
            for one in found.deviations
        ],
    }


def shown_row(found: Shown) -> Row:
    """A visit in full."""
    return visit_row(found.visit) | {
        "plan": plan_row(found.plan),
        "entries": [access_row(one) for one in found.entries],
        "comparison": None if found.comparison is None else comparison_row(found.comparison),
        "report": None if found.report is None else json.loads(found.report),
    }


def wanted_row(one: DeviceWanted) -> Row:
    """A request for a device."""
    return {
        "device": one.device,
        "responsible": one.responsible,
        "purpose": one.purpose.name.lower(),
        "by": one.by,
        "stage": one.stage.name.lower(),
        "requested_ms": one.requested_ms,
        "approver": one.approver,
    }


def device_row(one: DeviceStanding) -> Row:
    """A device and what follows from the ledger."""
    return {
        "device": one.device.handle,
        "responsible": one.device.responsible,
        "from_ms": one.device.from_ms,
        "to_ms": one.device.to_ms,
        "days_left": one.days_left,
        "revoked_ms": one.device.revoked_ms,
        "successor": one.successor,
        "orphaned": one.orphaned,
        "stage": None if one.stage is None else one.stage.name.lower(),
    }


def keys_row(found: KeysSeen) -> Row:
    """The report of keys; ``validation``: the one sentence that may be said of a module."""
    token = found.report.token
    return {
        "keys": [asdict(one) for one in found.report.keys],
        "module": None if token is None else asdict(token),
        "validation": None if token is None else token.validation,
        "recoverable": found.report.recoverable,
        "ledger": [asdict(one) for one in found.ledger],
        "certificates": [asdict(one) for one in found.certificates],
        "suites": [asdict(one) for one in found.suites],
    }


def membership_row(one: Membership) -> Row:
    """An institution on its way in or out."""
    return {
        "institution": one.admission.institution,
        "name": one.name,
        "stage": one.admission.stage.name.lower(),
        "trained_ms": one.admission.trained_ms or None,
        "missing": list(one.missing),
        "command": one.command,
    }


def flags(value: IntFlag) -> list[str]:
    """The names of the bits that are set."""
    return [one.name.lower() for one in type(value) if one in value and one.name]
