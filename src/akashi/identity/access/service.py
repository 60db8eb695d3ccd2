"""Machine clients of one institution: given a narrow credential by a manager, authenticated at every request, stopped at once.

Guarantees: a client acts only with its own device certificate and a bearer secret of 256 bits, both, from its networks, within its
actions, before its end; every failure looks the same and costs the same comparison and writes; failures lock the device that they came
from, so that nobody else can lock a client out; the secret is shown once and kept as a keyed hash. Uses are in the access journal before
anything is handed out, the first of each hour as an entry, the others as its count. Refuses to give a client what a person alone may
do. Trusts: the ledger for terms and device, the TLS layer for the certificate, the caller for the peer's address.

::

    issued = clients.enrol(session, "dev-…", ClientTerms(actions, until_ms, "per-…"), label="基幹システム")
    session = clients.authenticate(header, certificate_sha256, address)     # at every request
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from akashi.clock import Clock
from akashi.identity import events as identity
from akashi.identity.access import events
from akashi.identity.access.errors import ClientRefused, ClientTermsUnusable, NoSuchClient
from akashi.identity.access.model import Client, ClientAccount, ClientReason, ClientTerms, Issued
from akashi.identity.access.rules import (
    MAX_CLIENT_MS,
    MAX_OVERLAP_MS,
    decide_client_terms,
    decide_networks,
    decide_source,
)
from akashi.identity.access.store import ClientStore
from akashi.identity.handles import CLIENT, new_handle
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.model import Policy, Role, SecretBox, Session
from akashi.identity.permissions import CLIENT_ACTIONS, client_actions, client_bits
from akashi.identity.store import Database, Store
from akashi.ledger.author import Author, prepared
from akashi.ledger.errors import Refused
from akashi.ledger.model import AuthMethod
from akashi.ledger.port import Acknowledged
from akashi.ledger.rules import Denied

SECRET_BYTES = 32
MAX_LABEL = 80
OVERLAP_MS = 7 * 24 * 3600 * 1000
"""How long the secret before a new one goes on working, unless it is said otherwise."""
USE_WINDOW_MS = 3600 * 1000
_BEARER = re.compile(r"Bearer (cli-[0-9a-z]{4,32})\.([A-Za-z0-9_-]{43})", re.ASCII)


class Clients:
    """The machine clients of one institution. Thread-safe."""

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        author: Author,
        clock: Clock,
        journal: Journal,
        policy: Policy | None = None,
        *,
        alarm: Callable[[str], object] = lambda _device: None,
    ) -> None:
        """``alarm`` is told the device that was locked out, once per lock."""
        self._store, self._failures = ClientStore(database, box), Store(database)
        self._author, self._clock, self._journal = author, clock, journal
        self._policy, self._alarm = policy or Policy(), alarm
        self._key = self._store.key()
        self._lock = threading.Lock()
        self._uses: dict[str, tuple[int, int]] = {}
        """Client to begin of its present window and uses in it that are not in the journal yet."""

    # Giving and taking away

    def enrol(
        self, by: Session, device: str, terms: ClientTerms, *, label: str, networks: tuple[str, ...] = ()
    ) -> Issued:
        """A new client on the ledger, and its first secret. ``by``: a manager (the use case asked for the permission)."""
        self._check(terms, label, networks)
        client = prepared(by.approving, "client", lambda: new_handle(CLIENT))
        body = events.ClientEnrolled(
            client,
            self._author.institution,
            device,
            client_bits(terms.actions),
            terms.until_ms,
            terms.responsible,
            terms.counterpart,
        )
        said = self._worded(body, client, by)
        # The row comes first: a crash in between leaves a label of nobody, and never a client without its networks.
        self._store.insert(client, label, networks)
        try:
            self._author.ledger.submit(said)
        except Refused:
            self._store.remove(client)
            raise
        self._journal.record(What.CLIENT_CHANGED, session=by, subject=client, reason="client.enrolled")
        return self._issue(client, terms.until_ms, 0)

    def change(
        self, by: Session, client: str, terms: ClientTerms, *, networks: tuple[str, ...] | None = None
    ) -> Acknowledged:
        """Give the client these terms, and networks where they are given, from the next request on; all or nothing is checked first."""
        self._check(terms, "-", networks or ())
        old = self.client(client)
        body = events.ClientChanged(
            client, client_bits(terms.actions), terms.until_ms, terms.responsible, terms.counterpart
        )
        done = self._say(body, old.handle, by)
        self._journal.record(What.CLIENT_CHANGED, session=by, subject=client, reason="client.changed")
        if networks is not None:
            self.set_networks(by, client, networks)
        return done

    def set_networks(self, by: Session, client: str, networks: tuple[str, ...]) -> None:
        """From where the client may come, from the next request on; empty: from anywhere."""
        if isinstance(decide_networks(networks), Denied):
            raise ClientTermsUnusable(reason="client.network")
        self.client(client)
        self._store.set_networks(client, networks)
        self._journal.record(What.CLIENT_CHANGED, session=by, subject=client, reason="client.networks")

    def rotate(self, by: Session, client: str, *, overlap_ms: int = OVERLAP_MS) -> Issued:
        """A new secret; the ones before it go on for ``overlap_ms`` (0: end at once, for a suspected leak)."""
        found = self.client(client)
        if not 0 <= overlap_ms <= MAX_OVERLAP_MS or not found.enabled:
            raise ClientTermsUnusable(reason="client.overlap" if found.enabled else "client.disabled")
        issued = self._issue(client, found.until_ms, overlap_ms)
        self._journal.record(What.CLIENT_CHANGED, session=by, subject=client, reason="client.rotated")
        return issued

    def disable(self, by: Session, client: str, reason: ClientReason) -> Acknowledged:
        """Stop the client for good: no secret is good from this moment, and the ledger says so."""
        found = self.client(client)
        said = self._worded(events.ClientDisabled(client, reason), found.handle, by)
        # First here, where it stops at once, also if the ledger is away.
        self._store.drop_secrets(client)
        done = self._author.ledger.submit(said)
        self._journal.record(What.CLIENT_CHANGED, session=by, subject=client, reason="client.disabled")
        return done

    # Looking

    def client(self, name: str) -> Client:
        """One client of this institution. Raises :class:`NoSuchClient`, also for another institution's."""
        with self._author.ledger.view() as state:
            found = events.client(state, name)
        if found is None or found.institution != self._author.institution:
            raise NoSuchClient
        return found

    def clients(self) -> list[ClientAccount]:
        """All clients of this institution, with what only the gateway knows of them."""
        with self._author.ledger.view() as state:
            found = list(events.clients(state, self._author.institution))
        return [self._account(one) for one in found]

    # At every request

    def authenticate(self, header: str, certificate: bytes, address: str | None = None) -> Session:
        """The session of one request of a machine. Raises :class:`ClientRefused` whatever was wrong.

        ``header``: the value of ``Authorization``, ``Bearer cli-….<secret>``; ``certificate``: SHA-256 of the client certificate (DER).
        1. the device is not locked; 2. the secret is one of the client's own, live ones; 3. the certificate is the client's device's; 4.
        the peer is in its networks; 5. client, device, institution and responsible person are good on the ledger now.
        """
        now = self._clock.now_ms()
        given = _BEARER.fullmatch(header)
        name, secret = (given.group(1), given.group(2)) if given else ("cli-nobody", "")
        with self._author.ledger.view() as state:
            device = identity.device_of_certificate(state, certificate)
            found = events.client(state, name)
            mine = found is not None and found.institution == self._author.institution
            denied = events.decide_client(state, found if mine else None, now)
        matched = self._matches(name, secret, now)
        source = decide_source(self._store.networks(name) or (), address)
        reason = denied.reason if denied else "client.ok"
        if device is None or found is None or found.device != device.handle:
            reason = "client.device"
        elif isinstance(source, Denied):
            reason = source.reason
        if not matched:
            reason = "client.secret"
        place = device.handle if device is not None else "dev-nobody"
        if self._locked(place, now):
            reason = "client.locked"
        if reason != "client.ok" or found is None or device is None:
            self._refused(name if mine else None, place, reason, now)
            raise ClientRefused
        made = _session(found, certificate, now)
        self._used(made, now)
        return made

    def flush(self) -> int:
        """Write down the uses that were only counted; returns how many. At closing, and every hour or so."""
        with self._lock:
            waiting = {name: count for name, (_, count) in self._uses.items() if count}
            self._uses.clear()
        for name, count in waiting.items():
            self._journal.record(What.CLIENT_USED, institution=self._author.institution, person=name, count=count)
        return sum(waiting.values())

    # Behind the scenes

    def _check(self, terms: ClientTerms, label: str, networks: tuple[str, ...]) -> None:
        if terms.actions - CLIENT_ACTIONS:
            raise ClientTermsUnusable(reason="client.actions")
        for decision in (
            decide_client_terms(client_bits(terms.actions), terms.until_ms, self._clock.now_ms()),
            decide_networks(networks),
        ):
            if isinstance(decision, Denied):
                raise ClientTermsUnusable(reason=decision.reason)
        if not 0 < len(label) <= MAX_LABEL or any(unicodedata.category(c)[0] == "C" for c in label):
            raise ClientTermsUnusable(reason="client.label")

    def _issue(self, client: str, until_ms: int, overlap_ms: int) -> Issued:
        now = self._clock.now_ms()
        secret = secrets.token_urlsafe(SECRET_BYTES)
        ends = min(until_ms, now + MAX_CLIENT_MS)
        older = bool(self._store.secrets(client))
        self._store.add_secret(client, self._digest(secret), ends, now + overlap_ms)
        return Issued(client, f"{client}.{secret}", ends, now + overlap_ms if older else None)

    def _digest(self, secret: str) -> bytes:
        return hmac.new(self._key, sha256(secret.encode("utf-8", "surrogatepass")).digest(), sha256).digest()

    def _matches(self, name: str, secret: str, now: int) -> bool:
        """Constant time over all secrets, and the same work where there are none."""
        given, live = self._digest(secret), [row for row in self._store.secrets(name) if now < row.ends_ms]
        outcomes = [hmac.compare_digest(row.digest, given) for row in live] or [hmac.compare_digest(bytes(32), given)]
        return bool(live) and any(outcomes)

    def _locked(self, place: str, now: int) -> bool:
        return self._store.locked(f"client:{place}", now, self._policy.device_failures, self._policy.lock_ms)

    def _refused(self, name: str | None, place: str, reason: str, now: int) -> None:
        """Count and record the failure. While locked nothing more is recorded: a flood must not fill the journal."""
        if reason == "client.locked":
            return
        self._failures.charge(f"client:{place}", now, self._policy.device_failures, self._policy.lock_ms)
        of, told = self._author.institution, Outcome.REFUSED
        self._journal.record(What.CLIENT_USED, told, institution=of, person=name, device=place, reason=reason)
        if self._locked(place, now):
            self._journal.record(
                What.LOCKED_OUT, told, institution=of, person=name, device=place, reason="client.locked"
            )
            self._alarm(place)

    def _used(self, session: Session, now: int) -> None:
        with self._lock:
            begun, count = self._uses.get(session.person, (None, 0))
            fresh = begun is None or not 0 <= now - begun < USE_WINDOW_MS
            self._uses[session.person] = (now, 0) if fresh or begun is None else (begun, count + 1)
        if fresh:
            # The count is of those before: this entry is itself the newest use.
            self._journal.record(What.CLIENT_USED, session=session, count=count + 1)

    def _account(self, one: Client) -> ClientAccount:
        label, networks = self._store.details(one.handle) or ("", ())
        ends = tuple(row.ends_ms for row in self._store.secrets(one.handle))
        return ClientAccount(one, label, networks, ends)

    def _say(self, body: object, subject: str, by: Session) -> Acknowledged:
        return self._author.ledger.submit(self._worded(body, subject, by))

    def _worded(self, body: object, subject: str, by: Session) -> bytes:
        """The signed operation, not yet submitted: a person who must approve it first is asked here, before anything is kept."""
        return self._author.compose(
            body, subject=subject, person=by.person, device=by.device, auth=by.auth, approving=by.approving
        )


def _session(of: Client, certificate: bytes, now: int) -> Session:
    """One request long: no token, nothing to steal but the secret itself. Its id is the client's, so that a trail shows whose it was."""
    id_ = sha256(b"akashi/client/1\x00" + of.handle.encode()).digest()
    made = Session(id_, of.handle, of.institution, of.device, Role(0), AuthMethod.CLIENT, certificate, now, now, "")
    return replace(made, actions=client_actions(of.actions), counterpart=of.counterpart, proved_ms=now)
