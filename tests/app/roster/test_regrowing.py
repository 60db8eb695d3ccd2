"""Handing a ledger over again: after a founding that was cut off, beside remains of an earlier network, in a new epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.app.config import ServerPaths, ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network import joining, local
from akashi.app.network.joining import accept, found, make_server, prove
from akashi.app.network.local import homes, make_network, number_of
from akashi.app.network.places import PEER_KEY, AddressBook, NetworkPlaces
from akashi.app.network.trusting import turns_of
from akashi.app.roster.papers import Invitation, Offer
from akashi.app.roster.regrowing import first_chain, fresh_peer_key, next_folder, next_number_of, own_record
from akashi.app.server.founding import SERVER_KEY
from akashi.app.server.home import Server
from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.audit import audit
from akashi.ledger.author import Author
from akashi.ledger.errors import LedgerStopped
from akashi.ledger.keyring.handover import LogHandover
from akashi.ledger.keyring.members import handed_over, members
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.registry import key_record
from akashi.ledger.wire.envelope import key_id
from akashi.ledger.wire.note import origin_parts
from akashi.network.errors import NetworkExists
from akashi.network.model import Address
from akashi.network.records import servers
from akashi.network.trustchain import servers_of
from tests.app.network.four import NAME, PASSPHRASE, found_four
from tests.network.cometbft import needs_cometbft

START = 1_795_219_200_000
HERE = Address("127.0.0.1", 32_001, 32_002)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where homes are: names of sockets are short."""
    return tmp_path_factory.mktemp("g")


@pytest.fixture
def server(folder: Path) -> Server:
    """A founded server that keeps its ledger alone."""
    return Server.create(folder / "home", ServerSettings(), NAME, PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST)


def _offer(server: Server, folder: Path, at: int) -> Offer:
    place = Address("127.0.0.1", 32_001 + 2 * at, 32_002 + 2 * at)
    made = make_server(folder, ServerSettings(), place, PASSPHRASE, server.clock, cost=FAST_UNSAFE_COST)
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
    return prove(keystore, made, origin_parts(server.engine.origin)[0], server.secretariat_handle)


def _cut_off(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A founding with one further server that ends right before its handover."""
    submit = Author.submit

    def failing(author: Author, body: object, **rest: str) -> object:
        if isinstance(body, LogHandover):
            raise LedgerStopped("power")
        return submit(author, body, **rest)  # type: ignore[arg-type]  # whatever it is, it is handed on

    with monkeypatch.context() as patched:
        patched.setattr(Author, "submit", failing)
        with pytest.raises(LedgerStopped):
            found(server, HERE, [_offer(server, folder, 1)])


def test_a_founding_that_was_cut_off_is_done_again(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The servers of the first attempt are retired with void keys, others have new numbers, ours stays 1; the new ones begin, and the published trust names them alone."""
    _cut_off(server, folder / "b", monkeypatch)
    with server.engine.view() as state:
        before = servers(state)
    offers = [_offer(server, folder / name, at) for at, name in enumerate("cde", start=2)]
    invitations = found(server, HERE, offers)
    _begin(folder / "c", invitations[0], list(server.engine.leaves(0, server.engine.size)))
    with server.engine.view() as state:
        after, voting, chain = servers(state), members(state), handed_over(state)
        void = key_record(state, before[1].keys.server_key)
    trust = parse_trust(server.trust_text().encode())
    server.close()

    assert [one.number for one in after if one.retired_ms is None] == [1, 3, 4, 5] == [one.number for one in voting]
    assert (before[0].handle, before[0].keys.server_key) == (after[0].handle, after[0].keys.server_key)
    assert before[0].keys.peer != after[0].keys.peer
    assert void is not None
    assert void.revoked_ms is not None
    assert sorted(servers_of(trust)) == [1, 3, 4, 5]
    assert (chain or "").endswith("-1")
    assert [AddressBook(one.own, one.servers).me.number for one in invitations] == [3, 4, 5]
    assert audit(server_paths(folder / "c").ledger, KINDS).clean


def _begin(folder: Path, invitation: Invitation, leaves: list[bytes]) -> None:
    accept(folder, open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings()), invitation, leaves)


