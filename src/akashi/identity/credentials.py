"""Passwords, one-time codes and session tokens.

Guarantees: passwords are kept as argon2id (RFC 9106) only, and hashing runs at most so many times at once, so that a flood of
sign-ins does not take the machine's memory; an unknown login costs the same time as a known one. A TOTP code is matched
in constant time; that it is used once is the store's promise. Refuses to show a secret in ``repr`` or messages.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from queue import SimpleQueue
from typing import TypeVar

import argon2
import pyotp

from akashi.identity.factors.errors import SignInBusy
from akashi.identity.factors.hashing import HashingProcess
from akashi.identity.rules import totp_steps

T = TypeVar("T")
TOKEN_BYTES = 32
_TOKEN_LENGTH = 43


class Hasher:
    """argon2id with RFC 9106's low-memory parameters by default (64 MiB, 3 passes, 4 lanes). Thread-safe.

    ``at_once`` hash, ``waiting`` more wait for a turn; who comes then gets ``SignInBusy`` at once, whoever they are. A hash alone
    keeps as many processors busy as it has lanes, so that by default more than one at once run only where there are more. A service
    hashes in processes of their own (:meth:`stand_apart`), everything else in threads.
    """

    def __init__(
        self,
        *,
        at_once: int | None = None,
        waiting: int = 16,
        passes: int = 3,
        memory_kib: int = 65_536,
        lanes: int = 4,
    ) -> None:
        self._at_once = at_once = at_once or max(1, (os.cpu_count() or 1) // lanes)
        self._argon = argon2.PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._turns = ThreadPoolExecutor(at_once, "akashi-hash")
        self._process = partial(HashingProcess, passes=passes, memory_kib=memory_kib, lanes=lanes)
        self._apart: list[HashingProcess] = []
        self._free: SimpleQueue[HashingProcess] = SimpleQueue()
        self._dummy = self._argon.hash(secrets.token_hex(16))

    def stand_apart(self) -> None:
        """Hash in processes of their own from now on, for a service whose other work must not wait; :meth:`close` ends them."""
        self._apart = [self._process() for _ in range(self._at_once)]
        for one in self._apart:
            self._free.put(one)

    def close(self) -> None:
        """End the processes, if there are any, once what they are at is done."""
        for one in self._apart:
            one.close()

    def _in_turn(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise SignInBusy
        try:
            return self._turns.submit(work).result()
        finally:
            self._places.release()

    def hash(self, password: str) -> str:
        """The encoded hash with a fresh salt. Raises :class:`SignInBusy`, ``HashingStopped``."""
        return self._in_turn(lambda: self._hashed(_prepared(password)))

    def verify(self, encoded: str | None, password: str) -> bool:
        """Does ``password`` match? Without a hash (no such login, none set) the same work is done and the answer is no.

        Raises :class:`SignInBusy`, ``HashingStopped``.
        """
        matched = self._in_turn(lambda: self._verified(encoded or self._dummy, _prepared(password)))
        return matched and encoded is not None

    def _hashed(self, password: bytes) -> str:
        if not self._apart:
            return self._argon.hash(password)
        with self._one_apart() as process:
            return process.hash(password)

    def _verified(self, encoded: str, password: bytes) -> bool:
        if self._apart:
            with self._one_apart() as process:
                return process.verify(encoded, password)
        try:
            return self._argon.verify(encoded, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    @contextmanager
    def _one_apart(self) -> Iterator[HashingProcess]:
        process = self._free.get()
        try:
            yield process
        finally:
            self._free.put(process)

    def is_outdated(self, encoded: str) -> bool:
        """Was the hash made with other parameters than today's?"""
        return self._argon.check_needs_rehash(encoded)


def _prepared(password: str) -> bytes:
    # An input method may give full-width letters: what looks the same is the same (NFKC, as RFC 8265 profiles do for width).
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def new_seed() -> str:
    """A TOTP seed: 160 bits in base 32 (RFC 4226 section 4, R6)."""
    return pyotp.random_base32()


def seed_uri(seed: str, login: str) -> str:
    """The ``otpauth:`` URI for an authenticator app; secret, to be shown once."""
    return pyotp.TOTP(seed).provisioning_uri(name=login, issuer_name="Akashi")


def matching_step(seed: str, code: str, now_ms: int) -> int | None:
    """The time step whose code (RFC 6238, six digits) is ``code``, within one step of now; all are compared, always."""
    totp = pyotp.TOTP(seed)
    given = unicodedata.normalize("NFKC", code).strip().encode("utf-8", "surrogatepass")
    found = None
    for step in totp_steps(now_ms):
        if step >= 0 and hmac.compare_digest(totp.generate_otp(step).encode(), given):
            found = step
    return found


def new_token() -> str:
    """A session token: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_id(token: str) -> bytes:
    """What is stored and logged of a token: its SHA-256 under a label."""
    return sha256(b"akashi/session/1\x00" + token.encode("utf-8", "surrogatepass")).digest()
