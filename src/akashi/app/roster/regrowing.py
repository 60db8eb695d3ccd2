"""A ledger that several servers kept before, or were about to keep, is handed over to several again: after a recovery, and after a founding that was cut off.

Guarantees: the founding server keeps its number, under which everybody knows it, and votes and connects with keys that no earlier chain saw; every other server that the
ledger still names is retired and its machine's key signs nothing more; no number, of a server or of a chain, means two things: chains of a new epoch are numbered on from
those of the former log, which lies beside it (``server/former``). Refuses what the ledger refuses. Trusts: the former log's file for a number to go on from, and for
nothing else: any number is a chain of its own here, as its genesis names this ledger's tree.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from akashi.app.config import ServerPaths, server_paths
from akashi.app.network.places import PEER_KEY, AddressBook, NetworkPlaces, Reached
from akashi.app.roster.papers import Invitation, Offer
from akashi.app.server.logkeys import TRUST_FILE
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import KeyKind
from akashi.ledger.author import Author
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.keyring.members import handed_over
from akashi.ledger.registry import KeyRevoked, RevocationReason, key_record
from akashi.ledger.state import Overlay, ReadState
from akashi.ledger.store import DATABASE, Tables, connect, translated
from akashi.ledger.wire.envelope import key_id
from akashi.ledger.wire.note import origin_parts
from akashi.network.events import ServerChanged, ServerRetired
from akashi.network.model import RetireReason, ServerRecord, ServerRole
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import make_keys
from akashi.network.peers.certificates import read_certificate
from akashi.network.records import servers

SET_ASIDE = "servers.retired.json"
"""The address book of a server that is one no more, so that its home is not started with the others."""


def own_record(state: ReadState, server_key: bytes) -> ServerRecord | None:
    """The server that the ledger knows by this machine's key (its id), if it is still one."""
    return next((one for one in servers(state) if one.keys.server_key == server_key and one.retired_ms is None), None)


def next_number(state: ReadState) -> int:
    """The number of the next server: none was ever given twice. 2 where nobody is enrolled, as the founding server is 1."""
    return max((one.number for one in servers(state)), default=1) + 1


def next_number_of(paths: ServerPaths) -> int:
    """As :func:`next_number`, from a home's file as it is: for names of files only, nothing is believed."""
    with _stored(paths.ledger) as state:
        return next_number(state)


def next_folder(home: Path) -> int:
    """The first number above those of all folders below ``servers/``, whatever became of their servers."""
    found = [one.name.removeprefix("server-") for one in (home / "servers").glob("server-*")]
    return max((int(one) for one in found if one.isascii() and one.isdecimal()), default=1) + 1


def first_chain(paths: ServerPaths, origin: str) -> str:
    """The id of the chain to which the ledger is handed over: the first, or in a new epoch the one after all of the former logs'.

    A former log that cannot be read has no say: a chain's genesis names the tree, and the keys that vote are new.
    """
    ledger_id, _ = origin_parts(origin)
    numbers = [0]
    for folder in sorted((paths.root / "former").glob("*")):
        with suppress(AkashiError, TypeError, ValueError), _stored(folder) as state:
            numbers.append(int((handed_over(state) or "-0").rpartition("-")[2]))
    return f"akashi-{ledger_id.hex()}-{max(numbers) + 1}"


@contextmanager
def _stored(folder: Path) -> Iterator[ReadState]:
    """The state that a ledger's file says it has. Raises ``LedgerStopped`` where there is none that can be read."""
    with translated(), closing(connect(folder / DATABASE)) as connection:
        yield Overlay(Tables(connection).state)


def retire_others(engine: LedgerReader, author: Author, own: bytes) -> int:
    """Retire every server but the one with the machine's key ``own``; how many. The same again finishes what was cut off. Raises ``Refused`` where nobody would be left."""
    with engine.view() as state:
        others = [one for one in servers(state) if one.keys.server_key != own]
        revoked = {one.handle for one in others if not _may_sign(state, one)}
    for one in others:
        if one.retired_ms is None:
            author.submit(ServerRetired(server=one.handle, reason=RetireReason.CEASED), subject=one.handle)
        if one.handle not in revoked:
            body = KeyRevoked(key=one.keys.server_key, reason=RevocationReason.CEASED)
            author.submit(body, subject=author.institution)
    return len(others)


def _may_sign(state: ReadState, record: ServerRecord) -> bool:
    known = key_record(state, record.keys.server_key)
    return known is not None and known.revoked_ms is None


def return_as(record: ServerRecord, offer: Offer, author: Author) -> Reached:
    """The founding server, under its number, with the keys of ``offer``."""
    body = ServerChanged(
        server=record.handle,
        role=ServerRole.VALIDATOR,
        log_key=offer.log_key,
        cosigner_key=offer.cosigner_key,
        validator=offer.validator,
        node=offer.node,
        peer=read_certificate(offer.certificate).spki,
        server_key=key_id(offer.server_spki),
    )
    author.submit(body, subject=record.handle)
    return Reached(record.handle, record.number, offer.address, offer.certificate)


def invitation_from(paths: ServerPaths, book: AddressBook, handle: str) -> Invitation:
    """The invitation of a server that the founding named, again, from the founding server's own files: its genesis names the tree of the handover."""
    genesis = NetworkPlaces.of(paths).node.genesis.read_text(encoding="utf-8")
    tree = bytes.fromhex(str(json.loads(genesis)["app_hash"]))
    public = {name: (paths.public / name).read_text(encoding="utf-8") for name in ("ca.pem", "tsa.pem", TRUST_FILE)}
    origin, secretariat = ((paths.public / name).read_text().strip() for name in ("origin", "secretariat"))
    size, root = int.from_bytes(tree[:8], "big"), tree[8:]
    return Invitation(handle, origin, secretariat, genesis, size, root, public, book.servers)


def fresh_peer_key(keystore: FileKeystore) -> None:
    """A new key towards the others becomes the one that ``PEER_KEY`` means; an earlier network's stays beside it, unused."""
    there = keystore.generations(PEER_KEY)
    generation = there[-1] + 1 if there else 1
    keystore.generate(PEER_KEY, KeyKind.P256, generation=generation, in_memory=True)
    if generation > 1:
        keystore.make_current(PEER_KEY, generation)


def fresh_node_keys(home: NodeHome) -> None:
    """Keys for voting and for the node's name. Those that a founding left that was cut off do: without premises nothing was voted on. Raises ``NodeExists``."""
    if home.genesis.exists() or not home.validator_key.exists():
        make_keys(home)


def set_aside_lost(home: Path) -> list[str]:
    """Homes of an earlier network below ``servers/`` are no part of the next one: what they hold stays. Their names."""
    lost = [one for one in sorted((home / "servers").glob("server-*")) if NetworkPlaces.of(server_paths(one)).exists]
    for one in lost:
        book = NetworkPlaces.of(server_paths(one)).book
        os.replace(book, book.with_name(SET_ASIDE))
    return [one.name for one in lost]
