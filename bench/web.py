"""What people wait for with everything on: pages and the API over mutual TLS, and the same while sign-ins pour in.

A home is founded, its service runs in a process of its own, and the users come from this one, each over a connection of their own with a
client certificate, a session and a pause of their own between two requests. Beside each latency stands what the same users get from a bare
application behind the same TLS in the same run, and what a request costs the service in processor time, which the machine's other work
changes least. Sign-ins are real (argon2id with the shipped parameters); the machine's limit is how many such hashes it makes by itself.

The storm comes from a process of its own: people with a device certificate each, over a connection that stays open, who try again at once
whatever they were told and the next of whom comes when it is their turn by the clock, not when an earlier one was answered. It hashes nothing. It runs on
the same processors as the service, as do the measured users, so that what it takes is part of what they wait for; its processor time is told.

Run: ``PYTHONPATH=src:. python -m bench.web``
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.api.tls import TlsServer, server_identity
from akashi.app.config import GatewaySettings, gateway_paths, load_settings, save_settings
from akashi.app.demo import run as run_demo
from akashi.app.demo_conformity import served
from akashi.app.gateway.home import MACHINE_KEY, WEB_KEY, Gateway
from akashi.app.gateway.machine_tls import client_context
from akashi.app.gateway.revocations import newest_crl
from akashi.app.passphrase import find_passphrase
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.identity.credentials import Hasher
from akashi.identity.model import Arrival, Role
from akashi.web.visitors import COOKIE
from bench.measurement import Measurement

PEOPLE, PORT = 50, 18_642
USERS, PAUSE_S, SECONDS, WARM_S = 20, 1.0, 20.0, 4.0
SIGNING_IN, PER_SECOND, BESIDE = 60, 50, 10
PAGE_MS, BESIDE_MS = 150.0, 300.0
PASSWORD = "Invented-horses-count-9-staples"
PAGES = ("/", "/inbox", "/sent", "/maps", "/me", "/send")
CALLS = ("/api/v1/transfers", "/api/v1/institutions", "/api/v1/session")
STAFF = Role.OPERATOR | Role.MANAGER
MADE, BUSY, TICKS = 201, 503, os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stage:
    """A home with people, half of them signed in before."""

    home: Path
    institution: str
    context: ssl.SSLContext
    port: int
    tokens: Sequence[str]
    people: Sequence[tuple[str, ssl.SSLContext]]
    """Who signs in during the storm: login and device."""


@dataclass
class Told:
    """What users met: milliseconds of each answer, how the answers were, and the service's processor time for each."""

    taken: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_ms: float = 0.0

    @property
    def p95(self) -> float:
        """Milliseconds that 19 of 20 answers stayed below."""
        return statistics.quantiles(self.taken, n=20)[-1]


def staged(home: Path) -> Stage:
    """The demonstration's home, with people who have passwords; no second factor, so that one login can come again within half a minute."""
    clock = SystemClock()
    shown = run_demo(home, clock, lambda line: print(line, file=sys.stderr), people=PEOPLE, port=PORT)
    passphrase, paths = find_passphrase(home), gateway_paths(home, shown.institution)
    server = Server.open(home, passphrase, clock)
    save_settings(paths.settings, replace(load_settings(paths.settings, GatewaySettings), require_totp=False))
    gateway = Gateway.open(home, shown.institution, passphrase, clock, server)
    people, tokens, certificate, place = [], [], gateway.machine_certificate(), ""
    with closing(server), closing(gateway):
        for number in range(USERS + SIGNING_IN):
            login = f"invented{number}"
            person = gateway.accounts.add_person(login=login, name=f"架空 {number}", roles=STAFF)
            gateway.accounts.set_password(person, PASSWORD)
            if number < USERS:
                arrival = Arrival(place, "firefox-linux", "127.0.0.1")
                session = gateway.accounts.sign_in(login, PASSWORD, None, certificate, arrival)
                tokens.append(session.token)
                place = (
                    place or session.place_token or ""
                )  # one browser's, so that nobody is asked about a second place
            else:
                key = ec.generate_private_key(ec.SECP256R1())
                issued = server.issue_device(shown.institution, person, key.public_key())
                people.append((login, client_context(paths.ca.read_bytes(), issued.certificate, key)))
        own = gateway.keystore.private_key(MACHINE_KEY)
        context = client_context(paths.ca.read_bytes(), paths.certificate.read_bytes(), own)
        return Stage(home, shown.institution, context, gateway.settings.port, tokens, people)


