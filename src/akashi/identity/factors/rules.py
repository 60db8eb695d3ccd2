"""Pure decisions about codes, counters and challenges. No file, clock, database or random source in here.

Guarantees: the same input gives the same answer; what a person types is read in any width and case.

>>> normal_code("ｋ3ｍ9-0O1l-abcd-efgh")
'k3m90011abcdefgh'
"""

from __future__ import annotations

import unicodedata
from hashlib import sha256

from akashi.ledger.rules import Allowed, Denied

CODE_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u."""
CODE_LENGTH = 16
"""80 bits: too many to try, so a plain SHA-256 of a code is stored."""
TOTP_DIGITS = 6
CHALLENGE_MS = 5 * 60 * 1000
FEW_LEFT = 3
MOST_FACTORS = 20
MAX_LABEL = 60
_READ_AS = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def normal_code(typed: str) -> str:
    """A typed code without hyphens and spaces, in lower case, with the letters that Crockford reads as digits."""
    return unicodedata.normalize("NFKC", typed).strip().lower().translate(_READ_AS)


def is_totp(typed: str) -> bool:
    """Has it the form of an authenticator app's code?"""
    given = unicodedata.normalize("NFKC", typed).strip()
    return len(given) == TOTP_DIGITS and given.isascii() and given.isdigit()


def is_long_code(code: str) -> bool:
    """Has a normal code the form of a recovery or temporary code?"""
    return len(code) == CODE_LENGTH and all(c in CODE_ALPHABET for c in code)


def shown_code(code: str) -> str:
    """Four groups of four, to be written down."""
    return "-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4))


def code_digest(purpose: str, person: str, code: str) -> bytes:
    """What is stored of a code: ``SHA-256("akashi/" purpose "/1" 00 person 00 code)``."""
    return sha256(f"akashi/{purpose}/1\x00{person}\x00{code}".encode("utf-8", "surrogatepass")).digest()


def decide_counter(last: int, given: int) -> Allowed | Denied:
    """Did a passkey's signature counter move forward (WebAuthn 6.1.1)? Authenticators without one always say zero.

    >>> decide_counter(0, 0), decide_counter(7, 8), decide_counter(7, 7)
    (Allowed(), Allowed(), Denied(reason='factor.cloned'))
    """
    if given > last or (given == 0 and last == 0):
        return Allowed()
    return Denied("factor.cloned")


def normal_label(label: str) -> str:
    """A person's own word for a factor: one line, bounded, without control characters."""
    plain = "".join(c for c in unicodedata.normalize("NFC", label) if unicodedata.category(c)[0] != "C")
    return " ".join(plain.split())[:MAX_LABEL]
