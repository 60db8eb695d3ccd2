"""The folder of a witness: its key, its database, its settings and the logs that its operator knows.

::

    HOME/
      witness.toml   name and addresses (below)
      logs.txt       the logs that may be witnessed: one vkey per line, and what several servers of one need
      keys/          key store with the one key, ``witness``
      witness.db     what it cosigned and what it refused
      certificate.pem, certificate.key   optional: then it serves HTTPS itself

Guarantees: strict settings; the key is made once and never replaced. Trusted: whoever can write this folder can make the witness forget, or add
a log; whoever has its key store and passphrase can cosign anything in its name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import STANDARD_COST, Cost, KeyKind
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire.note import NoteKey, NoteKind, decode_decimal, parse_vkey, vkey
from akashi.network.witness.errors import WitnessExists, WitnessMissing, WitnessSettings
from akashi.network.witness.model import KnownLog
from akashi.network.witness.server import PER_MINUTE, WitnessServer, tls_context
from akashi.network.witness.service import PER_MINUTE as PER_LOG
from akashi.network.witness.service import Alarm, Witness
from akashi.network.witness.store import Memory

KEY = "witness"
SETTINGS, LOGS, DATABASE, KEYS = "witness.toml", "logs.txt", "witness.db", "keys"
CERTIFICATE, CERTIFICATE_KEY = "certificate.pem", "certificate.key"
MAX_LOGS = 256
_LAST_PORT = 65_535
_HEAD = "# One line per log that this witness knows: its vkey, as in the `log` line of its published trust file.\n"


@dataclass(frozen=True, slots=True)
class WitnessOptions:
    """Settings of a witness (``witness.toml``)."""

    name: str = ""  # trusted: whoever can change this can make cosignatures that nobody recognises
    host: str = "127.0.0.1"  # trusted: whoever can change this can expose the port to other networks
    port: int = 8450  # trusted: whoever can change this can make logs miss the witness
    per_minute: int = PER_MINUTE  # trusted: whoever can change this can let one address ask more often
    per_log: int = PER_LOG  # trusted: whoever can change this can let one log fill the database faster


def create_home(
    home: Path, options: WitnessOptions, logs: Sequence[str], passphrase: bytes, *, cost: Cost = STANDARD_COST
) -> str:
    """Make a witness; returns its vkey. Raises :class:`WitnessExists`, :class:`WitnessSettings`."""
    if (home / SETTINGS).exists() or (home / KEYS).exists():
        raise WitnessExists(name=home.name)
    text = _HEAD + "".join(f"{one}\n" for one in logs)
    parse_logs(text)
    _verify(options)
    make_directory(home)
    keystore = FileKeystore.create(home / KEYS, passphrase, cost=cost)
    keystore.generate(KEY, KeyKind.ED25519)
    write_file(home / LOGS, text.encode())
    rows = [f"{one.name} = {_toml(getattr(options, one.name))}\n" for one in fields(options)]
    write_file(home / SETTINGS, "".join(rows).encode())  # last: a home with settings is complete
    return public_key(home, keystore)


def _toml(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def _verify(options: WitnessOptions) -> None:
    """What can be listened at and stand in the settings' file. Raises :class:`WitnessSettings`."""
    _verify_name(options.name)
    if not options.host.isascii() or not options.host.isprintable() or set(options.host) & set('"\\ '):
        raise WitnessSettings(setting="host")
    if not 0 <= options.port <= _LAST_PORT:
        raise WitnessSettings(setting="port")


def _verify_name(name: str) -> None:
    """A name that may stand in a signature line: visible ASCII without ``+``; and no quote, which would end the setting."""
    try:
        parse_vkey(vkey(name, NoteKind.COSIGNATURE, bytes(32)))
    except EncodingError as error:
        raise WitnessSettings(setting="name") from error
    if '"' in name or "\\" in name:
        raise WitnessSettings(setting="name")


def read_options(home: Path) -> WitnessOptions:
    """The settings. Raises :class:`WitnessMissing`, :class:`WitnessSettings`."""
    path = home / SETTINGS
    if not path.is_file():
        raise WitnessMissing(name=home.name)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WitnessSettings(setting=SETTINGS) from error
    known = {one.name: type(one.default) for one in fields(WitnessOptions)}
    for name, value in values.items():
        if name not in known or type(value) is not known[name] or (isinstance(value, int) and value < 0):
            raise WitnessSettings(setting=name)
    options = WitnessOptions(**values)
    _verify(options)
    return options


