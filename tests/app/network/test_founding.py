"""An embedded ledger becomes one that four servers keep: the same tree, the same origin, everybody's keys on the ledger."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.joining import accept, make_server
from akashi.app.network.places import AddressBook, NetworkPlaces, replica_keys
from akashi.app.roster.papers import Invitation, parse_invitation
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.errors import AkashiError
from akashi.identity.events import InstitutionRegistered
from akashi.identity.handles import new_handle
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.audit import audit
from akashi.ledger.author import Author
from akashi.ledger.engine.adopting import AlreadyThere
from akashi.ledger.errors import LedgerStopped, ProofError
from akashi.ledger.keyring.members import handed_over, members
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.service import Engine
from akashi.ledger.state import Overlay
from akashi.ledger.store import DATABASE, Tables, connect
from akashi.network.records import servers
from tests.app.network.four import NAME, PASSPHRASE, Homes, found_four

START = 1_795_219_200_000
Change = Callable[[list[bytes]], list[bytes]]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Four homes, handed over, not running."""
    return found_four(tmp_path_factory.mktemp("four"), FixedClock(START), range(30_001, 30_009))


def _state(folder: Path) -> Overlay:
    return Overlay(Tables(connect(server_paths(folder).ledger / DATABASE)).state)


def test_every_server_has_the_whole_tree(homes: Homes) -> None:
    """Each executed every leaf itself: all four audits are clean and of the same size, also with the seals."""
    sizes = set()
    for number, folder in enumerate(homes.folders, start=1):
        keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
        log_name = "log-1"
        origin = (server_paths(folder).public / "origin").read_text().strip()
        report = audit(
            server_paths(folder).ledger, KINDS, cosigner=replica_keys(keystore, origin, number, log_name).cosigner
        )
        assert report.findings == ()
        assert report.sealed
        sizes.add((report.leaves, report.origin))
    assert len(sizes) == 1


def test_the_ledger_names_its_members(homes: Homes) -> None:
    """Four vote, each with keys of its own, and the chain has the ledger's id in its name."""
    state = _state(homes.folders[2])

    assert [one.number for one in members(state)] == [1, 2, 3, 4]
    assert len({key for one in servers(state) for key in (one.keys.validator, one.keys.peer, one.keys.node)}) == 12
    assert (handed_over(state) or "").startswith("akashi-")


def test_the_trust_file_asks_for_a_quorum(homes: Homes) -> None:
    """Three of four cosignatures, four log keys; the same file on every server."""
    texts = {(server_paths(folder).public / "trust.txt").read_bytes() for folder in homes.folders}

    trust = parse_trust(texts.pop())

    assert not texts
    assert len(trust.logs) == 4


def test_the_trust_file_from_before_stays_for_what_was_made_under_it(homes: Homes) -> None:
    """It believes server 1 alone, and lies beside the new one under its digest."""
    public = server_paths(homes.folders[0]).public

    (kept,) = public.glob("trust-*.txt")

    assert parse_trust(kept.read_bytes()).quorum == "server-1"
    assert kept.name == f"trust-{sha256(kept.read_bytes()).hexdigest()[:16]}.txt"


def test_one_server_writes_no_more(homes: Homes) -> None:
    """After the handover the embedded engine refuses: two histories must not begin here."""
    paths = server_paths(homes.folders[0])
    keystore = open_keystore(homes.folders[0], paths.keys, PASSPHRASE, ServerSettings())
    origin, secretariat = ((paths.public / name).read_text().strip() for name in ("origin", "secretariat"))
    keys = replica_keys(keystore, origin, 1)
    engine = Engine.open(
        paths.ledger, kinds=KINDS, log_key=keys.log, cosigner=keys.cosigner, clock=FixedClock(START + 1)
    )
    author = Author(engine, keystore.signer(SECRETARIAT_KEY), secretariat, FixedClock(START + 1))
    try:
        with pytest.raises(LedgerStopped, match="handed_over"):
            author.submit(InstitutionRegistered(institution=new_handle("inst"), roles=1, directory=bytes(32)))
    finally:
        engine.close()


def _leaves(homes: Homes) -> list[bytes]:
    tables = Tables(connect(server_paths(homes.folders[1]).ledger / DATABASE))
    return [row.leaf for row in tables.leaves(0, 1 << 40)]


def _invitation(homes: Homes) -> Invitation:
    """The invitation of server 4, as it was."""
    folder = homes.folders[3]
    paths, places = server_paths(folder), NetworkPlaces.of(server_paths(folder))
    book = AddressBook.read(places.book)
    tables = Tables(connect(paths.ledger / DATABASE))
    size = tables.size()
    texts = {name: (paths.public / name).read_text() for name in ("ca.pem", "tsa.pem", "trust.txt")}
    read = [(paths.public / name).read_text().strip() for name in ("origin", "secretariat")]
    return Invitation(
        book.own,
        read[0],
        read[1],
        places.node.genesis.read_text(),
        size,
        tables.frontier(size).root(),
        texts,
        book.servers,
    )


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (lambda leaves: leaves[:-1], "adopt.root"),
        (lambda leaves: [*leaves[:5], *leaves[6:]], ""),
        (lambda leaves: [leaves[0], leaves[2], leaves[1], *leaves[3:]], ""),
        (lambda leaves: [*leaves, leaves[-1]], ""),
        (lambda leaves: [*leaves[:4], leaves[4][:-1] + bytes([leaves[4][-1] ^ 1]), *leaves[5:]], ""),
        (lambda _: [], "adopt.empty"),
    ],
    ids=["cut", "gap", "order", "twice", "flipped", "nothing"],
)
def test_other_leaves_make_no_server(homes: Homes, tmp_path: Path, change: Change, failure: str) -> None:
    """Must fail: leaves that are cut, missing, exchanged, doubled or changed; and no ledger appears."""
    made = make_server(
        tmp_path / "new", ServerSettings(), AddressBook.read(NetworkPlaces.of(server_paths(homes.folders[3])).book).me.address,
        PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST,
    )  # fmt: skip
    assert made.fingerprint
    keystore = open_keystore(tmp_path / "new", server_paths(tmp_path / "new").keys, PASSPHRASE, ServerSettings())

    with pytest.raises(AkashiError) as caught:
        accept(tmp_path / "new", keystore, _invitation(homes), change(_leaves(homes)))

    if failure:
        assert isinstance(caught.value, ProofError)
        assert caught.value.failure == failure
    assert not (server_paths(tmp_path / "new").ledger / DATABASE).exists()
    assert not NetworkPlaces.of(server_paths(tmp_path / "new")).exists


def test_an_existing_ledger_is_not_replaced(homes: Homes) -> None:
    """Must fail: accepting twice."""
    folder = homes.folders[3]
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())

    with pytest.raises(AlreadyThere):
        accept(folder, keystore, parse_invitation(_invitation(homes).encode()), _leaves(homes))


def test_names_of_the_test_are_invented() -> None:
    """The secretariat's name says so."""
    assert NAME.startswith("架空")
