"""The end of the demonstration: the system that just ran is served, measured, judged, and the bundle verified offline.

Guarantees: what is measured is the product's own service over real TLS on loopback, in a process of its own that is stopped whatever
happens; every number printed comes from the recorded run. Leaves the run on the home's ledger, and the public bundle in its evidence
folder. Refuses: to go on when the service does not come up or the bundle does not verify. Trusts: the home that the demo made.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, gateways_in, load_settings, server_paths
from akashi.app.conformity import desk, running
from akashi.app.conformity.bundles import make_bundle
from akashi.app.conformity.telling import overview_lines
from akashi.app.conformity.views import is_half, measured_part, overview
from akashi.app.demo import DemoFailed, Say, Shown, Steps
from akashi.app.demo_measuring import measurable
from akashi.app.gateway.home import Gateway
from akashi.app.passphrase import find_passphrase
from akashi.app.selfcheck.context import SelfContext
from akashi.clock import Clock
from akashi.conformity.model import Mode, Reach, Target, Verdict
from akashi.conformity.service import Conformity
from akashi.durable import write_file
from akashi.identity.model import Session

PRESET = "exchange_service"
PORTS = 5
"""Server, public pages, three gateways."""
SHEET = "mhlw-7.0-draft-ops"
"""The sheet whose items by program are counted in the end."""
_PATIENCE_S = 30
_STOP_S = 15
_LOCAL = "127.0.0.1"
Contexts = Callable[[Gateway, Session], SelfContext]


def conclude(home: Path, shown: Shown, clock: Clock, say: Say, contexts: Contexts) -> None:
    """Serve, measure, judge, verify; then the overview. Raises ``DemoFailed`` and what the ledger raises."""
    home, steps = home.resolve(), Steps(say, after=shown.steps)
    with served(home) as process:
        steps.done("akashi serve, in its own process", f"TLS 1.3 on {_LOCAL}, {len(gateways_in(home)) + 2} origins")
        gateway = Gateway.open(home, shown.institution, find_passphrase(home), clock)
        with closing(gateway):
            targets = measurable(home, gateway, shown, process.pid)
            _measure(home, gateway, contexts(gateway, shown.session), targets, steps)
            lines = overview_lines(overview(gateway.conformity), "ja")
            lines += [by_program(gateway.conformity, SHEET), with_people(gateway.conformity, SHEET)]
    steps.done("akashi serve stopped", "")
    for line in lines:
        say(f"    {line}")
    say(f"    conformity {steps.total():.1f} s. Bundle: {home.name}/evidence/conformity.akashi")


def _measure(home: Path, gateway: Gateway, context: SelfContext, targets: Sequence[Target], steps: Steps) -> None:
    conformity, session = gateway.conformity, context.by
    if session is None:
        raise DemoFailed(step="sign in")
    desk.declare(gateway, session, conformity.books.presets[PRESET].features)
    for target in targets:
        desk.register_target(gateway, session, target)
    steps.done("declare, register, consent", f"preset {PRESET}, {len(conformity.targets())} targets")
    record = running.run(context, session)
    measured = conformity.measurements()
    reached = sum(1 for one in measured if one.reach is Reach.REACHED)
    steps.done("measure, judge, record", f"{reached}/{len(measured)} measured, {record.run} at index {record.index}")
    path = home / "evidence" / "conformity.akashi"
    write_file(path, make_bundle(gateway))
    steps.done("conformity bundle (public)", f"{path.stat().st_size:,} bytes")
    answer = _verified(path, server_paths(home).public / "trust.txt")
    counts = answer["counts"]
    steps.done(
        "verify it offline, in its own process",
        f"{answer['status']}: {counts['recomputed']} verdicts recomputed, {counts['withheld']} withheld,"
        f" {counts['invalid']} invalid",
    )


def _verified(path: Path, trust: Path) -> dict[str, dict[str, int]]:
    """What ``akashi conformity verify`` says of the bundle, without the home."""
    command = [sys.executable, "-m", "akashi.cli", "conformity", "verify", "--json", "--trust", str(trust), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if done.returncode != 0:
        raise DemoFailed(step="akashi conformity verify")
    answer: dict[str, dict[str, int]] = json.loads(done.stdout)
    return answer


@contextmanager
def served(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``akashi serve`` on ``home`` as a process of its own, until the block ends. Raises ``DemoFailed`` where it does not come up."""
    command = [sys.executable, "-m", "akashi.cli", "serve", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment())
    try:
        _await(process, _ports(home))
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    """Ours, with this program on the path and the home's own passphrase file."""
    source = str(Path(__file__).resolve().parents[2])
    return {key: value for key, value in os.environ.items() if not key.startswith("AKASHI_")} | {"PYTHONPATH": source}


def _ports(home: Path) -> list[int]:
    server = load_settings(server_paths(home).settings, ServerSettings)
    own = [load_settings(gateway_paths(home, one).settings, GatewaySettings).port for one in gateways_in(home)]
    return [server.port, server.public_port, *own]


def _await(process: subprocess.Popen[bytes], ports: list[int]) -> None:
    """Until every port answers, while the process lives."""
    until = time.monotonic() + _PATIENCE_S
    while not all(_answers(port) for port in ports):
        if process.poll() is not None or time.monotonic() > until:
            raise DemoFailed(step="akashi serve")
        time.sleep(0.1)


def taken_port(first: int) -> int | None:
    """The first of the demonstration's five ports that somebody else answers on, or ``None``."""
    return next((port for port in range(first, first + PORTS) if _answers(port)), None)


def _answers(port: int) -> bool:
    try:
        socket.create_connection((_LOCAL, port), timeout=1).close()
    except OSError:
        return False
    return True


def by_program(conformity: Conformity, sheet: str) -> str:
    """How many of the applicable items that a program alone can decide were decided, and which were not."""
    catalogue, results = conformity.books.shelf.catalogue(sheet), conformity.results()
    modes = {item.id: item.mode for item in catalogue.items}
    mine = [one for one in results.of(sheet) if modes[one.item] is Mode.MEASURED]
    asked = [one for one in mine if one.verdict is not Verdict.NOT_APPLICABLE]
    left = [one.item for one in asked if one.verdict is Verdict.UNDECIDED]
    named = f"（未決: {'、'.join(left)}）" if left else ""
    return f"{sheet}: 機械だけで決まる項目 {len(asked)} 件のうち {len(asked) - len(left)} 件を動いている本体から判定{named}"


def with_people(conformity: Conformity, sheet: str) -> str:
    """Of the applicable items that need a program and a person: how many are measured in full, and how many of them wait."""
    catalogue = conformity.books.shelf.catalogue(sheet)
    pairs = zip(catalogue.items, conformity.results().of(sheet), strict=True)
    both = [
        (item, one) for item, one in pairs if item.mode is Mode.PARTLY and one.verdict is not Verdict.NOT_APPLICABLE
    ]
    done = [one for item, one in both if measured_part(item, one) is not Verdict.UNDECIDED]
    waiting = sum(1 for item, one in both if is_half(item, one))
    return (
        f"{sheet}: 機械と人で決まる項目 {len(both)} 件のうち {len(done)} 件は測れる所が済み"
        f"（人の答え待ち {waiting} 件、不適合 {sum(1 for one in done if one.verdict is Verdict.FAILS)} 件）"
    )
