"""A line that lies: forwards TCP connections and, when told to, changes a byte of what passes now and then.

``python -m tests.faults.network.corrupting LISTEN=TARGET …``, each ``host:port``. Standard input: ``on`` or ``off``, one a line; answered with how many bytes were changed and how many
connections in which that happened have ended since. Ends with its input. Standard library only, so that it starts at once.
"""

from __future__ import annotations

import random
import socket
import sys
import threading
from contextlib import suppress

_EVERY = 20
"""One of so many pieces is changed."""


class Line:
    """All connections of all forwarded places."""

    def __init__(self) -> None:
        self.lying = False
        self.changed = self.broken = 0
        self._draw = random.Random(7)
        self._gate = threading.Lock()

    def forward(self, listen: str, target: str) -> None:
        """Listen, and connect whoever comes to ``target``."""
        listener = socket.create_server(_place(listen))
        threading.Thread(target=self._accept, args=(listener, _place(target)), daemon=True).start()

    def _accept(self, listener: socket.socket, target: tuple[str, int]) -> None:
        while True:
            here, _ = listener.accept()
            try:
                there = socket.create_connection(target, 3)
            except OSError:
                here.close()
                continue
            there.settimeout(None)
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        lied = False
        with suppress(OSError):
            while piece := one.recv(65536):
                changed = self._changed(piece)
                lied = lied or changed != piece
                other.sendall(changed)
        with self._gate:
            self.broken += lied
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _changed(self, piece: bytes) -> bytes:
        with self._gate:
            if not self.lying or self._draw.randrange(_EVERY):
                return piece
            self.changed += 1
            at = self._draw.randrange(len(piece))
        return piece[:at] + bytes([piece[at] ^ (1 << self.changed % 8)]) + piece[at + 1 :]


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def main(lines: list[str]) -> None:
    """Forward until the input ends."""
    line = Line()
    for one in lines:
        line.forward(*one.split("=", 1))
    print("ready", flush=True)
    for word in sys.stdin:
        line.lying = word.strip() == "on"
        print(line.changed, line.broken, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
