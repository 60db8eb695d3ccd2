"""Real strongSwan daemons on machines of their own, with nothing but what `akashi network ipsec` wrote."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from akashi.clock import SystemClock
from tests.faults.network.fleet import make_homes
from tests.faults.network.wires import NODE_PORT, PEER_PORT, Wires
from tests.network.ipsec.stand import CARRIER, Machine, exchange, missing, spawned
from tests.waiting import PATIENCE_S, until

WHY_NOT = missing()
pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(bool(WHY_NOT), reason=f"no tunnels here: {WHY_NOT}"),
]
WORD = "an invented sentence that nobody on the line may read"
HIDDEN = {"udp:500", "udp:4500", "esp", "icmp about udp:500", "icmp about udp:4500"}


class Stage:
    """Three machines on one line; the third one's server is another's."""

    def __init__(self, root: Path) -> None:
        self.wires, self.root, self.held = Wires(3), root, ExitStack()
        self.held.callback(self.wires.remove)
        self.hosts = [one.host for one in self.wires.addresses]
        self.homes = make_homes(root, self.wires.addresses, SystemClock())
        self.outs = [root / f"tunnels-{number}" for number in (1, 2, 3)]
        self.told = exchange(self.homes, self.outs)
        self._count = 0

    @contextmanager
    def machines(self, *outs: Path) -> Iterator[list[Machine]]:
        """The first machines with these folders; nothing runs yet."""
        self._count += 1
        with ExitStack() as held:
            made = []
            for number, out in enumerate(outs or self.outs[:2], 1):
                made.append(Machine(self.wires, number, out, self.root / f"run-{self._count}-{number}"))
                held.callback(made[-1].close)
            for machine, host in zip(made, self.hosts, strict=False):
                for port in (PEER_PORT, NODE_PORT):
                    machine.hear(host, port)
            yield made

    def others_folder(self, name: str) -> Path:
        """A copy of the second server's folder, to be spoiled."""
        copy = self.root / name
        shutil.copytree(self.outs[1], copy)
        return copy

    @contextmanager
    def tapped(self) -> Iterator[dict[str, object]]:
        """What went over the first machine's line meanwhile; filled in at the end."""
        seen: dict[str, object] = {}
        child = spawned(self.wires.before(0), "tap", "s1", WORD)
        try:
            yield seen
            said, _ = child.communicate(timeout=PATIENCE_S)
            seen.update(json.loads(said))
        finally:
            child.kill()
            child.communicate()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Homes and folders are made once."""
    made = Stage(tmp_path_factory.mktemp("t"))
    with made.held:
        print(f"packets are carried by {CARRIER}")
        yield made


def test_both_ports_talk_through_the_tunnel_and_nothing_else_is_on_the_line(stage: Stage) -> None:
    """With the written folders alone the tunnel stands under the one set of algorithms; what is said on both ports is on the line as ESP only."""
    with stage.machines() as (one, two), stage.tapped() as seen:
        one.fence()  # before the daemon, as after a start of the machine
        for machine in (two, one):
            machine.up()
        two.fence()
        assert one.begin(2), one.log()
        standing = one.standing(2)
        # IGMP is on the line as well, as an interface may say it at any time.
        one.inside("ip", "addr", "add", "239.7.7.7/32", "dev", "eth0", "autojoin")
        answers = [two.say(stage.hosts[0], port, WORD) for port in (PEER_PORT, NODE_PORT)]
        answers += [one.say(stage.hosts[1], port, WORD) for port in (PEER_PORT, NODE_PORT)]

    assert answers == [WORD] * 4
    assert "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384" in standing
    assert "ESP:AES_GCM_16-256" in standing
    assert "IKEv2" in standing
    assert set(seen["kinds"]) <= HIDDEN  # type: ignore[call-overload]  # a list of names
    assert seen["shown"] == 0


def test_tunnels_between_other_addresses_and_over_ipv6(stage: Stage) -> None:
    """The address book has other addresses; with those of the command line the tunnel stands, neighbours are found, and nothing is said in the open."""
    hosts = ["fd77::1", "fd77::2", "fd77::3"]
    outs = [stage.root / f"six-{number}" for number in (1, 2, 3)]
    exchange(stage.homes, outs, "--address", *(f"{number}={host}" for number, host in enumerate(hosts, 1)))
    with stage.machines(*outs[:2]) as (one, two):
        for machine, host in ((one, hosts[0]), (two, hosts[1])):
            machine.inside("ip", "addr", "add", f"{host}/64", "dev", "eth0", "nodad")
            machine.hear(host, PEER_PORT)
        with stage.tapped() as seen:
            for machine in (two, one):
                machine.up()
            assert one.begin(2), one.log()
            answers = [two.say(hosts[0], PEER_PORT, WORD), one.say(hosts[1], PEER_PORT, WORD)]
            two.down()
            one.fence()
            one.down()
            silent = one.unreached(hosts[1], PEER_PORT, WORD)

    assert answers == [WORD] * 2
    assert silent
    assert not {kind for kind in seen["kinds"] if kind.startswith("tcp")}  # type: ignore[attr-defined]  # a list of names
    assert seen["shown"] == 0


def test_without_tunnels_the_line_shows_what_is_said(stage: Stage) -> None:
    """What the test above would see if it failed: the same talk without tunnel and fence stands on the line as it is."""
    with stage.machines() as (_, two), stage.tapped() as seen:
        answer = two.say(stage.hosts[0], PEER_PORT, WORD)

    assert answer == WORD
    assert seen["shown"] != 0
    assert f"tcp:{PEER_PORT}" in str(seen["kinds"])


def test_new_keys_are_made_while_it_stands(stage: Stage) -> None:
    """A renewal of keys makes a fresh exchange of the same group (perfect forward secrecy), and the talk goes on."""
    with stage.machines() as (one, two):
        for machine in (two, one):
            machine.up()
        assert one.begin(2), one.log()
        one.swanctl("--rekey", "--child", "akashi-2")
        until(lambda: "ESP:AES_GCM_16-256/ECP_384" in one.standing(2), "a fresh exchange", lambda: one.standing(2))
        answer = two.say(stage.hosts[0], PEER_PORT, WORD)

    assert answer == WORD


@pytest.mark.parametrize("whose", ["another server's", "a stranger's"])
def test_another_certificate_is_refused(stage: Stage, whose: str) -> None:
    """Must fail: machine 2 shows the key and certificate of server 3 (which the ledger names), or of nobody."""
    from_three = stage.outs[2] if whose == "another server's" else stage.root / "strange" / "tunnels-1"
    if whose == "a stranger's" and not from_three.exists():
        strange = make_homes(stage.root / "strange", stage.wires.addresses[:2], SystemClock())
        exchange(strange, [from_three, from_three.with_name("tunnels-2")])
    number = 3 if whose == "another server's" else 1
    folder = stage.others_folder(f"wrong-{number}")
    for kind in ("x509", "private"):
        shutil.copy(from_three / kind / f"akashi-ike-{number}.pem", folder / kind / "akashi-ike-2.pem")
    text = (folder / "swanctl.conf").read_text(encoding="utf-8")
    own = text.split("fqdn:")[1].split('"')[0]
    shown = (from_three / "swanctl.conf").read_text(encoding="utf-8").split("fqdn:")[1].split('"')[0]
    (folder / "swanctl.conf").write_text(text.replace(own, shown), encoding="utf-8")
    with stage.machines(stage.outs[0], folder) as (one, two):
        for machine in (two, one):
            machine.up()

        assert not two.begin(1)
        assert not one.begin(2)
        assert "ESTABLISHED" not in one.standing(2)
        assert shown in one.log()


def test_while_no_tunnel_stands_nothing_is_said_in_the_open(stage: Stage) -> None:
    """Must fail: one side's daemon is away; the other's policies wait, and no packet of TCP is on the line, with the daemon running and after it was stopped."""
    with stage.machines() as (one, two), stage.tapped() as seen:
        one.up()
        one.fence()
        two.fence()
        waiting = [one.unreached(stage.hosts[1], PEER_PORT, WORD), two.unreached(stage.hosts[0], PEER_PORT, WORD)]
        one.down()
        stopped = [one.unreached(stage.hosts[1], NODE_PORT, WORD), two.unreached(stage.hosts[0], NODE_PORT, WORD)]
        one.fence("fence-off.xfrm")
        two.fence("fence-off.xfrm")

    assert all(waiting + stopped)
    assert not [kind for kind in seen["kinds"] if kind.startswith("tcp")]  # type: ignore[attr-defined]  # a list of names
    assert seen["shown"] == 0


def test_the_kernels_own_policies_wait_too(stage: Stage) -> None:
    """With policies in the kernel, as in production, and no tunnel: plain packets neither leave nor are taken, without any fence."""
    with stage.machines() as (one, two), stage.tapped() as seen:
        one.up(own_carrier=False)
        silent = [one.unreached(stage.hosts[1], PEER_PORT, WORD), two.unreached(stage.hosts[0], PEER_PORT, WORD)]
        policies = one.inside("ip", "xfrm", "policy")

    assert all(silent)
    assert f"src {stage.hosts[0]}/32 dst {stage.hosts[1]}/32 proto tcp" in policies
    assert seen["shown"] == 0


def test_the_fence_keeps_strangers_out(stage: Stage) -> None:
    """Must fail: a machine that is no server's reaches neither port, and what is not ours goes on."""
    with stage.machines(*stage.outs) as (one, _, three):
        one.fence()
        one.hear(stage.hosts[0], 8080)

        assert all(three.unreached(stage.hosts[0], port, WORD) for port in (PEER_PORT, NODE_PORT))
        assert three.say(stage.hosts[0], 8080, WORD) == WORD
        assert one.say(stage.hosts[0], PEER_PORT, WORD) == WORD  # the machine itself
        one.fence("fence-off.xfrm")
        assert three.say(stage.hosts[0], PEER_PORT, WORD) == WORD


