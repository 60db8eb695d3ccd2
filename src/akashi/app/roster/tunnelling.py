"""The folder of settings with which strongSwan joins this server's machine to those of the others.

Guarantees: a tunnel goes only to servers that the ledger names and has not retired, at the address of the address book, under a certificate that the server's own peer
key signed; the IKE key is made in the folder (0600) and is nowhere else; repeated in the same folder it keeps the key, takes in what came, and tells what
is otherwise. Refuses: a folder of something else, a certificate of nobody's, addresses that are no addresses. Trusted: whoever can read the folder can pose
as this machine in IKE, not on the peer plane or in consensus, which have keys of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import ServerPaths, ServerSettings, load_settings
from akashi.app.keys.opening import open_keystore
from akashi.app.network.local import require_home
from akashi.app.network.places import PEER_KEY, AddressBook, NetworkPlaces, Reached
from akashi.clock import Clock
from akashi.durable import make_directory, remove_file, write_file
from akashi.errors import AkashiError
from akashi.ledger.state import Overlay
from akashi.ledger.store import DATABASE, Tables, connect, translated
from akashi.network.errors import NetworkMissing
from akashi.network.ipsec.certificates import (
    MAX_CERTIFICATE_BYTES,
    RENEW_MS,
    ike_certificate,
    ike_name,
    new_ike_key,
    read_ike_certificate,
    read_ike_key,
    verify_time,
)
from akashi.network.ipsec.errors import CertificateUnfit, FolderForeign
from akashi.network.ipsec.fence import fence, fence_off
from akashi.network.ipsec.guide import UNIT, guide
from akashi.network.ipsec.model import IkeCertificate, Placed, Tunnel, TunnelChanges, TunnelEnd
from akashi.network.ipsec.rules import Known, changes, known, machines
from akashi.network.ipsec.settings import certificate_file, swanctl_conf
from akashi.network.model import Address, ServerRecord, ServerRole
from akashi.network.peers.certificates import read_certificate
from akashi.network.records import servers

STATE, _TYPE = "tunnels.json", "akashi-tunnels/1"


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the folder now. Numbers are those of servers. ``to_ms``: when the first certificate ends."""

    own: int
    certificate: Path
    tunnels: tuple[int, ...]
    missing: tuple[int, ...]
    """Their certificates are not here yet: no tunnel."""
    unplaced: tuple[int, ...]
    """The ledger names them, the address book does not: no tunnel."""
    changes: TunnelChanges
    to_ms: int


def write_tunnels(
    home: Path,
    out: Path,
    papers: Sequence[tuple[str, bytes]],
    moved: Mapping[int, str],
    passphrase: Callable[[], bytes],
    clock: Clock,
) -> Written:
    """Write or renew the folder ``out`` for the server of ``home``.

    ``papers``: names and contents of certificates that came; ``moved``: addresses that stand instead of the address book's. The passphrase is asked
    for only when a certificate must be signed. Raises ``NetworkMissing``, ``AddressUnfit``, ``Alone``, ``AnotherSpeaks``, ``FolderForeign``, ``CertificateUnfit``.
    """
    paths = require_home(home)
    places = NetworkPlaces.of(paths)
    if not places.exists:
        raise NetworkMissing
    book = AddressBook.read(places.book)
    reached, unplaced = _standing(book, _records(paths))
    placed = [Placed(one.number, _moved(one, moved)) for one in reached]
    own, others = machines(placed, book.me.number)
    before = _before(out, own.number)
    now, vouching = clock.now_ms(), {one.number: one.certificate for one in reached}
    taken = [_whose(name, pem, others, vouching, now) for name, pem in papers]  # before anything is written
    for folder in (out, out / "x509", out / "private"):
        make_directory(folder)
    write_file(out / STATE, _state(own.number, before))  # from here on the folder is ours
    mine = _own(home, paths, out, own.number, vouching[own.number], passphrase, now)
    for number, certificate in taken:
        write_file(out / "x509" / certificate_file(number), certificate.pem, 0o644)
    tunnels, missing = _known_ends(out, others, vouching, now)
    _write(out, own, mine, tunnels, missing, others)
    standing = known([Tunnel(own, mine), *tunnels])
    write_file(out / STATE, _state(own.number, standing))
    return Written(
        own.number,
        out / "x509" / certificate_file(own.number),
        tuple(one.end.number for one in tunnels),
        tuple(one.number for one in missing),
        unplaced,
        changes(before, standing, own.number),
        min(one.to_ms for one in (mine, *(tunnel.certificate for tunnel in tunnels))),
    )


def _records(paths: ServerPaths) -> tuple[ServerRecord, ...]:
    with translated():
        connection = connect(paths.ledger / DATABASE)
        try:
            return servers(Overlay(Tables(connection).state))
        finally:
            connection.close()


