"""The key commands on a whole service: a token's home, the leak drill, retirement of a suite, shares and recovery."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, load_settings, save_settings, server_paths
from akashi.app.errors import SettingsInvalid
from akashi.app.gateway.home import acting
from akashi.app.keys.drill import drill_gateway, drill_server, write_report
from akashi.app.keys.errors import SuiteStillCurrent
from akashi.app.keys.gateway_keys import rotate_gateway
from akashi.app.keys.opening import PIN, PIN_FD, PIN_FILE, find_pin
from akashi.app.keys.profile import sealing_profile
from akashi.app.keys.reporting import of_gateway, of_server
from akashi.app.keys.rotation import KeyRole
from akashi.app.keys.server_keys import rotate_server
from akashi.app.keys.suites import suite_uses
from akashi.app.server.home import Server
from akashi.cli.__main__ import main as akashi
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.keys.custody.events import share_set
from akashi.keys.errors import PassphraseWrong, SuiteRefused, SuiteUnknown
from akashi.keys.locking import RECOVERY_FILE
from akashi.keys.model import FAST_UNSAFE_COST, KeyKind
from akashi.keys.tokens.errors import TokenMissing, TokenPinMissing
from akashi.ledger.registry import key_record, opening_key
from tests.app.service import CLINIC, PASSPHRASE, PAYER, START, Cast, Service, checkup_file, copied
from tests.keys.tokens.softhsm import MODULE, token_place
from tests.keys.tokens.softhsm import PIN as TOKEN_PIN


@pytest.fixture
def home(template: tuple[Path, Cast], tmp_path: Path) -> Path:
    made = copied(template[0], tmp_path / "home")
    (made / "passphrase").write_bytes(PASSPHRASE)
    return made


def run(home: Path, *words: str) -> tuple[int, Any]:
    """``akashi keys …`` in a home; its exit status and its result."""
    out, err = io.StringIO(), io.StringIO()
    shell = Shell(out, err, "en", as_json=True, clock=FixedClock(START))
    status = akashi(["keys", *words, "--home", str(home), "--json"], shell)
    return status, json.loads(out.getvalue() or err.getvalue())


def accept(service: Service) -> None:
    """The clinic was told by telephone that the payer has a new opening key."""
    with service.server.engine.view() as state:
        named = opening_key(state, service.cast.handles[PAYER], service.clock.now_ms())
    assert named is not None
    service.clinic.exchange.accept_key(service.cast.handles[PAYER], named.key, acting(service.session(CLINIC)))


def with_token(home: Path, label: str) -> None:
    """Name the token in the server's settings, and put the PIN where the program looks."""
    place = token_place(label)
    path = server_paths(home).settings
    changed = replace(load_settings(path, ServerSettings), pkcs11_module=place.module, pkcs11_token=place.label)
    save_settings(path, changed)
    (home / "pin").write_bytes(TOKEN_PIN)


# A token.


def test_a_service_is_founded_into_a_token(tmp_path: Path) -> None:
    """CA, secretariat, server and log keys are in the token; the web key, which TLS needs in memory, is wrapped by it."""
    place, home = token_place("founding"), tmp_path / "home"
    home.mkdir()
    (home / "pin").write_bytes(TOKEN_PIN)
    settings = ServerSettings(pkcs11_module=place.module, pkcs11_token=place.label, pkcs11_validation="declared 1")
    clock = FixedClock(START)
    Server.create(home, settings, "架空事務局", PASSPHRASE, clock, cost=FAST_UNSAFE_COST).close()
    server = Server.open(home, PASSPHRASE, clock)
    try:
        server.stamper.stamp()
        made = of_server(server)
    finally:
        server.close()

    forms = {one.name: one.form for one in made.keys}
    assert forms == {name: "wrapped" if name == "web" else "token" for name in forms}
    assert {"ca", "cosigner", "log-1", "log-2", "secretariat", "server", "tsa", "web"} == set(forms)
    assert made.token is not None
    assert made.token.validation == "not known (declared by the operator: declared 1)"


