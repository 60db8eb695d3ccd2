"""The self check leaves nothing standing, tells nothing, and registers only itself."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from unittest.mock import patch

import pytest

from akashi.api.faces import faces
from akashi.app.selfcheck import plan, trial
from akashi.app.selfcheck.context import TRIAL_LOGIN, SelfContext, copy_database
from akashi.app.selfcheck.probes import self_probes
from akashi.conformity.errors import Unreached
from akashi.conformity.judges import akashi as _doors
from akashi.conformity.judges import conversion as _conversion
from akashi.conformity.judges import duties as _duties
from akashi.conformity.judges import records as _records
from akashi.conformity.judges.registry import JUDGES
from akashi.conformity.model import Reach, Target, TargetKind
from akashi.conformity.probing import Bench, Pace, Probe, run_probes
from akashi.errors import Misuse
from akashi.identity.events import devices, person
from akashi.identity.model import Policy, Role
from akashi.identity.service import Accounts
from tests.app.service import CLINIC, PASSPHRASE, PASSWORD, Service
from tests.conformity.akashi_stage import CHEAP

JUDGE_MODULES = (_doors, _records, _conversion, _duties)
"""Imported for what they register."""


@pytest.fixture
def here(service: Service) -> SelfContext:
    """A self check of the clinic in this process, with hashing that costs nothing."""
    gateway = service.gateway(CLINIC)
    policy = Policy(second_factor=gateway.settings.require_totp)
    gateway.accounts = Accounts(
        gateway.database, gateway.keystore, gateway.author, gateway.clock, policy=policy, hasher=CHEAP()
    )
    return SelfContext(gateway, service.server, service.home)


def _run(service: Service, here: SelfContext, folder: Path, *names: str) -> list[str]:
    """Notes of what was not reached, after running probes; their facts and raw bytes tell no secret."""
    target = Target("tgt-selfcheck", TargetKind.AKASHI, "self", {}, service.clock.now_ms() + 1)
    bench = Bench(service.clock, "test", Pace(1000), folder)
    made = run_probes([one for one in self_probes(here) if one.name in names], [target], bench)
    for one in made:
        told = repr(one.facts).encode() + one.raw
        assert PASSWORD.encode() not in told
        assert PASSPHRASE not in told
        assert "架空".encode() not in told
    return [one.note for one in made if one.reach is not Reach.REACHED]


def test_nothing_stands_afterwards(service: Service, here: SelfContext, tmp_path: Path) -> None:
    """Every test account is disabled, every test device revoked, the scratch folder empty."""
    notes = _run(
        service, here, tmp_path / "scratch", "sessions", "permissions", "resets", "formats", "standards", "results"
    )

    with here.gateway.ledger.view() as state:
        trials = [one for one in here.gateway.accounts.accounts() if one.login.startswith(TRIAL_LOGIN)]
        enabled = [one.person for one in trials if (known := person(state, one.person)) is None or known.enabled]
        handles = {one.person for one in trials}
        live = [one.handle for one in devices(state) if one.responsible in handles and one.revoked_ms is None]
    assert notes == []
    assert len(trials) == 3
    assert enabled == []
    assert live == []
    assert not list((tmp_path / "scratch").iterdir())


def test_an_error_leaves_no_test_account(here: SelfContext) -> None:
    """Whatever happens inside the block, the account and its device are stopped."""
    with (
        pytest.raises(Misuse),
        trial.trial_person(here) as account,
        trial.trial_device(here, account.person) as device,
    ):
        raise Misuse(what="an invented fault")

    with here.gateway.ledger.view() as state:
        found = person(state, account.person)
        known = next(one for one in devices(state) if one.handle == device.handle)
    assert found is not None
    assert not found.enabled
    assert known.revoked_ms is not None


def test_leftovers_of_a_killed_check_are_stopped(here: SelfContext) -> None:
    """An account that a killed self check left is found by its login and disabled; others stay."""
    left = here.gateway.accounts.add_person(login=f"{TRIAL_LOGIN}left", name="架空 残り", roles=Role.AUDITOR)

    assert trial.retire_leftovers(here) == 1
    assert not trial.is_active(here, left)
    assert trial.retire_leftovers(here) == 0


def test_without_a_server_its_probes_say_so(service: Service, here: SelfContext, tmp_path: Path) -> None:
    """A gateway alone cannot see the server's databases: not reached, which never reads 適合."""
    alone = SelfContext(here.gateway, None, None)

    assert _run(service, alone, tmp_path, "ledger", "records", "sealing", "erasure", "isolation") == ["server.home"] * 5
    assert _run(service, alone, tmp_path, "signatures", "doors", "revocation") == ["routes", "serve", "server"]


