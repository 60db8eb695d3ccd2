"""A network's whole life by its commands alone, each a process of its own: founded, sent over, joined, cut below its quorum, left, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest

from akashi.app.config import gateway_paths, server_paths
from akashi.app.network.control import ask
from akashi.app.network.local import homes
from akashi.app.network.places import NetworkPlaces
from akashi.errors import AkashiError
from akashi.ledger.proof.trust import parse_trust
from akashi.network.trustchain import servers_of
from tests.app.service import checkup_file
from tests.cli.test_demo import free_block
from tests.network.cometbft import needs_cometbft
from tests.waiting import until

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(1200), needs_cometbft]
ROOT = Path(__file__).resolve().parents[2]
_WAIT_S = 400


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Its one object."""
        assert self.status == 0, self
        return json.loads(self.out)


def surroundings() -> dict[str, str]:
    """As a person's terminal, with this source tree."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AKASHI_")}
    return {**own, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}


def akashi(*words: str) -> Said:
    """One command in its own process."""
    done = subprocess.run(
        [sys.executable, "-m", "akashi.cli", *words],
        capture_output=True, check=False, timeout=_WAIT_S, env=surroundings(), stdin=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


class Life:
    """A home, its made-up clinic, and a further server's home in another folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.new = folder, folder / "home", folder / "elsewhere" / "new"
        self.new.mkdir(parents=True)
        (self.new / "passphrase").write_bytes(b"invented passphrase of a further server")
        self.port = free_block(15)
        """Five for the service, two for each server."""
        self._used: set[str] = set()
        self.running: list[subprocess.Popen[bytes]] = []

    def say(self, *words: str) -> Said:
        """A command for the home."""
        return akashi(*words, "--home", str(self.home))

    @property
    def accounts(self) -> list[dict[str, str]]:
        """The made-up people whom the demo wrote down, in their order."""
        text = (self.home / "accounts.txt").read_text(encoding="utf-8")
        rows = re.findall(r"  institution (\S+)\n  login (\S+)\n  password (\S+)\n  TOTP seed (\S+)\n", text)
        return [dict(zip(("institution", "login", "password", "seed"), row, strict=True)) for row in rows]

    @property
    def clock(self) -> pyotp.TOTP:
        """The clinic's authenticator app."""
        return pyotp.TOTP(self.accounts[1]["seed"])

    def use_up(self) -> None:
        """The code of this half minute is the demo's own: it has signed in with it."""
        self._used.add(self.clock.now())

    def said_well(self, *words: str, seconds: float = 240.0) -> Said:
        """A command that may be refused for a moment, asked until it is done."""
        said, ends = self.say(*words), time.monotonic() + seconds
        while said.status and time.monotonic() < ends:
            time.sleep(0.2)
            said = self.say(*words)
        return said

    def send(self, people: int, *, wait: int = 5) -> Said:
        """The clinic sends results of so many invented people to the payer, trying again for ``wait`` minutes while too few servers answer."""
        clinic, payer = self.accounts[1:3]  # after the secretariat's
        clock = self.clock
        until(lambda: clock.now() not in self._used, "a code that nobody has used")
        self._used.add(code := clock.now())
        file = self.folder / "kekka.csv"
        file.write_bytes(checkup_file(people=people, seed=people))
        for name, text in (("password", clinic["password"]), ("code", code)):
            (self.folder / name).write_text(text)
        return self.say(
            "transfer", "send", str(file), "--to", payer["institution"], "--as", clinic["login"], "--yes", "--json",
            *(["--wait", str(wait)] if wait else []),
            "--password-file", str(self.folder / "password"), "--code-file", str(self.folder / "code"),
        )  # fmt: skip

    def status(self) -> list[dict[str, Any]]:
        """How the servers of this machine are."""
        rows = json.loads(self.say("network", "status", "--json").out)["servers"]
        return [row["status"] for row in rows]

    def ordering(self) -> list[bool]:
        """Of each server of this machine, whether it answers and operations become final as it sees it."""
        return [bool(one and one["ordering"]) for one in self.status()]

    def await_all(self) -> None:
        """All four answer and order."""
        until(lambda: self.ordering() == [True] * 4, "four servers that order", self.status)

    def await_pinned(self, *servers: int) -> None:
        """The clinic's gateway believes these."""
        until(lambda: self.pinned() == [*servers], f"a gateway that believes {servers}", self.pinned)

    def pinned(self) -> list[int]:
        """The servers that the clinic's gateway believes."""
        path = gateway_paths(self.home, self.accounts[1]["institution"]).trust
        return sorted(servers_of(parse_trust(path.read_bytes())))

    def end(self, number: int) -> None:
        """End one further server of this machine."""
        network = NetworkPlaces.of(server_paths(self.home / "servers" / f"server-{number}")).root
        os.kill(int(ask(network, "pid")["pid"]), signal.SIGTERM)
        until(lambda: _is_down(network), f"the end of server {number}")

    def close(self) -> None:
        """Nothing is left running."""
        self.say("network", "stop")
        for one in self.running:
            one.terminate()
            one.wait(120)


