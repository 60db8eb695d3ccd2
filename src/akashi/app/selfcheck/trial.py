"""Test accounts and test devices: made for one probe, stopped for good when it ends, whatever happens.

Guarantees: a test account's login begins with ``probe-``; it is disabled and its device revoked on the ledger before the probe's result is
used; passwords and seeds stay in memory and differ each time. Refuses: to leave one standing after an error. Trusts the clock of the
gateway for one-time codes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyotp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.app.device_requests import Ask, DeviceRequest, sign_request
from akashi.app.gateway.home import GATEWAY_KEY, Gateway
from akashi.app.selfcheck.context import TRIAL_LOGIN, SelfContext
from akashi.conformity.errors import Unreached
from akashi.errors import AkashiError
from akashi.identity.errors import SignInFailed, WeakPassword
from akashi.identity.events import person as person_of
from akashi.identity.lifecycle.standing import has_departments
from akashi.identity.model import DeviceReason, PersonReason, Role, Session
from akashi.identity.service import Accounts

_NAME = "自己点検の試験用"
_PERIOD_S = 30
_LETTERS = "bdfghjkmqtvwxz23456789"


@dataclass
class Trial:
    """One test account of the gateway, at work."""

    here: SelfContext = field(repr=False)
    person: str
    login: str = field(repr=False)
    password: str = field(default="", repr=False)
    seed: str = field(default="", repr=False)

    @property
    def accounts(self) -> Accounts:
        """The gateway's accounts."""
        return self.here.gateway.accounts

    def offer(self, password: str) -> str:
        """Try to set a password: empty if it was taken, else why not."""
        try:
            self.accounts.set_password(self.person, password)  # the institution's own test account
        except WeakPassword as error:
            return str(error.params.get("reason", "refused"))
        self.password = password
        return ""

    def equip(self) -> None:
        """A one-time code generator, and a password that any rule lets pass."""
        self.renew_seed()
        if not self.password and self.offer(strong_password()):
            raise Unreached(reason="trial.password")

    def renew_seed(self) -> None:
        """A fresh seed in force, so that the present code is unused. Raises ``SignInFailed`` where none is taken."""
        self.seed = self.accounts.enrol_totp(self.person).secret
        try:
            self._confirm()
        except SignInFailed:
            self._confirm()  # a period ended between making the code and its being looked at

    def _confirm(self) -> None:
        before = self.here.gateway.clock.now_ms() // 1000 - _PERIOD_S
        self.accounts.confirm_totp(self.person, pyotp.TOTP(self.seed).at(before))

    def code(self, ahead_ms: int = 0) -> str:
        """The present one-time code, or that of a later moment."""
        return pyotp.TOTP(self.seed).at((self.here.gateway.clock.now_ms() + ahead_ms) // 1000)

    def sign_in(self, certificate: bytes) -> Session:
        """Sign in with both factors on the device of ``certificate`` (SHA-256)."""
        self.renew_seed()
        return self.accounts.sign_in(self.login, self.password, self.code(), certificate)


def strong_password() -> str:
    """20 consonants and digits, never the same; without the letters of handles, names and common words, so that no rule finds one in it."""
    return "".join(secrets.choice(_LETTERS) for _ in range(17)) + "7q2"


@contextmanager
def trial_person(here: SelfContext, roles: Role = Role.AUDITOR) -> Iterator[Trial]:
    """A test account of the gateway while the block runs. Raises what ``Accounts.add_person`` raises."""
    login = f"{TRIAL_LOGIN}{secrets.token_hex(4)}"
    person = here.gateway.accounts.add_person(login=login, name=_NAME, roles=roles, by=introducer(here))
    try:
        yield Trial(here, person, login)
    finally:
        if is_active(here, person):
            here.gateway.accounts.disable(person, PersonReason.UNUSED, by=here.by)


def introducer(here: SelfContext) -> Session | None:
    """In whose name a test account gets its role. Where there are departments no manager gives one alone: then, if the caller manages
    people at all, in the institution's own name. Raises ``NotPermitted``.
    """
    with here.gateway.ledger.view() as state:
        applied_for = has_departments(state, here.gateway.institution)
    if here.by is None or not applied_for:
        return here.by
    here.gateway.accounts.require(here.by, "person.manage")
    return None


def is_active(here: SelfContext, person: str) -> bool:
    """Whether the person is enabled on the ledger."""
    with here.gateway.ledger.view() as state:
        known = person_of(state, person)
    return known is not None and known.enabled


def retire_leftovers(here: SelfContext) -> int:
    """Stop the test accounts of a self check that was killed; returns how many."""
    accounts = here.gateway.accounts
    left = [
        one.person for one in accounts.accounts() if one.login.startswith(TRIAL_LOGIN) and is_active(here, one.person)
    ]
    for person in left:
        accounts.disable(person, PersonReason.UNUSED, by=here.by)
    return len(left)


@dataclass(frozen=True)
class TrialDevice:
    """A test device on the ledger; ``digest``: SHA-256 of its certificate."""

    handle: str
    digest: bytes
    certificate: bytes = field(repr=False)
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    revoke: Revoke = field(repr=False)


class Revoke:
    """Revokes one device, once."""

    def __init__(self, here: SelfContext, device: str) -> None:
        self._here, self._device, self.done = here, device, False

    def __call__(self) -> None:
        """Refuse the device from now on."""
        if self.done:
            return
        if self._here.server is not None:
            self._here.server.revoke_device(self._device, DeviceReason.RETIRED)
        else:
            _ask(self._here.gateway, "/api/v1/devices/revoke", Ask.REVOKE, self._device, bytes([DeviceReason.RETIRED]))
        self.done = True


@contextmanager
def trial_device(here: SelfContext, person: str) -> Iterator[TrialDevice]:
    """A test device in the name of a test account while the block runs. Raises :class:`Unreached` without a server to enrol it."""
    key = ec.generate_private_key(ec.SECP256R1())
    if here.server is not None:
        issued = here.server.issue_device(here.gateway.institution, person, key.public_key())
        handle, pem = issued.device, issued.certificate
    else:
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        answer = _ask(here.gateway, "/api/v1/devices", Ask.ISSUE, person, spki)
        handle, pem = str(answer["device"]), str(answer["certificate"]).encode()
    revoke = Revoke(here, handle)
    try:
        digest = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256())
        yield TrialDevice(handle, digest, pem, key, revoke)
    finally:
        revoke()


def _ask(gateway: Gateway, path: str, ask: Ask, subject: str, detail: bytes) -> dict[str, object]:
    channel = gateway.line.channel
    if channel is None:
        raise Unreached(reason="server")
    request = DeviceRequest(ask, gateway.institution, subject, gateway.clock.now_ms(), detail)
    signed = sign_request(gateway.keystore.signer(GATEWAY_KEY), gateway.ledger.ledger_id, request)
    return dict(channel.call("POST", path, content=signed).json())


def refuses(kind: type[AkashiError], call: Callable[[], object]) -> bool:
    """Whether calling raises exactly this kind of error; another error of ours counts as not refused."""
    try:
        call()
    except kind:
        return True
    except AkashiError:
        return False
    return False
