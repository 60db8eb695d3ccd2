"""A new epoch of a ledger: another log of the same ledger, whose genesis names the last checkpoint that is known of the former one.

Guarantees: every operation of the former log, but those about that log itself (genesis, stamps, log keys, handover), is entered again in order, at
its own block time, and admitted again by the same rules: same operation ids, same evidence, same trails. The former log is kept whole
beside it (``server/former/<epoch>``) with the trust file under which it verifies. Where the secretariat's first key is gone, operations cannot be entered
again (they rest on it): then the former *state* is carried over, row by row, under a digest that anybody with the former log recomputes. Refuses
whatever the ledger refuses. Says plainly what is lost: what the former log acknowledged after that checkpoint. Members pin the new
trust file after comparing its digest by telephone, as when they joined. Trusts the restored key store.

Where several servers kept the former log, they stay named as those who held its copies, all retired but the founding one, which keeps the new log
alone until it is handed over to several again (``akashi network init``); who signs it, and how many must, is the new trust file's.

A log's times never run backwards, so the new genesis claims the former one's time; ``previous`` says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from akashi.app.config import ServerPaths
from akashi.app.mirrors.adopting import EPOCH_SUFFIX, encode_epoch
from akashi.app.roster.regrowing import own_record, retire_others
from akashi.app.server.founding import COSIGNER_KEY, SECRETARIAT_KEY, SERVER_KEY, seal_genesis
from akashi.app.server.logkeys import TRUST_FILE, log_key_names, log_public, number_of
from akashi.app.wiring import KINDS
from akashi.clock import Clock, FixedClock
from akashi.durable import make_directory, write_file
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import KeyKind
from akashi.ledger.author import Author
from akashi.ledger.engine.copies import snapshot
from akashi.ledger.events import load_body
from akashi.ledger.model import Leaf
from akashi.ledger.proof.trust import format_trust, parse_trust
from akashi.ledger.registry import Genesis, log_key_commitment
from akashi.ledger.service import Engine
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import Signer, key_id, parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.merkle import leaf_hash
from akashi.ledger.wire.note import NoteKey, NoteKind, origin_of, origin_parts
from akashi.network.events import ServerChanged
from akashi.network.mirror.copy import LedgerCopy
from akashi.network.mirror.events import MAX_CARRIED_BYTES, NOT_CARRIED, EpochCarried, carried, carried_digest
from akashi.network.mirror.service import Mirror
from akashi.network.model import ServerRole

_ALONE = "server-1"
"""What trust files call the founding server."""
_OF_SERVER = re.compile(r"/server/[1-9][0-9]*\Z", re.ASCII)
_BATCH = MAX_CARRIED_BYTES - 2048


def begin_epoch(mirror: Mirror, paths: ServerPaths, keystore: FileKeystore, clock: Clock) -> int:
    """Write the former log and the new one into a home under construction; returns the new log's size."""
    ledger_id, epoch = origin_parts(mirror.origin)
    snapshot(mirror.paths.ledger, paths.root / "former" / str(epoch))
    trust = _former_trust(mirror, paths)
    write_file(paths.public / f"trust-{epoch}.txt", trust, 0o644)
    origin = origin_of(mirror.origin.partition("/")[0], ledger_id, epoch + 1)
    write_file(paths.public / "origin", f"{origin}\n".encode(), 0o644)
    log, following = _new_log_keys(keystore)
    handle = (paths.public / "secretariat").read_text().strip()
    cosigner = keystore.note_signer(COSIGNER_KEY, (paths.public / "cosigner").read_text().strip())
    first = _former_genesis(mirror.copy)
    founder, now = None if carried(mirror.copy.state)[2] else _key_of(keystore, first), clock
    body = Genesis(
        origin=origin,
        log_key=log_public(keystore, log),
        next_log_key=log_key_commitment(log_public(keystore, following)),
        cosigner_key=cosigner.public_key,
        secretariat_spki=(founder or keystore.signer(SECRETARIAT_KEY)).spki,
        secretariat_algorithm=int((founder or keystore.signer(SECRETARIAT_KEY)).algorithm),
        secretariat=handle,
        previous=mirror.copy.note,
    )
    if founder is not None:
        clock = FixedClock(first.block_ms)
    make_directory(paths.ledger)
    signer = keystore.note_signer(log, origin)
    genesis = seal_genesis(body, ledger_id, founder or keystore.signer(SECRETARIAT_KEY), clock)
    engine = Engine.create(paths.ledger, genesis, kinds=KINDS, log_key=signer, cosigner=cosigner, clock=clock)
    try:
        if isinstance(clock, FixedClock) and founder is not None:
            enter_again(engine, mirror.copy, clock)
            clock.set(now.now_ms())
        else:
            carry(engine, mirror.copy, Author(engine, keystore.signer(SECRETARIAT_KEY), handle, clock))
        author = Author(engine, keystore.signer(SECRETARIAT_KEY), handle, now)
        keep_alone(engine, author, key_id(keystore.signer(SERVER_KEY).spki), signer.public_key)
        first_leaf = next(iter(engine.leaves(0, 1)))
        signs = NoteKey(origin, NoteKind.ED25519, signer.public_key)
        alone = NoteKey(cosigner.name, NoteKind.COSIGNATURE, cosigner.public_key)
        text = following_trust(trust, signs, alone, leaf_hash(first_leaf))
        write_file(paths.public / TRUST_FILE, text, 0o644)
        write_file(paths.public / f"epoch-{epoch + 1}{EPOCH_SUFFIX}", encode_epoch(text, first_leaf), 0o644)
        return engine.size
    finally:
        engine.close()