def _is_down(network: Path) -> bool:
    try:
        ask(network, "pid")
    except AkashiError:
        return True
    return False


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A demo home that four servers keep; started."""
    made = Life(tmp_path_factory.mktemp("life"))
    founded = made.say("demo", "--people", "20", "--no-conformity", "--port", str(made.port))
    assert founded.status == 0, founded
    made.use_up()
    init = made.say("network", "init", "--servers", "4", "--port", str(made.port + 5))
    assert init.status == 0, init
    try:
        started = made.say("network", "start", "--wait", "240")
        assert started.status == 0, started
        yield made
    finally:
        made.close()


def test_a_sending_goes_over_four_servers(life: Life) -> None:
    """Sent, acknowledged by a quorum, and the gateway that was made before the handover now believes all four."""
    sent = life.send(3)

    assert sent.status == 0, sent
    life.await_all()
    life.await_pinned(1, 2, 3, 4)


def test_below_a_quorum_a_person_is_told_that_nothing_is_final(life: Life) -> None:
    """Two of four down: exit status 7 with 未確定 and the reason, nothing half sent; with the quorum back the same command sends it."""
    life.end(3)
    life.end(4)
    until(lambda: not any(life.ordering()), "servers that see that there is no quorum", life.status)
    size = max(one["size"] for one in life.status() if one)
    told = life.send(4, wait=0)
    after = max(one["size"] for one in life.status() if one)
    started = life.say("network", "start", "--wait", "240")

    assert (told.status, "未確定" in told.err, "Traceback" in told.err) == (7, True, False), told
    assert after == size
    assert started.status == 0, started
    sent = life.send(4)
    assert sent.status == 0, sent


def test_a_fifth_server_joins_from_another_folder_and_leaves(life: Life) -> None:
    """Offered, added, accepted, run, promoted, seen, and removed; the gateway follows both changes by what it is shown."""
    papers = life.folder
    trust = server_paths(life.home).public / "trust.txt"
    secretariat = (server_paths(life.home).public / "secretariat").read_text().strip()
    offer = akashi(
        "network", "offer", "--home", str(life.new), "--server-trust", str(trust), "--secretariat", secretariat,
        "--host", "127.0.0.1", "--port", str(life.port + 13), "--out", str(papers / "offer.json"), "--json",
    )  # fmt: skip
    added = life.say("network", "add", str(papers / "offer.json"), "--out", str(papers / "invitation.json"), "--json")
    assert added.json()["fingerprint"] == offer.json()["fingerprint"]
    accepted = akashi("network", "accept", str(papers / "invitation.json"), "--home", str(life.new))
    assert accepted.status == 0, accepted
    words = [sys.executable, "-m", "akashi.cli", "network", "run", "--home", str(life.new)]
    quiet = subprocess.DEVNULL
    life.running.append(subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, env=surroundings(), cwd=ROOT))
    promoted = life.said_well("network", "promote", "5")
    assert promoted.status == 0, promoted
    until(lambda: [one and one["members"] for one in life.status()] == [5] * 4, "five voters", life.status)
    sent = life.send(5)
    assert sent.status == 0, sent
    life.await_pinned(1, 2, 3, 4, 5)
    removed = life.say("network", "remove", "5", "--reason", "ceased")
    assert removed.status == 0, removed
    until(lambda: b"server-5" not in server_trust(life, 2), "a trust file without server 5")
    sent = life.send(6)
    assert sent.status == 0, sent
    life.await_pinned(1, 2, 3, 4)


def test_new_keys_and_a_new_chain_by_command(life: Life) -> None:
    """One server's new voting key, then the next chain: all stand again by themselves, and sendings go on."""
    rekeyed = life.say("network", "rekey", "3", "--json")
    assert (rekeyed.status, rekeyed.json()["number"]) == (0, 3), rekeyed
    renewed = life.said_well("network", "renew")
    assert renewed.status == 0, renewed
    chains = [server_paths(one).root / "network" / "chains" for one in homes(life.home)]

    until(lambda: all(one.is_dir() for one in chains), "the former blocks in each home", life.status)
    life.await_all()
    sent = life.send(7)
    assert sent.status == 0, sent


def server_trust(life: Life, number: int) -> bytes:
    """What a further server publishes."""
    return (server_paths(life.home / "servers" / f"server-{number}").public / "trust.txt").read_bytes()


def test_every_command_refuses_wrong_arguments_plainly(life: Life, tmp_path: Path) -> None:
    """A Japanese sentence, a status that says of what kind, never a traceback, and nothing changed."""
    rubbish = tmp_path / "rubbish.json"
    rubbish.write_text("{}")
    wrongs: list[tuple[int, tuple[str, ...]]] = [
        (5, ("network", "init", "--servers", "4")),
        (2, ("network", "status", "--evidence", str(tmp_path / "none"))),
        (2, ("network", "offer", "--host", "127.0.0.1")),
        (2, ("network", "add", str(rubbish), "--out", str(tmp_path / "out.json"))),
        (2, ("network", "add", str(tmp_path / "none.json"), "--out", str(tmp_path / "out.json"))),
        (2, ("network", "accept", str(rubbish))),
        (4, ("network", "promote", "9")),
        (5, ("network", "remove", "1", "--reason", "ceased")),
        (2, ("network", "remove", "2", "--reason", "boredom")),
        (4, ("network", "rekey", "9")),
        (2, ("network", "renew", "now")),
    ]
    answers = [(words, life.say(*words)) for _, words in wrongs]

    assert [(words, said.status) for words, said in answers] == [(words, status) for status, words in wrongs]
    assert [words for words, said in answers if "Traceback" in said.err or not _is_japanese(said.err)] == []


def _is_japanese(text: str) -> bool:
    return any("\u3040" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" for letter in text)


def test_stop_ends_all(life: Life) -> None:
    """Afterwards nobody answers, and status says so with its exit status."""
    assert life.say("network", "stop").status == 0
    told = life.say("network", "status", "--json")

    assert (told.status, [row["status"] for row in json.loads(told.out)["servers"]]) == (7, [None] * 4)
