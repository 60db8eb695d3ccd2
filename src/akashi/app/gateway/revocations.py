"""The newest revocation list, and the last good one while the server is away.

Guarantees: a list is used only if an authority of the pinned CA file signed it and it has not expired; the last good one is in the gateway's
home, so that the gateway starts and serves while its server is away, as long as the list is good (seven days). The device's status on the
ledger is asked at every request anyway. Refuses an older list than the one that is kept. Trusts whoever can write the home to withhold a list,
not to forge one.
"""

from __future__ import annotations

import datetime as dt
import re

from cryptography import x509

from akashi.app.config import DAY_MS, GatewayPaths
from akashi.app.errors import RemoteDistrusted, ServerAway
from akashi.app.gateway.home import Gateway
from akashi.durable import write_file
from akashi.errors import Misuse

_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----\n?", re.DOTALL)


def newest_crl(gateway: Gateway) -> bytes:
    """The server's newest list (PEM), or the kept one while it is away. Raises ``ServerAway`` if that is not good any more.

    1. the server is asked; 2. what it gives must verify, be in force and not be older than what is kept (``RemoteDistrusted``); 3. it is kept
    when it says something new, or once a day; 4. without an answer the kept list counts while it verifies and is in force.
    """
    channel = gateway.line.channel
    if channel is None:
        raise Misuse(what="a gateway served without a line over HTTPS")
    now, paths = gateway.clock.now_ms(), gateway.paths
    try:
        given = channel.call("GET", "/api/v1/crl").content  # (1)
    except ServerAway:
        kept = _kept(paths)  # (4)
        if kept is None or not all(_in_force(one, now) for one in kept):
            raise
        return paths.crl.read_bytes()
    lists, kept = _read(paths, given), _kept(paths)
    if (
        lists is None or not all(_in_force(one, now) for one in lists) or (kept and _number(lists) < _number(kept))
    ):  # (2)
        raise RemoteDistrusted(failure="crl")
    if kept is None or _serials(kept) != _serials(lists) or _age_ms(kept, now) >= DAY_MS:  # (3)
        write_file(paths.crl, given, 0o644)
    return given


def revoked_serials(pem: bytes) -> frozenset[int]:
    """The serial numbers in lists (PEM)."""
    return _serials([x509.load_pem_x509_crl(one) for one in _LIST.findall(pem)])


def _kept(paths: GatewayPaths) -> list[x509.CertificateRevocationList] | None:
    return _read(paths, paths.crl.read_bytes()) if paths.crl.is_file() else None


def _read(paths: GatewayPaths, pem: bytes) -> list[x509.CertificateRevocationList] | None:
    """The lists, if there are any and each is signed by an authority of the pinned file."""
    authorities = x509.load_pem_x509_certificates(paths.ca.read_bytes())
    try:
        lists = [x509.load_pem_x509_crl(one) for one in _LIST.findall(pem)]
        trusted = all(any(_signed_by(one, authority) for authority in authorities) for one in lists)
    except (ValueError, TypeError):
        return None
    return lists if lists and trusted else None


def _signed_by(one: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    return one.issuer == authority.subject and one.is_signature_valid(key)  # type: ignore[arg-type]  # an EC key of ours


def _in_force(one: x509.CertificateRevocationList, now_ms: int) -> bool:
    end = one.next_update_utc
    return end is not None and dt.datetime.fromtimestamp(now_ms // 1000, dt.UTC) < end


def _age_ms(lists: list[x509.CertificateRevocationList], now_ms: int) -> int:
    return now_ms - min(int(one.last_update_utc.timestamp()) * 1000 for one in lists)


def _number(lists: list[x509.CertificateRevocationList]) -> int:
    return min(int(one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number) for one in lists)


def _serials(lists: list[x509.CertificateRevocationList]) -> frozenset[int]:
    return frozenset(entry.serial_number for one in lists for entry in one)