def test_keys_move_into_a_token_by_rotation(home: Path, template: tuple[Path, Cast]) -> None:
    """Private keys are not imported: each new generation is made in the token, and the service works with it."""
    with_token(home, "moving")
    for role in (KeyRole.SECRETARIAT, KeyRole.SERVER, KeyRole.CA, KeyRole.TSA):
        with Service(home, template[1]) as service:
            rotate_server(service.server, role)
    with Service(home, template[1]) as service:
        sent = service.send(service.draft(checkup_file(people=1)))
        service.open(sent.transfer)
        service.server.stamper.stamp()
        forms = {one.name: (one.form, one.generation) for one in of_server(service.server).keys}

    assert {forms[name] for name in ("secretariat", "server", "ca", "tsa")} == {("token", 2)}


def test_the_command_moves_after_the_token_answered(home: Path) -> None:
    """A wrong label changes no setting; a right one is written and reported, with nothing claimed about validation."""
    token_place("by-command")
    (home / "pin").write_bytes(TOKEN_PIN)
    before = server_paths(home).settings.read_bytes()
    refused, said = run(home, "move", "--module", str(MODULE), "--token", "no such")
    kept = server_paths(home).settings.read_bytes()
    status, done = run(home, "move", "--module", str(MODULE), "--token", "by-command")

    assert (refused, said["code"], kept) == (4, TokenMissing.code, before)
    assert (status, done["validation"]) == (0, "not known")
    assert load_settings(server_paths(home).settings, ServerSettings).pkcs11_token == "by-command"


