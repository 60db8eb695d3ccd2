"""A chain of real nodes on this machine, each beside an application of ours: what the tests of abci and light run on.

The nodes' homes are made by ``cometbft testnet``; everything else is set by the environment. Loopback only.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from akashi.network.abci.server import AbciServer, Application
from tests.network.cometbft import cometbft
from tests.ports import free_ports
from tests.waiting import PATIENCE_S, until

SETTINGS = {
    "CMT_CONSENSUS_TIMEOUT_COMMIT": "0s",
    "CMT_CONSENSUS_SKIP_TIMEOUT_COMMIT": "true",
    "CMT_CONSENSUS_CREATE_EMPTY_BLOCKS": "false",
    "CMT_CONSENSUS_TIMEOUT_PROPOSE": "400ms",
    "CMT_CONSENSUS_TIMEOUT_PREVOTE": "100ms",
    "CMT_CONSENSUS_TIMEOUT_PRECOMMIT": "100ms",
    "CMT_CONSENSUS_PEER_GOSSIP_SLEEP_DURATION": "5ms",
    "CMT_P2P_PEX": "false",
    "CMT_P2P_ADDR_BOOK_STRICT": "false",
    "CMT_P2P_ALLOW_DUPLICATE_IP": "true",
    "CMT_TX_INDEX_INDEXER": "null",
    "CMT_LOG_LEVEL": "error",
}


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Returns when ``condition`` holds; fails in the end."""
    until(condition, what)


class Chain:
    """Nodes, one for each application, all of them validators. A context manager; leaves no process behind."""

    def __init__(self, home: Path, applications: Sequence[Application]) -> None:
        self.home, self.applications = home, tuple(applications)
        ports = free_ports(2 * len(applications))
        self.p2p, self.rpc_ports = ports[::2], ports[1::2]
        self.servers: dict[int, AbciServer] = {}
        self.nodes: dict[int, subprocess.Popen[bytes]] = {}
        where = ["--o", str(home), "--home", str(home), "--populate-persistent-peers=false"]
        made = [str(cometbft()), "testnet", "--v", str(len(applications)), *where]
        subprocess.run(made, check=True, capture_output=True)
        self.chain_id = json.loads((home / "node0/config/genesis.json").read_text())["chain_id"]

    def __enter__(self) -> Self:
        for number in range(len(self.applications)):
            self.start(number)
        return self

    def __exit__(self, *_: object) -> None:
        for number in list(self.nodes):
            self.stop(number)

    def start(self, number: int) -> None:
        """The application's server, then its node."""
        socket_path = self.home / f"app{number}.sock"
        server = AbciServer(socket_path, self.applications[number])
        server.start()
        self.servers[number] = server
        home = self.home / f"node{number}"
        peers = ",".join(f"{self._id(one)}@127.0.0.1:{port}" for one, port in enumerate(self.p2p) if one != number)
        environment = SETTINGS | {
            "CMT_PROXY_APP": f"unix://{socket_path}",
            "CMT_RPC_LADDR": f"tcp://127.0.0.1:{self.rpc_ports[number]}",
            "CMT_P2P_LADDR": f"tcp://127.0.0.1:{self.p2p[number]}",
            "CMT_P2P_PERSISTENT_PEERS": peers,
        }
        with self.log(number).open("ab") as log:
            self.nodes[number] = subprocess.Popen(
                [str(cometbft()), "start", "--home", str(home)],
                env=environment | {"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: self._answers(number), f"node {number}: {self.log(number).read_text()[-800:]}")

    def stop(self, number: int) -> None:
        """Ends the node, then its server."""
        node = self.nodes.pop(number)
        node.terminate()
        node.wait(PATIENCE_S)
        self.servers.pop(number).stop()

    def log(self, number: int) -> Path:
        """What the node wrote."""
        return self.home / f"log{number}"

    def ask(self, number: int, method: str, **params: str) -> Any:
        """The result of a call of the node's RPC."""
        return ask(self.rpc_ports[number], method, **params)

    def submit(self, tx: bytes, number: int = 0) -> int:
        """CheckTx's code for ``tx``."""
        found = self.ask(number, "broadcast_tx_sync", tx=b64encode(tx).decode())["code"]
        assert isinstance(found, int)
        return found

    def height(self, number: int = 0) -> int:
        """The last height of the node."""
        return int(self.ask(number, "status")["sync_info"]["latest_block_height"])

    def _answers(self, number: int) -> bool:
        assert self.nodes[number].poll() is None, self.log(number).read_text()[-800:]
        try:
            self.ask(number, "health")
        except OSError:
            return False
        return True

    def _id(self, number: int) -> str:
        made = [str(cometbft()), "show-node-id", "--home", str(self.home / f"node{number}")]
        return subprocess.run(made, check=True, capture_output=True).stdout.decode().strip()


def ask(port: int, method: str, **params: str) -> Any:
    """The result of a JSON-RPC call on loopback; ``OSError`` while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("POST", "/", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    assert "error" not in answer, answer
    return answer["result"]