def test_the_step_is_the_handover_alone(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows from server 1 alone comes to the servers of today in one step, also where the last one named is our own."""
    _cut_off(server, folder / "b", monkeypatch)
    found(server, HERE, [])
    turns = turns_of(server.engine)
    server.close()

    assert [sorted(one.voting) for one in turns] == [[1]]
    assert len(turns[0].leaves) == 2


@needs_cometbft
def test_homes_of_lost_servers_are_set_aside(folder: Path) -> None:
    """What lies below ``servers/`` of an earlier network is kept and not started with the next one; numbers go on after those of all folders."""
    lost = found_four(folder / "lost", FixedClock(START), range(32_021, 32_025), servers=2).folders[1]
    home = folder / "home"
    Server.create(home, ServerSettings(), NAME, PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST).close()
    (home / "servers").mkdir()
    kept = lost.rename(home / "servers" / "server-6")
    made = make_network(home, 2, 32_031, PASSPHRASE, FixedClock(START), FAST_UNSAFE_COST)

    assert [number_of(one) for one in made] == [1, 7]
    assert homes(home) == made == [home, home / "servers" / "server-7"]
    assert (NetworkPlaces.of(server_paths(kept)).root / "servers.retired.json").exists()
    assert next_folder(home) == 8
    assert next_number_of(server_paths(home)) == 8


def test_chains_of_a_new_epoch_are_numbered_on(folder: Path) -> None:
    """After the former logs' last; a former log that is damaged or that one server kept has no say."""
    former = found_four(folder / "former", FixedClock(START), range(32_041, 32_045), servers=2).folders[0]
    paths = ServerPaths(folder / "server")
    origin = (server_paths(former).public / "origin").read_text().strip()
    ledger = origin_parts(origin)[0].hex()
    said = [first_chain(paths, origin)]
    (paths.root / "former" / "2").mkdir(parents=True)
    (paths.root / "former" / "2" / "ledger.db").write_bytes(b"no ledger")
    said.append(first_chain(paths, origin))
    server_paths(former).ledger.rename(paths.root / "former" / "1")
    said.append(first_chain(paths, origin))

    assert said == [f"akashi-{ledger}-{number}" for number in (1, 1, 2)]


def test_the_key_towards_the_others_is_a_fresh_one(server: Server) -> None:
    """Each time another, and the present one is what the name means; a machine that was lost may have the former."""
    keys = []
    for _ in range(3):
        fresh_peer_key(server.keystore)
        keys.append(server.keystore.public(PEER_KEY))
    server.close()

    assert len(set(keys)) == 3
    assert server.keystore.generation(PEER_KEY) == 3


def test_only_a_server_that_serves_is_ours(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that the ledger does not name, or has retired, is nobody."""
    own = key_id(server.keystore.signer(SERVER_KEY).spki)
    with server.engine.view() as state:
        before = own_record(state, own)
    _cut_off(server, folder / "b", monkeypatch)
    found(server, HERE, [])
    with server.engine.view() as state:
        records = {one.number: one for one in servers(state)}
        after = [own_record(state, records[number].keys.server_key) for number in (1, 2)]
    server.close()

    assert before is None
    assert after == [records[1], None]


@needs_cometbft
@pytest.mark.parametrize("step", ["accept", "settle"])
def test_a_founding_that_was_cut_off_after_the_handover_is_finished(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Servers without a ledger, or with one and nothing beside it, begin by the same command; nobody is enrolled anew, and once more it is refused."""
    home = folder / "home"
    Server.create(home, ServerSettings(), NAME, PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST).close()
    again = (home, 3, 32_051, PASSPHRASE, FixedClock(START), FAST_UNSAFE_COST)
    with monkeypatch.context() as patched:
        patched.setattr(*_failing_at(step))
        with pytest.raises(LedgerStopped):
            make_network(*again)
    before = homes(home)
    made = make_network(*again)
    reports = [audit(server_paths(one).ledger, KINDS) for one in made]

    assert before == [home]
    assert [number_of(one) for one in made] == [1, 2, 3]
    assert {(one.findings, one.leaves) for one in reports} == {((), reports[0].leaves)}
    with pytest.raises(NetworkExists):
        make_network(*again)


def _failing_at(step: str) -> tuple[object, str, object]:
    """What power lost at the first further server's first or last step is in place of."""
    if step == "accept":
        return local, "accept", _stopped
    settle = joining.settle

    def settled(paths: ServerPaths, invitation: Invitation) -> None:
        if AddressBook(invitation.own, invitation.servers).me.number > 1:
            raise LedgerStopped("power")
        settle(paths, invitation)

    return joining, "settle", settled


def _stopped(*_: object) -> None:
    raise LedgerStopped("power")
