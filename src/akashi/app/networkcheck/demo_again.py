"""The demonstration's home measured again while it is served, alone or by several servers.

Guarantees: the made-up person signs in as anybody does; what was registered before is withdrawn and registered anew from what is there now, so that what came since (further servers, their settings) is seen as in use and approved by that person, and
no more. Refuses: a home that is not served by several servers: ``akashi demo`` measures the other kind itself. Trusts: the list of made-up accounts that the demo wrote.
"""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pyotp

from akashi.app.conformity import desk
from akashi.app.demo import Account, DemoFailed, Say, Shown, Steps, settings_now
from akashi.app.demo_conformity import ANSWERS, Answers, Contexts, measure, told
from akashi.app.demo_measuring import measurable, peers_of
from akashi.app.gateway.home import Gateway
from akashi.app.passphrase import find_passphrase
from akashi.clock import Clock
from akashi.conformity.model import Reply

SENDER = "demo1"
"""The login of the person who measures."""
NETWORK: Answers = {
    **ANSWERS,
    ("meti-2", "2.5.3-12"): (Reply.PARTLY, ("servers",)),
    ("meti-2", "2.10.1-6"): (Reply.YES, ("results", "servers")),
}
"""With several servers redundancy was weighed; they are on one machine, so a spare is 一部 only."""
_ACCOUNT = re.compile(
    r"  institution (\S+)\n  login (\S+)\n  password (\S+)\n  TOTP seed (\S+)\n  device \S+  password (\S+)\n"
)


def accounts_of(home: Path) -> list[Account]:
    """The made-up accounts that have a device. Raises :class:`DemoFailed` where there is no list of them."""
    try:
        text = (home / "accounts.txt").read_text(encoding="utf-8")
    except OSError as error:
        raise DemoFailed(step="accounts.txt") from error
    return [Account(*found.groups()) for found in _ACCOUNT.finditer(text)]


def again(home: Path, clock: Clock, say: Say, contexts: Contexts) -> None:
    """Measure, judge and verify once more; then the overview. Raises :class:`DemoFailed` and what the ledger raises."""
    home, steps = home.resolve(), Steps(say)
    accounts, peers = accounts_of(home), peers_of(home)
    serving = peers[0].process if peers else 0
    mine = next((one for one in accounts if one.login == SENDER), None)
    if mine is None or not serving:
        raise DemoFailed(step="akashi network start")
    gateway = Gateway.open(home, mine.institution, find_passphrase(home), clock)
    with closing(gateway):
        code = pyotp.TOTP(mine.seed).at(clock.now_ms() // 1000)
        session = gateway.accounts.sign_in(mine.login, mine.password, code, gateway.machine_certificate())
        for old in gateway.conformity.targets():
            desk.withdraw_target(gateway, session, old.handle)
        shown = Shown(
            mine.institution, session, tuple(accounts), settings=settings_now(home), founded_ms=clock.now_ms()
        )
        targets = measurable(home, gateway, shown, serving)
        running = sum(1 for one in peers if one.process)
        steps.done("sign in, withdraw what was registered", f"{running} of {len(peers)} servers run")
        measure(home, gateway, contexts(gateway, session), targets, steps, NETWORK)
        lines = told(gateway.conformity)
    for line in lines:
        say(f"    {line}")
    say(f"    conformity {steps.total():.1f} s. Bundle: {home.name}/evidence/conformity.akashi")
