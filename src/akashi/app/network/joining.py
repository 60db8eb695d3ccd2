"""How an embedded ledger becomes a network, and how further servers join it.

Guarantees: the tree and the origin stay; every server's public keys are on the ledger before it counts; a private key never leaves its server; a joining server executes
every leaf again and begins only if it comes to the tree that the handover named. Refuses: a second founding, an offer whose keys are not proven to
be its own, an invitation to another ledger. Trusts: whoever carries an offer to the secretariat not to exchange it (compare the fingerprint).
A ledger that had several servers before, and was recovered, is handed over like any other: the founding server returns with new keys (``roster.regrowing``).

The way: ``offer`` (each new server) → ``found`` or ``enrol`` (the secretariat's server) → ``accept`` (each new server, with the invitation and the leaves).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from akashi.app.config import DAY_MS, ServerPaths, ServerSettings, save_settings, server_paths
from akashi.app.errors import HomeExists
from akashi.app.keys.opening import create_keystore
from akashi.app.network.places import PEER_KEY, AddressBook, NetworkPlaces, Reached, replica_keys
from akashi.app.network.trusting import publish
from akashi.app.roster.papers import Invitation, Offer
from akashi.app.roster.regrowing import (
    first_chain,
    fresh_node_keys,
    fresh_peer_key,
    next_number,
    own_record,
    retire_others,
    return_as,
)
from akashi.app.server.founding import COSIGNER_KEY, LOG_KEY, SERVER_KEY
from akashi.app.server.home import Server
from akashi.app.server.logkeys import TRUST_FILE, current_log_key
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.identity.handles import new_handle
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import STANDARD_COST, Cost, KeyKind
from akashi.ledger.engine.adopting import adopt
from akashi.ledger.engine.replica import app_hash
from akashi.ledger.keyring.handover import LogHandover
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.registry import KeyEnrolled, possession_message
from akashi.ledger.wire.envelope import key_id
from akashi.network.errors import GenesisDiffers, NetworkExists
from akashi.network.events import ServerEnrolled
from akashi.network.model import Address, ServerRole
from akashi.network.node.config import GenesisValidator, genesis_json
from akashi.network.node.keys import own_node_id, validator_public_key
from akashi.network.peers.certificates import peer_certificate, read_certificate
from akashi.network.peers.lines import cosigner_name
from akashi.network.store import NetworkStore
from akashi.network.trustchain import network_trust

YEAR_MS = 365 * DAY_MS


def make_server(
    home: Path, settings: ServerSettings, address: Address, passphrase: bytes, clock: Clock, cost: Cost = STANDARD_COST
) -> Offer:
    """Keys and folders of a further server; what it offers. Raises :class:`HomeExists`."""
    paths = server_paths(home)
    if paths.settings.exists():
        raise HomeExists(name=home.name)
    for folder in (paths.root, paths.public):
        make_directory(folder)
    keystore = create_keystore(home, paths.keys, passphrase, settings, cost=cost)
    for name in (SERVER_KEY, LOG_KEY, COSIGNER_KEY):
        keystore.generate(name, KeyKind.ED25519)
    save_settings(paths.settings, settings)
    return _offer(paths, keystore, address, LOG_KEY, clock)


def _offer(paths: ServerPaths, keystore: FileKeystore, address: Address, log_name: str, clock: Clock) -> Offer:
    places = NetworkPlaces.of(paths)
    make_directory(places.root)
    fresh_node_keys(places.node)
    fresh_peer_key(keystore)
    certificate = peer_certificate(keystore.private_key(PEER_KEY), [address.host], clock.now_ms())
    write_file(places.certificate, certificate, 0o644)
    return Offer(
        address,
        certificate,
        keystore.signer(SERVER_KEY).spki,
        keystore.note_signer(log_name, log_name).public_key,
        keystore.note_signer(COSIGNER_KEY, COSIGNER_KEY).public_key,
        validator_public_key(places.node),
        bytes.fromhex(own_node_id(places.node)),
    )


def prove(keystore: FileKeystore, offer: Offer, ledger_id: bytes, secretariat: str) -> Offer:
    """The offer with proof, for this ledger, that the server key is held here."""
    signer = keystore.signer(SERVER_KEY)
    message = possession_message(ledger_id, key_id(signer.spki), secretariat)
    return Offer(
        offer.address, offer.certificate, offer.server_spki, offer.log_key, offer.cosigner_key, offer.validator,
        offer.node, signer.sign(message),
    )  # fmt: skip


def found(server: Server, address: Address, offers: Sequence[Offer], least: int = 2) -> list[Invitation]:
    """Make this server the first of several; one invitation for each offer, in order, with numbers from ``least`` on that nobody had. Raises :class:`NetworkExists`.

    The handover is one operation. An interruption before it leaves servers enrolled: the same again retires those and enrols others.
    """
    places = NetworkPlaces.of(server.paths)
    if places.exists:
        raise NetworkExists
    own = _offer(server.paths, server.keystore, address, current_log_key(server.paths, server.keystore), server.clock)
    reached = [_first(server, own)]
    with server.engine.view() as state:
        number = max(least, next_number(state))
    for at, offer in enumerate(offers, start=number):
        reached.append(_enrol(server, offer, at, enrolled=False))
    chain = first_chain(server.paths, server.engine.origin)
    with_root = server.engine.checkpoint().split(b"\n")
    size, root = int(with_root[1]), base64.b64decode(with_root[2])
    done = server.author.submit(LogHandover(chain=chain, size=size, root=root), subject=server.secretariat_handle)
    return _begin(server, chain, done.block_ms, [own, *offers], reached)


def _first(server: Server, own: Offer) -> Reached:
    """The founding server: enrolled as number 1, or as the one that the ledger knows by its key and that alone is left of those before."""
    with server.engine.view() as state:
        record = own_record(state, key_id(own.server_spki))
    if record is None:
        return _enrol(server, own, 1, enrolled=True)
    retire_others(server.engine, server.author, record.keys.server_key)
    return return_as(record, own, server.author)  # last: what stands before a handover names who votes


def _enrol(server: Server, offer: Offer, number: int, *, enrolled: bool) -> Reached:
    if not enrolled:
        _enrol_key(server, offer)
    handle = new_handle("srv")
    body = ServerEnrolled(
        server=handle,
        server_number=number,
        role=ServerRole.VALIDATOR,
        server_key=key_id(offer.server_spki),
        log_key=offer.log_key,
        cosigner_key=offer.cosigner_key,
        validator=offer.validator,
        node=offer.node,
        peer=read_certificate(offer.certificate).spki,
    )
    server.author.submit(body, subject=handle)
    return Reached(handle, number, offer.address, offer.certificate)


def _enrol_key(server: Server, offer: Offer) -> None:
    now = server.clock.now_ms()
    body = KeyEnrolled(
        key=key_id(offer.server_spki),
        algorithm=int(Algorithm.ED25519),
        public=offer.server_spki,
        institution=server.secretariat_handle,
        purpose=Purpose.SERVER,
        valid_from_ms=now - DAY_MS,
        valid_to_ms=now + 10 * YEAR_MS,
        possession=offer.possession,
    )
    server.author.submit(body, subject=server.secretariat_handle)


def _begin(
    server: Server, chain: str, block_ms: int, offers: Sequence[Offer], reached: Sequence[Reached]
) -> list[Invitation]:
    """Write what the first server needs to run, and what the others are given."""
    note = server.engine.checkpoint().split(b"\n")
    size, root = int(note[1]), base64.b64decode(note[2])
    voters = [
        GenesisValidator(offer.validator, f"server-{one.number}") for offer, one in zip(offers, reached, strict=True)
    ]
    genesis = genesis_json(chain, block_ms, voters, app_hash(size, root))
    voting = {one.number: offer for offer, one in zip(offers, reached, strict=True)}
    alone = server.trust_text()
    publish(server.paths.public / TRUST_FILE, alone, network_trust(alone, server.engine.origin, voting, size - 1))
    public = {
        name: (server.paths.public / name).read_text(encoding="utf-8") for name in ("ca.pem", "tsa.pem", TRUST_FILE)
    }
    invitations = [
        Invitation(
            one.server, server.engine.origin, server.secretariat_handle, genesis, size, root, public, tuple(reached)
        )
        for one in reached
    ]
    settle(server.paths, invitations[0])
    return invitations[1:]


def accept(home: Path, keystore: FileKeystore, invitation: Invitation, leaves: Iterable[bytes]) -> None:
    """Make a new server's ledger from ``leaves`` (all up to the handover) and write what it needs to run."""
    paths = server_paths(home)
    number = AddressBook(invitation.own, invitation.servers).me.number
    adopt(
        paths.ledger,
        leaves,
        app_hash(invitation.size, invitation.root),
        KINDS,
        replica_keys(keystore, invitation.origin, number),
    )
    settle(paths, invitation)


