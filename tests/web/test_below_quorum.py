"""The send page while fewer servers answer than are needed: 未確定 with the reason, nothing sent, and one press when they are back."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from akashi.errors import AkashiError
from akashi.network.errors import NotFinal
from akashi.network.payloads.errors import CopiesMissing
from tests.api.served import World, checkup_file
from tests.web.test_pages import OURS, csrf_of, signed_in

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def client(world: World) -> httpx.Client:
    """The clinic's person at the pages."""
    return signed_in(world, world.clinic)


def refusing(error: AkashiError, calls: list[int]) -> Callable[..., object]:
    """What a server does whose others do not answer; each call is counted."""

    def refuse(*_: object, **__: object) -> object:
        calls.append(1)
        raise error

    return refuse


def draft_of(world: World, client: httpx.Client, people: int) -> str:
    """The address of a preview."""
    data = checkup_file(world, people=people)
    form = {"csrf": csrf_of(client), "receiver": world.payer.institution}
    answer = client.post("/send/preview", data=form, files={"file": ("kekka.csv", data)}, headers=OURS)
    return str(answer.headers["location"])


def press(client: httpx.Client, place: str, **chosen: str) -> httpx.Response:
    """The button."""
    form = {"csrf": csrf_of(client), "life_days": "30", "keep_days": "7", "persons": "", "again": "1"} | chosen
    return client.post(place, data=form, headers=OURS)


def test_a_sending_below_a_quorum_is_told_and_sent_by_one_press(
    world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says 未確定 and how many servers answered; it tried once; nothing is listed as sent; pressing again sends it."""
    place, calls, size = draft_of(world, client, 3), list[int](), world.server.engine.size
    with monkeypatch.context() as patch:
        patch.setattr(world.server.vault, "stage", refusing(CopiesMissing(have=2, wanted=3), calls))
        told = press(client, place)
    after = world.server.engine.size
    done = press(client, place)

    assert (told.status_code, len(calls), after) == (503, 1, size)
    assert re.search(
        r"未確定です。応答したサーバーが足りません（2 台、必要 3 台）。まだ何も送られていません。", told.text
    )
    assert done.status_code == 303
    assert "/transfers/tr-" in done.headers["location"]


def test_the_terms_stay_for_the_second_press(
    world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days and persons are as they were chosen, so that nothing goes out on wider terms; the page says that the draft is kept, and until when."""
    place, person = draft_of(world, client, 5), world.payer.person
    with monkeypatch.context() as patch:
        patch.setattr(world.server.vault, "stage", refusing(CopiesMissing(have=2, wanted=3), []))
        page = press(client, place, life_days="14", keep_days="0", persons=person).text

    assert re.search(r'<option selected value="14">', page)
    assert re.search(r'<option selected value="0">', page)
    assert f'name="persons" maxlength="600" value="{person}"' in page
    assert re.search(r"作り直す必要はありません。残しておく期限: <time ", page)


def test_an_announcement_below_a_quorum_is_kept_and_shown_as_not_final(
    world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staged, signed and kept: the list says 未確定, not that it was sent, and with the quorum back it goes by itself."""
    place, calls = draft_of(world, client, 4), list[int]()
    with monkeypatch.context() as patch:
        patch.setattr(world.server.engine, "submit", refusing(NotFinal(), calls))
        told = press(client, place)
        page = client.get(told.headers["location"]).text
    gateway = world.gateway(world.clinic)
    kept = len(gateway.exchange.pending())
    resumed = gateway.exchange.resume()

    assert (told.status_code, told.headers["location"]) == (303, "/sent?notice=pending")
    assert (len(calls), kept) == (1, 1)
    assert "未確定" in page
    assert (resumed.acknowledged, resumed.pending) == (1, 0)
