"""Five real servers: the fifth joins four that run, catches up, votes, and is removed again; the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.places import AddressBook
from akashi.app.network.running import NetworkNode
from akashi.app.roster.accepting import accept_invitation, offer_server
from akashi.app.roster.enrolling import Roster
from akashi.app.roster.meeting import learn
from akashi.app.roster.papers import parse_invitation
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.app.wiring import KINDS
from akashi.clock import SystemClock
from akashi.errors import AkashiError
from akashi.identity.events import InstitutionRegistered
from akashi.identity.handles import new_handle
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.author import Author
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import key_record
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.errors import FounderStays, NotCaughtUp, TooFewLeft
from akashi.network.model import Address
from akashi.network.records import servers
from tests.app.network.four import PASSPHRASE, Homes, found_four
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports
from tests.waiting import PATIENCE_S, soon, until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


def _node(folder: Path) -> NetworkNode:
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
    return NetworkNode(server_paths(folder), keystore, SystemClock())


def _author(folder: Path, node: NetworkNode) -> Author:
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
    secretariat = (server_paths(folder).public / "secretariat").read_text().strip()
    return Author(node.engine, keystore.signer(SECRETARIAT_KEY), secretariat, SystemClock())


class Stage:
    """Four servers that run, and what the secretariat does."""

    def __init__(self, homes: Homes, held: ExitStack) -> None:
        self.folders, self.held = homes.folders, held
        self.nodes = [_node(folder) for folder in homes.folders]
        for node in self.nodes:
            held.callback(node.stop)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda node: node.start(), self.nodes))
        self.author = _author(homes.folders[0], self.nodes[0])
        self.roster = Roster(self.nodes[0], self.author, SystemClock())

    def register(self) -> tuple[Acknowledged, str]:
        """An invented institution, acknowledged; its handle."""
        handle = new_handle("inst")
        return self.author.submit(
            InstitutionRegistered(institution=handle, roles=1, directory=bytes(32)), subject=handle
        ), handle

    def cosigners(self) -> set[str]:
        """The numbers of the servers in the newest quorum note."""
        names = [line.name for line in parse_checkpoint(self.nodes[0].engine.checkpoint()).lines]
        return {name.rpartition("/server/")[2] for name in names if "/server/" in name}

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something that servers do by themselves; fails with where each of them stands."""
        until(holds, what, lambda: [self.told(at) for at in range(len(self.nodes))])

    def told(self, at: int) -> str:
        """Where one server stands, for messages."""
        node = self.nodes[at]
        up = sum(link.up for link in node.links.states().values())
        positions = sorted(node.notes.positions().items())
        return f"server {at + 1}: {node.process.state.name}, {node.engine.size} leaves, hears {up}, {positions}"

    def away(self, at: int) -> None:
        """Wait until the first server knows that this one does not answer."""
        own = self.nodes[at].seat.book.own
        self.until(lambda: not self.nodes[0].links.states()[own].up, f"server {at + 1} to be missed")

    def may_sign(self, number: int) -> bool:
        """Whether the ledger takes what the machine of this server signs."""
        with self.nodes[0].engine.view() as state:
            server = next(one for one in servers(state) if one.number == number)
            known = key_record(state, server.keys.server_key)
        return known is not None and known.revoked_ms is None

    def trust(self) -> bytes:
        """The published trust file."""
        return (server_paths(self.folders[0]).public / "trust.txt").read_bytes()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Four running servers; whatever was started is stopped."""
    with ExitStack() as held:
        patch = held.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("akashi.app.roster.enrolling.CATCH_UP_S", PATIENCE_S)
        patch.setattr("akashi.app.roster.meeting._WAIT_S", PATIENCE_S)
        yield Stage(found_four(tmp_path, SystemClock(), free_ports(8)), held)


def test_a_fifth_server_joins_votes_and_leaves(stage: Stage, tmp_path: Path) -> None:
    """It follows first, is given a vote only when it has everything, its cosignature counts, and without it the others go on under the new trust file."""
    ports = free_ports(2)
    home = tmp_path / "server-5"
    offer = offer_server(
        home,
        stage.trust(),
        stage.author.institution,
        Address("127.0.0.1", *ports),
        PASSPHRASE,
        SystemClock(),
        FAST_UNSAFE_COST,
    )
    request = {"offer": offer.encode().decode()}
    answer = stage.roster.enrol(request)
    assert answer["number"] == 5
    assert stage.roster.enrol(request)["number"] == 5  # asked again: the same server
    invitation = parse_invitation(answer["invitation"].encode())
    book = AddressBook(invitation.own, invitation.servers).encode().decode()
    for node in stage.nodes[1:]:
        assert learn(node, {"book": book}) == {"servers": 5}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("akashi.app.roster.enrolling.CATCH_UP_S", 0.5)
        with pytest.raises(NotCaughtUp):
            stage.roster.promote({"number": 5})

    assert accept_invitation(home, invitation, PASSPHRASE) == 5
    fifth = _node(home)
    stage.held.callback(fifth.stop)
    fifth.start()
    assert stage.roster.promote({"number": 5})["voting"] == 5
    stage.until(fifth.notes.votes, "the fifth to vote")

    def cosigned() -> bool:
        # Whether it is among the four of a note depends on who is fastest; that it signs a head is seen by everybody.
        done, _ = stage.register()
        return soon(lambda: stage.nodes[0].notes.positions().get(5, (0, 0))[0] > done.index, 2.0)

    stage.until(cosigned, "a head that the fifth signed")
    assert b"group servers 4 server-1 server-2 server-3 server-4 server-5\n" in stage.trust()
    stage.nodes[3].stop()  # four of five are needed: the fifth's vote is one of them
    done, handle = stage.register()
    assert verify_file(export_subject(stage.nodes[0].engine, handle), stage.trust(), KINDS).status is Status.VERIFIED
    assert fifth.notes.wait(done.index + 1, PATIENCE_S) is not None
    with pytest.raises(FounderStays):
        stage.roster.retire({"number": 1, "reason": "ceased"})
    stage.away(3)
    assert stage.roster.retire({"number": 4, "reason": "replaced"})["voting"] == 4

    assert stage.roster.retire({"number": 5, "reason": "ceased"})["voting"] == 3
    _, handle = stage.register()

    assert stage.cosigners() == {"1", "2", "3"}
    assert [stage.may_sign(number) for number in (3, 4, 5)] == [True, False, False]
    assert b"group servers 3 server-1 server-2 server-3\n" in stage.trust()
    assert verify_file(export_subject(stage.nodes[0].engine, handle), stage.trust(), KINDS).status is Status.VERIFIED
    stage.until(
        lambda: set(stage.nodes[1].links.peers()) == {stage.nodes[at].seat.book.own for at in (0, 2)}, "two peers"
    )
    stage.nodes[2].stop()
    stage.away(2)
    with pytest.raises(TooFewLeft):  # two voters would need both, and one of them is down
        stage.roster.retire({"number": 2, "reason": "ceased"})


def test_wrong_requests_change_nothing(stage: Stage) -> None:
    """Must fail: no offer, an offer of a key that is another's, a number that nobody has, a book that names a stranger."""
    size = stage.nodes[0].engine.size
    book = stage.nodes[0].seat.book
    stranger = book.encode().replace(book.others[0].server.encode(), new_handle("srv").encode())

    wrongs: tuple[Callable[[], object], ...] = (
        lambda: stage.roster.enrol({"offer": "{}"}),
        lambda: stage.roster.promote({"number": 9}),
        lambda: stage.roster.retire({"number": 9, "reason": "ceased"}),
    )
    for wrong in wrongs:
        with pytest.raises(AkashiError):
            wrong()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("akashi.app.roster.meeting._WAIT_S", 0.1)
        with pytest.raises(AkashiError):
            learn(stage.nodes[1], {"book": stranger.decode()})

    assert stage.nodes[0].engine.size == size
    assert stage.nodes[1].seat.book.servers == AddressBook.read(stage.nodes[1].seat.places.book).servers
