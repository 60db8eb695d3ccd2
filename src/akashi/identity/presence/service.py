"""Who is signed in where, and the answers to "was this you?".

Guarantees: a yes is on the ledger before it counts; a no counts at once, also while the server is away: every session of the person ends and
nobody signs in to the account from that place again. A suspected leak stops passwords, factors and sessions of a person together until
a reset lifts it. Refuses nothing for missing rights: that is asked by ``app.people.presence``.

::

    session = accounts.sign_in(login, password, code, certificate, Arrival(cookie, browser_of(user_agent)))
    if session.unconfirmed:
        session = presence.confirm(session, Answer.YES)
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.identity.access.rules import decide_access, standing_of
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.model import Session
from akashi.identity.presence import rules
from akashi.identity.presence.alerts import Alerts
from akashi.identity.presence.errors import StayUnknown
from akashi.identity.presence.events import AccessConfirmed
from akashi.identity.presence.model import AlertKind, Answer, Standing, Stay
from akashi.identity.presence.store import PresenceStore
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.rules import Allowed


class Presence:
    """The sessions and places of one institution's people. Thread-safe."""

    def __init__(self, database: Database, author: Author, accounts: Accounts, clock: Clock) -> None:
        self._store = PresenceStore(database)
        self._author, self._accounts, self._clock = author, accounts, clock

    @property
    def alerts(self) -> Alerts:
        """Where alerts are raised and acknowledged."""
        return self._accounts.alerts

    @property
    def _journal(self) -> Journal:
        return self._accounts.journal

    def stays(self, person: str, asking: Session | None = None) -> list[Stay]:
        """The open sessions of a person, the newest first; ``asking`` is marked as the one that is looking."""
        found = []
        for session in self._accounts.sessions(person):
            row = self._store.stay(session.id)
            here = asking is not None and asking.id == session.id
            found.append(Stay(rules.stay_key(session.id), session, row.browser if row else "none", here))
        return sorted(found, key=lambda one: -one.session.started_ms)

    def stay(self, person: str, key: str) -> Session:
        """One open session of a person. Raises :class:`StayUnknown`."""
        for one in self.stays(person):
            if one.key == key:
                return one.session
        raise StayUnknown

    def confirm(self, session: Session, answer: Answer) -> Session:
        """Answer the question about a second place; the session as it goes on. After a no it has ended.

        A session that is not asked stays as it is.
        """
        if not session.unconfirmed or session.place is None:
            return session
        if answer is Answer.NO:
            self._deny(session, session.place, session.device)
            return session
        self._say(session, session.place, session.device, answer)
        now = self._clock.now_ms()
        self._journal.record(What.SECOND_PLACE, session=session, reason="yes")
        self._store.put_place(session.place, session.device, session.person, Standing.KNOWN, now, browser=True)
        self._store.confirm_stay(session.id)
        # Told to the person where they were before: whoever stole the secrets would have answered yes as well.
        self.alerts.raise_(AlertKind.SECOND_PLACE, session.person)
        return replace(session, unconfirmed=False)

    def disown(self, session: Session, key: str) -> None:
        """Say that another session is not theirs: as a no, from another session of the same person. Raises :class:`StayUnknown`.

        Where it has no browser (a program, the command line) there is no place to bar: all sessions end, for the secrets are known.
        """
        other = self.stay(session.person, key)
        if other.place is None:
            self.alerts.raise_(AlertKind.PLACE_DENIED, session.person)
            self._accounts.sign_out_everywhere(session.person, reason="session.denied")
            return
        self._deny(session, other.place, other.device)

    def suspect_leak(self, person: str, by: Session | None = None) -> int:
        """Stop a person's password, factors and sessions at once, until :meth:`lift`; returns how many sessions ended."""
        self._store.block(person, self._clock.now_ms())
        ended = self._accounts.sign_out_everywhere(person, reason="person.leak")
        self._journal.record(
            What.SESSION_ENDED,
            session=by,
            institution=self._accounts.institution,
            subject=person,
            count=ended,
            reason="person.leak",
        )
        self.alerts.raise_(AlertKind.SUSPECTED_LEAK, person)
        return ended

    def may(self, session: Session, action: str) -> bool:
        """Whether the session's roles allow an action, asked without recording a refusal: for narrowing what is shown."""
        return isinstance(decide_access(standing_of(session), action), Allowed)

    def is_stopped(self, person: str) -> bool:
        """Whether a leak is suspected and no reset lifted it yet."""
        return self._store.blocked(person)

    def lift(self, person: str) -> bool:
        """After a reset with an identity check and new secrets; false if nothing was stopped."""
        return self._store.unblock(person)

    def _deny(self, session: Session, place: bytes, device: str) -> None:
        now = self._clock.now_ms()
        self._store.put_place(place, device, session.person, Standing.DENIED, now, browser=True)
        self._journal.record(What.SECOND_PLACE, Outcome.REFUSED, session=session, subject=device, reason="no")
        self.alerts.raise_(AlertKind.PLACE_DENIED, session.person)
        self._accounts.sign_out_everywhere(session.person, reason="session.denied")
        # A no is in force already and waits for nobody's key: the gateway says it for them.
        with suppress(Unavailable):  # the journal has it, and its head goes on the ledger later
            self._say(replace(session, approving=None), place, device, Answer.NO)

    def _say(self, session: Session, place: bytes, device: str, answer: Answer) -> None:
        body = AccessConfirmed(session.person, device, place, answer)
        try:
            self._author.submit(
                body,
                subject=session.person,
                person=session.person,
                device=session.device,
                auth=session.auth,
                approving=session.approving,
            )
        except Refused as error:
            if error.reason != "access.unchanged":  # said before a crash, and now again
                raise