def test_the_pin_is_found_where_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named file, then the home's, then a descriptor, then the variable; else it is said that it is missing."""
    for name in (PIN_FILE, PIN_FD, PIN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(TokenPinMissing):
        find_pin(tmp_path)
    monkeypatch.setenv(PIN, "from-variable")
    found = [find_pin(tmp_path)]
    (tmp_path / "pin").write_bytes(b"from-home\n")
    found.append(find_pin(tmp_path))
    (tmp_path / "named").write_bytes(b"from-file\n")
    monkeypatch.setenv(PIN_FILE, str(tmp_path / "named"))
    found.append(find_pin(tmp_path))

    assert found == [b"from-variable", b"from-home", b"from-file"]


# A leak.


@pytest.mark.parametrize("role", [role for role in KeyRole if role is not KeyRole.LOG])
def test_a_rehearsal_changes_nothing(service: Service, role: KeyRole) -> None:
    """No operation, no file of a key store."""
    size = service.server.engine.size
    folders = [server_paths(service.home).keys, service.payer.paths.keys]
    before = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    if role in (KeyRole.GATEWAY, KeyRole.OPENING, KeyRole.MACHINE, KeyRole.WEB):
        report = drill_gateway(service.payer, service.server, role, START)
    else:
        report = drill_server(service.server, role, START)

    assert (report.really, report.steps) == (False, ())
    assert service.server.engine.size == size
    assert [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders] == before


def test_a_leaked_signing_key_is_withdrawn_and_its_operations_listed(home: Path, template: tuple[Path, Cast]) -> None:
    """Revoked as compromised since then; a new key signs at once; every operation of the time is named by its id."""
    with Service(home, template[1]) as service:
        sent = service.send(service.draft(checkup_file(people=1)))
        report = drill_gateway(service.clinic, service.server, KeyRole.GATEWAY, START - 1, really=True)
        with service.server.engine.view() as state:
            record = key_record(state, bytes.fromhex(report.keys[0]))
        sending = service.server.engine.entries(sent.transfer)[0].operation_id.hex()
    with Service(home, template[1]) as service:
        again = service.send(service.draft(checkup_file(people=1)), again=True)

    assert record is not None
    assert (record.revoked_ms, record.compromised_since_ms) == (START, START - 1)
    assert sending in report.exposure.operations
    assert report.exposure.kinds["transfer.sent"] == 1
    assert [name for name, _ in report.steps] == ["made", "enrolled", "switched", "revoked", "destroyed"]
    assert again.transfer != sent.transfer


def test_a_leaked_opening_key_names_what_it_opens(home: Path, template: tuple[Path, Cast]) -> None:
    """What is stored for the institution is exposed, and still opens for its owner; new payloads go to the new key."""
    with Service(home, template[1]) as service:
        sent = service.send(service.draft(checkup_file(people=1)))
        report = drill_gateway(service.payer, service.server, KeyRole.OPENING, START, really=True)
    with Service(home, template[1]) as service:
        opened = service.open(sent.transfer)

    assert report.exposure.transfers == (sent.transfer,)
    assert opened.documents


def test_a_leaked_authority_is_withdrawn_at_once(home: Path, template: tuple[Path, Cast]) -> None:
    """Only the new one is believed; every device that hangs on the old one is listed."""
    with Service(home, template[1]) as service:
        report = drill_server(service.server, KeyRole.CA, START, really=True)
    with Service(home, template[1]) as service:
        assert len(service.server.authorities) == 1

    assert len(report.exposure.devices) >= 3


def test_the_report_is_for_people_and_machines(home: Path, tmp_path: Path) -> None:
    """The command writes both, owner-readable, and they hold counts, ids and times."""
    out = tmp_path / "out"
    out.mkdir()
    status, done = run(home, "leak-drill", "secretariat", "--since", "2026-11-01T09:00:00+09:00", "--out", str(out))
    files = [out / name for name in done["files"]]
    text = files[1].read_text()

    assert (status, done["really"]) == (0, False)
    assert json.loads(files[0].read_bytes())["role"] == "secretariat"
    assert "訓練（何も変えていません）" in text
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_time_without_offset_is_refused(home: Path, tmp_path: Path) -> None:
    """Nine hours more or less would decide what is believed."""
    words = ("leak-drill", "gateway", "--since", "2026-11-01T09:00:00", "--out", str(tmp_path))
    assert run(home, *words)[1]["code"] == "cli.arguments"


def test_reports_of_drills_stand_beside_each_other(service: Service, tmp_path: Path) -> None:
    """A second drill does not overwrite the first."""
    first = write_report(drill_server(service.server, KeyRole.SERVER, START), tmp_path)
    service.clock.advance(1_000)
    second = write_report(drill_server(service.server, KeyRole.SERVER, START), tmp_path)
    assert len({*first, *second}) == 4


# Suites.


def test_a_retired_suite_seals_no_more_and_still_opens(home: Path, template: tuple[Path, Cast]) -> None:
    """The sender's gateway refuses the receiver's old key; what was sent before opens; after rotation sending goes on."""
    cast = template[1]
    with Service(home, cast) as service:
        before = service.send(service.draft(checkup_file(people=1)))
        counts = {one.suite: (one.opening_keys, one.payloads) for one in suite_uses(service.server)}
    path = gateway_paths(home, cast.handles[CLINIC]).settings
    save_settings(path, replace(load_settings(path, GatewaySettings), suite=2, retired_suites="1"))
    with Service(home, cast) as service:
        draft = service.draft(checkup_file(people=2))
        with pytest.raises(SuiteRefused):
            service.send(draft)
        rotate_gateway(service.payer, service.server, KeyRole.OPENING, KeyKind.HPKE_P256)
    with Service(home, cast) as service:
        accept(service)
        service.send(service.draft(checkup_file(people=3)))
        opened = service.open(before.transfer)
        after = {one.suite: one.payloads for one in suite_uses(service.server)}

    assert counts[1][1] == 1
    assert counts[1][0] >= 3
    assert opened.documents
    assert after == {1: 1, 2: 1}


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("1", SuiteStillCurrent),
        ("9", SuiteUnknown),
        ("x", SettingsInvalid),
        ("1,,2", SettingsInvalid),
        (" ", SettingsInvalid),
    ],
)
def test_what_cannot_be_retired_is_refused(text: str, refusal: type[Exception]) -> None:
    """The suite in use, one that nobody knows, and what is no list."""
    with pytest.raises(refusal):
        sealing_profile(GatewaySettings(retired_suites=text))


# Shares.


