"""How long conformity takes on the demonstration's own home, served over TLS on loopback: a run, a sheet of 253 items, exports, a bundle.

Each figure stands beside what was promised for it, and beside a limit of this machine that was measured in the same run: for a run what its
probes alone take, for a page the style sheet over the same connection, for the sheets the bare compression of what they hold, for a bundle the digests over its items.

Run: ``PYTHONPATH=src:. python bench/conformity.py``
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx

from akashi.api.faces import faces
from akashi.app.config import server_paths
from akashi.app.conformity import desk, exports, running
from akashi.app.conformity.bundles import make_bundle, verify
from akashi.app.conformity.exports import Form, Wish
from akashi.app.demo import Shown
from akashi.app.demo import run as run_demo
from akashi.app.demo_conformity import PRESET, served
from akashi.app.demo_measuring import measurable
from akashi.app.gateway.home import MACHINE_KEY, Gateway
from akashi.app.gateway.machine_tls import client_context
from akashi.app.passphrase import find_passphrase
from akashi.app.selfcheck.context import SelfContext
from akashi.clock import SystemClock
from akashi.conformity.proof.recomputing import State
from akashi.web.visitors import COOKIE
from bench.measurement import Measurement

PEOPLE, PORT, PAGES = 100, 18_442, 60
RUN_S, PAGE_MS, EXPORT_S = 60.0, 200.0, 10.0
SHEET = "hispro-cloud"
"""The largest sheet: 253 items."""


def seconds(work: Callable[[], object]) -> float:
    """What ``work`` took by the clock on the wall."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def p95(values: list[float]) -> float:
    """The 95th of a hundred."""
    return statistics.quantiles(values, n=20)[-1]


def measured_run(home: Path, shown: Shown, gateway: Gateway, serving: int) -> Iterator[Measurement]:
    """Every probe on every target of the demonstration, judged and recorded; and what the probes alone took of it."""
    url = f"https://{gateway.settings.host}:{gateway.settings.port}"
    tables = faces(gateway, None, gateway.clock)
    context = SelfContext(gateway, None, home, url, shown.session, tables)
    desk.declare(gateway, shown.session, gateway.conformity.books.presets[PRESET].features)
    for target in measurable(home, gateway, shown, serving):
        desk.register_target(gateway, shown.session, target)
    value = seconds(lambda: running.run(context, shown.session))
    measured = gateway.conformity.measurements()
    probing = sum(one.ended_ms - one.started_ms for one in measured) / 1e3
    name = f"conformity: full run on the demo, {len(measured)} measurements"
    yield Measurement(name, value, "s", RUN_S, value / RUN_S, "≤ 1.0 of the promised 60 s")
    named = "conformity: the same, against what its probes take (the rest judges, seals, records)"
    yield Measurement(named, value, "s", probing, value / probing, "≤ 1.5 of the probes' own time")


def pages(gateway: Gateway, shown: Shown) -> Iterator[Measurement]:
    """The page of the largest sheet, against the promise and against the style sheet over the same connection."""
    context = client_context(
        gateway.paths.ca.read_bytes(), gateway.paths.certificate.read_bytes(), gateway.keystore.private_key(MACHINE_KEY)
    )
    url = f"https://{gateway.settings.host}:{gateway.settings.port}"
    cookies = {COOKIE: shown.session.token}
    with httpx.Client(base_url=url, verify=context, cookies=cookies, trust_env=False, timeout=30) as client:

        def once(path: str) -> float:
            began = time.perf_counter()
            answer = client.get(path)
            taken = (time.perf_counter() - began) * 1e3
            if answer.status_code != httpx.codes.OK:
                raise SystemExit(f"{path}: {answer.status_code}")
            return taken

        once(f"/conformity/sheets/{SHEET}")
        sheet, plain = [], []
        for _ in range(PAGES):
            sheet.append(once(f"/conformity/sheets/{SHEET}"))
            plain.append(once("/static/akashi.css"))
    value, floor = p95(sheet), p95(plain)
    name = "conformity: page of a 253-item sheet, p95"
    yield Measurement(name, value, "ms", PAGE_MS, value / PAGE_MS, "≤ 1.0 of the promised 200 ms")
    yield Measurement(f"{name}, against the style sheet's", value, "ms", floor, value / floor, "")


def export(gateway: Gateway, shown: Shown) -> Iterator[Measurement]:
    """All sheets as one workbook, and as one workbook each, against compressing what they hold."""
    for form, label in ((Form.XLSX, "in one workbook"), (Form.HISPRO, "one workbook each")):
        files: dict[str, bytes] = {}
        wish = Wish(form)
        value = seconds(lambda wish=wish, files=files: files.update(exports.export(gateway, shown.session, wish)))  # type: ignore[misc]  # bound per round
        parts = [
            archive.read(name)
            for data in files.values()
            for archive in [ZipFile(BytesIO(data))]
            for name in archive.namelist()
        ]
        floor = seconds(lambda parts=parts: [zlib.compress(part) for part in parts])  # type: ignore[misc]  # bound per round
        name = f"conformity: export of all sheets, {label}"
        yield Measurement(name, value, "s", EXPORT_S, value / EXPORT_S, "≤ 1.0 of the promised 10 s")
        yield Measurement(f"{name}, against compressing it", value, "s", floor, value / floor, "")


def bundle(home: Path, gateway: Gateway) -> Iterator[Measurement]:
    """Making and verifying the public bundle, against the digests over its bytes."""
    made: list[bytes] = []
    making = seconds(lambda: made.append(make_bundle(gateway)))
    data, trust = made[0], (server_paths(home).public / "trust.txt").read_bytes()
    now = gateway.clock.now_ms()
    report = verify(data, trust, now)
    if report.failure is not None:
        raise SystemExit(report.failure)
    value = min(seconds(lambda: verify(data, trust, now)) for _ in range(3))
    floor = min(seconds(lambda: sha256(data).digest()) for _ in range(3))
    count = report.count(State.RECOMPUTED)
    yield Measurement(f"conformity: make a bundle of {len(data):,} bytes", making * 1e3, "ms", None, None, "")
    name = f"conformity: verify it, {count:,} verdicts recomputed"
    yield Measurement(name, value * 1e3, "ms", floor * 1e3, value / floor, "")


def measure() -> list[Measurement]:
    """All figures of this bench; about a minute."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        home = Path(folder) / "home"
        shown = run_demo(home, clock, lambda line: print(line, file=sys.stderr), people=PEOPLE, port=PORT)
        passphrase = find_passphrase(home)
        with served(home) as process, closing(Gateway.open(home, shown.institution, passphrase, clock)) as gateway:
            found = [*measured_run(home, shown, gateway, process.pid), *pages(gateway, shown)]
            found += [*export(gateway, shown), *bundle(home, gateway)]
    return found


if __name__ == "__main__":
    for one in measure():
        print(one)
