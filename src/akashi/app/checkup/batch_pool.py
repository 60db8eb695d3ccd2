"""The tasks of a batch, one after the other or in several processes, with the same results in the same order.

Guarantees: results come in the order of the tasks whatever the number of processes; a process that dies (memory, signal) costs the input
in its hand, which is told as failed, and is replaced; when this process dies the others end by themselves, for the pipe they listen at
closes. Refuses: sharing anything between processes but tasks and entries. Trusts: nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from akashi.app.checkup.batch_inputs import Fault, Found
from akashi.app.checkup.batch_products import Terms
from akashi.app.checkup.batch_state import FAILED, WRITING, Entry, State
from akashi.app.checkup.batch_work import Outcome, Tables, Task, Worker, failed
from akashi.errors import AkashiError, InputError

MOST_JOBS = 16
# Spawned, not forked: a child starts with nothing of ours but what it is handed.
_PROCESSES = get_context("spawn")
_PARTS = 100


class Watch(Protocol):
    """Somebody who is shown how far a batch is. Called in this process, one call after the other."""

    def begun(self, total: int) -> None:
        """So many inputs will be converted."""

    def reading(self, found: Found, done: int, total: int) -> None:
        """``done`` of ``total`` bytes of an input were read."""

    def finished(self, outcome: Outcome) -> None:
        """An input is through; called in the order in which they end."""


class WorkerLost(InputError):
    """The process that converted the input died; the input was too much for the machine, or a library failed."""

    code = "app.batch_worker"
    ja, en = "変換の処理が途中で止まりました。", "The process that converted it died."
    hint_ja = "メモリーの空きを確かめ、--jobs 1 --resume でやり直してください。"
    hint_en = "Check free memory and run again with --jobs 1 --resume."


@dataclass(frozen=True)
class Plant:
    """What a worker is made of."""

    tables: Tables
    terms: Terms
    state: State

    def worker(self) -> Worker:
        """A worker in this process."""
        return Worker(self.tables, self.terms, self.state.out, self.state.salt)


def run_tasks(plant: Plant, tasks: Sequence[Task], jobs: int, watch: Watch) -> Iterator[Outcome]:
    """Every task's outcome, in order. Raises what stops a whole batch (``DiskFull``, ``OSError``)."""
    count = max(1, min(jobs, MOST_JOBS, len(tasks)))
    return _here(plant, tasks, watch) if count == 1 else _Pool(plant, tasks, count, watch).outcomes()


def _here(plant: Plant, tasks: Sequence[Task], watch: Watch) -> Iterator[Outcome]:
    with closing(plant.worker()) as worker:
        for task in tasks:

            def show(done: int, total: int, found: Found = task.found) -> None:
                watch.reading(found, done, total)

            outcome = worker.convert(task, show)
            watch.finished(outcome)
            yield outcome


def serve(pipe: Connection, tables: Tables, terms: Terms, out: Path, salt: bytes) -> None:
    """What a process does: take a task, say how far it is, hand back the outcome; until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process is told, and closes the pipes
    worker = Worker(tables, terms, out, salt)

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task: Task = pipe.recv()
            shown = -1

            def show(done: int, total: int) -> None:
                nonlocal shown
                part = done * _PARTS // total if total else _PARTS
                if part != shown:
                    shown = part
                    pipe.send((done, total))

            try:
                pipe.send(worker.convert(task, show))
            except AkashiError as error:
                pipe.send(Fault.of(error))
            except (BrokenPipeError, ConnectionResetError):
                raise
            except OSError as error:
                pipe.send(error.errno or 0)


class _Pool:
    """Several processes, each with a pipe of its own."""

    def __init__(self, plant: Plant, tasks: Sequence[Task], count: int, watch: Watch) -> None:
        self._plant, self._tasks, self._count, self._watch = plant, tasks, count, watch
        self._next = 0
        self._hands: dict[Connection, tuple[BaseProcess, int]] = {}
        self._ready: dict[int, Outcome] = {}

    def outcomes(self) -> Iterator[Outcome]:
        """Start, hand out, gather."""
        try:
            for _ in range(self._count):
                self._start()
            for index in range(len(self._tasks)):
                while index not in self._ready:
                    self._gather()
                yield self._ready.pop(index)
        finally:
            for pipe, (process, _index) in self._hands.items():
                pipe.close()
                process.terminate()
                process.join()

    def _start(self) -> None:
        if self._next >= len(self._tasks):
            return
        ours, theirs = _PROCESSES.Pipe()
        plant = self._plant
        terms = (theirs, plant.tables, plant.terms, plant.state.out, plant.state.salt)
        process = _PROCESSES.Process(target=serve, args=terms, daemon=True)
        process.start()
        theirs.close()
        self._hand_out(ours, process)

    def _hand_out(self, pipe: Connection, process: BaseProcess) -> None:
        """The next task to a process; one for which there is none ends."""
        if self._next >= len(self._tasks):
            self._hands.pop(pipe, None)
            pipe.close()
            process.join()
            return
        self._hands[pipe] = (process, self._next)
        self._next += 1
        with suppress(OSError):  # it died: the next reading from its pipe says so
            pipe.send(self._tasks[self._next - 1])

    def _gather(self) -> None:
        ready = wait(list(self._hands))
        for pipe in [one for one in self._hands if one in ready]:
            process, index = self._hands[pipe]
            try:
                said = pipe.recv()
            except (EOFError, OSError):
                self._lost(pipe, process, index)
                continue
            if isinstance(said, Outcome):
                self._through(index, said)
                self._hand_out(pipe, process)
            elif isinstance(said, Fault):
                raise said.error()
            elif isinstance(said, int):
                raise OSError(said, os.strerror(said))
            else:
                self._watch.reading(self._tasks[index].found, *said)

    def _lost(self, pipe: Connection, process: BaseProcess, index: int) -> None:
        self._hands.pop(pipe)
        pipe.close()
        process.join()
        found, ordinal = self._tasks[index]
        entry = failed(Entry(found.name, ordinal, FAILED), WorkerLost())
        self._plant.state.begin(found.folder, replace(entry, state=WRITING))
        self._plant.state.finish(found.folder, entry, {})
        self._through(index, Outcome(found, entry, kept=False))
        self._start()

    def _through(self, index: int, outcome: Outcome) -> None:
        self._ready[index] = outcome
        self._watch.finished(outcome)