def _former_trust(mirror: Mirror, paths: ServerPaths) -> bytes:
    """The trust file under which the former log verifies: the one that its servers published last, if it is of this ledger, else the mirror's own."""
    pinned, published = mirror.paths.trust.read_bytes(), paths.public / TRUST_FILE
    if published.is_file() and parse_trust(published.read_bytes()).genesis == parse_trust(pinned).genesis:
        return published.read_bytes()
    return pinned


def following_trust(former: bytes, log: NoteKey, cosigner: NoteKey, genesis: bytes) -> bytes:
    """The trust file of the new epoch: its genesis and key, and server 1, which keeps it alone; the servers that cosigned the former log have no say in it.

    It is of the form of a new service's, so that whoever pins it follows when the ledger is handed over to several again.
    """
    old = parse_trust(former)
    servers_ = {name for name, key in old.witnesses.items() if _OF_SERVER.search(key.name)}
    if servers_:
        witnesses = {_ALONE: cosigner} | {name: key for name, key in old.witnesses.items() if name not in servers_}
        old = replace(old, logs=(), witnesses=witnesses, groups={}, quorum=_ALONE)
    return format_trust(replace(old, logs=(*old.logs[-31:], log), genesis=genesis))


def keep_alone(engine: Engine, author: Author, own: bytes, log_key: bytes) -> None:
    """Retire every server of the former log but the one with server key ``own``, which signs with ``log_key`` from now on."""
    with engine.view() as state:
        record = own_record(state, own)
    if record is None:
        return  # one server kept the former log alone
    body = ServerChanged(server=record.handle, role=ServerRole.VALIDATOR, log_key=log_key)
    author.submit(body, subject=record.handle)  # ours first: somebody must be left to vote
    retire_others(engine, author, own)


def enter_again(engine: Engine, copy: LedgerCopy, clock: FixedClock) -> int:
    """Enter the former operations in order, each block at its own time; returns how many. Raises ``Refused`` if one is not admitted again."""
    entered = 0
    for block_ms, group in groupby(map(parse_leaf, copy.leaves(1, copy.size)), key=lambda leaf: leaf.block_ms):
        envelopes = [leaf.envelope for leaf in group if not _is_about_the_log(leaf)]
        clock.set(block_ms)
        for outcome in engine.submit_many(envelopes):
            if isinstance(outcome, Exception):
                raise outcome
        entered += len(envelopes)
    return entered


def _is_about_the_log(leaf: Leaf) -> bool:
    """The former log's own affairs: they name its origin or its keys."""
    return parse_operation(leaf.envelope).statement.kind.startswith(("log.", "ledger.", "epoch."))


def _former_genesis(copy: LedgerCopy) -> Leaf:
    return parse_leaf(next(iter(copy.leaves(0, 1))))


def _key_of(keystore: FileKeystore, genesis: Leaf) -> Signer | None:
    """The secretariat's first key, by which everything after it was enrolled; ``None`` where it was destroyed."""
    statement = parse_operation(genesis.envelope).statement
    wanted = load_body(Genesis, statement.body).secretariat_spki
    for generation in keystore.generations(SECRETARIAT_KEY):
        signer = keystore.signer(SECRETARIAT_KEY, generation)
        if signer.spki == wanted:
            return signer
    return None


def carry(engine: Engine, copy: LedgerCopy, author: Author) -> int:
    """Carry the former state into a ledger that has its genesis; returns how many rows. Raises ``Refused``."""
    with engine.view() as state:
        rows: list[list[Value]] = [
            [space, key, value]
            for space, key, value, _ in copy.tables.state.rows()
            if space not in NOT_CARRIED and state.get(space, key) is None
        ]
    total, batches = bytes(32), list(_batches(rows))
    envelopes = []
    for at, batch in enumerate(batches):
        total = carried_digest(total, batch)
        last = at == len(batches) - 1
        envelopes.append(
            author.compose(EpochCarried(rows=batch, total=total if last else None), subject=author.institution)
        )
    for outcome in engine.submit_many(envelopes):
        if isinstance(outcome, Exception):
            raise outcome
    return len(rows)


def _batches(rows: list[list[Value]]) -> Iterator[bytes]:
    batch: list[Value] = []
    size = 0
    for row in rows:
        length = len(cbor.encode(row))
        if batch and size + length > _BATCH:
            yield cbor.encode(batch)
            batch, size = [], 0
        batch.append(row)
        size += length
    yield cbor.encode(batch)


def _new_log_keys(keystore: FileKeystore) -> tuple[str, str]:
    """Two fresh log keys: the one that signs, and its committed successor."""
    names = log_key_names(keystore)
    first = number_of(names[-1]) + 1 if names else 1
    made = (f"log-{first}", f"log-{first + 1}")
    for name in made:
        keystore.generate(name, KeyKind.ED25519)
    return made
