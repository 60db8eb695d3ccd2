"""Time stamps on checkpoints: asks an authority, records the token as a leaf (docs/spec/bundle.md, Stamps).

Guarantees: a token is verified before it becomes ``log.stamped``. With no ``tsa_url`` the home's own test authority answers; its
certificate's name says that it proves nothing legally. Trusts the authority for the time, nobody else.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from akashi.app.server.authorities import matching
from akashi.app.server.founding import TSA_KEY
from akashi.clock import Clock
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.stamp import LocalTsa, Tsa, obtain
from akashi.ledger.proof.tsa import HttpTsa
from akashi.ledger.proof.verify import stamped_message
from akashi.ledger.registry import LogStamped
from akashi.ledger.wire.note import parse_checkpoint


class Stamper:
    """Stamps the newest checkpoint when asked."""

    def __init__(
        self, engine: LedgerReader, author: Author, public: Path, keystore: FileKeystore, tsa_url: str, clock: Clock
    ) -> None:
        self._engine, self._author = engine, author
        self._tsa: Tsa = HttpTsa(tsa_url) if tsa_url else _local(public, keystore, clock)

    def stamp(self) -> Acknowledged:
        """Stamp the newest checkpoint and record the token. Raises :class:`TsaFailed`."""
        note = self._engine.checkpoint()
        stamp = obtain(self._tsa, stamped_message(note, parse_checkpoint(note).lines[0]))
        body = LogStamped(note=note, token=stamp.token, certificates=stamp.certificates, revocations=())
        return self._author.submit(body)


def _local(public: Path, keystore: FileKeystore, clock: Clock) -> LocalTsa:
    key = keystore.private_key(TSA_KEY)
    certificate = matching(x509.load_pem_x509_certificates((public / "tsa.pem").read_bytes()), key.public_key())
    return LocalTsa(key, certificate, clock)
