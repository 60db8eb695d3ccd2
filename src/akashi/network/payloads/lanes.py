"""One lane for each other server: few threads, a short queue, so that a slow server holds nobody else up.

Guarantees: at most :data:`WORKERS` copies are on their way to one server and at most :data:`QUEUE` wait; what finds no room is refused at once,
never kept in memory (the other server fetches it later). A job that fails costs no thread. Closing drops what waits. Trusts jobs to return in
bounded time.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

WORKERS = 2
QUEUE = 16
Job = Callable[[], None]
_LOG = logging.getLogger("akashi.network.payloads")


class Lane:
    """The way to one other server. Thread-safe."""

    def __init__(self, name: str, *, workers: int = WORKERS, waiting: int = QUEUE) -> None:
        self._jobs: queue.Queue[Job | None] = queue.Queue(waiting)
        self._threads = [
            threading.Thread(target=self._run, name=f"copies {name} {number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, job: Job) -> bool:
        """Queue a job; false where there is no room."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Drop what waits, and end the threads after what they do now."""
        while True:
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                break
        for _ in self._threads:
            self._jobs.put(None)

    def join(self, timeout: float) -> None:
        """Wait for the threads to end, ``timeout`` seconds for each."""
        for thread in self._threads:
            thread.join(timeout)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - one job's fault must not narrow the lane for the others
                _LOG.error("copies: unexpected %s", type(error).__name__)
