"""A home of its own for each case of the self check: real parts, invented people, a clock that stands still.

One home is founded when the first case is asked for; every case opens a copy, breaks it in its own way, and lets the real probe look.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

from akashi.api.faces import faces
from akashi.app.selfcheck.context import SelfContext
from akashi.app.selfcheck.probes import self_probes
from akashi.conformity.model import Measurement, Reach, Target, TargetKind
from akashi.conformity.probing import Bench, Pace, run_probes
from akashi.identity import credentials
from akashi.identity.credentials import Hasher
from akashi.identity.model import Policy
from akashi.identity.service import Accounts
from tests.app.service import CLINIC, Cast, Service, checkup_file, copied, found_home

Case = tuple[str, str, str, Callable[[], list[Measurement]]]
"""(check, name, "good" or "broken", what measures)."""
GOOD, BROKEN = "good", "broken"
CHEAP = partial(Hasher, passes=1, memory_kib=64, lanes=1)
"""Hashing that costs nothing: nobody's password is at stake."""


@cache
def founded() -> tuple[Path, Cast]:
    """The home that all cases copy: one transfer sent, opened and confirmed, a time stamp, an anchored journal."""
    folder = Path(tempfile.mkdtemp(prefix="akashi-stage-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with patch.object(credentials, "Hasher", CHEAP):
        cast = found_home(folder / "home")
        service = Service(folder / "home", cast)
    with service:
        sent = service.send(service.draft(checkup_file(people=2)))
        service.open(sent.transfer)
        service.confirm(sent.transfer)
        service.server.stamper.stamp()
        service.clinic.anchor_journal()
    return folder / "home", cast


@dataclass
class Stage:
    """One opened copy."""

    folder: Path
    service: Service
    here: SelfContext

    def accounts(self, policy: Policy | None = None, of: type[Accounts] = Accounts) -> Accounts:
        """Replace the gateway's accounts: other limits, or another class; hashing is cheap either way."""
        gateway = self.service.clinic
        made = policy or Policy(second_factor=gateway.settings.require_totp)
        gateway.accounts = of(
            gateway.database, gateway.keystore, gateway.author, gateway.clock, policy=made, hasher=CHEAP()
        )
        return gateway.accounts

    def settings(self, **values: object) -> None:
        """Change the gateway's settings in memory."""
        self.service.clinic.settings = replace(self.service.clinic.settings, **values)  # type: ignore[arg-type]

    def run(self, probe: str, options: Mapping[str, str] | None = None) -> list[Measurement]:
        """What the real probe measures here."""
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        clock = self.service.clock
        target = Target("tgt-selfcheck", TargetKind.AKASHI, "self", options or {}, clock.now_ms() + 1)
        bench = Bench(clock, "test", Pace(1000), scratch)
        made = run_probes([one for one in self_probes(self.here) if one.name == probe], [target], bench)
        assert [one.probe for one in made] == [probe]
        assert not list(scratch.iterdir()), "a probe left something in its scratch folder"
        return made


@contextmanager
def stage() -> Iterator[Stage]:
    """A fresh copy of the home, opened at the clinic."""
    template, cast = founded()
    folder = Path(tempfile.mkdtemp(prefix="akashi-case-"))
    try:
        with patch.object(credentials, "Hasher", CHEAP), Service(copied(template, folder / "home"), cast) as service:
            clinic = service.gateway(CLINIC)
            here = SelfContext(clinic, service.server, service.home, faces=faces(clinic, service.server, service.clock))
            made = Stage(folder, service, here)
            made.accounts()
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def probed(probe: str, prepare: Callable[[Stage], object] = lambda _: None, **options: str) -> list[Measurement]:
    """Open a copy, prepare it, measure."""
    with stage() as made:
        prepare(made)
        return made.run(probe, options)


def said(probe: str, facts: Mapping[str, bool | int | str | tuple[str, ...]]) -> list[Measurement]:
    """A measurement with given facts, where the breakage cannot be made on a real ledger because the ledger refuses it."""
    return [Measurement(probe, 1, "tgt-selfcheck", "test", "test", 0, 1, Reach.REACHED, facts)]
