"""Pure decisions about who may exist and who may act. No file, clock, database or random source in here.

Guarantees: ``decide_*`` return ``Allowed`` or ``Denied(reason)`` with a stable short reason; what is missing is denied.
Refuses: mixed institutions (a secretariat that also sends or receives) and people whose roles their institution does not
have, so that the secretariat is closed by construction (DESIGN 3) and only an assessor has people who assess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from hashlib import sha256

from akashi.identity.model import (
    ALL_INSTITUTION_ROLES,
    ALL_ROLES,
    Device,
    Institution,
    InstitutionRole,
    Person,
    Policy,
    Role,
    Session,
)
from akashi.ledger.model import AuthMethod
from akashi.ledger.rules import Allowed, Denied

MIN_ALONE, MIN_WITH_FACTOR, MAX_PASSWORD = 13, 8, 256
ENOUGH_ALONE, ENOUGH_WITH_FACTOR = 10.0, 6.5
"""Decimal logarithms of the guesses that a password must stand: zxcvbn's class 4 alone, its class 2 and a little beside a second factor and the lock-out."""
MIN_OWN_WORD, MIN_OWN_KANJI = 3, 2
TOTP_PERIOD_S, TOTP_DRIFT = 30, 1
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}", re.ASCII)
_COMMON = (
    "password", "passwort", "passcode", "passwd", "pass", "iloveyou", "administrator", "admin", "welcome", "letmein", "qwertyuiop",
    "qwerty", "asdfghjkl", "asdfgh", "asdf", "zxcvbnm", "zxcvbn", "zxcv", "qazwsxedc", "qazwsx", "abcdefghij", "abcdefgh", "abcdef", "abcd",
    "abc", "princess", "dragon", "monkey", "sunshine", "football", "baseball", "master", "superman", "pokemon", "doraemon", "changeme",
    "secret", "default", "guest", "user", "login", "test", "root", "system", "server", "manager", "hospital", "clinic", "medical", "doctor",
    "nurse", "kenshin", "kango", "byouin", "byoin", "iryou", "iryo", "sakura", "tokyo", "osaka", "nagoya", "kyoto", "nippon", "nihon", "japan",
    "hello", "computer", "internet", "windows", "microsoft", "google", "summer", "winter", "spring", "autumn", "january", "february",
    "march", "april", "june", "july", "august", "september", "october", "november", "december", "akashi", "reiwa", "heisei", "showa",
    "1q2w3e4r5t", "1q2w3e4r", "1qaz2wsx", "q1w2e3r4", "zaq12wsx", "trustno",
)  # fmt: skip
"""What people take first, and whoever guesses tries first; with digits and signs around it, it is no better."""
_COMMON_WORDS = re.compile("|".join(sorted(_COMMON, key=len, reverse=True)))
_LOOKALIKES = str.maketrans("01345789@$!|", "oleastbgasil")
_LEFT_OVER = 4
_HANDS = InstitutionRole.SENDER | InstitutionRole.RECEIVER | InstitutionRole.AGENT
_ALONE = Role.MAINTENANCE | Role.EMERGENCY
_ASSESSING = Role.ASSESSOR | Role.COMMITTEE | Role.BOARD


def decide_institution(roles: int) -> Allowed | Denied:
    """May an institution have ``roles``? A secretariat does nothing else."""
    if not 0 < roles <= ALL_INSTITUTION_ROLES:
        return Denied("institution.roles")
    if roles & InstitutionRole.SECRETARIAT and roles & ~int(InstitutionRole.SECRETARIAT):
        return Denied("institution.roles_mixed")
    return Allowed()


def decide_roles(institution: Institution | None, roles: int) -> Allowed | Denied:
    """May a person of ``institution`` have ``roles``?"""
    if institution is None:
        return Denied("institution.unknown")
    if not institution.enabled:
        return Denied("institution.disabled")
    if not 0 < roles <= ALL_ROLES:
        return Denied("person.roles")
    if roles & Role.SECRETARIAT and not institution.roles & InstitutionRole.SECRETARIAT:
        return Denied("person.roles_institution")
    if roles & (Role.OPERATOR | Role.APPROVER) and not institution.roles & _HANDS:
        return Denied("person.roles_institution")
    if roles & _ASSESSING and not institution.roles & InstitutionRole.ASSESSOR:
        return Denied("person.roles_institution")
    return _decide_alone(institution, roles)


def _decide_alone(institution: Institution, roles: int) -> Allowed | Denied:
    """A visitor and a break-glass account are nothing else besides; patients have no accounts yet."""
    if roles & Role.PATIENT:
        return Denied("person.roles_patient")
    if roles & _ALONE and roles not in (int(Role.MAINTENANCE), int(Role.EMERGENCY)):
        return Denied("person.roles_alone")
    if roles & Role.EMERGENCY and not institution.roles & _HANDS:
        return Denied("person.roles_institution")  # what it opens is results: the secretariat stays closed
    return Allowed()


def decide_manager(actor: Person | None, named: bool, institution: str) -> Allowed | Denied:
    """May the acting person manage people of ``institution``? A gateway alone (``named`` false) may: it enrols the first one."""
    if not named:
        return Allowed()
    if actor is None or not actor.enabled or actor.institution != institution:
        return Denied("actor.person")
    if not actor.roles & Role.MANAGER:
        return Denied("actor.roles")
    return Allowed()


def decide_actor(
    institution: Institution | None, person: Person | None, device: Device | None, certificate: bytes, at_ms: int
) -> Allowed | Denied:
    """May ``person`` work on ``device`` (reached with ``certificate``, its SHA-256) at ``at_ms``? Asked at every request."""
    if institution is None or not institution.enabled:
        return Denied("institution.disabled")
    if person is None or not person.enabled or person.institution != institution.handle:
        return Denied("person.disabled")
    if device is None or device.institution != institution.handle:
        return Denied("device.institution")
    return decide_device(device, certificate, at_ms)


