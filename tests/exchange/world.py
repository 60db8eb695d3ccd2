"""Two institutions, a server and a secretariat on real parts: engine, vault, keystores, gateways' databases.

The only stand-ins are the clock, the sleeper and, where a test asks for it, a ledger or store that is away for a while
(:class:`Flaky` passes everything on to the real one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from akashi.clock import FixedClock
from akashi.errors import Unavailable
from akashi.exchange.events import EXCHANGE_KINDS
from akashi.exchange.housekeeping import Housekeeping
from akashi.exchange.model import Acting, Format, SendRequest, document
from akashi.exchange.outbox import Retry
from akashi.exchange.screening import Scanner
from akashi.exchange.service import Exchange
from akashi.identity.events import IDENTITY_KINDS, InstitutionRegistered, PersonRegistered
from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind
from akashi.ledger.author import Author
from akashi.ledger.events import AnyKind, KindTable, dump_body
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.port import Acknowledged, Entry, Ledger
from akashi.ledger.registry import LEDGER_KINDS, Genesis, KeyEnrolled, log_key_commitment, possession_message
from akashi.ledger.service import Engine
from akashi.ledger.state import ReadState
from akashi.ledger.wire.envelope import seal_operation
from akashi.vault.events import VAULT_KINDS
from akashi.vault.port import PayloadStore
from akashi.vault.service import Vault

LEDGER = bytes(range(16))
ORIGIN = f"test.example/akashi/{LEDGER.hex()}/1"
START = 1_800_000_000_000
YEAR_MS = 365 * 24 * 3600 * 1000
OFFICE, SENDER, RECEIVER, OTHER = "inst-office", "inst-sender", "inst-receiver", "inst-other"
CLERK, NAMED, COLLEAGUE, STRANGER = "per-clerk", "per-named", "per-colleague", "per-stranger"
CANARY = "架空花子1234".encode("cp932")
CONTENT = b"id,name,value\r\n1," + CANARY + b",98\r\n"
KINDS = (*LEDGER_KINDS, *IDENTITY_KINDS, *VAULT_KINDS, *EXCHANGE_KINDS)


class Away(Unavailable):
    """Nobody answers."""

    code = "testing.away"


@dataclass
class Outage:
    """Which calls fail, and when: ``before`` never arrive, ``after`` arrive and are not answered."""

    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)

    def strike(self, plan: dict[str, int], call: str) -> None:
        """Fail as long as the plan says."""
        if plan.get(call, 0) > 0:
            plan[call] -= 1
            raise Away


class FlakyLedger:
    """A ledger behind a line that breaks as the test says."""

    def __init__(self, ledger: Ledger, outage: Outage) -> None:
        self._ledger = ledger
        self._outage = outage

    @property
    def ledger_id(self) -> bytes:
        """As the real one."""
        return self._ledger.ledger_id

    @property
    def origin(self) -> str:
        """As the real one."""
        return self._ledger.origin

    def submit(self, envelope: bytes) -> Acknowledged:
        """As the real one, unless the line is down."""
        self._outage.strike(self._outage.before, "submit")
        done = self._ledger.submit(envelope)
        self._outage.strike(self._outage.after, "submit")
        return done

    def view(self) -> AbstractContextManager[ReadState]:
        """As the real one."""
        return self._ledger.view()

    def entries(self, subject: str) -> Sequence[Entry]:
        """As the real one."""
        return self._ledger.entries(subject)

    def entry(self, operation_id: bytes) -> Entry | None:
        """As the real one, unless the line is down."""
        self._outage.strike(self._outage.before, "entry")
        return self._ledger.entry(operation_id)

    def receipt(self, operation_id: bytes) -> bytes:
        """As the real one."""
        return self._ledger.receipt(operation_id)

    def checkpoint(self) -> bytes:
        """As the real one."""
        return self._ledger.checkpoint()


class FlakyStore:
    """A payload store behind the same line; ``tamper`` may change what it hands out."""

    def __init__(self, vault: PayloadStore, outage: Outage) -> None:
        self._vault = vault
        self._outage = outage
        self.tamper: Callable[[bytes], bytes] = lambda chunk: chunk

    def stage(self, payload_id: bytes, wraps: Sequence[bytes], body: Iterable[bytes]) -> bytes:
        """As the real one, unless the line is down."""
        self._outage.strike(self._outage.before, "stage")
        receipt = self._vault.stage(payload_id, wraps, body)
        self._outage.strike(self._outage.after, "stage")
        return receipt

    def wrap(self, payload_id: bytes, key_id: bytes) -> bytes:
        """As the real one, unless the line is down."""
        self._outage.strike(self._outage.before, "wrap")
        return self._vault.wrap(payload_id, key_id)

    def body(self, payload_id: bytes) -> Iterator[bytes]:
        """As the real one, unless the line breaks in the middle."""
        for chunk in self._vault.body(payload_id):
            self._outage.strike(self._outage.before, "body")
            yield self.tamper(chunk)

    def size(self, payload_id: bytes) -> int | None:
        """As the real one."""
        return self._vault.size(payload_id)


@dataclass
class Gateway:
    """One institution's side."""

    exchange: Exchange
    keystore: FileKeystore
    home: Path
    outage: Outage
    store: FlakyStore
    pauses: list[float]


