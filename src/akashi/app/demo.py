"""The main job from end to end, with real parts and invented people: what ``make demo`` runs.

Guarantees: every step is the product's own code on a fresh home; each line says what was done, what was seen and how long it took.
Leaves a home that ``akashi serve`` can serve, and a file with the made-up accounts. Refuses: an existing home. Its time stamps come
from the home's own test authority and prove nothing legally.
"""

from __future__ import annotations

import csv
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import pyotp

from akashi.app import demo_maps
from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, server_paths
from akashi.app.desk import conversion, sending
from akashi.app.desk.drafts import Draft
from akashi.app.desk.maps import FORMATS, today
from akashi.app.errors import HomeExists
from akashi.app.gateway.enrolment import FirstPerson, Joined, equip, join, make_device
from akashi.app.gateway.home import acting
from akashi.app.peoplecheck import demo_people
from akashi.app.server.home import Server
from akashi.app.wiring import KINDS
from akashi.checkup.errors import LayoutUnknown
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.generate import Maker, encode_file
from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.errors import IntegrityError
from akashi.exchange.model import ReadPurpose
from akashi.identity.model import InstitutionRole, Role, Session
from akashi.ledger.audit import audit
from akashi.ledger.proof.evidence import export_all, export_subject
from akashi.ledger.proof.verify import verify_file
from akashi.vault.events import SPACE, payload_record
from akashi.vault.model import ErasureLevel

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = 1_000
NEWCOMERS = 20
"""People in the layout that Akashi has never seen."""
PORT = 8442
SETTINGS = "*.toml"
"""How the settings files of a home are called."""
_ACCOUNTS = "デモ用の架空の利用者です / made-up accounts of the demo\n"
Say = Callable[[str], None]
Holders: TypeAlias = tuple[demo_people.Holder, demo_people.Holder]
"""The sender's and the receiver's person, each with a key of their own."""