# One user


def ask(connection: http.client.HTTPSConnection, token: str, path: str) -> tuple[float, int]:
    """One GET, as a browser (cookie) or a program (token): milliseconds and status."""
    headers = {"Authorization": f"Bearer {token}"} if path.startswith("/api/") else {"Cookie": f"{COOKIE}={token}"}
    began = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return (time.perf_counter() - began) * 1e3, answer.status


def user(stage: Stage, port: int, token: str, paths: Sequence[str], until: float, told: Told) -> None:
    """Ask, pause, ask; what comes while the service warms up does not count."""
    chance = random.Random(token)
    counted = until - SECONDS
    connection = http.client.HTTPSConnection("localhost", port, context=stage.context, timeout=60)
    time.sleep(chance.random() * PAUSE_S)
    while time.perf_counter() < until:
        taken, status = ask(connection, token, chance.choice(paths))
        if time.perf_counter() > counted:
            told.taken.append(taken)
            told.statuses[status] += 1
        time.sleep(chance.uniform(0.5, 1.5) * PAUSE_S)
    connection.close()


def processor_s(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def used(stage: Stage, port: int, process: int, paths: Sequence[str], users: int) -> Told:
    """What ``users`` at once met during :data:`SECONDS`."""
    told, until = Told(), time.perf_counter() + WARM_S + SECONDS
    threads = [
        threading.Thread(target=user, args=(stage, port, token, paths, until, told)) for token in stage.tokens[:users]
    ]
    for thread in threads:
        thread.start()
    time.sleep(WARM_S)
    spent = processor_s(process)
    time.sleep(SECONDS)
    spent = processor_s(process) - spent
    for thread in threads:
        thread.join()
    told.seconds, told.cpu_ms = SECONDS, spent / max(1, len(told.taken)) * 1e3
    return told


# Sign-ins


class Newcomer:
    """Somebody who signs in again and again, over one connection with their own device's certificate."""

    def __init__(self, login: str, context: ssl.SSLContext, port: int) -> None:
        self._body = json.dumps({"login": login, "password": PASSWORD})
        self._connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)

    def sign_in(self) -> tuple[float, int]:
        """One sign-in of a program, with the right password: milliseconds and status; 0 for a connection that broke."""
        began = time.perf_counter()
        try:
            self._connection.request("POST", "/api/v1/session", self._body, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0.0, 0
        return (time.perf_counter() - began) * 1e3, answer.status


def storm(stage: Stage) -> Told:
    """Offers :data:`PER_SECOND` sign-ins a second while others are measured, however the earlier ones fare."""
    told, idle = Told(), queue.SimpleQueue[Newcomer]()
    for login, context in stage.people:
        idle.put(Newcomer(login, context, stage.port))

    def attempt(one: Newcomer) -> None:
        taken, status = one.sign_in()
        told.statuses[status] += 1
        if status == MADE:
            told.taken.append(taken)
        idle.put(one)

    began, sent = time.perf_counter(), 0
    with ThreadPoolExecutor(len(stage.people)) as hands:
        while (since := time.perf_counter() - began) < WARM_S + SECONDS:
            if sent < since * PER_SECOND:
                hands.submit(attempt, idle.get())
                sent += 1
            else:
                time.sleep(0.005)
    return ended(told, began)


def ended(told: Told, began: float) -> Told:
    """With what it took."""
    told.seconds, told.cpu_ms = time.perf_counter() - began, time.process_time() * 1e3
    return told


@contextmanager
def beside(work: Callable[[Stage], Told], stage: Stage) -> Iterator[list[Told]]:
    """``work`` in a process of its own while the block runs; what it met is in the list afterwards."""
    forking = get_context("fork")  # the contexts with the devices' keys cannot be handed over in any other way
    ours, theirs = forking.Pipe()
    process = forking.Process(target=lambda: theirs.send(work(stage)))
    process.start()
    met: list[Told] = []
    try:
        yield met
        met.append(ours.recv())
    finally:
        process.terminate()
        process.join()


def hashes_per_second() -> float:
    """How many sign-ins' hashes this machine makes, two at a time and nothing else to do."""
    hasher, done, until = Hasher(), Counter[int](), time.perf_counter() + 4.0

    def work(name: int) -> None:
        while time.perf_counter() < until:
            hasher.verify(None, PASSWORD)
            done[name] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(name,)) for name in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done.total() / (time.perf_counter() - began)


