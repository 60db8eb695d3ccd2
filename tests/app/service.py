"""A whole service in a temporary home: a secretariat, a clinic and a payer with persons signed in, on real components.

Founding costs seconds (keys, certificates, passwords), so one home is founded for a session and each test gets its own
copy, opened by :class:`Service`. The only stand-in is the clock; everybody in it is invented.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pyotp

from akashi.app.config import GatewaySettings, ServerSettings
from akashi.app.demo import read_heads
from akashi.app.desk import conversion, sending
from akashi.app.desk.drafts import Draft
from akashi.app.desk.maps import FORMATS, MapShelf, today
from akashi.app.gateway.enrolment import FirstPerson, Joined, equip, join
from akashi.app.gateway.home import Gateway, acting
from akashi.app.server.home import Server
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.generate import Maker, encode_file
from akashi.clock import FixedClock
from akashi.exchange.model import ReadPurpose
from akashi.exchange.sending import Sent
from akashi.exchange.service import Opened
from akashi.identity.model import InstitutionRole, Role, Session
from akashi.keys.model import FAST_UNSAFE_COST

START = 1_795_219_200_000
"""2026-11-21 in the morning, by a clock that stands still."""
DAY_MS = 24 * 3600 * 1000
PASSPHRASE = b"invented passphrase of a test home"
PASSWORD = "Horse-battery-9-staple"
STAFF = Role.OPERATOR | Role.MANAGER
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL_LAYOUT = SHARED / "layouts" / "agency-830-columns-header.csv"
OFFICE, CLINIC, PAYER = "office", "clinic", "payer"
SHELF = MapShelf(Path("no maps of one's own"))
"""The shipped maps and formats, parsed once for all gateways of all tests."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in a home: institution handles, session tokens and persons by part played."""

    handles: dict[str, str]
    tokens: dict[str, str] = field(repr=False)
    persons: dict[str, str]


