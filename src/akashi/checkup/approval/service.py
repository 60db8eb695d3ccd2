"""Drafts become maps and maps become usable: approve, retire, share, adopt, for one institution.

Guarantees: what a person did is durable before anything is said, and said once; what :meth:`MapApprovals.look` calls usable is approved on the
ledger, not retired, and byte for byte the approved text. Old versions stay readable. Refuses: gaps in versions, ids that are taken,
and, where two persons are asked for, approval by whoever changed the map last. Trusts: the caller for permissions and for who acts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from hashlib import sha256

from akashi.checkup.approval.errors import (
    ApprovalRefused,
    MapDatesWrong,
    MapDraftClosed,
    MapDraftMoved,
    MapDraftsMany,
    MapHandleUnknown,
    MapIdTaken,
    MapVersionWrong,
    SecondPersonNeeded,
)
from akashi.checkup.approval.events import (
    MapAdopted,
    MapApproved,
    MapRetired,
    MapShared,
    adopted,
    approval,
    approvals,
    standing,
)
from akashi.checkup.approval.model import (
    MAP,
    MAP_DRAFT,
    Approval,
    DraftHead,
    MapDraft,
    MapState,
    MapVersion,
    RetireReason,
    Standing,
    Unusable,
    Usable,
)
from akashi.checkup.approval.rules import decide_use
from akashi.checkup.approval.store import Assigned, DraftStore, Outbox, Texts
from akashi.checkup.formats.maps import LayoutMap, load_map
from akashi.checkup.mapping.model import Choice, Draft
from akashi.clock import Clock
from akashi.errors import IntegrityError
from akashi.identity.handles import new_handle
from akashi.identity.model import Session
from akashi.ledger.author import Author, prepared
from akashi.vault.documents import Documents

_DAY_MS = 24 * 3600 * 1000
_EPOCH = date(1970, 1, 1)
_ROLLED = "dropped"
MOST_DRAFTS = 200
"""Open at once: each keeps the columns of a file, and closed ones are kept for good."""


class MapApprovals:
    """One institution's maps. Thread-safe; ``close`` it."""

    def __init__(
        self,
        documents: Documents,
        author: Author,
        clock: Clock,
        *,
        two_persons: bool = False,
        reserved: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._documents, self._author = documents, author
        self._two_persons, self._reserved = two_persons, reserved
        self._texts, self._drafts = Texts(documents, clock), DraftStore(documents, clock)
        self._outbox = Outbox(documents, author, clock)
        self._parsed: dict[bytes, LayoutMap] = {}
        self._lock = threading.RLock()

    @property
    def institution(self) -> str:
        """Whose maps they are."""
        return self._author.institution

    def close(self) -> None:
        """Release the documents."""
        self._documents.close()

    def resume(self) -> int:
        """Say what is kept and could not be said; how much. Raises ``Unavailable`` while the ledger is away."""
        return self._outbox.resume()

    # drafts

    def start(self, content: Draft | str, session: Session, head: DraftHead | None = None) -> str:
        """Keep a draft of a layout, or a finished text for somebody else to approve; its handle.

        Raises ``MapInvalid``, ``MapDraftsMany``.
        """
        if isinstance(content, str):
            load_map(content)
        handle = new_handle(MAP_DRAFT)
        with self._lock:
            if sum(not one.closed for one in self._drafts.every()) >= MOST_DRAFTS:
                raise MapDraftsMany(limit=MOST_DRAFTS)
            self._drafts.start(handle, content, head or DraftHead(), session.person)
        return handle

    def draft(self, handle: str) -> MapDraft:
        """A draft with its columns and decisions. Raises ``MapDraftUnknown``."""
        return self._drafts.get(handle)

    def drafts(self) -> list[MapDraft]:
        """All drafts without their columns, the newest change first; closed ones too."""
        return self._drafts.every()

    def decide(self, handle: str, choices: Mapping[int, Choice], session: Session) -> MapDraft:
        """Keep decisions about columns (from 1). Raises ``MapHandleUnknown`` for a column that is not there, ``MapDraftClosed``."""
        with self._lock:
            found = self._open(handle)
            width = len(found.columns.columns) if found.columns else 0
            if not all(1 <= column <= width for column in choices):
                raise MapHandleUnknown(name=f"{handle}/{max(choices)}")
            self._drafts.decide(found, choices, session.person)
            return self._drafts.get(handle)

    def name(self, handle: str, head: DraftHead, session: Session) -> MapDraft:
        """Keep what is said about the map as a whole. Raises ``MapDraftClosed``."""
        with self._lock:
            self._drafts.save(self._open(handle), session.person, head=head)
            return self._drafts.get(handle)

    def give_table(self, handle: str, name: str, words: Mapping[str, str], session: Session) -> MapDraft:
        """Keep a lookup table (what the file says to what it means) under a name that proposals can use. Raises ``MapDraftClosed``."""
        with self._lock:
            self._drafts.give_table(self._open(handle), name, words, session.person)
            return self._drafts.get(handle)

    def drop(self, handle: str, session: Session) -> None:
        """Put a draft away; it stays readable. Raises ``MapDraftClosed``."""
        with self._lock:
            self._drafts.save(self._open(handle), session.person, closed=_ROLLED)

    def _open(self, handle: str) -> MapDraft:
        found = self._drafts.get(handle)
        if found.closed:
            raise MapDraftClosed(name=handle)
        return found

    # versions

    def next_version(self, map_id: str) -> int:
        """The version that a map of this id must have to be approved next."""
        name = self._named(map_id)
        now = self._standing(name) if name else None
        return now.version + 1 if now else 1

    def approve(
        self, text: str, session: Session, *, children: Sequence[str] | None = None, draft: str = ""
    ) -> MapVersion:
        """Approve a text as the next version of its map; without ``children`` it is shared as the version before.

        Raises ``MapInvalid``, ``MapIdTaken``, ``MapVersionWrong``, ``MapDatesWrong``, ``SecondPersonNeeded``, ``MapDraftClosed``,
        ``ApprovalRefused``, and ``Unavailable``: then the version waits and is said again.
        """
        with self._lock:
            self.resume()
            layout_map, kept = load_map(text), self._open(draft) if draft else None
            if self._two_persons and (kept is None or kept.saved_by == session.person):
                raise SecondPersonNeeded
            body = self._approved(layout_map, text, children, session)
            self._say(body, layout_map.map_id, text, session, own=True)
            if kept is not None:
                self._drafts.save(kept, kept.saved_by, closed=body.map)
            return self.version(body.map, body.version)

    def approve_draft(
        self,
        handle: str,
        text_of: Callable[[MapDraft], str],
        session: Session,
        *,
        children: Sequence[str] | None = None,
        expected: str | None = None,
    ) -> MapVersion:
        """Approve what ``text_of`` makes of a draft; ``expected`` is the hex SHA-256 of the text that the approver has read.

        Nobody decides in between: text, comparison, who saved last and approval are one step. Raises ``MapDraftMoved``, and as ``approve``.
        """
        with self._lock:
            self.resume()
            text = text_of(self._open(handle))
            if expected is not None and sha256(text.encode()).hexdigest() != expected:
                raise MapDraftMoved
            return self.approve(text, session, children=children, draft=handle)

    def _approved(
        self, layout_map: LayoutMap, text: str, children: Sequence[str] | None, session: Session
    ) -> MapApproved:
        foreign = {one.map_id for one in self._texts.assigned() if not one.own}
        if layout_map.map_id in foreign or layout_map.map_id in self._reserved():
            raise MapIdTaken(name=layout_map.map_id)
        name = self._named(layout_map.map_id) or prepared(session.approving, "map", lambda: new_handle(MAP))
        now = self._standing(name)
        wanted = now.version + 1 if now else 1
        if layout_map.version != wanted:
            raise MapVersionWrong(found=layout_map.version, wanted=wanted)
        if children is None:
            before = self._approval(name, now.version) if now else None
            children = before.children if before else ()
        return MapApproved(
            map=name,
            version=wanted,
            text=sha256(text.encode()).digest(),
            layout=_layout_digest(layout_map),
            from_ms=_day_ms(layout_map.valid_from),
            until_ms=_day_ms(layout_map.valid_to),
            children=tuple(children),
            previous=now.digest if now else None,
        )

    def retire(self, name: str, version: int, reason: RetireReason, session: Session) -> MapVersion:
        """End a version of this institution, for good. Raises ``ApprovalRefused``, and ``Unavailable``: it is not used here even so."""
        with self._lock:
            self.resume()
            self._own(name, version)
            operation = self._outbox.keep(self._outbox.worded(MapRetired(name, version, reason), name, session))
            self._texts.end(name, version)
            self._outbox.submit(operation)
            return self.version(name, version)

    def share(self, name: str, version: int, children: Sequence[str], session: Session) -> MapVersion:
        """Say who may use a version from now on, instead of those before. Raises ``ApprovalRefused``."""
        with self._lock:
            self.resume()
            self._own(name, version)
            said = self._outbox.worded(MapShared(name, version, tuple(children)), name, session)
            self._outbox.submit(self._outbox.keep(said))
            return self.version(name, version)

    def adopt(self, text: str, session: Session) -> MapVersion:
        """Use another institution's map: its text must be approved by it, and this institution named. Raises ``MapHandleUnknown``."""
        with self._lock:
            self.resume()
            layout_map, digest = load_map(text), sha256(text.encode()).digest()
            own = {one.map_id for one in self._texts.assigned() if one.own}
            if layout_map.map_id in own or layout_map.map_id in self._reserved():
                raise MapIdTaken(name=layout_map.map_id)
            with self._author.ledger.view() as state:
                offered = [one for one in approvals(state) if one.digest == digest and self._named_in(one)]
            if not offered:
                raise MapHandleUnknown(name=f"sha256:{digest.hex()[:16]}")
            found = max(offered, key=lambda one: one.approved_ms)
            # A second owner's map of this id would replace the first one's by its version number alone.
            if any(one.map_id == layout_map.map_id and one.map != found.map for one in self.versions() if one.usable):
                raise MapIdTaken(name=layout_map.map_id)
            self._say(MapAdopted(found.map, found.version, digest), layout_map.map_id, text, session, own=False)
            return self.version(found.map, found.version)

    def _say(self, body: MapApproved | MapAdopted, map_id: str, text: str, session: Session, *, own: bool) -> None:
        said = self._outbox.worded(body, body.map, session)
        self._texts.keep(text)
        made = Assigned(body.map, body.version, body.text, map_id, own, self._outbox.keep(said))
        self._texts.assign(made)
        try:
            self._outbox.submit(made.operation)
        except ApprovalRefused:
            self._texts.withdraw(made)
            raise

    # what may be used

    def versions(self) -> list[MapVersion]:
        """All versions here, own and adopted, each with where it stands; by id, the newest first."""
        waiting, ended = self._outbox.waiting(), self._texts.ended()
        assigned = self._texts.assigned()
        if not assigned:
            return []
        with (
            self._author.ledger.view() as state
        ):  # one scan: over a line every single row would be a question of its own
            held = {(one.map, one.version): one for one in approvals(state)}
            taken = {one.map: adopted(state, one.map, self.institution) for one in assigned if not one.own}
        made = [self._version(held, taken, one, waiting, ended) for one in assigned]
        return sorted(made, key=lambda one: (one.map_id, -one.version))

    def version(self, name: str, version: int) -> MapVersion:
        """One version. Raises ``MapHandleUnknown``."""
        found = [one for one in self.versions() if (one.map, one.version) == (name, version)]
        if not found:
            raise MapHandleUnknown(name=f"{name}/{version}")
        return found[0]

    def text(self, name: str, version: int) -> str:
        """The text of a version, also of a retired one. Raises ``MapHandleUnknown``."""
        for one in self._texts.assigned():
            if (one.map, one.version) == (name, version):
                text = self._texts.get(one.digest)
                if text is not None:
                    return text
        raise MapHandleUnknown(name=f"{name}/{version}")

    def look(self) -> tuple[list[Usable], list[Unusable]]:
        """What files may be converted with, and what was a map here and may not be used; the newest version of each id first.

        A version that somebody altered, or that the ledger took and a server no longer shows, does not bring back the ones before it.
        """
        usable, unusable = list[Usable](), list[Unusable]()
        texts = {(one.map, one.version): one.digest for one in self._texts.assigned()}
        broken: dict[str, MapVersion] = {}
        settled = self._outbox.settled()
        for one in self.versions():
            if one.state is MapState.ALTERED or (
                one.own and one.state is MapState.UNAPPROVED and one.operation in settled
            ):
                broken.setdefault(one.map, one)
            if one.usable and one.map in broken:
                unusable.append(Unusable(broken[one.map], self._layout(one, texts[one.map, one.version])))
            elif one.usable:
                usable.append(Usable(one, self._parse(texts[one.map, one.version])))
            elif one.state is not MapState.WAITING:
                unusable.append(Unusable(one, self._layout(one, texts[one.map, one.version])))
        return usable, unusable

    def _layout(self, one: MapVersion, digest: bytes) -> bytes:
        if one.approval is not None:
            return one.approval.layout
        return _layout_digest(self._parse(digest)) if self._is_whole(digest) else b""

    def _parse(self, digest: bytes) -> LayoutMap:
        if digest not in self._parsed:
            self._parsed[digest] = load_map(self._texts.get(digest) or "")
        return self._parsed[digest]

    def _version(
        self,
        held: Mapping[tuple[str, int], Approval],
        taken: Mapping[str, tuple[int, bytes] | None],
        one: Assigned,
        waiting: frozenset[bytes],
        ended: frozenset[tuple[str, int]],
    ) -> MapVersion:
        found = held.get((one.map, one.version))
        refusal = decide_use(found, self.institution, one.digest, taken.get(one.map))
        if refusal == "unapproved" and one.operation in waiting:
            where = MapState.WAITING
        elif (one.map, one.version) in ended:
            where = MapState.RETIRED
        elif refusal:
            where = MapState(refusal)
        else:
            where = MapState.APPROVED if self._is_whole(one.digest) else MapState.ALTERED
        return MapVersion(one.map, one.version, one.map_id, where, one.own, found, one.operation)

    def _is_whole(self, digest: bytes) -> bool:
        try:
            return self._texts.get(digest) is not None
        except IntegrityError:
            return False

    def _named(self, map_id: str) -> str:
        return next((one.map for one in self._texts.assigned() if one.own and one.map_id == map_id), "")

    def _named_in(self, one: Approval) -> bool:
        return self.institution in one.children and not one.retired_ms

    def _standing(self, name: str) -> Standing | None:
        with self._author.ledger.view() as state:
            return standing(state, name)

    def _approval(self, name: str, version: int) -> Approval | None:
        with self._author.ledger.view() as state:
            return approval(state, name, version)

    def _own(self, name: str, version: int) -> None:
        found = self._approval(name, version)
        if found is None or found.owner != self.institution:
            raise MapHandleUnknown(name=f"{name}/{version}")


def _layout_digest(layout_map: LayoutMap) -> bytes:
    return bytes.fromhex(layout_map.layout_hash.removeprefix("sha256:"))


def _day_ms(day: date) -> int:
    if day < _EPOCH:
        raise MapDatesWrong
    return (day - _EPOCH).days * _DAY_MS