@dataclass(frozen=True, slots=True)
class Account:
    """One made-up account of the demonstration."""

    institution: str
    login: str
    password: str = field(repr=False)
    seed: str = field(repr=False)
    p12_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the main job leaves for those who go on: the sender's institution, its person's session, the made-up accounts."""

    institution: str
    session: Session = field(repr=False)
    accounts: tuple[Account, ...] = field(repr=False)
    steps: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    """Every settings file as it was when the last institution had joined: name in the home to SHA-256."""
    founded_ms: int = 0


class DemoFailed(IntegrityError):
    """A step of the demonstration did not give what it must."""

    code = "app.demo"
    ja, en = "デモの「{step}」が期待どおりになりませんでした。", "The demonstration failed at `{step}`."


class Steps:
    """Numbers, times and prints the steps."""

    def __init__(self, say: Say, *, after: int = 0) -> None:
        self._say, self._number, self._started = say, after, time.perf_counter()
        self._last = self._started

    def done(self, what: str, seen: str) -> None:
        """A step is over."""
        now = time.perf_counter()
        self._number += 1
        self._say(f"{self._number:2}. {what:<34} {(now - self._last) * 1000:8.0f} ms   {seen}")
        self._last = now

    @property
    def number(self) -> int:
        """How many steps are over."""
        return self._number

    def total(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._started


def run(home: Path, clock: Clock, say: Say, *, people: int = PEOPLE, port: int = PORT) -> Shown:
    """Run everything in ``home``; served later, it takes five ports from ``port`` on.

    Raises :class:`HomeExists`, :class:`DemoFailed` and whatever a part refuses.
    """
    if home.exists() and any(home.iterdir()):
        raise HomeExists(name=home.name)
    make_directory(home)
    passphrase = secrets.token_urlsafe(24).encode()
    write_file(home / "passphrase", passphrase)
    steps = Steps(say)
    server = Server.create(home, ServerSettings(port=port + 1, public_port=port), "デモ事務局", passphrase, clock)
    steps.done("found the service", f"origin {server.engine.origin}")
    try:
        shown = _main_job(home, server, passphrase, clock, steps, people, port)
    finally:
        server.close()
    report = audit(server_paths(home).ledger, KINDS)
    steps.done("ledger audit", f"{report.leaves} leaves, {len(report.findings)} findings")
    _require(not report.findings, "ledger audit")
    say(f"    total {steps.total():.1f} s. Accounts: {home}/accounts.txt. Next: make serve")
    return replace(shown, steps=steps.number)


def settings_now(home: Path) -> dict[str, str]:
    """SHA-256 of every settings file of a home.

    >>> settings_now(Path("nowhere"))
    {}
    """
    return {str(path.relative_to(home)): sha256(path.read_bytes()).hexdigest() for path in sorted(home.rglob(SETTINGS))}


def _require(condition: bool, step: str) -> None:
    if not condition:
        raise DemoFailed(step=step)


def _main_job(
    home: Path, server: Server, passphrase: bytes, clock: Clock, steps: Steps, people: int, port: int
) -> Shown:
    """All steps up to the journals."""
    office = equip(
        server,
        home,
        server.secretariat_handle,
        FirstPerson("jimu", "事務局 担当", Role.SECRETARIAT),
        passphrase,
        GatewaySettings(port=port + 2),
        clock,
    )
    clinic = _join(
        server, home, "みどり健診センター", "1319999901", InstitutionRole.SENDER, passphrase, clock, (1, port + 3)
    )
    payer = _join(
        server, home, "ほし健康保険組合", "0099130015", InstitutionRole.RECEIVER, passphrase, clock, (2, port + 4)
    )
    joined = [office, clinic, payer]
    try:
        accounts = [_account(server, home, one) for one in joined]
        settings, founded = settings_now(home), clock.now_ms()
        steps.done("institutions, people, devices", f"{len(joined)} institutions, ledger size {server.engine.size}")
        sender, receiver = (
            _sign_in(one, account, clock) for one, account in zip(joined[1:], accounts[1:], strict=True)
        )
        steps.done("sign in: certificate+password+code", f"{sender.person}, {receiver.person}")
        holders = (demo_people.hold_key(clinic.gateway, sender), demo_people.hold_key(payer.gateway, receiver))
        steps.done("passkeys of a software authenticator", "for the demonstration only: nothing protects these keys")
        server.stamper.stamp()
        steps.done("time stamp on a checkpoint", "test authority: no legal effect")
        transfer = _deliver(clinic, payer, holders, steps, people)
        _new_layout(clinic, payer, holders, steps)
        _people(home, clinic, holders[0], steps, founded)
        _erase(server, steps, transfers=2)
        server.stamper.stamp()
        steps.done("second time stamp", f"ledger size {server.engine.size}")
        _prove(home, server, transfer, steps)
        for one in joined:
            one.gateway.anchor_journal()
        steps.done("access journals anchored", f"ledger size {server.engine.size}")
        return Shown(clinic.institution, sender, tuple(accounts), 0, settings, founded)
    finally:
        for one in joined:
            one.gateway.close()


def _join(
    server: Server,
    home: Path,
    name: str,
    number: str,
    roles: InstitutionRole,
    passphrase: bytes,
    clock: Clock,
    numbers: tuple[int, int],
) -> Joined:
    """An institution with its first person; ``numbers``: which one it is, and the port of its pages."""
    offset, port = numbers
    first = FirstPerson(f"demo{offset}", f"デモ 担当{offset}", Role.OPERATOR | Role.MANAGER)
    return join(
        server,
        home,
        name=name,
        number=number,
        roles=roles,
        first=first,
        passphrase=passphrase,
        settings=GatewaySettings(port=port),
        clock=clock,
    )


def _account(server: Server, home: Path, joined: Joined) -> Account:
    """Password, second factor and a device of a made-up account; written down for whoever tries the demo in a browser."""
    accounts = joined.gateway.accounts
    seed, clock = accounts.enrol_totp(joined.person).secret, joined.gateway.clock
    # The code of the period before: one period is within the tolerance, and the present code stays free for the first sign-in.
    # Said again where the period turned between the two looks at the clock, which hardly happens twice.
    codes = (pyotp.TOTP(seed).at(clock.now_ms() // 1000 - 30) for _ in range(5))
    if not any(accounts.factors.confirm_totp(joined.person, code) for code in codes):
        raise DemoFailed(step="TOTP")
    password = f"{secrets.token_urlsafe(12)}-7a"
    accounts.set_password(joined.person, password)
    device = make_device(server, joined.institution, joined.person)
    folder = gateway_paths(home, joined.institution).root
    write_file(folder / "demo-device.p12", device.p12)
    write_file(folder / "demo-device.pem", device.pem)
    login = accounts.account(joined.person).login
    made = Account(joined.institution, login, password, seed, device.password)
    notes = home / "accounts.txt"
    before = notes.read_text(encoding="utf-8") if notes.exists() else _ACCOUNTS
    text = (
        f"\nhttps://localhost:{joined.gateway.settings.port}/  {joined.gateway.names()[joined.institution]}\n"
        f"  institution {made.institution}\n  login {made.login}\n  password {made.password}\n  TOTP seed {made.seed}\n"
        f"  device gateways/{made.institution}/demo-device.p12  password {made.p12_password}\n"
    )
    write_file(notes, (before + text).encode())
    return made


def _sign_in(joined: Joined, account: Account, clock: Clock) -> Session:
    gateway = joined.gateway
    code = pyotp.TOTP(account.seed).at(clock.now_ms() // 1000)
    return gateway.accounts.sign_in(account.login, account.password, code, gateway.machine_certificate())


def _sample(joined: Joined, people: int, clock: Clock) -> bytes:
    """A file of invented people in the clinic's own layout (CP932, two heading rows, values as messy as real ones)."""
    gateway = joined.gateway
    layout: LayoutMap = next(one for one in gateway.maps.maps() if one.map_id.startswith("midori"))
    heads = read_heads(FORMATS / "layouts" / "midori.csv", layout.header_rows)
    maker = Maker(heads, layout, gateway.maps.items(), today(clock.now_ms()), messy=False)
    return b"".join(encode_file(heads, maker.rows(20261121, people), encoding="cp932"))


