"""The socket on which the node beside us asks the application: ABCI 2.0 over a Unix socket.

Guarantees: calls are serialised by one lock, whatever connection they come on; answers of a connection leave in the order of its
requests; after the application or the conversation failed once, nothing is answered any more, so this server stops alone and
never goes on from half a block. Refuses: connections of another user, frames over 64 MiB, bytes that v0.38.25 would not send,
and answers of the application that the node could not use. Trusts: the application (ours), and the folder of the socket to be
private; the node only as far as it is heard. An exception's text is never sent or logged: only its code or class.

Source: CometBFT v0.38 ``spec/abci`` and ``abci/client/socket_client.go``: length as unsigned varint, answers leave at ``Flush``.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from akashi.errors import AkashiError, Misuse
from akashi.network.abci.application import (
    Application,
    Block,
    Finalized,
    Info,
    InitChain,
    Misbehaviour,
    TxResult,
    block_of,
    finalized_message,
    genesis_of,
    proto_size,
)
from akashi.network.abci.errors import ApplicationStopped, WireMalformed
from akashi.network.abci.messages import (
    RequestBlock,
    RequestCheckTx,
    RequestInitChain,
    RequestPrepareProposal,
    RequestVerifyVoteExtension,
    Response,
    ResponseCheckTx,
    ResponseCommit,
    ResponseException,
    ResponseExtendVote,
    ResponseInfo,
    ResponseInitChain,
    ResponseListSnapshots,
    ResponseLoadSnapshotChunk,
    ResponsePrepareProposal,
    ResponseQuery,
    ResponseSnapshot,
    ResponseVerdict,
    format_response,
    parse_request,
)
from akashi.network.abci.protobuf import MAX_MESSAGE_BYTES, varint
from akashi.network.abci.values import Nothing, SnapshotVerdict, Verdict

__all__ = [
    "AbciServer", "Application", "Block", "Finalized", "Info", "InitChain", "Misbehaviour", "TxResult", "proto_size",
]  # fmt: skip

APP_VERSION: Final = 1
_NAME = "akashi"
_MAX_PATH_BYTES = 107  # of a Unix socket's address on Linux
_MAX_CONNECTIONS = 16  # the node opens four; those of a node that died may linger for a moment
_KEPT_BYTES = 1 << 20  # answers that wait for a Flush
_MAX_LENGTH_BYTES = 4  # of the varint in front of a frame: 64 MiB has 27 bits
_PEER = struct.Struct("3i")  # pid, uid, gid: SO_PEERCRED


class AbciServer:
    """Answers one node. ``on_failure`` is told once, from the failing thread; :attr:`failure` keeps what it was.

    Idempotent :meth:`stop`; a server is started once. A failed one must be made anew, with the application opened again.
    """

    def __init__(
        self, path: Path, application: Application, *, on_failure: Callable[[ApplicationStopped], None] | None = None
    ) -> None:
        if len(os.fsencode(path)) > _MAX_PATH_BYTES:
            raise ApplicationStopped("path")
        self.path = path
        self.failure: ApplicationStopped | None = None
        self._application = application
        self._on_failure = on_failure
        self._calls = threading.Lock()  # one call at a time, as the node's own server does
        self._state = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._stopping = self._told = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. A socket file that a dead process left is replaced. Raises :class:`ApplicationStopped` ``socket``."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)
            listener.bind(os.fspath(self.path))
            os.chmod(self.path, 0o600)
            listener.listen(_MAX_CONNECTIONS)
        except OSError:
            listener.close()
            raise ApplicationStopped("socket") from None
        self._listener = listener
        self._spawn(self._accept, listener)

    def stop(self) -> None:
        """Close the socket and every connection, and wait for the call that is running."""
        with self._state:
            self._stopping = True
            opened, threads = list(self._open), list(self._threads)
        if self._listener is not None:
            _hang_up(self._listener)
            self.path.unlink(missing_ok=True)
        for connection in opened:
            _hang_up(connection)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def _spawn(self, target: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(connection,), name=f"abci-{target.__name__}", daemon=True)
        with self._state:
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                break
            with self._state:
                welcome = not self._stopping and self.failure is None and len(self._open) < _MAX_CONNECTIONS
                if welcome and _is_ours(connection):
                    self._open.add(connection)
                else:
                    welcome = False
            if welcome:
                self._spawn(self._serve, connection)
            else:
                connection.close()
        listener.close()

    def _serve(self, connection: socket.socket) -> None:
        """One connection until it ends; a failure is told to the node in the last answer."""
        try:
            with connection, connection.makefile("rb") as stream:
                try:
                    self._converse(connection, stream)
                except ApplicationStopped as error:
                    self._latch(error)
                    _send(connection, [_frame(Response(exception=ResponseException(error.failure)))])
        except OSError:
            pass  # the node is gone; it comes again or it does not
        finally:
            with self._state:
                self._open.discard(connection)
            self._tell()

    def _converse(self, connection: socket.socket, stream: BinaryIO) -> None:
        kept: list[bytes] = []
        size = 0
        while True:
            try:
                frame = _read_frame(stream)
                if frame is None:
                    return
                name, request = parse_request(frame)
            except WireMalformed as error:
                raise ApplicationStopped(f"{error.code}:{error.failure}") from None
            answer = _frame(self._answer(name, request))
            kept.append(answer)
            size += len(answer)
            if name == "flush" or size > _KEPT_BYTES:
                _send(connection, kept)
                kept, size = [], 0

    def _answer(self, name: str, request: Any) -> Response:
        """Calls the application under the lock. Raises only :class:`ApplicationStopped`."""
        if name == "flush":
            return Response(flush=Nothing())
        with self._calls:
            with self._state:
                silent = ApplicationStopped("closed") if self._stopping else self.failure
            if silent is not None:
                raise silent
            try:
                return _ANSWERS[name](self._application, request)
            except AkashiError as error:
                stopped = ApplicationStopped(error.code)
            except Exception as error:  # noqa: BLE001 - the node must hear of it, and a traceback may show a person's data
                stopped = ApplicationStopped(type(error).__name__)
            self._latch(stopped)
            raise stopped

    def _latch(self, error: ApplicationStopped) -> None:
        """Remember the first failure: from here on every call is refused, on whatever connection it comes."""
        with self._state:
            if self.failure is None and not self._stopping:
                self.failure = error

    def _tell(self) -> None:
        """Tell whoever runs us, once, holding no lock: the callback may well :meth:`stop`."""
        with self._state:
            failure = None if self._told else self.failure
            self._told = self.failure is not None
        if failure is not None and self._on_failure is not None:
            self._on_failure(failure)


def _info(application: Application, _: object) -> Response:
    info = application.info()
    return Response(
        info=ResponseInfo(
            data=_NAME, app_version=APP_VERSION, last_block_height=info.height, last_block_app_hash=info.app_hash
        )
    )


def _init_chain(application: Application, request: RequestInitChain) -> Response:
    return Response(init_chain=ResponseInitChain(app_hash=application.init_chain(genesis_of(request))))


def _check_tx(application: Application, request: RequestCheckTx) -> Response:
    return Response(check_tx=ResponseCheckTx(code=application.check_tx(request.tx)))


def _prepare(application: Application, request: RequestPrepareProposal) -> Response:
    chosen = application.prepare(request.txs, request.max_tx_bytes)
    if proto_size(chosen) > request.max_tx_bytes:
        raise Misuse(what="proposal over its bound")
    return Response(prepare_proposal=ResponsePrepareProposal(txs=tuple(chosen)))


def _process(application: Application, request: RequestBlock) -> Response:
    fine = application.process(request.txs)
    return Response(process_proposal=ResponseVerdict(Verdict.ACCEPT if fine else Verdict.REJECT))


def _finalize(application: Application, request: RequestBlock) -> Response:
    block = block_of(request)
    return Response(finalize_block=finalized_message(application.finalize(block), len(block.txs)))


def _commit(application: Application, _: object) -> Response:
    return Response(commit=ResponseCommit(retain_height=application.commit()))


def _verify_extension(_: Application, request: RequestVerifyVoteExtension) -> Response:
    """Votes carry no extension here, so an empty one is the honest one."""
    return Response(verify_vote_extension=ResponseVerdict(Verdict.REJECT if request.vote_extension else Verdict.ACCEPT))


_ANSWERS: Final[dict[str, Callable[[Application, Any], Response]]] = {
    "echo": lambda _, request: Response(echo=request),
    "info": _info,
    "init_chain": _init_chain,
    "query": lambda _, __: Response(query=ResponseQuery(code=1)),
    "check_tx": _check_tx,
    "commit": _commit,
    "list_snapshots": lambda _, __: Response(list_snapshots=ResponseListSnapshots()),
    "offer_snapshot": lambda _, __: Response(offer_snapshot=ResponseSnapshot(SnapshotVerdict.ABORT)),
    "load_snapshot_chunk": lambda _, __: Response(load_snapshot_chunk=ResponseLoadSnapshotChunk()),
    "apply_snapshot_chunk": lambda _, __: Response(apply_snapshot_chunk=ResponseSnapshot(SnapshotVerdict.ABORT)),
    "prepare_proposal": _prepare,
    "process_proposal": _process,
    "extend_vote": lambda _, __: Response(extend_vote=ResponseExtendVote()),
    "verify_vote_extension": _verify_extension,
    "finalize_block": _finalize,
}


def _frame(response: Response) -> bytes:
    body = format_response(response)
    return varint(len(body)) + body


def _read_frame(stream: BinaryIO) -> bytes | None:
    """The next message, or ``None`` when the node is gone: killed in the middle of one, it has asked nothing.

    Raises :class:`WireMalformed`.
    """
    length = 0
    for count in range(_MAX_LENGTH_BYTES):
        byte = stream.read(1)
        if not byte:
            return None
        length |= (byte[0] & 0x7F) << (7 * count)
        if byte[0] < 0x80:
            if byte[0] == 0 and count > 0:
                raise WireMalformed("varint")
            break
    else:
        raise WireMalformed("size")
    if length > MAX_MESSAGE_BYTES:
        raise WireMalformed("size")
    frame = stream.read(length)
    return frame if len(frame) == length else None


def _send(connection: socket.socket, frames: Sequence[bytes]) -> None:
    connection.sendall(b"".join(frames))


def _is_ours(connection: socket.socket) -> bool:
    """Whether the other end runs as the user that we run as, or as root."""
    _, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return uid in {os.geteuid(), 0}


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        connection.close()
