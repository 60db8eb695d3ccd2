"""Pure decisions about places, proofs and budgets.

Guarantees: the same facts give the same decision; what is missing asks or refuses. Refuses to read what a browser says of itself
beyond a few words that we know.

>>> browser_of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0")
'edge_windows'
>>> browser_of("curl/8.5.0")
'other'
"""

from __future__ import annotations

from hashlib import sha256

from akashi.identity.model import Policy, Session
from akashi.identity.presence.model import Standing
from akashi.ledger.model import AuthMethod
from akashi.ledger.rules import Allowed, Denied

PLACE_BYTES = 32
KEY_LENGTH = 16
_FAMILIES = (
    ("edg/", "edge"), ("firefox/", "firefox"), ("fxios/", "firefox"), ("crios/", "chrome"), ("chrome/", "chrome"),
    ("chromium/", "chrome"), ("safari/", "safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("android", "android"),
    ("windows", "windows"),
    ("mac os", "macos"),
    ("linux", "linux"),
)


def browser_of(said: str) -> str:
    """Family and system of a browser in our own words, from its ``User-Agent``; ``other`` where we do not know it."""
    text = said[:512].lower()
    family = next((name for mark, name in _FAMILIES if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return f"{family}_{system}" if family and system else family or "other"


def place_digest(cookie: str) -> bytes:
    """What is stored and recorded of a place cookie: ``SHA-256("akashi/place/1" 00 || value)``."""
    return sha256(b"akashi/place/1\x00" + cookie.encode("utf-8", "surrogatepass")).digest()


def device_digest(device: str) -> bytes:
    """The place of somebody who comes without a browser: their device alone; no cookie gives it (its label differs)."""
    return sha256(b"akashi/place/device/1\x00" + device.encode()).digest()


def asks_confirmation(
    standing: Standing, *, own_places: int, elsewhere: bool, institution_places: int, listed: bool
) -> bool:
    """Must the question be asked (seed 000: the browsers of an institution are limited, and others are asked about)?

    A place that the person is known at is never asked about. Any other is, if they are known elsewhere or are signed in elsewhere, or if the
    institution has a list and it is not on it. So nobody is asked in the very first browser of an institution, nor a newcomer in a browser
    of their colleagues.
    """
    if standing is Standing.KNOWN:
        return False
    return own_places > 0 or elsewhere or (institution_places > 0 and not listed)


def decide_proof(session: Session, now_ms: int, policy: Policy) -> Allowed | Denied:
    """Is the session's last proof fresh enough for a critical action? A machine client proves itself with every request."""
    if session.method is AuthMethod.CLIENT:
        return Allowed()
    proved = session.proved_ms or session.started_ms
    if not -policy.proof_ms <= now_ms - proved < policy.proof_ms:
        return Denied("session.proof")
    return Allowed()


def decide_budget(failures: int, *, known: bool, policy: Policy) -> Allowed | Denied:
    """May an attempt be made while ``failures`` of the whole institution stand? From a known place always."""
    if not known and failures >= policy.spray_failures:
        return Denied("locked")
    return Allowed()


def stay_key(session_id: bytes) -> str:
    """How a session is named in lists: the first 64 bits of its id, which is a digest; worth nothing to who has it.

    >>> stay_key(bytes(32))
    '0000000000000000'
    """
    return session_id.hex()[:KEY_LENGTH]
