"""How the servers are that keep the ledger: a page for the secretariat.

Guarantees: what the founding server sees, in words, with the time of each sign of life; below a quorum it says first that nothing becomes final. Where one
server keeps the ledger alone, it says so. Refuses other institutions than the secretariat (the server does). Trusts: the server that answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.network.status import IncidentLine, NetworkStatus, OwnWord, ServerLine
from akashi.errors import Misuse
from akashi.web.visitors import Here, needs

router = APIRouter()
_GIB = 1 << 30
_LOW = 5 * _GIB
"""Less free disk than this is said to be little."""


@router.get("/dashboard/servers", **needs("dashboard.read"))
def servers(visitor: Here) -> Response:
    """All servers, and what they found."""
    channel = visitor.gateway.line.channel
    if channel is None:
        raise Misuse(what="servers without a line over HTTPS")
    return visitor.page("servers.html", 200, **shown(channel.json("/api/v1/network")))


def shown(found: Mapping[str, Any]) -> dict[str, object]:
    """What the page shows of the server's answer; ``told`` is ``None`` where it keeps the ledger alone. Raises ``Misuse``."""
    try:
        size, answer = int(found["size"]), found["network"]
        told = None if answer is None else NetworkStatus.decode(answer)
    except (KeyError, TypeError, ValueError) as error:
        raise Misuse(what="an answer about servers of another version") from error
    if told is None:
        return {"told": None, "size": size}
    return {
        "told": told,
        "size": size,
        "tone": _tone(told),
        "answering": sum(1 for one in told.servers if one.votes and one.up is not False),
        "cosigned": sum(1 for one in told.servers if one.votes and one.cosigned),
        "disk": f"{told.disk_free / _GIB:.1f} GiB",
        "low": told.disk_free < _LOW,
        "rows": [_row(told, one) for one in told.servers],
        "incidents": [_incident(told, one) for one in reversed(told.incidents)],
        "overdue": told.overdue,
        "mistrusted": [(_number(told, server), count) for server, count in told.mistrusted],
        "codes": sorted(set(told.problems)),
    }


def _tone(told: NetworkStatus) -> str:
    if not told.ordering or told.split_views:
        return "stop"
    whole = all(one.up is not False for one in told.servers) and told.size == told.quorum_size
    return "good" if whole and not (told.unfinished or told.overdue or told.mistrusted) else "warn"


def _row(told: NetworkStatus, one: ServerLine) -> dict[str, object]:
    """``lag``: leaves that its last signature is behind this server's ledger; ``None`` where it signed nothing since this server started."""
    size = told.size if one.up is None else one.size
    return {
        "number": one.number,
        "server": one.server,
        "role": one.role,
        "votes": one.votes,
        "state": "here" if one.up is None else "up" if one.up else "away",
        "size": size or None,
        "lag": max(told.size - size, 0) if size else None,
        "signed_ms": one.seconds * 1000 if one.seconds else None,
        "cosigned": one.cosigned,
        "said": None if one.said is None else _said(one.said),
    }


def _said(word: OwnWord) -> dict[str, object]:
    free = word.disk_free
    return {
        "height": word.height,
        "size": word.size,
        "disk": None if free is None else f"{free / _GIB:.1f} GiB",
        "low": free is not None and free < _LOW,
        "scrubbed_ms": word.scrubbed_ms,
        "said_ms": word.said_ms,
        "stale": word.stale,
    }


def _number(told: NetworkStatus, server: str) -> int | str:
    return next((one.number for one in told.servers if one.server == server), server)


def _incident(told: NetworkStatus, one: IncidentLine) -> dict[str, object]:
    numbers = {line.server: line.number for line in told.servers}
    about = one.about or one.server
    return {
        "number": numbers.get(about),
        "server": about,
        "kind": one.kind,
        "place": one.place,
        "at": one.at,
        "when": one.block_ms,
    }