def _standing(book: AddressBook, records: Sequence[ServerRecord]) -> tuple[list[Reached], tuple[int, ...]]:
    """Servers of the book that the ledger names with that key, and the numbers of those that only the ledger names."""
    there = {one.handle: one for one in records if one.retired_ms is None and one.role is not ServerRole.MIRROR}
    reached = [one for one in book.servers if one.server in there]
    for one in reached:
        if read_certificate(one.certificate).spki != there[one.server].keys.peer:
            raise CertificateUnfit("ledger", f"server-{one.number}")
    if book.own not in there:
        raise NetworkMissing
    named = {one.server for one in reached}
    return reached, tuple(sorted(record.number for handle, record in there.items() if handle not in named))


def _moved(one: Reached, moved: Mapping[int, str]) -> Address:
    here = one.address
    return Address(moved.get(one.number, here.host), here.peer_port, here.node_port)


def _before(out: Path, own: int) -> Known:
    """What stood there the last time; nothing for a new folder. Raises :class:`FolderForeign`."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return {}
    with suppress(OSError, KeyError, TypeError, ValueError):  # told below, without the file
        value = json.loads((out / STATE).read_bytes())
        if value["type"] == _TYPE and value["own"] == own:
            return {
                int(row["number"]): (str(row["host"]), tuple(map(int, row["ports"])), str(row["certificate"]))
                for row in value["servers"]
            }
    raise FolderForeign(name=out.name)


def _state(own: int, standing: Known) -> bytes:
    rows = [
        {"number": number, "host": host, "ports": list(ports), "certificate": digest}
        for number, (host, ports, digest) in sorted(standing.items())
    ]
    return json.dumps({"type": _TYPE, "own": own, "servers": rows}, indent=2).encode() + b"\n"


def _whose(
    name: str, pem: bytes, others: Sequence[TunnelEnd], vouching: Mapping[int, bytes], now_ms: int
) -> tuple[int, IkeCertificate]:
    """The server whose peer key signed a certificate that came. Raises :class:`CertificateUnfit`, naming the file."""
    reason = "issuer"
    for end in others:
        try:
            found = read_ike_certificate(pem, vouching[end.number])
            verify_time(found, now_ms)
        except CertificateUnfit as error:
            reason = reason if error.reason == "issuer" else error.reason
        else:
            return end.number, found
    raise CertificateUnfit(reason, name)


def _own(
    home: Path, paths: ServerPaths, out: Path, number: int, peer: bytes, passphrase: Callable[[], bytes], now_ms: int
) -> IkeCertificate:
    """The certificate that stands there, or a new one; the key is made once."""
    key_file, file = out / "private" / certificate_file(number), out / "x509" / certificate_file(number)
    if not key_file.exists():
        write_file(key_file, new_ike_key())
        remove_file(file)
    key = read_ike_key(key_file.read_bytes())
    with suppress(AkashiError, OSError):  # none, of another key, or too old: a new one is made
        found = read_ike_certificate(file.read_bytes(), peer)
        verify_time(found, now_ms + RENEW_MS)
        if found.name == ike_name(key.public_key()):
            return found
    keystore = open_keystore(home, paths.keys, passphrase(), load_settings(paths.settings, ServerSettings))
    made = ike_certificate(key, keystore.private_key(PEER_KEY), peer, now_ms)
    write_file(file, made, 0o644)
    return read_ike_certificate(made, peer)


def _known_ends(
    out: Path, others: Sequence[TunnelEnd], vouching: Mapping[int, bytes], now_ms: int
) -> tuple[list[Tunnel], list[TunnelEnd]]:
    """Tunnels to those whose certificate is in the folder and good today; the others."""
    tunnels, missing = [], []
    for end in others:
        file = out / "x509" / certificate_file(end.number)
        try:
            found = read_ike_certificate(file.read_bytes()[: MAX_CERTIFICATE_BYTES + 1], vouching[end.number])
            verify_time(found, now_ms)
        except (AkashiError, OSError):
            missing.append(end)
        else:
            tunnels.append(Tunnel(end, found))
    return tunnels, missing


def _write(
    out: Path,
    own: TunnelEnd,
    mine: IkeCertificate,
    tunnels: Sequence[Tunnel],
    missing: Sequence[TunnelEnd],
    others: Sequence[TunnelEnd],
) -> None:
    kept = {certificate_file(one.end.number) for one in tunnels} | {certificate_file(own.number)}
    for file in (out / "x509").glob(certificate_file("*")):
        if file.name not in kept:
            remove_file(file)  # of a server that left, or not good any more
    texts = {
        "swanctl.conf": swanctl_conf(own, mine, tunnels),
        "fence.xfrm": fence(own, others),
        "fence-off.xfrm": fence_off(own, others),
        "akashi-ipsec-fence.service": UNIT,
        "README.txt": guide(own, mine.to_ms, tunnels, missing),
    }
    for name, text in texts.items():
        write_file(out / name, text.encode(), 0o644)