class World:
    """Everything, in ``home``; close it at the end. On a home that has a ledger already, it starts again from the files."""

    kinds: tuple[AnyKind, ...] = KINDS

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = FixedClock(START)
        fresh = not (home / "server").exists()
        self.keys = self._keystore(home / "server" / "keys", b"server", fresh=fresh)
        if fresh:
            for name in ("secretariat", "server", "log", "next-log", "cosigner"):
                self.keys.generate(name, KeyKind.ED25519)
        self._log = self.keys.note_signer("log", ORIGIN)
        self._cosigner = self.keys.note_signer("cosigner", f"test.example/akashi/{LEDGER.hex()}/server/1")
        self.engine = self._engine(fresh=fresh)
        self.office = Author(self.engine, self.keys.signer("secretariat"), OFFICE, self.clock)
        if fresh:
            self.enrol(self.keys.public("server"), OFFICE, Purpose.SERVER, self.keys, "server", self.office)
        self.vault = self.open_vault()
        self.gateways: dict[str, Gateway] = {}
        for institution, roles in ((SENDER, 1), (RECEIVER, 2), (OTHER, 3)):
            if fresh:
                self.office.submit(InstitutionRegistered(institution, roles, bytes(32)))
                self.found(institution)
            home_of = home / "gateways" / institution
            keystore = FileKeystore.open(home_of / "keys", institution.encode())
            self.gateways[institution] = self.start(institution, keystore, home_of)
        if fresh:
            for person, institution in ((CLERK, SENDER), (NAMED, RECEIVER), (COLLEAGUE, RECEIVER), (STRANGER, OTHER)):
                self.author(institution).submit(PersonRegistered(person, institution, 1))

    def _keystore(self, directory: Path, passphrase: bytes, *, fresh: bool) -> FileKeystore:
        if fresh:
            return FileKeystore.create(directory, passphrase, cost=FAST_UNSAFE_COST)
        return FileKeystore.open(directory, passphrase)

    def _engine(self, *, fresh: bool) -> Engine:
        directory, kinds = self.home / "server" / "ledger", KindTable(self.kinds)
        log, cosigner = self._log, self._cosigner
        if fresh:
            return Engine.create(
                directory, self._genesis(), kinds=kinds, log_key=log, cosigner=cosigner, clock=self.clock
            )
        return Engine.open(directory, kinds=kinds, log_key=log, cosigner=cosigner, clock=self.clock)

    def _genesis(self) -> bytes:
        following = log_key_commitment(self.keys.note_signer("next-log", ORIGIN).public_key)
        secretariat = self.keys.signer("secretariat")
        body = Genesis(
            ORIGIN, self._log.public_key, following, self._cosigner.public_key, secretariat.spki, -19, OFFICE
        )
        statement = Statement(
            LEDGER,
            "ledger.genesis",
            1,
            Actor(OFFICE),
            Auth(AuthMethod.MACHINE, START),
            None,
            dump_body(body),
            START,
            START + 1000,
            bytes(16),
        )
        return seal_operation(statement, secretariat)

    def open_vault(self) -> Vault:
        """The server's vault, as at a start."""
        return Vault(self.home / "server" / "vault", self.keys.signer("server"), LEDGER, self.clock)

    def payloads(self) -> PayloadStore:
        """Where gateways stage and fetch."""
        return self.vault

    def author(self, institution: str, ledger: Ledger | None = None) -> Author:
        """Speaks for an institution."""
        return Author(
            ledger or self.engine, self.gateways[institution].keystore.signer("gateway"), institution, self.clock
        )

    def enrol(
        self, public: bytes, institution: str, purpose: Purpose, keystore: FileKeystore, name: str, by: Author
    ) -> None:
        """Enrol a key on the ledger."""
        key = sha256(public).digest()
        opening = purpose is Purpose.OPENING
        proof = None if opening else keystore.signer(name).sign(possession_message(LEDGER, key, institution))
        now = self.clock.now_ms()
        suite = keystore.opener(name).suite if opening else None
        by.submit(
            KeyEnrolled(
                key,
                0 if opening else -19,
                public,
                institution,
                purpose,
                now - YEAR_MS,
                now + YEAR_MS,
                possession=proof,
                suite=suite,
            ),
            subject=institution,
        )

    def found(self, institution: str) -> None:
        """A gateway's own home, keystore and opening key."""
        keystore = self._keystore(self.home / "gateways" / institution / "keys", institution.encode(), fresh=True)
        public = keystore.generate("gateway", KeyKind.ED25519)
        self.enrol(public, institution, Purpose.GATEWAY, keystore, "gateway", self.office)
        own = Author(self.engine, keystore.signer("gateway"), institution, self.clock)
        self.enrol(keystore.generate("opening", KeyKind.XWING), institution, Purpose.OPENING, keystore, "opening", own)

    def start(self, institution: str, keystore: FileKeystore, home: Path, scanner: Scanner | None = None) -> Gateway:
        """Start (again) a gateway's process on its home."""
        outage, pauses = Outage(), []  # type: tuple[Outage, list[float]]
        store = FlakyStore(self.payloads(), outage)
        exchange = Exchange(
            database=home / "gateway.db",
            author=Author(FlakyLedger(self.engine, outage), keystore.signer("gateway"), institution, self.clock),
            payloads=store,
            openers=[keystore.opener(name) for name in keystore.names() if name.startswith("opening")],
            box=keystore,
            clock=self.clock,
            scanner=scanner,
            retry=Retry(sleep=pauses.append),
        )
        return Gateway(exchange, keystore, home, outage, store, pauses)

    def restart(self, institution: str, scanner: Scanner | None = None) -> Exchange:
        """A gateway comes back after its process died: a new process on the old home, recovered."""
        old = self.gateways[institution]
        old.exchange.close()
        self.gateways[institution] = self.start(institution, old.keystore, old.home, scanner)
        self.gateways[institution].exchange.recover()
        return self.gateways[institution].exchange

    @property
    def sender(self) -> Exchange:
        """The sender's exchange."""
        return self.gateways[SENDER].exchange

    @property
    def receiver(self) -> Exchange:
        """The receiver's exchange."""
        return self.gateways[RECEIVER].exchange

    def housekeeping(self) -> Housekeeping:
        """The server's own worker."""
        author = Author(self.engine, self.keys.signer("server"), OFFICE, self.clock)
        return Housekeeping(author, self.vault, self.clock)

    def acting(self, person: str) -> Acting:
        """Somebody who signed in with password and TOTP."""
        return Acting(person, Auth(AuthMethod.PASSWORD_TOTP, self.clock.now_ms()))

    def close(self) -> None:
        """Release every file."""
        for gateway in self.gateways.values():
            gateway.exchange.close()
        self.vault.close()
        self.engine.close()


def request(content: bytes = CONTENT, **changes: object) -> SendRequest:
    """One CSV for the receiver's named person."""
    values: dict[str, object] = {
        "receiver": RECEIVER,
        "documents": (document("kekka.csv", content),),
        "format": Format.STANDARD_CSV,
        "media_type": "text/csv",
        "persons": (NAMED,),
    } | changes
    return SendRequest(**values)  # type: ignore[arg-type]  # a mapping by construction