def test_officers_get_sealed_shares(home: Path, template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Each opens at its own institution, where it is compared with the ledger; another's share does not open there."""
    cast, out = template[1], tmp_path / "shares"
    officers = [cast.handles[part] for part in (CLINIC, PAYER)]
    words = [word for officer in officers for word in ("--officer", officer)]
    status, done = run(home, "shares", "--needed", "2", *words, "--out", str(out))
    first, second = [str(out / name) for name in done["files"]]
    own = run(home, "shares-check", "--institution", officers[0], first)
    foreign = run(home, "shares-check", "--institution", officers[0], second)

    assert (status, done["needed"]) == (0, 2)
    assert own == (0, {"needed": 2, "numbers": [1], "rehearsed": False})
    assert foreign[1]["code"] == "keys.share_malformed"


def test_an_institution_without_opening_key_keeps_no_share(
    home: Path, template: tuple[Path, Cast], tmp_path: Path
) -> None:
    """Nor does one institution keep two; then no share was made at all."""
    payer = template[1].handles[PAYER]
    words = ("shares", "--needed", "2", "--out", str(tmp_path / "out"), "--officer", payer, "--officer")
    refused = [run(home, *words, other)[1]["code"] for other in (payer, "inst-nobodynobody")]

    assert refused == ["app.officer_unsuitable"] * 2
    assert not (server_paths(home).keys / RECOVERY_FILE).exists()


def test_shares_never_replace_shares(home: Path, tmp_path: Path) -> None:
    """A folder that holds shares, perhaps the only ones of another key store, is refused; the shares in it stay good."""
    out = tmp_path / "papers"
    _, made = run(home, "shares", "--needed", "2", "--paper", "3", "--out", str(out))
    refused = run(home, "shares", "--needed", "2", "--paper", "2", "--out", str(out))

    assert refused[1]["code"] == "cli.file_there"
    assert run(home, "shares-check", "--rehearse", *(str(out / name) for name in made["files"]))[0] == 0


def test_shares_on_paper_recover_and_are_used_up(home: Path, tmp_path: Path) -> None:
    """Two of three papers, a fresh machine, a new passphrase; the old passphrase and the old papers open nothing more."""
    out, fresh, new = tmp_path / "papers", tmp_path / "fresh", tmp_path / "new"
    new.write_bytes(b"another invented passphrase")
    _, made = run(home, "shares", "--needed", "2", "--paper", "3", "--out", str(out))
    papers = [str(out / name) for name in made["files"]]
    rehearsed = run(home, "shares-check", "--rehearse", *papers[:2])
    shutil.copytree(home, fresh)
    few = run(fresh, "recover", "--new-file", str(new), papers[0])
    done = run(fresh, "recover", "--new-file", str(new), papers[0], papers[2])
    again = run(fresh, "recover", "--new-file", str(new), papers[0], papers[2])

    assert rehearsed[0] == 0
    assert few[1]["code"] == "keys.shares_few"
    assert done == (0, {"recorded": True, "shares": 2})
    assert again[1]["code"] == "keys.keystore_missing"
    with pytest.raises(PassphraseWrong):
        Server.open(fresh, PASSPHRASE, FixedClock(START))
    server = Server.open(fresh, new.read_bytes(), FixedClock(START))
    try:
        with server.engine.view() as state:
            known = share_set(state, bytes.fromhex(made["set"]))
    finally:
        server.close()
    assert known is not None
    assert (known.threshold, len(known.digests), known.uses) == (2, 3, 2)


def test_the_report_says_what_there_is(home: Path, template: tuple[Path, Cast]) -> None:
    """Names, kinds, generations and counts; keys in files are said to be files."""
    status, server = run(home, "report")
    _, gateway = run(home, "report", "--institution", template[1].handles[PAYER])
    with Service(home, template[1]) as service:
        rotate_gateway(service.payer, service.server, KeyRole.GATEWAY)
        rotate_gateway(service.payer, service.server, KeyRole.WEB)
        lines = {one.name: one for one in of_gateway(service.payer).keys}

    assert status == 0
    assert {one["form"] for one in server["keys"] + gateway["keys"]} == {"file"}
    assert [one["suite"] for one in server["suites"]] == [1, 2]
    assert (lines["gateway"].generation, lines["gateway"].older) == (2, (1,))
    assert lines["gateway"].retires_ms == START + GatewaySettings().key_overlap_ms
    assert (lines["web"].generation, lines["web"].older) == (2, ())
