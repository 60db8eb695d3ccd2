"""The kinds of map approval, how the state follows, and readers of that state (permanent tags; docs/checkup-maps.md).

Guarantees: the ledger holds handles, digests, days and counts; what a map says stays with those who have its text. A text is approved once by
an institution, versions follow one another, an adoption names exactly what was approved. Refuses: other institutions' maps, and people who
are unknown, disabled, elsewhere or no approvers. State (``ckmap``): a map's handle to its head, ``handle/0001`` to a version,
``handle/by/inst-…`` to an adoption, ``inst-…/digest`` to the version with this text; rows are never deleted, and begin with whose they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.checkup.approval.model import MAX_CHILDREN, MAX_VERSION, Approval, RetireReason, Standing
from akashi.checkup.approval.rules import (
    decide_adoption,
    decide_approver,
    decide_change,
    decide_children,
    decide_dates,
    decide_version,
)
from akashi.identity import events as identity
from akashi.identity.lifecycle.standing import standing as in_force
from akashi.ledger.errors import Refused
from akashi.ledger.events import (
    AnyKind,
    Context,
    Kind,
    digest,
    enum,
    event,
    handle,
    integer,
    many,
    moment,
    number,
    require,
)
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

SPACE = "ckmap"


@event("checkup.map_approved", signers={Purpose.GATEWAY})
class MapApproved:
    """The institution converts with the map whose text has this SHA-256; days are midnight UTC, both included."""

    map: str = number(1, handle("map"))
    version: int = number(2, integer(1, MAX_VERSION))
    text: bytes = number(3, digest())
    layout: bytes = number(4, digest())
    from_ms: int = number(5, moment())
    until_ms: int = number(6, moment())
    children: tuple[str, ...] = number(7, many(handle("inst"), MAX_CHILDREN))
    previous: bytes | None = number(8, digest(), default=None)


@event("checkup.map_retired", signers={Purpose.GATEWAY})
class MapRetired:
    """Nobody converts with this version any more."""

    map: str = number(1, handle("map"))
    version: int = number(2, integer(1, MAX_VERSION))
    reason: RetireReason = number(3, enum(RetireReason))


@event("checkup.map_shared", signers={Purpose.GATEWAY})
class MapShared:
    """The institutions that may use this version from now on: the whole list."""

    map: str = number(1, handle("map"))
    version: int = number(2, integer(1, MAX_VERSION))
    children: tuple[str, ...] = number(3, many(handle("inst"), MAX_CHILDREN))


@event("checkup.map_adopted", signers={Purpose.GATEWAY})
class MapAdopted:
    """An institution that was named uses the version whose text it has (by SHA-256), in place of any adopted before."""

    map: str = number(1, handle("map"))
    version: int = number(2, integer(1, MAX_VERSION))
    text: bytes = number(3, digest())


def approval(state: ReadState, map_handle: str, version: int) -> Approval | None:
    """A version as the ledger holds it, or ``None`` (also where it is not the reader's to see)."""
    return _approval(map_handle, version, state.get(SPACE, _version_key(map_handle, version)))


def approvals(state: ReadState) -> Iterator[Approval]:
    """All versions that the reader may see."""
    for key, value in state.scan(SPACE, b"map-"):
        name, _, version = key.decode("ascii").partition("/")
        found = _approval(name, int(version), value) if version.isdigit() else None
        if found is not None:
            yield found


def adopted(state: ReadState, map_handle: str, child: str) -> tuple[int, bytes] | None:
    """The version and digest that ``child`` has adopted of a map."""
    match state.get(SPACE, f"{map_handle}/by/{child}".encode()):
        case [str(), str(), int(version), bytes(digest), int(), str()]:
            return version, digest
    return None


def standing(state: ReadState, map_handle: str) -> Standing | None:
    """Owner and newest version of a map."""
    match state.get(SPACE, map_handle.encode()):
        case [str(owner), list(), int(version), bytes(digest)]:
            return Standing(owner, version, digest)
    return None


def concerns(value: Value, institution: str) -> bool:
    """Whether a row is ``institution``'s to see: its own, one that names it, or an adoption of its map."""
    match value:
        case [str(owner), list(children), *_]:
            return institution == owner or institution in children
        case [str(child), str(owner), *_]:
            return institution in (child, owner)
    return False


def _version_key(map_handle: str, version: int) -> bytes:
    return f"{map_handle}/{version:04d}".encode()


def _approval(map_handle: str, version: int, value: Value) -> Approval | None:
    match value:
        case [
            str(owner), list(children), bytes(digest), bytes(layout), int(first), int(last), int(at), str(person),
            int(retired), int(reason),
        ]:  # fmt: skip
            named = tuple(one for one in children if isinstance(one, str))
            why = RetireReason(reason) if retired else None
            return Approval(owner, map_handle, version, digest, layout, first, last, named, at, person, retired, why)
    return None


def _put(state: WriteState, one: Approval) -> None:
    children: list[Value] = [*one.children]
    row: list[Value] = [
        one.owner, children, one.digest, one.layout, one.from_ms, one.until_ms, one.approved_ms, one.person,
        one.retired_ms, int(one.reason or 0),
    ]  # fmt: skip
    state.put(SPACE, _version_key(one.map, one.version), row)


def _approver(state: ReadState, context: Context, map_handle: str) -> tuple[str, str]:
    """The acting institution and its approver, in a role that counts now; the operation must be about the map it names."""
    actor = context.statement.actor
    found = identity.institution(state, actor.institution)
    if found is None or not found.enabled:
        raise Refused("map.institution")
    person = (
        in_force(state, identity.person(state, actor.person), context.block_ms) if actor.person is not None else None
    )
    if person is None:
        raise Refused("map.person")
    require(decide_approver(person.roles, enabled=person.enabled, belongs=person.institution == actor.institution))
    if context.statement.subject != map_handle:
        raise Refused("map.subject")
    return actor.institution, person.handle


def _children(state: ReadState, owner: str, children: tuple[str, ...]) -> None:
    require(decide_children(owner, children, [identity.institution(state, one) is not None for one in children]))


def apply_approved(state: WriteState, body: MapApproved, context: Context) -> None:
    """A new version stands."""
    owner, person = _approver(state, context, body.map)
    require(decide_version(standing(state, body.map), owner, body.version, body.previous))
    require(decide_dates(body.from_ms, body.until_ms))
    _children(state, owner, body.children)
    text_key = f"{owner}/".encode() + body.text
    if state.get(SPACE, text_key) is not None:
        raise Refused("map.same")
    _put(
        state,
        Approval(
            owner, body.map, body.version, body.text, body.layout, body.from_ms, body.until_ms, body.children,
            context.block_ms, person,
        ),
    )  # fmt: skip
    state.put(SPACE, text_key, [owner, [], body.map, body.version])
    _put_head(state, owner, body.map, body.children, body.version, body.text)


def _put_head(
    state: WriteState, owner: str, map_handle: str, children: tuple[str, ...], version: int, digest: bytes
) -> None:
    named: list[Value] = [*children]
    state.put(SPACE, map_handle.encode(), [owner, named, version, digest])


def _own(state: ReadState, owner: str, map_handle: str, version: int) -> Approval:
    found = approval(state, map_handle, version)
    require(decide_change(found, owner))
    if found is None:
        raise Refused("map.unknown")
    return found


def apply_retired(state: WriteState, body: MapRetired, context: Context) -> None:
    """A version ends, for good."""
    owner, _ = _approver(state, context, body.map)
    before = _own(state, owner, body.map, body.version)
    _put(state, _changed(before, before.children, context.block_ms, body.reason))


def apply_shared(state: WriteState, body: MapShared, context: Context) -> None:
    """The list of those who may use a version is replaced."""
    owner, _ = _approver(state, context, body.map)
    before = _own(state, owner, body.map, body.version)
    _children(state, owner, body.children)
    _put(state, _changed(before, body.children))
    newest = standing(state, body.map)
    if newest is not None and newest.version == body.version:
        _put_head(state, owner, body.map, body.children, newest.version, newest.digest)


def _changed(
    one: Approval, children: tuple[str, ...], retired_ms: int = 0, reason: RetireReason | None = None
) -> Approval:
    return Approval(
        one.owner, one.map, one.version, one.digest, one.layout, one.from_ms, one.until_ms, children,
        one.approved_ms, one.person, retired_ms, reason,
    )  # fmt: skip


def apply_adopted(state: WriteState, body: MapAdopted, context: Context) -> None:
    """An institution takes over a version that names it."""
    child, person = _approver(state, context, body.map)
    found = approval(state, body.map, body.version)
    require(decide_adoption(found, child, body.text, adopted(state, body.map, child)))
    if found is None:
        raise Refused("map.unknown")
    row: list[Value] = [child, found.owner, body.version, body.text, context.block_ms, person]
    state.put(SPACE, f"{body.map}/by/{child}".encode(), row)


CHECKUP_KINDS: tuple[AnyKind, ...] = (
    Kind(MapApproved, apply_approved),
    Kind(MapRetired, apply_retired),
    Kind(MapShared, apply_shared),
    Kind(MapAdopted, apply_adopted),
)
"""The kinds that ``app`` hands to the ledger for this part."""
