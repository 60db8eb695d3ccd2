"""Four servers of one ledger on this machine, beside CometBFT's own ``kvstore`` in the same run with the same configuration.

Ours: four processes with a node each, over TLS between them; an operation counts when the caller is told, that is when its block was proven and three
servers cosigned a checkpoint that covers it. Theirs: a transaction of the same size counts when the asking node has it in a block; nothing is signed, stored
in SQLite or cosigned. Everything shares this machine's processors, the driver too. One server is killed (SIGKILL, node and all) for the third figure, its ledger
and its blocks are removed for the fourth: it executes every leaf again from its peers and every block from theirs. That is done twice, the second time after three times as many
operations: CometBFT waits 3 s at every start before it asks for a block (``peerConnWait``), and only two sizes tell what is paid once from what is paid for each operation.

Run: ``PYTHONPATH=src:. python -m bench.network`` for these figures, ``python -m bench.network MINUTES [RATE]`` for a soak instead: RATE single operations a second
(default 2) and a batch of 200 a minute, a line every five minutes (``bench.soak``).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from akashi.app.repair.mending import repair_home
from akashi.clock import SystemClock
from akashi.network.node.config import GenesisValidator, NodeSettings, Peer, config_toml, genesis_json
from akashi.network.node.home import NodeHome
from akashi.network.node.install import pinned
from akashi.network.node.keys import make_keys, own_node_id, validator_public_key
from akashi.network.node.process import NodeProcess
from akashi.network.node.rpc import NodeClient
from akashi.network.node.rules import timeouts
from bench.measurement import Measurement
from bench.sites import spent
from bench.soak import Soak
from tests.app.network.four import PASSPHRASE, Homes, found_four
from tests.ports import free_ports

SINGLE, BATCH, BYTES = 100, 10_000, 600
FURTHER, GROUP = 20_000, 2_500
_POLL_S = 0.001


class _Server:
    """One of our servers as a process (``tests/app/network/server_process.py``)."""

    def __init__(self, home: Path) -> None:
        self.home = home
        words = [sys.executable, "-m", "tests.app.network.server_process", str(home)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_env())

    def ready(self) -> None:
        """Wait until it serves."""
        self._read()

    def ask(self, **words: Any) -> dict[str, Any]:
        """One question, one answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))

    def kill(self) -> None:
        """As a power cut would; the node dies with it."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@contextmanager
def _ours(homes: Homes) -> Iterator[list[_Server]]:
    with ExitStack() as down:
        servers = [_Server(home) for home in homes.folders]
        for one in servers:
            down.callback(one.stop)
        for one in servers:
            one.ready()
        yield servers


@contextmanager
def _theirs(root: Path, count: int = 4) -> Iterator[list[NodeProcess]]:
    """``kvstore`` in each of ``count`` nodes, configured as ours are."""
    ports = free_ports(count)
    homes = [NodeHome(root / f"kv{at}") for at in range(count)]
    for home in homes:
        make_keys(home)
    voters = [GenesisValidator(validator_public_key(home), f"kv{at}") for at, home in enumerate(homes)]
    genesis = genesis_json("kvstore-bench", SystemClock().now_ms(), voters, b"")
    with ExitStack() as down:
        nodes = []
        for at, home in enumerate(homes):
            peers = [
                Peer(own_node_id(other), f"127.0.0.1:{port}")
                for other, port in zip(homes, ports, strict=True)
                if other is not home
            ]
            settings = NodeSettings(
                "kvstore-bench", f"kv{at}", f"127.0.0.1:{ports[at]}", tuple(peers), home.app_socket, home.rpc_socket,
                timeouts(1),
            )  # fmt: skip
            home.settings.write_text(config_toml(settings))
            home.genesis.write_text(genesis)
            nodes.append(NodeProcess(pinned().path, home, arguments=("--proxy_app=kvstore",)))
            down.callback(nodes[-1].stop)
            nodes[-1].start()
        yield nodes


def _kv_tx(number: int, size: int) -> bytes:
    return f"{number:08d}=".encode().ljust(size, b"x")


def _kv_single(client: NodeClient) -> list[float]:
    """Seconds from handing a transaction in until the node's newest block holds it."""
    seconds = []
    for number in range(SINGLE):
        before = client.status().height
        begun = time.perf_counter()
        client.broadcast_tx_sync(_kv_tx(number, BYTES))
        while not _holds(client, before + 1, 1):
            time.sleep(_POLL_S)
        seconds.append(time.perf_counter() - begun)
    return seconds


def _holds(client: NodeClient, height: int, wanted: int) -> bool:
    """Whether blocks from ``height`` on hold that many transactions."""
    newest = client.status().height
    return sum(len(client.block(at)["data"]["txs"] or ()) for at in range(height, newest + 1)) >= wanted


def _kv_batch(client: NodeClient) -> float:
    """Operations a second where 100 travel in one transaction, as many bytes as ours."""
    before, count = client.status().height, BATCH // 100
    begun = time.perf_counter()
    for number in range(count):
        client.broadcast_tx_sync(_kv_tx(1_000_000 + number, 100 * BYTES))
    while not _holds(client, before + 1, count):
        time.sleep(0.02)
    return BATCH / (time.perf_counter() - begun)


def _percentile(seconds: Sequence[float], part: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(part * len(seconds)))]


def _single(server: _Server, seed: int) -> list[float]:
    envelopes = server.ask(do="compose", count=SINGLE, seed=seed)["envelopes"]
    told = server.ask(do="submit", envelopes=envelopes, one_by_one=True)
    assert all(isinstance(one, int) for one in told["outcomes"]), told["outcomes"]
    return list(told["seconds"])


