"""Places: which browsers a person is known at, and whether a sign-in is from another.

Guarantees: a place is a random 256-bit value in a browser's cookie, stored as a digest and good on its own device only, so that a copied
or invented one is a new place; it signs nobody in. Refuses to decide by what a browser says of itself. Trusts: the TLS layer for the device.
"""

from __future__ import annotations

import secrets

from akashi.clock import Clock
from akashi.identity.model import Arrival, Policy
from akashi.identity.presence import rules
from akashi.identity.presence.model import Seat, Standing
from akashi.identity.presence.store import PresenceStore


class Places:
    """The places of one institution's people. Thread-safe."""

    def __init__(self, store: PresenceStore, policy: Policy, clock: Clock) -> None:
        self._store, self._policy, self._clock = store, policy, clock

    def look(self, person: str, device: str, arrival: Arrival | None) -> Seat:
        """Where an attempt comes from; ``person`` may be nobody, for the same work. A new browser gets a token."""
        if arrival is None:
            digest = rules.device_digest(device)
            return Seat(digest, self._store.standing(digest, person), self._store.is_listed(digest), browser=False)
        token = arrival.cookie or secrets.token_urlsafe(rules.PLACE_BYTES)
        digest = rules.place_digest(token)
        if self._store.place_device(digest) != device:
            token = secrets.token_urlsafe(rules.PLACE_BYTES)  # never take over a value that somebody else chose
            return Seat(rules.place_digest(token), Standing.NEW, listed=False, browser=True, token=token)
        return Seat(digest, self._store.standing(digest, person), self._store.is_listed(digest), browser=True)

    def settle(self, person: str, device: str, seat: Seat, *, elsewhere: bool) -> bool:
        """The person signed in here: remember the place; returns whether they must be asked first.

        ``elsewhere``: whether they are signed in at another browser or device just now.
        """
        asks = (
            seat.browser
            and self._policy.confirm_places
            and rules.asks_confirmation(
                seat.standing,
                own_places=self._store.known_places(person),
                elsewhere=elsewhere,
                institution_places=self._store.listed_places(),
                listed=seat.listed,
            )
        )
        standing = Standing.WAITING if asks else Standing.KNOWN
        if standing is not seat.standing:
            self._store.put_place(seat.digest, device, person, standing, self._clock.now_ms(), browser=seat.browser)
        return asks