def read_heads(path: Path, rows: int) -> list[list[str]]:
    """The heading rows of a layout file (UTF-8)."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for _, row in zip(range(rows), csv.reader(file), strict=False)]


def _deliver(clinic: Joined, payer: Joined, holders: Holders, steps: Steps, people: int) -> str:
    data = _sample(clinic, people, clinic.gateway.clock)
    steps.done("invented people", f"{people} rows, {len(data):,} bytes CP932")
    draft = conversion.make_draft(clinic.gateway, "kekka.csv", data, receiver=payer.institution)
    report = draft.report
    stops, warns, informs = draft.severities
    steps.done(
        "convert to standard CSV and hc08",
        f"{report.rows_out} people, findings: {stops} stop, {warns} warn, {informs} inform",
    )
    return _hand_over(clinic, payer, holders, draft, steps)


def _new_layout(clinic: Joined, payer: Joined, holders: Holders, steps: Steps) -> None:
    """A file in a layout of its own: refused, then mapped, approved, converted to everything and delivered."""
    gateway = clinic.gateway
    data = demo_maps.unseen_file(gateway, NEWCOMERS)
    try:
        conversion.make_draft(gateway, demo_maps.FILE, data)
        raise DemoFailed(step="unknown layout")
    except LayoutUnknown:
        steps.done("a layout nobody has seen", f"{NEWCOMERS} rows, {len(data):,} bytes: refused, no map knows it")
    made = demo_maps.make_map(gateway, holders[0].session, data)
    _require(made.version.usable and made.rows == NEWCOMERS, "map")
    steps.done(
        "draft a map, decide, approve",
        f"{made.columns} columns: {made.right} drafted right, {made.wrong} wrong, {made.by_hand} decided by hand; on the ledger",
    )
    kinds = (conversion.Kind.ARCHIVE, conversion.Kind.FHIR)
    draft = conversion.make_draft(gateway, demo_maps.FILE, data, receiver=payer.institution, kinds=kinds)
    _require({one.kind for one in draft.made} == {"csv", *(kind.value for kind in kinds)}, "formats")
    _require(all(one.people == NEWCOMERS for one in draft.made), "people in formats")
    steps.done("convert to CSV, archive and FHIR", ", ".join(f"{one.name} {one.size:,} bytes" for one in draft.made))
    _hand_over(clinic, payer, holders, draft, steps)


def _hand_over(clinic: Joined, payer: Joined, holders: Holders, draft: Draft, steps: Steps) -> str:
    """Send, open and compare, confirm; the transfer's handle."""
    sender, receiver = holders
    terms = sending.Terms(payer.institution, 0, 0)
    sent = sender.do(lambda by: sending.send(clinic.gateway, by, draft, terms))
    steps.done("seal, stage, announce", f"{sent.transfer} at ledger index {sent.acknowledged.index}")
    inbox = [one.handle for one in payer.gateway.exchange.inbox()]
    _require(sent.transfer in inbox, "inbox")
    purpose = ReadPurpose.CHECKUP_RESULT
    opened = receiver.do(lambda by: payer.gateway.exchange.open(sent.transfer, purpose, acting(by)))
    _require(dict(opened.documents) == dict(draft.documents), "open")
    steps.done("receiver opens, content compared", f"{sum(len(d) for _, d in opened.documents):,} bytes in memory")
    receiver.do(lambda by: payer.gateway.exchange.confirm(sent.transfer, acting(by)))
    same = clinic.gateway.exchange.show(sent.transfer).trail == payer.gateway.exchange.show(sent.transfer).trail
    _require(same, "trail")
    steps.done("receiver confirms", "both sides see the same trail")
    return sent.transfer