def _batch(server: _Server, seed: int, count: int = BATCH) -> float:
    envelopes = server.ask(do="compose", count=count, seed=seed)["envelopes"]
    assert len(base64.b64decode(envelopes[0])) < BYTES
    told = server.ask(do="submit", envelopes=envelopes)
    accepted = sum(isinstance(one, int) for one in told["outcomes"])
    return accepted / float(told["seconds"][0])


def _processor_s(servers: Sequence[_Server]) -> float:
    """Seconds of processor time that our servers and their nodes have taken so far."""
    told = [server.ask(do="status") for server in servers]
    return sum(spent(one[of]) for one in told for of in ("pid", "node_pid"))


def _finish(server: _Server) -> None:
    """Wait until nothing that was handed in here is on its way any more."""
    while server.ask(do="status")["unfinished"]:
        time.sleep(0.1)


def _fill(server: _Server, seed: int) -> None:
    """Many more operations, however long they take: until nothing is on its way any more."""
    for at in range(FURTHER // GROUP):
        envelopes = server.ask(do="compose", count=GROUP, seed=seed + at)["envelopes"]
        server.ask(do="submit", envelopes=envelopes)
        _finish(server)


def _rejoin(server: _Server, behind: Sequence[_Server]) -> tuple[float, int]:
    """Seconds until a server that lost ledger and blocks stands where the others do, and how many leaves that is."""
    paths = server_paths(server.home)
    shutil.rmtree(paths.ledger)
    node = NetworkPlaces.of(paths).node
    kept = node.sign_state.read_bytes()
    shutil.rmtree(node.cometbft / "data")
    node.sign_state.parent.mkdir(mode=0o700)
    node.sign_state.write_bytes(kept)
    done = repair_home(server.home, PASSPHRASE, SystemClock())
    assert done.size == behind[0].ask(do="status")["size"]
    return done.took_ms / 1000, done.size


def measure() -> list[Measurement]:
    """All figures of one run."""
    with tempfile.TemporaryDirectory(prefix="akn") as folder:
        root = Path(folder)
        with _theirs(root) as nodes:
            kv_single = _kv_single(nodes[0].client)
            kv_batch = _kv_batch(nodes[0].client)
        homes = found_four(root, SystemClock(), free_ports(8))
        with _ours(homes) as servers:
            _single(servers[0], 1)  # connections, caches
            ours = _single(servers[0], 2)
            before = _processor_s(servers)
            batch = _batch(servers[0], 3)
            _finish(servers[0])
            each = (_processor_s(servers) - before) / BATCH
            servers[3].kill()
            lost = _single(servers[0], 4)
            short = _rejoin(servers[3], servers)
            _fill(servers[0], 1_000)
            long = _rejoin(servers[3], servers)
    cores = len(os.sched_getaffinity(0))
    bound = Measurement(
        f"the same: what {cores} processors can do at that",
        cores / each, "operations/s", None, None, "",
    )  # fmt: skip
    wanted = cores / 1_500
    cost = Measurement(
        "the same: processor time of each operation, servers and nodes together", 1_000_000 * each, "µs",
        1_000_000 * wanted, each / wanted, f"what {cores} processors leave at 1,500 a second",
    )  # fmt: skip
    return [*_rows(kv_single, kv_batch, ours, batch, lost), cost, bound, *_again(short, long)]


def _again(short: tuple[float, int], long: tuple[float, int]) -> list[Measurement]:
    """A wiped server after two histories, and what the two say of each operation and of what is paid once."""
    rows = [
        Measurement(
            f"a wiped server stands again, {leaves:,} operations", leaves / seconds, "operations/s", 2_000.0,
            leaves / seconds / 2_000, "≥ 1 of 2,000 a second",
        )
        for seconds, leaves in (short, long)
    ]  # fmt: skip
    each = (long[0] - short[0]) / (long[1] - short[1])
    once = short[0] - each * short[1]
    return [
        *rows,
        Measurement("the same: each further operation", 1 / each, "operations/s", None, None, ""),
        Measurement("the same: what is paid once", once, "s", 3.0, None, "CometBFT's own wait"),
    ]


def _rows(
    kv_single: list[float], kv_batch: float, ours: list[float], batch: float, lost: list[float]
) -> list[Measurement]:
    p50, kv50 = 1000 * statistics.median(ours), 1000 * statistics.median(kv_single)
    p99 = 1000 * _percentile(lost, 0.99)
    return [
        Measurement("one operation until cosigned, p50", p50, "ms", kv50, p50 / kv50, "≤ 2 of kvstore's"),
        Measurement(
            "the same, p99", 1000 * _percentile(ours, 0.99), "ms", 1000 * _percentile(kv_single, 0.99), None, ""
        ),
        Measurement("batched operations", batch, "operations/s", kv_batch, batch / 1_500, "≥ 1 of 1,500 a second"),
        Measurement("one of four killed, p99", p99, "ms", 1_000.0, p99 / 1_000, "≤ 1 of one second"),
        Measurement("one of four killed, p50", 1000 * statistics.median(lost), "ms", kv50, None, ""),
    ]


def _soak(minutes: float, rate: float) -> None:
    """A steady pace for a while; see ``bench.soak``."""
    with tempfile.TemporaryDirectory(prefix="akn") as folder:
        homes = found_four(Path(folder), SystemClock(), free_ports(8))
        with _ours(homes) as servers:
            asks = [server.ask for server in servers]
            Soak(asks, homes.folders, rate, lambda line: print(line, flush=True)).run(60 * minutes)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _soak(float(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 2.0)
    else:
        for row in measure():
            print(f"{row.name}: {row.value:.1f} {row.unit} (limit {row.limit}, ratio {row.ratio}) {row.budget}")
