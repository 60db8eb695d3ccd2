"""Asking a running server of this machine: a Unix socket in its home, one JSON line each way.

Guarantees: only processes of the same user are answered (``SO_PEERCRED``); a request is one of a fixed list of verbs, at most 64 KiB; a slow or silent
caller is cut off. Refuses everything else with a code. Trusts: whoever runs as this user, who could read the home anyway.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from akashi.errors import AkashiError
from akashi.network.errors import ControlRefused, ServerNotRunning
from akashi.network.node.process import START_S

_LOG = logging.getLogger("akashi.network")
LIMIT = 64 * 1024
_TIMEOUT_S = 5.0
_ANSWER_S = START_S + 60.0  # an answer may wait for the node to start again
_PEER = struct.Struct("3i")  # pid, uid, gid

Verb = Callable[[dict[str, Any]], dict[str, Any]]


def control_path(network: Path) -> Path:
    """The socket of a home's network folder."""
    return network / "run" / "control.sock"


class ControlSocket:
    """Answers one caller at a time. ``verbs`` get the request's other fields and give the answer's."""

    def __init__(self, path: Path, verbs: Mapping[str, Verb]) -> None:
        self._path, self._verbs = path, dict(verbs)
        self._ended = threading.Event()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(path))
        os.chmod(path, 0o600)
        self._listener.listen(8)
        self._thread = threading.Thread(target=self._serve, name="akashi-control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the socket and remove its file."""
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT_S)
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(_TIMEOUT_S)
                try:
                    self._answer(caller)
                except OSError:
                    continue  # whoever asked has gone

    def _answer(self, caller: socket.socket) -> None:
        _, uid, _ = _PEER.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if uid != os.getuid():
            return
        caller.sendall(json.dumps(self._said(_line(caller))).encode() + b"\n")

    def _said(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            verb = self._verbs[request.pop("do")]
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return {"error": "request"}
        try:
            return {"ok": verb(request)}
        except AkashiError as error:
            return {"error": error.code, "params": error.params}
        except (KeyError, TypeError, ValueError):
            return {"error": "request"}
        except Exception as error:  # noqa: BLE001 - whatever it was, the next one who asks is answered
            _LOG.error("control: unexpected %s", type(error).__name__)
            return {"error": AkashiError.code}


def _line(source: socket.socket) -> bytes:
    """What comes before the first newline, bounded."""
    got = b""
    while not got.endswith(b"\n") and len(got) < LIMIT:
        piece = source.recv(LIMIT)
        if not piece:
            break
        got += piece
    return got


def ask(network: Path, verb: str, *, answer_s: float = _ANSWER_S, **fields: Any) -> dict[str, Any]:
    """Ask the server whose network folder this is, for at most ``answer_s`` seconds. Raises :class:`ServerNotRunning`, what the server raised, :class:`ControlRefused`
    where that cannot be said again.
    """
    path = control_path(network)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(answer_s)
            asking.connect(os.fspath(path))
            asking.sendall(json.dumps({"do": verb, **fields}).encode() + b"\n")
            with asking.makefile("rb") as answers:
                answer = json.loads(answers.readline(LIMIT * 16))
    except (OSError, ValueError) as error:
        raise ServerNotRunning(name=network.parent.parent.name) from error
    if "ok" in answer:
        return dict(answer["ok"])
    raise said_again(str(answer.get("error", "answer")), dict(answer.get("params", {})))


def said_again(code: str, params: dict[str, Any]) -> AkashiError:
    """The error that another process had, with its sentence, hint and exit status; one that this program does not know is told by its code."""
    found = next((one for one in _kinds(AkashiError) if one.code == code), None)
    if found is None or found is AkashiError:
        return ControlRefused(failure=code[:80])
    error = found.__new__(found)
    try:
        AkashiError.__init__(error, **{str(name): value for name, value in params.items()})
        error.hint()
    except (KeyError, IndexError):
        return ControlRefused(failure=code[:80])
    return error


def _kinds(base: type[AkashiError]) -> Iterator[type[AkashiError]]:
    yield base
    for one in base.__subclasses__():
        yield from _kinds(one)