def parse_logs(text: str) -> list[KnownLog]:
    """The logs in ``logs.txt``, by origin; empty lines and those that begin with ``#`` are skipped. Raises :class:`WitnessSettings`.

    A line is a log's vkey (several of one origin: any of them signs), or, for a ledger of several servers, ``need <k> <origin>`` and the vkeys of
    the servers' cosigners, at least ``k`` of which must have cosigned.
    """
    logs: dict[str, KnownLog] = {}
    needs: dict[str, tuple[int, tuple[NoteKey, ...]]] = {}
    for words in (line.split() for line in text.splitlines()):
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "need":
            origin, need, cosigners = _need(words[1:])
            if origin in needs:
                raise WitnessSettings(setting=LOGS)
            needs[origin] = (need, cosigners)
            continue
        if len(words) != 1:
            raise WitnessSettings(setting=LOGS)
        key = _listed(words[0], NoteKind.ED25519)
        before = logs.get(key.name, KnownLog(key.name, ()))
        logs[key.name] = KnownLog(key.name, (*before.keys, key))
    if len(logs) > MAX_LOGS or not set(needs) <= set(logs):
        raise WitnessSettings(setting=LOGS)
    return [KnownLog(name, log.keys, *needs.get(name, (0, ()))) for name, log in logs.items()]


def _need(words: Sequence[str]) -> tuple[str, int, tuple[NoteKey, ...]]:
    count = decode_decimal(words[0]) if words else None
    cosigners = tuple(_listed(word, NoteKind.COSIGNATURE) for word in words[2:])
    # The same key under two names would count twice.
    distinct = len({key.public for key in cosigners}) == len({key.name for key in cosigners}) == len(cosigners)
    if count is None or not distinct or not 1 <= count <= len(cosigners):
        raise WitnessSettings(setting=LOGS)
    return words[1], count, cosigners


def _listed(text: str, kind: NoteKind) -> NoteKey:
    try:
        key = parse_vkey(text)
    except EncodingError as error:
        raise WitnessSettings(setting=LOGS) from error
    if key.kind is not kind:
        raise WitnessSettings(setting=LOGS)
    return key


def known_logs(home: Path) -> list[KnownLog]:
    """The logs that the operator listed. Raises :class:`WitnessMissing`, :class:`WitnessSettings`."""
    try:
        return parse_logs((home / LOGS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WitnessMissing(name=home.name) from error
    except UnicodeDecodeError as error:
        raise WitnessSettings(setting=LOGS) from error


def public_key(home: Path, keystore: FileKeystore) -> str:
    """The vkey that logs and verifiers pin."""
    name = read_options(home).name
    return vkey(name, NoteKind.COSIGNATURE, keystore.note_signer(KEY, name).public_key)


def open_keys(home: Path, passphrase: bytes) -> FileKeystore:
    """The witness's key store. Raises :class:`WitnessMissing`, ``PassphraseWrong``."""
    read_options(home)
    return FileKeystore.open(home / KEYS, passphrase)


def open_memory(home: Path) -> Memory:
    """What the witness remembers. Raises :class:`WitnessMissing`, ``WitnessStore``."""
    read_options(home)
    return Memory(home / DATABASE)


def open_witness(home: Path, passphrase: bytes, memory: Memory, clock: Clock, alarm: Alarm) -> Witness:
    """The witness of a home, ready to answer. Raises what is wrong with the home."""
    options, keystore = read_options(home), open_keys(home, passphrase)
    signer = keystore.note_signer(KEY, options.name)
    return Witness(signer, known_logs(home), memory, clock, alarm, options.per_log)


def open_server(home: Path, witness: Witness, clock: Clock) -> WitnessServer:
    """Its HTTP side: HTTPS if there is a certificate in the home. Raises ``OSError`` for a port that is taken."""
    options = read_options(home)
    certificate, key = home / CERTIFICATE, home / CERTIFICATE_KEY
    context = tls_context(certificate, key) if certificate.is_file() else None
    return WitnessServer(witness, options.host, options.port, clock, context=context, per_minute=options.per_minute)