def _people(home: Path, clinic: Joined, boss: demo_people.Holder, steps: Steps, founded_ms: int) -> None:
    """What people do beside the main job, in one institution."""
    staff = demo_people.hire(gateway := clinic.gateway, boss)
    steps.done("a department and its people", f"{staff.department}: from now on rights are applied for")
    applications = demo_people.apply_for_rights(gateway, boss, staff)
    steps.done("rights applied, decided, confirmed", f"{applications} applications, nobody decided on their own")
    newcomer = demo_people.reset_password(gateway, staff)
    steps.done("reset after an identity check", "the person set the new password alone and was told")
    touched = demo_people.drill_emergency(gateway, boss, staff)
    steps.done("emergency drill: two open, third looks", f"{touched} entries under the opening, reviewed, sealed anew")
    deviations = demo_people.receive_maintainer(gateway, boss, staff)
    steps.done("a visit within its window, reported", f"{deviations} deviations from the plan")
    findings = demo_people.review_accounts(gateway, boss, staff)
    marked = demo_people.look_at_access(gateway, staff, founded_ms)
    steps.done("accounts and access reviewed", f"{findings} findings decided, {marked} entries marked")
    _note(home, clinic, (staff.planner, staff.head, staff.operations, newcomer))


def _note(home: Path, clinic: Joined, members: Sequence[demo_people.Member]) -> None:
    """Write down the clinic's other people, for whoever tries the demo in a browser with the clinic's demo device."""
    notes = home / "accounts.txt"
    lines = [f"\n{clinic.gateway.names()[clinic.institution]}\n"]
    lines += [f"  login {one.login}\n  password {one.password}\n  TOTP seed {one.seed}\n" for one in members]
    write_file(notes, notes.read_bytes() + "".join(lines).encode())


def _erase(server: Server, steps: Steps, *, transfers: int) -> None:
    report = server.housekeeping.run_once()
    _require(report.erased == transfers, "erase")
    scrubbed = server.vault.scrub()
    with server.engine.view() as state:
        records = [payload_record(state, payload) for payload, _ in state.scan(SPACE)]
    levels = {record.level for record in records if record is not None}
    _require(levels == {ErasureLevel.FILE} and not scrubbed.waiting, "scrub")
    steps.done("erase and scrub", f"{report.erased} payloads: keys destroyed in place, sealed bytes gone")


def _prove(home: Path, server: Server, transfer: str, steps: Steps) -> None:
    trust = (server_paths(home).public / "trust.txt").read_bytes()
    evidence = home / "evidence"
    make_directory(evidence)
    for name, bundle in (("transfer", export_subject(server.engine, transfer)), ("whole", export_all(server.engine))):
        path = evidence / f"{name}.akashi"
        write_file(path, bundle)
        verdict = verify_file(bundle, trust, KINDS)
        steps.done(
            f"verify {name} (first verifier)",
            f"{verdict.status}, {verdict.level}, {len(verdict.operations)} operations",
        )
        _require(verdict.failure is None and verdict.status == "verified", f"verify {name}")
        _second(path, server_paths(home).public / "trust.txt", steps, name)


def _second(path: Path, trust: Path, steps: Steps, name: str) -> None:
    """The second implementation, as its own process that has only ``verifier/`` on its path."""
    # Absolute: the process runs in another folder, and the home may have been named relative to ours.
    command = [sys.executable, "-m", "akashi_verifier", "--trust", str(trust.resolve()), "--json", str(path.resolve())]
    done = subprocess.run(
        command,
        cwd=ROOT / "verifier",
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT / "verifier")},
    )
    _require(done.returncode == 0, f"second verifier, {name}")
    answer = json.loads(done.stdout)
    steps.done(f"verify {name} (second verifier)", f"{answer['status']}, {answer['level']}")