def test_our_own_judge_finds_it_conforming(stage: Stage) -> None:
    """What ``akashi conformity`` measures from the other machine: IKEv2 with strong algorithms, nothing weak, nothing of IKEv1."""
    with stage.machines() as (one, two):
        one.up()
        made = json.loads(two.inside(sys.executable, "-m", "tests.network.ipsec.judging", stage.hosts[0]))

    assert made["verdict"] == "CONFORMS", made
    assert "AES-GCM-256" in made["facts"]["ikev2.chosen"]
    assert "ECP-384" in made["facts"]["ikev2.chosen"]
    assert "accepted" not in (made["facts"]["ikev1.main"], made["facts"]["ikev1.aggressive"])


def test_who_leaves_is_cut_off(stage: Stage) -> None:
    """After the settings without a server are loaded, its tunnel does not come back."""
    left = stage.root / "left"
    shutil.copytree(stage.outs[0], left)
    with stage.machines(left, stage.outs[1]) as (one, two):
        for machine in (two, one):
            machine.up()
        assert one.begin(2), one.log()
        text = (left / "swanctl.conf").read_text(encoding="utf-8")
        rest = text[: text.index("    akashi-2 {")] + text[text.index("    akashi-3 {") :]
        (left / "swanctl.conf").write_text(rest, encoding="utf-8")
        one.swanctl("--load-all")
        one.swanctl("--terminate", "--ike", "akashi-2", check=False)  # who began it has ended it already

        assert not two.begin(1)
        assert "akashi-2" not in one.swanctl("--list-conns").stdout
