"""After erasure nothing is left in any file of any home: however a transfer ends, with a reader, and after a kill.

Attack: whoever gets the disks afterwards, with every recipient's key, looks for content, keys, wraps and sealed bytes.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from akashi.app.gateway.home import acting
from akashi.exchange.model import Destination, Form, ReadPurpose, RefuseReason, WithdrawReason
from akashi.vault.errors import PayloadErased
from tests.app.remains import canary_file, canary_needles, found, secrets_of
from tests.app.service import CLINIC, DAY_MS, PAYER, Cast, Service, copied
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
LOCKED = "correct-horse-battery-staple-7"


def _withdrawn(service: Service, name: str) -> None:
    service.clinic.exchange.withdraw(name, WithdrawReason.WRONG_CONTENT, acting(service.session(CLINIC)))


def _confirmed(service: Service, name: str) -> None:
    service.open(name)
    service.confirm(name)


def _exported(service: Service, name: str) -> None:
    who = acting(service.session(PAYER))
    service.open(name)
    for form in Form:
        out = service.payer.exchange.export(
            name, ReadPurpose.CHECKUP_RESULT, Destination.INTERNAL_SYSTEM, form, who, passphrase=LOCKED
        )
        assert b"".join(out.stream) or out.documents
    service.confirm(name)


def _refused(service: Service, name: str) -> None:
    service.open(name)
    service.payer.exchange.refuse(name, RefuseReason.WRONG_CONTENT, acting(service.session(PAYER)))


def _replaced(service: Service, name: str) -> None:
    service.send(service.draft(canary_file(seed=11)), supersedes=name)


def _expired(service: Service, name: str) -> None:
    service.clock.advance(31 * DAY_MS)


ENDS: list[Callable[[Service, str], None]] = [_withdrawn, _confirmed, _exported, _refused, _replaced, _expired]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__.strip("_"))
def test_nothing_is_left_however_a_transfer_ends(service: Service, end: Callable[[Service, str], None]) -> None:
    """Before: wraps and sealed bytes are found, content and keys are not. After: none of them, in the open home."""
    name = service.send(service.draft(canary_file())).transfer
    gone = secrets_of(service, name)
    before = [bool(found(service.home, needles)) for needles in (gone.wrapped, gone.sealed, gone.never)]

    end(service, name)
    between = found(service.home, gone.never)
    report = service.server.housekeeping.run_once()
    service.server.vault.scrub()

    assert before == [True, True, False]
    assert between == []
    assert report.erased == 1
    assert found(service.home, gone.wrapped) == []
    assert found(service.home, gone.sealed) == []
    assert found(service.home, gone.never) == []


def test_others_stay_whole_when_one_is_erased(service: Service) -> None:
    """With transfers before and after it, only the withdrawn one goes; the others still open to what was sent."""
    drafts = [service.draft(canary_file(seed=seed)) for seed in (1, 2, 3)]
    names = [service.send(draft).transfer for draft in drafts]
    kept, gone = secrets_of(service, names[2]), secrets_of(service, names[1])

    _withdrawn(service, names[1])
    service.server.housekeeping.run_once()

    assert found(service.home, [*gone.wrapped, *gone.sealed, *gone.never]) == []
    assert found(service.home, kept.wrapped) != []
    assert found(service.home, kept.sealed) != []
    for at in (0, 2):
        assert service.open(names[at]).documents == drafts[at].documents


def test_a_reader_delays_the_sealed_bytes_and_never_the_wraps(service: Service) -> None:
    """With a snapshot of the bodies open, wraps go at once; the receipt waits, and the next run finishes both."""
    name = service.send(service.draft(canary_file())).transfer
    gone = secrets_of(service, name)
    reader = sqlite3.connect(service.server.paths.vault / "bodies.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM chunks").fetchall()

    _withdrawn(service, name)
    first = service.server.housekeeping.run_once()
    with_reader = [bool(found(service.home, needles)) for needles in (gone.wrapped, gone.sealed, gone.never)]
    trail = service.trail(name)
    reader.close()
    second = service.server.housekeeping.run_once()

    assert (first.erased, first.waiting) == (0, 1)
    assert with_reader == [False, True, False]
    assert "payload.erased" not in trail
    assert (second.erased, second.waiting) == (1, 0)
    assert found(service.home, [*gone.wrapped, *gone.sealed, *gone.never]) == []


SLOWER = ("after the slots", "after the erasure", "before the receipt")
STEPS = [
    "before the slots",
    "after the rows",
    "in the scrub",
    *(pytest.param(step, marks=pytest.mark.slow) for step in SLOWER),
]


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_left_after_a_kill_in_the_middle(template: tuple[Path, Cast], tmp_path: Path, step: str) -> None:
    """Killed (SIGKILL) during the erasure: the next start and the next run finish it, and there is one receipt."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    with Service(home, cast) as service:
        name = service.send(service.draft(canary_file())).transfer
        gone = secrets_of(service, name)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killed.py")), str(home), step],
        input=json.dumps(asdict(cast)).encode(),
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    after_kill = found(home, gone.never)

    with Service(home, cast) as service:
        service.clock.advance(2_000)
        wraps_at_start = found(home, gone.wrapped)
        with pytest.raises(PayloadErased):
            service.server.vault.body(gone.payload)
        report = service.server.housekeeping.run_once()
        trail = service.trail(name)
        remains = found(home, [*gone.wrapped, *gone.sealed, *gone.never])

    assert after_kill == []
    assert wraps_at_start == []
    assert report.erased == 1
    assert trail[2:] == ["payload.erasure_ordered", "payload.erased", "transfer.erased"]
    assert remains == []


def test_the_search_would_find_plain_text(service: Service) -> None:
    """A canary that is written anywhere below a home is found: in UTF-8, CP932 and UTF-16, in the middle of a file."""
    place = service.home / "gateways" / "stray.tmp"
    missed = []
    for needle in canary_needles():
        place.write_bytes(bytes(5_000) + needle + bytes(17))
        if found(service.home, canary_needles()) != ["gateways/stray.tmp"]:
            missed.append(needle)
    place.unlink()

    assert missed == []