# The bare application


async def bare(scope: Any, _receive: Any, send: Any) -> None:
    """Two hundred and OK: what TLS and the HTTP parser cost."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def serve_bare(home: Path, institution: str) -> None:
    """The bare application behind the gateway's own TLS, until standard input ends; prints its port."""
    with closing(Gateway.open(home, institution, find_passphrase(home), SystemClock())) as gateway:
        certificate = x509.load_pem_x509_certificate(gateway.paths.server_certificate.read_bytes())
        origin = TlsServer(
            bare,
            "127.0.0.1",
            0,
            identity=lambda: server_identity(gateway.keystore.private_key(WEB_KEY), certificate),
            authority=gateway.paths.ca.read_bytes(),
            crl=lambda: newest_crl(gateway),
        )
        origin.start()
        print(origin.port, flush=True)
        sys.stdin.read()
        origin.stop()


@contextmanager
def served_bare(stage: Stage) -> Iterator[tuple[int, int]]:
    """Its port and process."""
    command = [sys.executable, "-m", "bench.web", str(stage.home), stage.institution]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        if process.stdout is None or process.stdin is None:
            raise SystemExit("no pipes")
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.stdin.close()


# The figures


def waiting(stage: Stage, process: int) -> Iterator[Measurement]:
    """Pages and API at :data:`USERS` users, against the promise; and against a bare application."""
    with served_bare(stage) as (port, other):
        floor = used(stage, port, other, ("/",), USERS)
    for name, paths in (("pages", PAGES), ("API", CALLS)):
        told = used(stage, stage.port, process, paths, USERS)
        wrong = {status: count for status, count in told.statuses.items() if status != http.client.OK}
        if wrong:
            raise SystemExit(f"{name}: {wrong}")
        label = f"web: {name}, {USERS} users at {len(told.taken) / told.seconds:.0f} requests/s, everything on"
        yield Measurement(f"{label}, p95", told.p95, "ms", PAGE_MS, told.p95 / PAGE_MS, "≤ 1.0 of the promised 150 ms")
        yield Measurement(
            f"{label}, p95 against a bare application's", told.p95, "ms", floor.p95, told.p95 / floor.p95, ""
        )
        yield Measurement(
            f"web: {name}, processor time of the service per request, against a bare application's",
            told.cpu_ms,
            "ms",
            floor.cpu_ms,
            told.cpu_ms / max(floor.cpu_ms, 1e-3),
            "",
        )


def stormed(stage: Stage, process: int) -> Iterator[Measurement]:
    """Others' pages while sign-ins pour in, and what becomes of the sign-ins."""
    limit = hashes_per_second()
    with beside(storm, stage) as met:
        others = used(stage, stage.port, process, PAGES, BESIDE)
    told = met[0]
    offered, done = told.statuses.total(), told.statuses[MADE]
    wrong = others.statuses.total() - others.statuses[http.client.OK]
    label = f"web: pages of {BESIDE} users while {offered / (WARM_S + SECONDS):.0f} sign-ins a second are offered, {wrong} failed, p95"
    yield Measurement(label, others.p95, "ms", BESIDE_MS, others.p95 / BESIDE_MS, "≤ 1.0 of the promised 300 ms")
    rate = done / told.seconds
    yield Measurement(
        f"web: of {offered} sign-ins {done} done, {told.statuses[BUSY]} told to try again, {offered - done - told.statuses[BUSY]} else",
        rate,
        "sign-ins/s",
        limit,
        rate / limit,
        "",
    )
    if len(told.taken) > 1:
        yield Measurement("web: a sign-in in the storm, p95", told.p95, "ms", None, None, "")
    share = told.cpu_ms / 1e3 / told.seconds
    yield Measurement("web: processor time of the storm's own clients", share, "cores", None, None, "")


def measure() -> list[Measurement]:
    """All figures of this bench; about two minutes."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        stage = staged(Path(folder) / "home")
        with served(stage.home) as process:
            return [*waiting(stage, process.pid), *stormed(stage, process.pid)]


def main() -> None:
    """The figures; or, with a home and an institution, the bare application."""
    if len(sys.argv) > 1:
        serve_bare(Path(sys.argv[1]), sys.argv[2])
        return
    for one in measure():
        print(one)


if __name__ == "__main__":
    main()
