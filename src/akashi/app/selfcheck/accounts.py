"""Accounts beside the staff list, shared accounts, and password resets, from the gateway's own records.

Guarantees: reads only, but for one recorded reset of a test account; facts are counts, names stand in the raw output, which leaves only
sealed. Refuses: staff lists of more than 100,000 lines or 8 MiB. Trusts the institution's list to be its list.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from akashi.app.selfcheck.context import TOOL, TRIAL_LOGIN, SelfContext, newest
from akashi.app.selfcheck.trial import strong_password, trial_person
from akashi.conformity.errors import Unreached
from akashi.conformity.host.logins import stored_column, stored_facts
from akashi.conformity.model import DAY_MS, Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.identity.events import person
from akashi.identity.journal import Access, Outcome, Stay, What
from akashi.identity.model import Account

STAFF_OPTION = "staff"
MAX_LIST, MAX_LINES = 8 << 20, 100_000
MAX_UNUSED = 100
"""Of so many accounts, the longest unused, the days since the last sign-in are told."""
NEVER = 9_999
"""Days since the last sign-in of an account that was never used."""


def staff(here: SelfContext, target: Target, _bench: Bench) -> Observed:
    """Enabled accounts against a CSV of logins (first column; a heading ``login`` is fine)."""
    listed = _staff_list(target.options.get(STAFF_OPTION, ""))
    active = _active(here)
    used = {entry.person: entry.at_ms for entry in here.gateway.journal.entries() if _signed_in(entry)}
    now = here.gateway.clock.now_ms()
    unused = sorted(((now - used.get(one.person, 0)) // DAY_MS for one in active if one.has_password), reverse=True)
    extra = sorted(one.login for one in active if one.login not in listed)
    missing = sorted(listed - {one.login for one in active})
    facts: dict[str, Fact] = {
        "accounts": len(active),
        "staff": len(listed),
        "not_on_list": len(extra),
        "without_account": len(missing),
        "days_unused": tuple(str(min(days, NEVER)) for days in unused[:MAX_UNUSED]),
    }
    raw = json.dumps({"not_on_list": extra, "without_account": missing}, ensure_ascii=False).encode()
    return Observed(facts, raw, TOOL)


def _staff_list(name: str) -> set[str]:
    """The logins of the list. Raises :class:`Unreached` where it cannot be read strictly."""
    path = Path(name)
    if not name or not path.is_file():
        raise Unreached(reason="staff.missing")
    with path.open("rb") as stream:
        data = stream.read(MAX_LIST + 1)
    if len(data) > MAX_LIST:
        raise Unreached(reason="staff.size")
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreached(reason="staff.form") from error
    logins = {row[0].strip() for row in rows[:MAX_LINES]} - {"", "login"}
    if not logins or len(rows) > MAX_LINES:
        raise Unreached(reason="staff.form")
    return logins


def _active(here: SelfContext) -> list[Account]:
    """Accounts whose person is enabled on the ledger."""
    with here.gateway.ledger.view() as state:
        return [
            one
            for one in here.gateway.accounts.accounts()
            if (known := person(state, one.person)) is not None and known.enabled
        ]


def _signed_in(entry: Access) -> bool:
    return entry.what is What.SIGN_IN and entry.outcome is Outcome.DONE


def sharing(here: SelfContext, target: Target, _bench: Bench) -> Observed:
    """People who were signed in on two devices at the same time, and how many devices they use."""
    days = int(target.options.get("days", "30"))
    since = here.gateway.clock.now_ms() - days * DAY_MS
    trials = {one.person for one in here.gateway.accounts.accounts() if one.login.startswith(TRIAL_LOGIN)}
    stays: dict[str, list[Stay]] = defaultdict(list)
    longest, now = here.gateway.settings.session_ms, here.gateway.clock.now_ms()
    for one in here.gateway.journal.stays():
        # Where the end was not noticed yet: it cannot have lived longer than a session may.
        end = min(now + 1, one.start_ms + longest) if one.end_ms is None else one.end_ms
        if end >= since and one.person not in trials:
            stays[one.person].append(replace(one, end_ms=end))
    at_once = sorted(who for who, one in stays.items() if overlapping(one))
    widest = max((len({stay.device for stay in one}) for one in stays.values()), default=0)
    facts: dict[str, Fact] = {
        "days": days,
        "sessions": sum(len(one) for one in stays.values()),
        "people": len(stays),
        "people.at_once": len(at_once),
        "devices.most": widest,
    }
    return Observed(facts, json.dumps(at_once).encode(), TOOL)


def _tickets(here: SelfContext) -> set[int]:
    """The numbers of those entries of set passwords that were set by the person with a ticket: the use of one is the next entry about them."""
    found: set[int] = set()
    last: dict[str, int] = {}
    for one in here.gateway.journal.entries():
        if one.subject is None or one.outcome is not Outcome.DONE:
            continue
        if one.what is What.PASSWORD_SET and one.person is None:
            last[one.subject] = one.number
        elif one.what is What.PASSWORD_RESET and one.reason == "ticket.used" and one.subject in last:
            found.add(last.pop(one.subject))
    return found


def overlapping(stays: list[Stay]) -> bool:
    """Whether two sessions on different devices overlap; one that never ended lasts.

    >>> overlapping([Stay(b"1", "p", "a", 0, 10), Stay(b"2", "p", "b", 5, None)])
    True
    """
    ordered = sorted(stays, key=lambda one: one.start_ms)
    for number, one in enumerate(ordered):
        for other in ordered[number + 1 :]:
            if one.end_ms is not None and other.start_ms >= one.end_ms:
                break
            if other.device != one.device:
                return True
    return False


def password_store(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """The gateway's own database: of what form every stored password is. Hashes are told by class and number only."""
    facts = stored_facts(stored_column(here.gateway.paths.database, STORED))
    return Observed(facts, json.dumps(facts, sort_keys=True).encode(), TOOL)


STORED = "people.password"
"""Where the gateway's database keeps passwords."""


def resets(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Passwords in the database against entries in the journal, and one reset made now."""
    gateway = here.gateway
    with trial_person(here) as trial:
        before = newest(gateway)
        trial.offer(strong_password())
        fresh = [
            one
            for one in gateway.journal.entries(before + 1)
            if one.what is What.PASSWORD_SET and one.subject == trial.person and one.outcome is Outcome.DONE
        ]
        passwords = {one.person for one in gateway.accounts.accounts() if one.has_password}
    entries = [
        one for one in gateway.journal.entries() if one.what is What.PASSWORD_SET and one.outcome is Outcome.DONE
    ]
    trials = {one.person for one in gateway.accounts.accounts() if one.login.startswith(TRIAL_LOGIN)}
    known: set[str] = set()
    counts = {"first": 0, "own": 0, "manager": 0, "console": 0, "ticket": 0}
    tickets = _tickets(here)
    for one in entries:
        if one.subject is None or one.subject in trials:
            continue
        if one.number in tickets:
            counts["ticket"] += 1
        elif one.subject not in known:
            counts["first"] += 1
        else:
            counts["console" if one.person is None else "own" if one.person == one.subject else "manager"] += 1
        known.add(one.subject)
    unrecorded = len(passwords - known - trials)
    facts: dict[str, Fact] = {
        "live.recorded": len(fresh) == 1,
        "passwords": len(passwords - trials),
        "passwords.unrecorded": unrecorded,
        **{f"resets.{name}": number for name, number in counts.items()},
    }
    return Observed(facts, json.dumps([one.number for one in entries]).encode(), TOOL)
