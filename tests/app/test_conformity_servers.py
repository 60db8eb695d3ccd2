"""The probes of several servers on four real ones, all up and two of them down, and the judges on what they saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.gateway.home import Gateway
from akashi.app.keys.opening import open_keystore
from akashi.app.network.running import NetworkNode
from akashi.app.network.status import offer_status
from akashi.app.selfcheck.context import SelfContext
from akashi.app.selfcheck.probes import self_probes
from akashi.clock import Clock, SystemClock
from akashi.conformity.judges import servers as _judges
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Measurement, Reach, Target, TargetKind, Verdict
from akashi.conformity.probing import Bench, Pace, run_probes
from tests.app.network.four import PASSPHRASE, Homes, found_four
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports
from tests.waiting import until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]
REGISTERED = (_judges,)
CLOSE_MS = 1000


@dataclass
class _Beside:
    """What the probes need of a gateway beside the servers."""

    clock: Clock


class Company:
    """Four servers of one ledger in this process, each with its control socket."""

    def __init__(self, homes: Homes) -> None:
        self.homes = homes
        self.nodes: dict[int, NetworkNode] = {}
        self.start(1, 2, 3, 4)

    def start(self, *numbers: int) -> None:
        """Start these together."""
        for number in numbers:
            folder = self.homes.folders[number - 1]
            keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
            self.nodes[number] = NetworkNode(server_paths(folder), keystore, SystemClock())
            offer_status(self.nodes[number], ())
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: self.nodes[number].start(), numbers))

    def stop(self, *numbers: int) -> None:
        """Stop these."""
        for number in numbers:
            self.nodes.pop(number).stop()

    def measure(self, probe: str, scratch: Path) -> Measurement:
        """What the real probe sees from the first server's home."""
        here = SelfContext(cast("Gateway", _Beside(SystemClock())), None, self.homes.folders[0])
        target = Target("tgt-four", TargetKind.AKASHI, "four", {}, SystemClock().now_ms() + 600_000)
        bench = Bench(SystemClock(), "test", Pace(1000), scratch)
        (made,) = run_probes([one for one in self_probes(here) if one.name == probe], [target], bench)
        assert made.reach is Reach.REACHED, made.note
        return made

    def seen(self, answering: int, scratch: Path) -> Measurement:
        """What ``servers`` sees as soon as so many answer, with a note for everything and a first block."""

        def settled(facts: Mapping[str, object]) -> bool:
            signed = facts["note.behind"] == 0 and bool(facts["clocks.blocks"])
            # A vote that a busy machine kept waiting tells of no wrong clock: newer blocks are looked at.
            return facts["answering"] == answering and signed and cast("int", facts["clocks.spread_ms"]) <= CLOSE_MS

        return self.until("servers", settled, scratch)

    def until(self, probe: str, settled: Callable[[Mapping[str, object]], bool], scratch: Path) -> Measurement:
        """What a probe sees once its facts are ``settled``; fails with what it saw last."""
        made: list[Measurement] = []

        def look() -> bool:
            made[:] = [self.measure(probe, scratch)]
            return settled(made[0].facts)

        until(look, f"{probe}, settled", lambda: made)
        return made[0]


def _all_knocked(facts: Mapping[str, object]) -> bool:
    """Nobody kept us waiting until we gave up; or somebody was let in, which no second look may hide."""
    kinds = ("reached", "pinned", "nobody.refused", "stranger.refused", "older.refused")
    return bool(facts["let_in"]) or {facts[one] for one in kinds} == {facts["servers"]}


def _verdict(check: str, made: Measurement) -> Verdict:
    judge = JUDGES.find(check)
    assert judge is not None
    return judge_check(judge, [made], {}).opinion.verdict


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Founded, running, stopped at the end."""
    made = Company(found_four(tmp_path_factory.mktemp("n"), SystemClock(), free_ports(8)))
    yield made
    made.stop(*list(made.nodes))


def test_four_servers_are_seen_as_they_are(company: Company, tmp_path: Path) -> None:
    """All answer, a quorum signed everything, clocks agree; on one machine that is no more than 一部適合 of a spare."""
    made = company.seen(4, tmp_path)

    assert (made.facts["voting"], made.facts["answering"], made.facts["hosts"]) == (4, 4, 1)
    assert _verdict("ledger.agreed", made) is Verdict.CONFORMS
    assert _verdict("servers.clocks", made) in (Verdict.CONFORMS, Verdict.PARTIAL), made.facts
    assert _verdict("servers.spare", made) is Verdict.PARTIAL


def test_strangers_are_refused_between_servers(company: Company, tmp_path: Path) -> None:
    """Nobody, a stranger's certificate and TLS 1.2 are refused by all four, and each shows the key that the ledger names."""
    made = company.until("peers", _all_knocked, tmp_path)

    assert _verdict("peers.authenticated", made) is Verdict.CONFORMS, made.facts


def test_two_of_four_down_never_conforms(company: Company, tmp_path: Path) -> None:
    """With two down nothing becomes final, and the judges say so."""
    company.stop(3, 4)

    made = company.seen(2, tmp_path)

    company.start(3, 4)
    assert made.facts["answering"] == 2
    for check in ("servers.spare", "servers.separable", "servers.healthy"):
        assert _verdict(check, made) is Verdict.FAILS