def decide_device(device: Device | None, certificate: bytes, at_ms: int) -> Allowed | Denied:
    """Is ``device`` good at ``at_ms`` and is ``certificate`` (SHA-256) its certificate?"""
    if device is None or device.certificate != certificate:
        return Denied("device.unknown")
    if device.revoked_ms is not None:
        return Denied("device.revoked")
    if not device.from_ms <= at_ms < device.to_ms:
        return Denied("device.validity")
    return Allowed()


def decide_login(login: str) -> Allowed | Denied:
    """Is ``login`` of the allowed form (3 to 64 of a-z, 0-9, dot, underscore, hyphen)?"""
    return Allowed() if _LOGIN.fullmatch(login) else Denied("login.form")


def decide_password(
    password: str, *, with_factor: bool, own: Iterable[str] = (), guesses: Callable[[], float] | None = None
) -> Allowed | Denied:
    """Is ``password`` good enough? ``own``: id, name, institution, which must not occur in it (guideline 14.1.1).

    ``guesses`` (``factors.strength``) is asked last: the decimal logarithm of the guesses that it stands.

    >>> decide_password("abcdefg1", with_factor=False)
    Denied(reason='password.short')
    """
    if len(password) > MAX_PASSWORD:
        return Denied("password.long")
    if len(password) < (MIN_WITH_FACTOR if with_factor else MIN_ALONE):
        return Denied("password.short")
    if not any(c.isalpha() for c in password) or not any(c.isdecimal() for c in password):
        return Denied("password.mix")
    if len(set(password)) < 5:
        return Denied("password.repeats")
    folded = fold(password)
    if is_common(folded):
        return Denied("password.common")
    for word in own:
        pieces = re.split(r"[\s._\-・]+", fold(word))
        # Two kanji are a name, two letters are not.
        if any(len(p) >= (MIN_OWN_WORD if p.isascii() else MIN_OWN_KANJI) and p in folded for p in pieces):
            return Denied("password.own")
    if guesses is not None and guesses() < (ENOUGH_WITH_FACTOR if with_factor else ENOUGH_ALONE):
        return Denied("password.guessable")
    return Allowed()


def is_common(folded: str) -> bool:
    """Is hardly anything left of it without the words that everybody takes? Signs for letters count as the letters.

    >>> is_common("p@ssw0rd2026!"), is_common("horse-battery-9-staple")
    (True, False)
    """
    left = [True] * len(folded)
    for text in (folded, folded.translate(_LOOKALIKES)):
        for found in _COMMON_WORDS.finditer(text):
            left[found.start() : found.end()] = [False] * (found.end() - found.start())
    return not all(left) and sum(keep and c.isalpha() for keep, c in zip(left, folded, strict=True)) < _LEFT_OVER


def is_long(password: str) -> bool:
    """Would the password do without a second factor?"""
    return len(password) >= MIN_ALONE


def fold(text: str) -> str:
    """Full-width and letter case made equal, for comparing what people type."""
    return unicodedata.normalize("NFKC", text).casefold()


def totp_steps(now_ms: int) -> range:
    """The TOTP time steps accepted now: one before to one after (RFC 6238 section 5.2), ascending."""
    step = now_ms // 1000 // TOTP_PERIOD_S
    return range(step - TOTP_DRIFT, step + TOTP_DRIFT + 1)


def decide_session(session: Session, certificate: bytes, now_ms: int, policy: Policy) -> Allowed | Denied:
    """Is the session still good on the device with ``certificate``? A clock that stepped back far ends it too."""
    if session.certificate != certificate:
        return Denied("session.device")
    if now_ms - session.started_ms >= policy.absolute_ms:
        return Denied("session.absolute")
    if now_ms - session.seen_ms >= policy.idle_ms:
        return Denied("session.idle")
    if session.started_ms - now_ms > policy.idle_ms:
        return Denied("session.clock")
    return Allowed()


def decide_passkey(roles: Role, method: AuthMethod, policy: Policy, passkeys: int) -> Allowed | Denied:
    """May a sign-in by ``method`` do more than enrol a passkey? ``passkeys``: how many the person has in force.

    Denied with ``passkey.owed``: it may only enrol one, which they lack or said to have lost. With ``passkey.there``: not even that, for whoever
    knows password and code would enrol a passkey of their own beside the person's. A break-glass account has no authenticator on purpose.
    """
    if (
        not roles & policy.passkey
        or roles & Role.EMERGENCY
        or method in (AuthMethod.PASSKEY, AuthMethod.PASSWORD_PASSKEY)
    ):
        return Allowed()
    lost = method in (AuthMethod.TEMPORARY, AuthMethod.PASSWORD_RECOVERY)
    return Denied("passkey.there" if passkeys and not lost else "passkey.owed")


def standing_failures(count: int, last_ms: int, now_ms: int, lapse_ms: int) -> int:
    """How many of ``count`` failures still stand: all until ``lapse_ms`` after the last, then none; a clock far off clears them too."""
    return count if abs(now_ms - last_ms) < lapse_ms else 0


def directory_commitment(institution: str, name: str, salt: bytes) -> bytes:
    """What the ledger records of an institution's name: ``SHA-256("akashi/directory/1" 00 || salt || handle || 00 || name)``."""
    body = salt + institution.encode() + b"\x00" + unicodedata.normalize("NFC", name).encode()
    return sha256(b"akashi/directory/1\x00" + body).digest()
