"""The institution's own maps: approved on the ledger, unaltered, and refused once they are altered or nobody approved them.

Guarantees: every version here is compared with its approval on the ledger; each usable text is really altered on a copy of the store, and
a text that nobody approved is really put beside it. Refuses: to touch the store itself. Trusts the ledger that the gateway follows.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.context import TOOL, SelfContext, copy_database, scratch
from akashi.checkup.approval.model import MapState, MapVersion
from akashi.checkup.approval.service import MapApprovals
from akashi.checkup.approval.store import Assigned, Texts
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.vault.documents import Documents

_PURPOSE, _TEXT = "maps", "text"
_REMARK = "# 自己点検が書き加えた行\n"
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class Drills:
    """How many maps were altered or smuggled in on copies, and how many of them conversion refused."""

    altered: int = 0
    altered_refused: int = 0
    smuggled: int = 0
    smuggled_refused: int = 0


def maps(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Compare each version with the ledger; then alter it, and put an unapproved one beside it, on a copy."""
    gateway = here.gateway
    if not gateway.paths.map_documents.exists():
        return _observed({"shipped": len(gateway.maps.shipped())}, [], Drills())
    versions = [one for one in gateway.map_approvals.versions() if one.state is not MapState.WAITING]
    with scratch(bench) as folder:
        drills = _drills(gateway, [one for one in versions if one.usable], folder)
    facts: dict[str, Fact] = {"shipped": len(gateway.maps.shipped())}
    return _observed(facts, versions, drills)


def _observed(facts: dict[str, Fact], versions: list[MapVersion], drills: Drills) -> Observed:
    approvals = [one.approval for one in versions if one.approval is not None]
    facts |= {
        "versions": len(versions),
        "usable": sum(1 for one in versions if one.usable),
        "altered": sum(1 for one in versions if one.state is MapState.ALTERED),
        "approvals": len(approvals),
        "approvals.by_people": sum(1 for one in approvals if one.person),
        "drills.altered": drills.altered,
        "drills.altered_refused": drills.altered_refused,
        "drills.smuggled": drills.smuggled,
        "drills.smuggled_refused": drills.smuggled_refused,
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _drills(gateway: Gateway, usable: list[MapVersion], folder: Path) -> Drills:
    altered = smuggled = refused = turned_away = 0
    for number, one in enumerate(usable):
        if not one.own:
            continue
        text = _REMARK + gateway.map_approvals.text(one.map, one.version)
        copy = copy_database(gateway.paths.map_documents, folder / f"maps-{number}.db")
        documents = Documents(copy, gateway.keystore, _PURPOSE)
        with closing(MapApprovals(documents, gateway.author, gateway.clock)) as approvals:
            smuggled += 1
            turned_away += not _offers(approvals, _smuggle(Texts(documents, gateway.clock), one, text))
            if one.approval is not None:
                altered += 1
                documents.put(_TEXT, one.approval.digest.hex(), text, gateway.clock.now_ms())
                refused += not _offers(approvals, one.approval.digest) and not _offers(approvals, _digest(text))
    return Drills(altered, refused, smuggled, turned_away)


def _smuggle(texts: Texts, one: MapVersion, text: str) -> bytes:
    """Keep a text as the next version, as somebody with the store and its key could; nobody approved it."""
    digest = texts.keep(text)
    texts.assign(Assigned(one.map, one.version + 1, digest, one.map_id, own=True, operation=_NOBODY))
    return digest


def _offers(approvals: MapApprovals, digest: bytes) -> bool:
    """Whether conversion is offered this text."""
    return any(one.layout_map.digest == digest for one in approvals.look()[0])


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
