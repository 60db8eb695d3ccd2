"""The end of the demonstration: the system that just ran is served, measured, judged, and the bundle verified offline.

Guarantees: what is measured is the product's own service over real TLS on loopback, in a process of its own that is stopped whatever
happens; every number printed comes from the recorded run. Leaves the run on the home's ledger, and the public bundle in its evidence
folder. The made-up clerk answers what the run has just shown, with the papers that say so, and nothing else. Refuses: to go on when the service does not come up or the bundle does not verify. Trusts: the home that the demo made.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

import pyotp

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, gateways_in, load_settings, server_paths
from akashi.app.conformity import desk, running
from akashi.app.conformity.bundles import make_bundle
from akashi.app.conformity.telling import overview_lines
from akashi.app.conformity.views import is_half, measured_part, overview
from akashi.app.demo import DemoFailed, Say, Shown, Steps
from akashi.app.demo_measuring import measurable
from akashi.app.duty.emergencies import checklist_text
from akashi.app.gateway.home import Gateway
from akashi.app.networkcheck.copies import copies
from akashi.app.networkcheck.demo_mirror import mirrored
from akashi.app.networkcheck.outside import outside
from akashi.app.networkcheck.servers import servers
from akashi.app.passphrase import find_passphrase
from akashi.app.people import presence
from akashi.app.peoplecheck.duties import emergency, visits
from akashi.app.peoplecheck.proofs import proofs
from akashi.app.peoplecheck.standing import identity_checks, rights
from akashi.app.resultcheck.papers import Paper, formats_paper, sample_paper, tests_paper
from akashi.app.resultcheck.shown import results
from akashi.app.resultcheck.standards import standards
from akashi.app.selfcheck.context import SelfContext
from akashi.app.selfcheck.formats import formats
from akashi.clock import Clock
from akashi.conformity.model import Answer, Audience, Mode, Reach, Reply, Target, TargetKind, Verdict
from akashi.conformity.probing import Bench, Pace
from akashi.conformity.service import Conformity
from akashi.durable import write_file
from akashi.identity.factors.model import Secrets
from akashi.identity.model import Session

PRESET = "exchange_service"
PORTS = 5
"""Server, public pages, three gateways."""
SHEET = "mhlw-7.0-draft-ops"
"""The sheet whose items by program are counted in the end."""
_PATIENCE_S = 120
_STOP_S = 15
_LOCAL = "127.0.0.1"
Answers: TypeAlias = Mapping[tuple[str, str], tuple[Reply, tuple[str, ...]]]
"""Catalogue and item to an answer and the papers that show it."""
ANSWERS: Answers = {
    (SHEET, "5-1"): (Reply.YES, ("formats", "standards")),
    (SHEET, "5-2"): (Reply.YES, ("versions",)),
    (SHEET, "5-3"): (Reply.YES, ("formats", "standards", "versions")),
    (SHEET, "5-4"): (Reply.YES, ("formats", "results")),
    (SHEET, "7-11"): (Reply.YES, ("copies",)),
    (SHEET, "9-4"): (Reply.YES, ("results", "sample")),
    (SHEET, "10-7"): (Reply.PARTLY, ("visits",)),
    (SHEET, "11-1-1"): (Reply.PARTLY, ("emergency", "checklist")),
    (SHEET, "12-5"): (Reply.PARTLY, ("copies", "outside")),
    (SHEET, "14-1"): (Reply.PARTLY, ("proofs",)),
    (SHEET, "14-4"): (Reply.YES, ("rights",)),
    (SHEET, "14-6-4"): (Reply.PARTLY, ("identity",)),
    (SHEET, "14-9-1-d"): (Reply.PARTLY, ("outside",)),
    (SHEET, "17-4"): (Reply.PARTLY, ("outside",)),
    ("meti-2", "2.6.1-3"): (Reply.YES, ("formats", "standards", "versions")),
    ("meti-2", "2.10.1-6"): (Reply.PARTLY, ("results",)),
    ("hispro-regional", "F-2"): (Reply.YES, ("formats", "standards")),
    ("hispro-regional", "F-3"): (Reply.PARTLY, ("standards", "results")),
    ("mhlw-4.3", "7.2-C-2"): (Reply.YES, ("formats", "results")),
    ("mhlw-4.3", "6.5-C-10"): (Reply.PARTLY, ("identity",)),
}
"""What the run shows, and by which papers. 一部: redundancy was not weighed, there is no written procedure for moving away, nor one of this made-up
institution for its accounts, its visitors' secrecy or its emergencies, and no leak was tried; nobody planned when media are replaced, how its records are restored, or an audit.
"""
FEATURES = frozenset({"emergency_access"})
"""What the demonstration has beyond the preset: it prepared an emergency account and opened it."""
_TRIED = {
    "standards": "出力と読込みの試験.json",
    "versions": "版とマスタの試験.json",
    "results": "検索・表示・印刷・書き出しの試験.json",
    "proofs": "本人の確かめ方の試験.json",
    "rights": "権限の申請と決定と確認.json",
    "identity": "再設定の台帳.json",
    "emergency": "非常用の ID の試験と訓練.json",
    "visits": "保守の作業の記録.json",
    "copies": "写しと消去の署名の集計.json",
    "outside": "切り離した写しと立て直しの試験.json",
    "servers": "サーバーの台数と様子.json",
}
_SCOPE = "このデモの系で、架空の人のデータを使って試した結果です。"
_PROOF_HOLDS_MS = 100_000
"""With an older proof the person proves again before the measuring, which may last some minutes on a slow machine."""
Contexts = Callable[[Gateway, Session], SelfContext]


def conclude(home: Path, shown: Shown, clock: Clock, say: Say, contexts: Contexts) -> None:
    """Serve, measure, judge, verify; then the overview. Raises ``DemoFailed`` and what the ledger raises."""
    home, steps = home.resolve(), Steps(say, after=shown.steps)
    away = mirrored(home, find_passphrase(home), clock)
    steps.done(
        "isolated mirror, recovery rehearsed",
        f"{away.bundles} bundles verified offline, {away.rehearsal.size} leaves and {away.rehearsal.payloads} payloads"
        f" recovered, {away.rehearsal.findings} findings",
    )
    with served(home) as process:
        steps.done("akashi serve, in its own process", f"TLS 1.3 on {_LOCAL}, {len(gateways_in(home)) + 2} origins")
        gateway = Gateway.open(home, shown.institution, find_passphrase(home), clock)
        with closing(gateway):
            targets = measurable(home, gateway, shown, process.pid)
            measure(home, gateway, contexts(gateway, _proven(gateway, shown)), targets, steps)
            lines = told(gateway.conformity)
    steps.done("akashi serve stopped", "")
    for line in lines:
        say(f"    {line}")
    say(f"    conformity {steps.total():.1f} s. Bundle: {home.name}/evidence/conformity.akashi")


def _proven(gateway: Gateway, shown: Shown) -> Session:
    """The person's session, proven again where the demonstration took long: some probes need a fresh proof, and the code of the sign-in counts once."""
    session, now = shown.session, gateway.clock.now_ms()
    if now - session.proved_ms < _PROOF_HOLDS_MS:
        return session
    mine = next(one for one in shown.accounts if one.institution == shown.institution)
    secrets = Secrets(mine.password, pyotp.TOTP(mine.seed).at(now // 1000))
    return presence.prove(gateway, session, secrets)


def measure(
    home: Path,
    gateway: Gateway,
    context: SelfContext,
    targets: Sequence[Target],
    steps: Steps,
    answers: Answers = ANSWERS,
) -> None:
    """Declare, register, answer, run, make the bundle, and verify it offline. Raises ``DemoFailed`` and what the ledger raises."""
    conformity, session = gateway.conformity, context.by
    if session is None:
        raise DemoFailed(step="sign in")
    desk.declare(gateway, session, conformity.books.presets[PRESET].features | FEATURES)
    for target in targets:
        desk.register_target(gateway, session, target)
    steps.done("declare, register, consent", f"preset {PRESET}, {len(conformity.targets())} targets")
    answered = _answer(gateway, context, answers)
    steps.done("answer what was tried, with papers", f"{answered} items on formats, reading, printing and people")
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


def _answer(gateway: Gateway, context: SelfContext, answers: Answers) -> int:
    """The clerk tries formats, paper and export, keeps what came of it as evidence, and answers the items that ask for just that."""
    session = context.by
    if session is None:
        raise DemoFailed(step="sign in")
    papers = {name: _kept(gateway, session, made) for name, made in _papers(gateway, context).items()}
    given = [
        Answer(book, item, reply, 0, tuple(papers[one] for one in named), Audience.PUBLIC, text=_SCOPE)
        for (book, item), (reply, named) in answers.items()
    ]
    desk.answer(gateway, session, given)
    return len(given)


def _papers(gateway: Gateway, context: SelfContext) -> dict[str, Paper]:
    target = Target("tgt-demo", TargetKind.AKASHI, "demo")
    bench = Bench(gateway.clock, running.VANTAGE, Pace(1), gateway.paths.root / "scratch")
    tried = {
        "standards": standards,
        "versions": formats,
        "results": results,
        "proofs": proofs,
        "rights": rights,
        "identity": identity_checks,
        "emergency": emergency,
        "visits": visits,
        "copies": copies,
        "outside": outside,
        "servers": servers,
    }
    made = {key: tests_paper(_TRIED[key], probe(context, target, bench)) for key, probe in tried.items()}
    steps = Paper("復旧の手順.json", "application/json", checklist_text())
    return {**made, "formats": formats_paper(gateway), "sample": sample_paper(gateway), "checklist": steps}


def _kept(gateway: Gateway, session: Session, made: Paper) -> str:
    return desk.keep_evidence(gateway, session, made.name, made.data, made.media_type, Audience.PUBLIC).handle


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
    ports = _ports(home)
    taken = next((port for port in ports if _answers(port)), None)
    if taken is not None:  # since the beginning: what answers there is not what was to be measured
        raise DemoFailed(step=f"akashi serve, port {taken}")
    command = [sys.executable, "-m", "akashi.cli", "serve", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment())
    try:
        _await(process, ports)
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


def told(conformity: Conformity) -> list[str]:
    """The overview, and how much of :data:`SHEET` is decided by programs."""
    return [*overview_lines(overview(conformity), "ja"), by_program(conformity, SHEET), with_people(conformity, SHEET)]


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
