"""``akashi transfer send --wait``: what was converted and confirmed goes out when enough servers are back, and only while its person may."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from akashi.app.desk import sending
from akashi.app.gateway.home import Gateway
from akashi.cli.transfer import desk
from akashi.exchange.errors import Unacknowledged
from akashi.identity.model import PersonReason
from akashi.network.payloads.errors import CopiesMissing
from akashi.vault.service import Vault
from tests.cli.stage import Stage

SEND = "akashi transfer send {tmp}/good.csv --to 1329999902 --yes"
Then = Callable[[], object]


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> list[Then]:
    """Too few servers answer, as often as there is something in the list, which is done then."""
    then, stage_ = list[Then](), Vault.stage

    def staged(vault: Vault, *given: object) -> bytes:
        if not then:
            return stage_(vault, *given)  # type: ignore[arg-type]  # whatever it is, it is handed on
        then.pop()()
        raise CopiesMissing(have=2, wanted=3)

    monkeypatch.setattr(Vault, "stage", staged)
    monkeypatch.setattr(desk, "AGAIN_S", 0.0)
    return then


def nothing() -> None:
    """Time passes."""


def test_it_is_sent_when_servers_are_back(stage: Stage, away: list[Then]) -> None:
    """Converted and shown once, told once that it waits, sent once, though two tries failed."""
    stage.step("sample good.csv")
    away += [nothing, nothing]
    out, err, status = stage.run(f"{SEND} --wait 5 @mori")

    assert (status, len(out), away) == (0, 1, [])
    assert next(line for line in err if "未確定" in line).startswith(
        "未確定: 応答したサーバーが足りません。5 分まで待ち"
    )
    assert sum("未確定" in line for line in err) == 1
    assert sum("変換した行" in line for line in err) == 1


def test_without_being_told_to_it_does_not_wait(stage: Stage, away: list[Then]) -> None:
    """One try, exit status 7, and the hint names what to do; the same command sends it later."""
    stage.step("sample good.csv")
    away += [nothing]
    _, err, status = stage.run(f"{SEND} @mori")
    out, _, again = stage.run(f"{SEND} @mori")

    assert status == 7
    assert "--wait" in err[-1]
    assert (again, len(out)) == (0, 1)


def test_who_was_disabled_meanwhile_sends_nothing(
    stage: Stage, away: list[Then], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: a person is stopped while their sending waits. The next try is refused, and nothing is on the ledger."""
    held, session_ = [], Gateway.machine_certificate

    def certificate(gateway: Gateway) -> bytes:
        held.append(gateway)
        return session_(gateway)

    monkeypatch.setattr(Gateway, "machine_certificate", certificate)
    stage.step("sample good.csv")
    away += [nothing, lambda: held[-1].accounts.disable(stage.cast.names["moriid"], reason=PersonReason.LEFT)]
    _, err, status = stage.run(f"{SEND} --wait 5 @mori")
    left = len(away)
    listed, _, _ = stage.run("akashi transfer list @hoshi")

    assert (status, left) == (8, 1), err
    assert listed == []


def test_what_was_announced_is_not_sent_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Must fail at once: signed and kept is not the same as not sent; a second try would send it twice."""
    tries = []

    def send(*_: object) -> object:
        tries.append(1)
        raise Unacknowledged

    monkeypatch.setattr(sending, "send", send)
    stage.step("sample good.csv")
    _, _, status = stage.run(f"{SEND} --wait 5 @mori")

    assert (status, len(tries)) == (7, 1)


@pytest.mark.parametrize("minutes", ["-1", "61", "an hour"])
def test_other_times_are_refused(stage: Stage, minutes: str) -> None:
    """Must fail: at most an hour, in whole minutes."""
    stage.step("sample good.csv")
    _, _, status = stage.run(
        f"{SEND} --wait={minutes} @mori" if " " not in minutes else f"{SEND} --wait '{minutes}' @mori"
    )

    assert status == 2