def _signed_in(joined: Joined, clock: FixedClock) -> str:
    accounts = joined.gateway.accounts
    seed = accounts.enrol_totp(joined.person).secret
    accounts.confirm_totp(joined.person, pyotp.TOTP(seed).at(clock.now_ms() // 1000 - 30))
    accounts.set_password(joined.person, PASSWORD)
    login = accounts.account(joined.person).login
    code = pyotp.TOTP(seed).at(clock.now_ms() // 1000)
    return accounts.sign_in(login, PASSWORD, code, joined.gateway.machine_certificate()).token


def found_home(home: Path, *, suite: int = 1) -> Cast:
    """Found a service in ``home`` with three institutions, and close it again."""
    clock = FixedClock(START)
    home.mkdir(parents=True, exist_ok=True)
    server = Server.create(home, ServerSettings(), "架空事務局", PASSPHRASE, clock, cost=FAST_UNSAFE_COST)
    settings = GatewaySettings(suite=suite)
    head = FirstPerson("jimu", "架空 事務", Role.SECRETARIAT)
    office = equip(server, home, server.secretariat_handle, head, PASSPHRASE, settings, clock, cost=FAST_UNSAFE_COST)

    def joined(name: str, number: str, roles: InstitutionRole, first: FirstPerson) -> Joined:
        return join(
            server,
            home,
            name=name,
            number=number,
            roles=roles,
            first=first,
            passphrase=PASSPHRASE,
            settings=settings,
            clock=clock,
            cost=FAST_UNSAFE_COST,
        )

    made = {
        OFFICE: office,
        CLINIC: joined(
            "架空健診センター", "1319999901", InstitutionRole.SENDER, FirstPerson("okuru", "架空 送信", STAFF)
        ),
        PAYER: joined(
            "架空健康保険組合", "1329999902", InstitutionRole.RECEIVER, FirstPerson("ukeru", "架空 受信", STAFF)
        ),
    }
    tokens = {part: _signed_in(one, clock) for part, one in made.items()}
    for one in made.values():
        one.gateway.close()
    server.close()
    handles = {part: one.institution for part, one in made.items()}
    return Cast(handles, tokens, {part: one.person for part, one in made.items()})


class Service:
    """An opened home. Close it, or use it as a context manager."""

    def __init__(self, home: Path, cast: Cast, clock: FixedClock | None = None) -> None:
        self.home, self.cast = home, cast
        self.clock = clock or FixedClock(START)
        self.server = Server.open(home, PASSPHRASE, self.clock)
        self.gateways: dict[str, Gateway] = {}
        self._closed = False
        try:
            for part in (CLINIC, PAYER):
                self.gateway(part)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release everything, gateways first; once."""
        if self._closed:
            return
        self._closed = True
        for gateway in self.gateways.values():
            gateway.close()
        self.gateways.clear()
        self.server.close()

    def gateway(self, part: str) -> Gateway:
        """The gateway of the institution that plays ``part``, opened when first asked for."""
        if part not in self.gateways:
            made = Gateway.open(self.home, self.cast.handles[part], PASSPHRASE, self.clock, self.server)
            made.maps = SHELF
            self.gateways[part] = made
        return self.gateways[part]

    @property
    def clinic(self) -> Gateway:
        """The sender's gateway."""
        return self.gateways[CLINIC]

    @property
    def payer(self) -> Gateway:
        """The receiver's gateway."""
        return self.gateways[PAYER]

    def session(self, part: str) -> Session:
        """The session of the person who plays ``part``; it ends as any other does."""
        gateway = self.gateway(part)
        return gateway.accounts.session(self.cast.tokens[part], gateway.machine_certificate())

    def draft(self, data: bytes, name: str = "kekka.csv") -> Draft:
        """Convert at the clinic."""
        return conversion.make_draft(self.clinic, name, data, receiver=self.cast.handles[PAYER])

    def send(self, draft: Draft, *, retention_ms: int = 0, again: bool = False, supersedes: str | None = None) -> Sent:
        """Send a draft from the clinic to the payer."""
        terms = sending.Terms(self.cast.handles[PAYER], 0, retention_ms, again=again, supersedes=supersedes)
        return sending.send(self.clinic, self.session(CLINIC), draft, terms)

    def open(self, name: str) -> Opened:
        """Open at the payer."""
        return self.payer.exchange.open(name, ReadPurpose.CHECKUP_RESULT, acting(self.session(PAYER)))

    def confirm(self, name: str) -> None:
        """Confirm at the payer."""
        self.payer.exchange.confirm(name, acting(self.session(PAYER)))

    def trail(self, name: str) -> list[str]:
        """The kinds of a transfer's trail, as the clinic sees it."""
        return [step.kind for step in self.clinic.exchange.show(name).trail]


def copied(template: Path, to: Path) -> Path:
    """A home of one's own."""
    shutil.copytree(template, to)
    return to


def layout_map(map_id: str) -> LayoutMap:
    """A shipped map by the beginning of its id."""
    return next(one for one in SHELF.maps() if one.map_id.startswith(map_id))


def heads_of(layout: LayoutMap) -> list[list[str]]:
    """The heading rows of a shipped layout, or of the real one (read at run time, never copied)."""
    if layout.map_id.startswith("agency"):
        with REAL_LAYOUT.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.reader(stream))
    return read_heads(FORMATS / "layouts" / f"{layout.map_id.split('-')[0]}.csv", layout.header_rows)


def rows_of(map_id: str, people: int, *, messy: bool = False, seed: int = 7) -> tuple[list[list[str]], list[list[str]]]:
    """Heading rows and rows of invented people."""
    layout = layout_map(map_id)
    heads = heads_of(layout)
    maker = Maker(heads, layout, SHELF.items(), today(START), messy=messy)
    return heads, list(maker.rows(seed, people))


def encoded(heads: Sequence[Sequence[str]], rows: Iterator[list[str]], map_id: str = "midori") -> bytes:
    """The file as the institution would export it."""
    plain = map_id.startswith("hoshi")
    return b"".join(encode_file(heads, rows, encoding="utf-8" if plain else "cp932", quoted=plain))


def checkup_file(map_id: str = "midori", people: int = 5, *, messy: bool = False, seed: int = 7) -> bytes:
    """A file of invented people in a layout's own form."""
    heads, rows = rows_of(map_id, people, messy=messy, seed=seed)
    return encoded(heads, iter(rows), map_id)


def said_in(documents: Iterable[tuple[str, bytes]]) -> list[tuple[str, object]]:
    """What documents say, apart from the count of the day in the names of an XML archive: a file that is converted again later has another."""
    return [(name, _members(data) if name.endswith(".zip") else data) for name, data in documents]


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {re.sub(r"\d(\d{7}\.xml)$", r"n\1", name): archive.read(name) for name in archive.namelist()}
