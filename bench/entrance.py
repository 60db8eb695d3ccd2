"""Others' pages while strangers and colleagues pour in over new TLS connections: with the shipped limits, and with handshakes that nothing paces.

Two storms come from an address of their own, from a process of their own, on the same processors as the service: people who sign in over a
new connection each time (so many a second, however they fare), and a flood of handshakes with a client certificate that never asks for anything, as
fast as they are answered. Beside each, pages are measured of people at work (a connection that stays open) and of newcomers from a third address (a
new connection for every page). A page counts as failed where its answer is not 200, a newcomer also where the connection is refused.

What a connection costs the service in processor time and memory, silent or with its handshake, is measured at a bare application behind the same
entrance: the machine's other work changes that least.

Run: ``PYTHONPATH=src:. python -m bench.entrance``
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from akashi.app.config import GatewaySettings, gateway_paths, load_settings, save_settings
from akashi.app.demo_conformity import served
from bench import web
from bench.measurement import Measurement
from bench.web import BESIDE, BESIDE_MS, BUSY, MADE, PAGES, PASSWORD, SECONDS, WARM_S, Stage, Told, beside, ended

STORM, NEWCOMERS, FLOODERS = ("127.0.0.2", 0), ("127.0.0.3", 0), 16
SILENT, HELD, SHAKEN = 2_000, 300, 150
PER_SECOND, COMING, COMING_MS = 80, 5, 1_000.0
UNPACED = 1_000_000
PACES = (("shipped limits", GatewaySettings().handshakes_per_second), ("handshakes not paced", UNPACED))


def sign_in(stage: Stage, one: int, told: Told) -> None:
    """One sign-in over a connection of its own."""
    login, context = stage.people[one]
    line = http.client.HTTPSConnection("127.0.0.1", stage.port, context=context, timeout=30, source_address=STORM)
    began, body = time.perf_counter(), json.dumps({"login": login, "password": PASSWORD})
    try:
        line.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
        answer = line.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        status = 0
    line.close()
    told.statuses[status] += 1
    if status == MADE:
        told.taken.append((time.perf_counter() - began) * 1e3)


def signing_in(stage: Stage) -> Told:
    """Offers :data:`PER_SECOND` sign-ins a second; who is under way is not offered again."""
    told, idle = Told(), queue.SimpleQueue[int]()
    for one in range(len(stage.people)):
        idle.put(one)

    def attempt(one: int) -> None:
        sign_in(stage, one, told)
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


def flooding(stage: Stage) -> Told:
    """Handshakes one after the other, :data:`FLOODERS` at once; 1: done, 0: refused."""
    told, began = Told(), time.perf_counter()

    def pour(one: int) -> None:
        context = stage.people[one][1]
        while time.perf_counter() - began < WARM_S + SECONDS:
            done = 0
            try:
                with (
                    socket.create_connection(("127.0.0.1", stage.port), timeout=30, source_address=STORM) as raw,
                    context.wrap_socket(raw, server_hostname="127.0.0.1"),
                ):
                    done = 1
            except OSError:
                pass
            told.statuses[done] += 1

    with ThreadPoolExecutor(FLOODERS) as hands:
        list(hands.map(pour, range(FLOODERS)))
    return ended(told, began)


def newcomer(stage: Stage, token: str, until: float, told: Told) -> None:
    """A page over a new connection, a pause, and again."""
    chance, counted = random.Random(token), until - SECONDS
    time.sleep(chance.random())
    while time.perf_counter() < until:
        line = http.client.HTTPSConnection(
            "127.0.0.1", stage.port, context=stage.context, timeout=30, source_address=NEWCOMERS
        )
        began, status = time.perf_counter(), 0
        try:
            _, status = web.ask(line, token, chance.choice(PAGES))
        except (OSError, http.client.HTTPException):
            status = 0
        line.close()
        if began > counted:
            told.taken.append((time.perf_counter() - began) * 1e3)
            told.statuses[status] += 1
        time.sleep(chance.uniform(0.5, 1.5))


def others(stage: Stage, process: int) -> tuple[Told, Told]:
    """What people at work and newcomers met."""
    coming, until = Told(), time.perf_counter() + WARM_S + SECONDS
    threads = [
        threading.Thread(target=newcomer, args=(stage, token, until, coming))
        for token in stage.tokens[BESIDE : BESIDE + COMING]
    ]
    for thread in threads:
        thread.start()
    at_work = web.used(stage, stage.port, process, PAGES, BESIDE)
    for thread in threads:
        thread.join()
    return at_work, coming


def memory_kib(process: int) -> int:
    """What a process holds in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def costs(stage: Stage, port: int, process: int) -> Iterator[Measurement]:
    """Processor time and memory of a connection that says nothing, and of one that shakes hands."""

    def dial() -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=60, source_address=STORM)

    def shake() -> socket.socket:
        return stage.context.wrap_socket(dial(), server_hostname="127.0.0.1")

    for name, come, often in (("that says nothing and leaves", dial, SILENT), ("with a handshake", shake, SHAKEN)):
        shake().close()
        spent = web.processor_s(process)
        for _ in range(often):
            come().close()
        time.sleep(0.5)
        each = (web.processor_s(process) - spent) / often * 1e3
        yield Measurement(f"entrance: processor time of a connection {name}", each, "ms", None, None, "")
    for name, come, often in (("that says nothing", dial, HELD), ("that is in", shake, HELD // 3)):
        before = memory_kib(process)
        held = [come() for _ in range(often)]
        time.sleep(0.5)
        each = (memory_kib(process) - before) / often
        for line in held:
            line.close()
        yield Measurement(f"entrance: memory of a connection {name}", each, "KiB", None, None, "")


def told_of(label: str, at_work: Told, coming: Told) -> Iterator[Measurement]:
    """Both kinds of pages, and the service's processor time."""
    cores = at_work.cpu_ms * len(at_work.taken) / 1e3 / at_work.seconds
    yield Measurement(f"entrance: {label}: processor time of the service", cores, "cores", None, None, "")
    kinds = ((at_work, "people at work", BESIDE_MS), (coming, "newcomers", COMING_MS))
    for told, name, promised in kinds:
        failed = told.statuses.total() - told.statuses[http.client.OK]
        text = f"entrance: {label}: pages of {name}, {failed} of {told.statuses.total()} failed, p95 (load {os.getloadavg()[0]:.0f})"
        yield Measurement(
            text, told.p95, "ms", promised, told.p95 / promised, f"≤ 1.0 of the promised {promised:,.0f} ms"
        )


def stormed(stage: Stage, process: int, pace: str) -> Iterator[Measurement]:
    """Both storms under one pace."""
    with beside(signing_in, stage) as met:
        met_by = others(stage, process)
    told = met[0]
    yield from told_of(f"{pace}, sign-ins over new connections", *met_by)
    text = f"entrance: {pace}: of {told.statuses.total()} sign-ins {told.statuses[MADE]} done, {told.statuses[BUSY]} told to try again, {told.statuses[0]} without connection"
    yield Measurement(text, told.statuses.total() / told.seconds, "attempts/s", None, None, "")
    with beside(flooding, stage) as met:
        met_by = others(stage, process)
    told = met[0]
    yield from told_of(f"{pace}, a flood of handshakes", *met_by)
    text = f"entrance: {pace}: the flood's handshakes, {told.statuses[0]} refused"
    yield Measurement(text, told.statuses[1] / told.seconds, "handshakes/s", None, None, "")


def measure() -> list[Measurement]:
    """All figures of this bench; about four minutes."""
    found: list[Measurement] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        stage = web.staged(Path(folder) / "home")
        settings = gateway_paths(stage.home, stage.institution).settings
        for pace, per_second in PACES:
            save_settings(settings, replace(load_settings(settings, GatewaySettings), handshakes_per_second=per_second))
            with served(stage.home) as serving:
                if not found:
                    with web.served_bare(stage) as (port, process):
                        found += costs(stage, port, process)
                found += told_of(f"{pace}, nobody else", *others(stage, serving.pid))
                found += stormed(stage, serving.pid, pace)
    return found


if __name__ == "__main__":
    for measurement in measure():
        sys.stdout.write(f"{measurement.name}: {measurement.value:.1f} {measurement.unit}\n")
