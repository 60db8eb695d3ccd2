"""Writes docs/identity-permissions.md from the table of permissions, or tells that it is out of date.

Guarantees: every action is listed with its class, scope, marks and roles, every job that loses a class, every action of machine clients; the
same code gives the same bytes. Used as ``python -m tools.permissions_doc [--write]``; without ``--write`` it only compares.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from akashi.identity.access.explain import INFORMATION_WORDS, JOB_WORDS, ROLE_WORDS, SCOPE_WORDS
from akashi.identity.access.model import Permission
from akashi.identity.access.rules import COLLEAGUES, JOB_WITHOUT
from akashi.identity.model import Job, Role
from akashi.identity.permissions import CLIENT_BITS, TABLE

PAGE = Path(__file__).resolve().parents[1] / "docs" / "identity-permissions.md"
HEAD = """# Permissions

Written by `make docs` from `akashi.identity.permissions.TABLE`; do not edit. The same table decides, prints (`akashi access table`), explains
(`akashi access explain PERSON ACTION SUBJECT`) and is what the generated test tries on every route and command.

## 1. How a decision is made

A decision asks, in this order, and the first no is the reason:

1. Is the action in the table? What is not in it is denied.
2. A machine client: is the action among its own? Its roles are none.
3. Does one of the person's roles have the action? Somebody has the union of their roles; there is no hierarchy and no wildcard.
4. Does the person's job (職種) reach the information class (section 3)? A job only takes away.
5. Is the subject the own institution's, or a transfer that it is a party of? The secretariat's own actions reach every institution.
6. Scope *own*: only the person themselves. Scope *department*: only people of departments that the person manages; a manager of the
   institution and a planner reach all. About people of one's own department, also without managing it: COLLEAGUES.

The roles are read from the ledger at every request, so that a change counts at the next one. A *critical* action needs a proof within the last
minutes (`Policy.proof_ms`); for a *signed* one a person who has a key of their own signs the operation with it.

Some roles cannot be combined: `maintenance` and `emergency` stand alone, `patient` is not given yet, the secretariat's is for people of a
secretariat only, which can have no operators, approvers or emergency accounts. An emergency account has its actions only while it is opened, a
maintenance visitor only within an approved window. The secretariat has no action of the classes results and transfers: it can read, open, send and
export nothing, and since it acts on devices that are enrolled for its own institution only, it has registered terminals only.

"""
CLIENTS = """## 4. Machine clients

A client acts with the certificate of one device of the institution (not the gateway's own) and a bearer secret of 256 bits, both. It is enrolled,
changed and disabled by a named manager (`client.enrolled`, `client.changed`, `client.disabled`), for a year at most; somebody answers for it, and
when they leave it stops until somebody else takes over. The secret is shown once and stored as `HMAC-SHA256(key, SHA-256(secret))` with the key
under the keystore; rotation gives a new one while the old one works on for an overlap of up to 30 days. It may be bound to source networks (known to
its gateway only) and to one counterpart.

On the ledger its operations name no person, its device, and authentication method 7 (client). Every gateway and every verifier applies the
same rule: the ledger knows a client on that device, enabled, within its time, with this action, for this counterpart, with somebody who answers
for it; else the operation is refused (`client.*`). Whoever names persons in a transfer excludes machines: a client is no named person.

What a client can be given (bits are permanent): BITS. Nothing else: it manages nobody and nothing. In the access journal it
stands as the person (`cli-…`); its use is an entry for the first request of an hour and a count for the others, and each transfer that
it touches has its own entry as a person's would.

"""
ATTACKS = """## 5. Attacks and their tests

| attack | test |
|---|---|
| an action that the table does not name, an unknown role | `test_unknown_actions_are_denied`, `test_only_listed_roles_are_allowed` |
| the secretariat reaches content | `test_secretariat_is_closed_by_construction`, `test_secretariat_reaches_no_content` |
| somebody reaches another institution's object | `test_another_institution_is_never_reached`, `test_others_objects_look_like_nothing` |
| a systems engineer with an operator's role opens results | `test_job_takes_away_results` |
| a head of department manages another department | `test_departments_narrow_their_managers` |
| a client uses an action that it was not given, on the wire and on the ledger | `test_client_does_nothing_else`, `test_ledger_refuses_other_actions` |
| a client's secret on another device, from another network, over, rotated, disabled | `test_whatever_is_wrong_is_refused_alike` |
| guessing a client's secret | `test_guessing_locks_the_device_and_nobody_else` |
| a gateway says that a client acted that the ledger does not know | `test_ledger_refuses_unknown_clients` |
| a client for the gateway's own machine, or without a manager | `test_enrolment_is_refused` |
| an explanation tells about others | `test_explaining_others_needs_a_permission`, `test_foreign_and_unknown_subjects_are_the_same` |
| every route and command, as every role and as nobody | `tests/access` |
"""


def _mark(*, told: bool) -> str:
    return "yes" if told else "–"


def _rows() -> list[str]:
    names = [str(role.name).lower() for role in Role]
    lines = ["## 2. The table", "", "| action | what | class | scope | critical | signed | " + " | ".join(names) + " |"]
    lines.append("|---" * (6 + len(names)) + "|")
    return lines + [_row(one) for one in TABLE.values()]


def _row(one: Permission) -> str:
    what = f"{one.ja} ({one.en})"
    cells = [f"`{one.action}`", what, INFORMATION_WORDS[one.information][1], SCOPE_WORDS[one.scope][1]]
    cells += [_mark(told=one.critical), _mark(told=one.signed), *(_mark(told=bool(one.roles & role)) for role in Role)]
    return f"| {' | '.join(cells)} |"


def _jobs() -> list[str]:
    lines = ["", "Roles: " + ", ".join(f"`{role.name}` {ROLE_WORDS[role][0]}".lower() for role in Role) + ".", ""]
    lines += ["## 3. What a job takes away", "", "| job | 職種 | cannot reach |", "|---|---|---|"]
    for job in Job:
        lost = sorted(INFORMATION_WORDS[one][1] for one in JOB_WITHOUT.get(job, ()))
        lines.append(f"| {job.name.lower()} | {JOB_WORDS[job][0]} | {', '.join(lost) or '–'} |")
    return [*lines, "", "Where no job was recorded, nothing is taken away.", ""]


def render() -> str:
    """The page."""
    colleagues = ", ".join(f"`{action}`" for action in sorted(COLLEAGUES))
    bits = ", ".join(f"`{action}` ({bit})" for action, bit in CLIENT_BITS.items())
    head = HEAD.replace("COLLEAGUES", colleagues)
    return head + "\n".join([*_rows(), *_jobs()]) + "\n" + CLIENTS.replace("BITS", bits) + ATTACKS


def main() -> int:
    """Compare, or write with ``--write``."""
    parser = argparse.ArgumentParser(description=re.sub(r"\s+", " ", (__doc__ or "").split("\n\n")[0]))
    parser.add_argument("--write", action="store_true")
    page = render()
    if parser.parse_args().write:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        print("docs/identity-permissions.md is out of date: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