def settle(paths: ServerPaths, invitation: Invitation) -> None:
    """Write what a server needs to run beside its ledger; the address book last. The same again changes nothing. Raises :class:`GenesisDiffers`."""
    places = NetworkPlaces.of(paths)
    me = AddressBook(invitation.own, invitation.servers).me
    names = {
        "origin": invitation.origin,
        "cosigner": cosigner_name(invitation.origin, me.number),
        "secretariat": invitation.secretariat,
    }
    for name, text in names.items():
        write_file(paths.public / name, f"{text}\n".encode(), 0o644)
    for name, text in invitation.public.items():
        write_file(paths.public / name, text.encode(), 0o644)
    if places.node.genesis.exists() and places.node.genesis.read_text(encoding="utf-8") != invitation.genesis:
        raise GenesisDiffers("file")
    write_file(places.node.genesis, invitation.genesis.encode())
    store = NetworkStore(places.store)
    try:
        store.put_voters(1, _genesis_voters(invitation.genesis))
    finally:
        store.close()
    AddressBook(invitation.own, invitation.servers).write(places.book)  # last: with it the home is one of several


def _genesis_voters(genesis: str) -> frozenset[bytes]:
    return frozenset(base64.b64decode(one["pub_key"]["value"]) for one in json.loads(genesis)["validators"])
