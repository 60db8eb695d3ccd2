"""What lies outside this service's reach and vouches for it: mirrors that bundles are carried to, rehearsed recoveries, time stamps, witnesses.

Guarantees: a mirror is one that the secretariat enrolled, and how much it has is what it signed itself in the newest receipt on the ledger; a rehearsal counts only if that mirror's key signed it and its tree is ours; a witness counts by its
pinned key. Refuses: to call a mirror isolated whose home lies beside the server's. Trusts: the operator for not hiding a mirror's home on the same machine elsewhere; the settings for whose time
stamps are somebody else's. Whether a mirror is really without a network cannot be measured from here: that is a person's to say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from akashi.app.config import ServerPaths, ServerSettings, load_settings
from akashi.app.network.witnessing import witnessed_notes
from akashi.app.networkcheck.rehearsing import REHEARSALS, Rehearsal, verify_rehearsal
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.app.selfcheck.ledgers import Books, books
from akashi.conformity.model import Fact, Facts, Target
from akashi.conformity.probing import Bench, Observed
from akashi.errors import AkashiError
from akashi.ledger.events import load_body
from akashi.ledger.keyring.members import handed_over
from akashi.ledger.registry import LogStamped
from akashi.ledger.wire.note import parse_checkpoint, parse_vkey, verify_cosignatures
from akashi.network.mirror.events import mirrors
from akashi.network.mirror.model import MirrorRecord
from akashi.network.mirror.service import mirror_paths

_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_DEPTH = ("*", "*/*")
"""Where homes of mirrors are looked for below the service's home and beside it."""


def outside(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Mirrors, rehearsals, stamps, witnesses."""
    paths, now_ms = here.server_paths, here.gateway.clock.now_ms()
    settings = load_settings(paths.settings, ServerSettings)
    with books(here, bench) as opened:
        known = [one for one in mirrors(opened.state) if one.retired_ms is None]
        facts: dict[str, Fact] = {
            "several": handed_over(opened.state) is not None,
            "leaves": len(opened.lines),
            **mirror_facts(known, len(opened.lines), homes_of_mirrors(paths.root.parent), now_ms),
            **rehearsal_facts(opened, known, paths.root.parent / REHEARSALS, now_ms),
            **stamp_facts(opened, settings, now_ms),
            **witness_facts(paths, settings, len(opened.lines)),
        }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def homes_of_mirrors(home: Path) -> frozenset[str]:
    """The handles of mirrors whose homes lie on this machine, in the service's home or beside it."""
    found = set()
    for top in (home, home.parent):
        for pattern in _DEPTH:
            for one in top.glob(pattern):
                name = mirror_paths(one).name
                try:
                    found.add(name.read_text(encoding="ascii").strip())
                except (OSError, ValueError):
                    continue
    return frozenset(found)


def mirror_facts(known: Sequence[MirrorRecord], leaves: int, near: frozenset[str], now_ms: int) -> Facts:
    """The mirror that is ahead of the others: by bundle, leaves, and the age of its receipt; and how many are not here."""
    best = max(known, key=lambda one: (one.size, one.number, one.accounted_ms), default=None)
    return {
        "mirrors": len(known),
        "mirrors.apart": sum(1 for one in known if one.handle not in near),
        "mirror.bundles": 0 if best is None else best.number,
        "mirror.leaves": 0 if best is None else best.size,
        "mirror.behind": 0 if best is None else max(0, leaves - best.size),
        "mirror.age_min": 0 if best is None else max(0, now_ms - best.accounted_ms) // _MINUTE_MS,
    }


def rehearsal_facts(opened: Books, known: Sequence[MirrorRecord], folder: Path, now_ms: int) -> Facts:
    """The newest rehearsal that an enrolled mirror signed and whose tree is ours; and how many files are neither."""
    sound: list[Rehearsal] = []
    wrong = 0
    for path in sorted(folder.glob("*.akashi")) if folder.is_dir() else []:
        try:
            sound.append(verify_rehearsal(path.read_bytes(), known, opened.folder))
        except (AkashiError, OSError):
            wrong += 1
    newest = max(sound, key=lambda one: one.made_ms, default=None)
    return {
        "rehearsals": len(sound),
        "rehearsals.wrong": wrong,
        "rehearsal.leaves": 0 if newest is None else newest.size,
        "rehearsal.payloads": 0 if newest is None else newest.payloads,
        "rehearsal.missing": 0 if newest is None else newest.missing,
        "rehearsal.findings": 0 if newest is None else newest.findings,
        "rehearsal.age_h": 0 if newest is None else max(0, now_ms - newest.made_ms) // _HOUR_MS,
    }


def stamp_facts(opened: Books, settings: ServerSettings, now_ms: int) -> Facts:
    """Time stamps on checkpoints: how many, how old the newest is, how many leaves came since, and whether somebody else made it."""
    made = [one for one in opened.lines if one.accepted and one.statement.kind == "log.stamped"]
    newest = made[-1] if made else None
    size = 0 if newest is None else parse_checkpoint(load_body(LogStamped, newest.statement.body).note).size
    return {
        "stamps": len(made),
        "stamp.age_min": 0 if newest is None else max(0, now_ms - newest.block_ms) // _MINUTE_MS,
        "stamp.leaves": size,
        "stamp.own": not settings.tsa_url,
    }


def witness_facts(paths: ServerPaths, settings: ServerSettings, leaves: int) -> Facts:
    """Witnesses that the settings name, how many cosigned, and how many leaves their newest checkpoint lacks."""
    wanted = settings.witness_vkeys.split()
    signed, size = 0, 0
    for note in witnessed_notes(paths):
        try:
            checkpoint = parse_checkpoint(note)
            good = verify_cosignatures(checkpoint, {key: parse_vkey(key) for key in wanted})
        except AkashiError:
            continue
        if (len(good) > 0, checkpoint.size) > (size > 0, size):
            signed, size = len(good), checkpoint.size
    return {"witnesses": len(wanted), "witnesses.signed": signed, "witness.behind": max(0, leaves - size)}
