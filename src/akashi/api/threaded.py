"""A uvicorn server in a thread of its own, on a socket that was opened before.

Guarantees: ``start`` returns once the application is up, or raises what kept it from starting; ``stop`` lets what is under way finish, within
the limit. With an entrance, nobody but it accepts connections on the socket. Refuses nothing; trusts whoever made the configuration.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable

import uvicorn

from akashi.api.entrance.listener import Listener

_START_S = 30.0


class _Server(uvicorn.Server):
    """uvicorn's server that says when it is ready, and leaves the socket to an entrance where there is one."""

    def __init__(self, config: uvicorn.Config, entrance: Listener | None) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._entrance = entrance

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets if self._entrance is None else [])
        if self._entrance is not None:
            self._entrance.open(self._connection)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._entrance is not None:
            await self._entrance.close()
        await super().shutdown(sockets)

    def _connection(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn's own
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


class ThreadedServer:
    """A server on one socket that was opened already, with a thread of its own."""

    def __init__(
        self,
        config: uvicorn.Config,
        listening: socket.socket,
        abort_all: Callable[[], None],
        entrance: Listener | None = None,
    ) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._server = _Server(config, entrance)
        self._socket = listening
        self._abort_all = abort_all

    async def serve(self) -> None:
        """Serve until :meth:`stop` (in the main thread also SIGINT or SIGTERM); finishes the requests under way."""
        self._loop = asyncio.get_running_loop()
        try:
            async with self._beside():
                await self._server.serve(sockets=[self._socket])
        finally:
            self._abort_all()  # whoever did not leave within the limit
            await asyncio.sleep(0)
            self._socket.close()

    def start(self) -> None:
        """Serve in a thread of its own; returns once the application is up. Raises what kept it from starting."""
        self._thread = threading.Thread(target=self._run, name="akashi-tls", daemon=True)
        self._thread.start()
        self._server.ready.wait(_START_S)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self.serve())
        except BaseException as error:  # noqa: BLE001 - handed to the caller of start()
            self._failure = error
        finally:
            self._server.ready.set()

    def stop(self) -> None:
        """Accept no more, finish what is under way (within the limit), return when done."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    @contextlib.asynccontextmanager
    async def _beside(self) -> AsyncIterator[None]:
        """What runs beside the server; nothing here."""
        yield