def test_a_copy_is_of_one_moment_and_its_owners_only(here: SelfContext, tmp_path: Path) -> None:
    """A copy has the rows of its source and mode 0600; a missing source is not reached."""
    copy = copy_database(here.gateway.paths.database, tmp_path / "copy.db")

    assert copy.stat().st_mode & 0o077 == 0
    with pytest.raises(Unreached):
        copy_database(tmp_path / "missing.db", tmp_path / "other.db")


def test_probes_are_of_our_kind_and_ask_for_consent(here: SelfContext) -> None:
    """Names are unique; whatever makes an account, stages or sends is active."""
    probes: list[Probe] = self_probes(here)
    quiet = {one.name for one in probes if not one.active}

    assert len({one.name for one in probes}) == len(probes)
    assert {one.kind for one in probes} == {TargetKind.AKASHI}
    assert quiet == {
        "staff", "sharing", "password_store", "ledger", "records", "tamper", "signatures", "erasure", "isolation", "formats", "screening",
        "standards", "results", "maps", "wrong_input", "rights", "reviews", "identity_checks", "access_reviews", "emergency", "approvals",
        "key_module", "servers", "copies", "outside",
    }  # fmt: skip


def test_a_home_registers_itself(service: Service, tmp_path: Path) -> None:
    """Targets are on this machine, and the home's own ports the allowed ones; handles are given when they are registered, so nobody takes them first."""
    targets = plan.default_targets(service.home, 1, staff=tmp_path / "staff.csv")
    kinds = [one.kind for one in targets]

    assert {one.handle for one in targets} == {""}
    assert {one.kind for one in targets} == {
        TargetKind.AKASHI, TargetKind.MACHINE, TargetKind.TLS, TargetKind.FILE, TargetKind.HOST,
    }  # fmt: skip
    assert kinds.count(TargetKind.TLS) == 4
    assert all(one.address.startswith("127.0.0.1") for one in targets if one.kind in {TargetKind.TLS, TargetKind.HOST})
    host = next(one for one in targets if one.kind is TargetKind.HOST)
    assert "8443" in host.options["ports"].split(",")


def test_the_table_of_the_manual_is_the_code(service: Service, here: SelfContext, tmp_path: Path) -> None:
    """docs/conformity-self.md and conformity-servers.md name each probe with its facts (or how they begin), its checks and whether it is active."""
    docs = Path(__file__).resolve().parents[2] / "docs"
    pages = [(docs / name).read_text(encoding="utf-8") for name in ("conformity-self.md", "conformity-servers.md")]
    tables = [page.split("## 2. Verdicts")[0] for page in pages]
    rows = [line.split("|")[1:-1] for page in tables for line in page.splitlines() if line.startswith("| `")]
    told = {row[0].split("`")[1]: (set(row[2].split("`")[1::2]), set(row[3].split("`")[1::2])) for row in rows}
    active = {row[0].split("`")[1] for row in rows if "*" in row[0]}
    (tmp_path / "staff.csv").write_text("login\nokuru\n", encoding="utf-8")
    target = Target(
        "tgt-a", TargetKind.AKASHI, "self", {"staff": str(tmp_path / "staff.csv")}, service.clock.now_ms() + 1
    )
    bench = Bench(service.clock, "test", Pace(1000), tmp_path / "scratch")
    whole = SelfContext(here.gateway, here.server, here.home, faces=faces(here.gateway, here.server, service.clock))
    made = run_probes(self_probes(whole), [target], bench)

    assert set(told) == {one.name for one in self_probes(whole)}
    assert active == {one.name for one in self_probes(whole) if one.active}
    for one in made:
        if one.reach is Reach.REACHED:
            assert [fact for fact in one.facts if not _is_told(fact, told[one.probe][0])] == [], one.probe
            exact = {fact for fact in told[one.probe][0] if "*" not in fact}
            assert one.probe in SPARSE or exact <= set(one.facts), one.probe
    for check, judge in ((name, JUDGES.find(name)) for name in sorted(JUDGES.checks)):
        if judge is not None and judge.probe in told:
            assert check in told[judge.probe][1], check


SPARSE = {"servers", "copies", "outside", "peers"}
"""These say less of a home that keeps its ledger alone, or has no mirror."""


def _is_told(fact: str, told: set[str]) -> bool:
    return any(fnmatchcase(fact, one) for one in told)


def test_a_period_that_ends_in_between_is_no_failure(here: SelfContext) -> None:
    """A one-time code that grew old between being made and being looked at is made once more."""
    tried: list[str] = []
    with trial.trial_person(here) as account:
        real = account.accounts.confirm_totp

        def late(person: str, code: str) -> None:
            tried.append(code)
            real(person, "no code" if len(tried) == 1 else code)

        with patch.object(account.accounts, "confirm_totp", late):
            account.renew_seed()

        assert here.gateway.accounts.account(account.person).has_totp
    assert len(tried) == 2
