"""The secretariat's page of the servers: one alone, all well, below a quorum; what others are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import httpx
import pytest
from playwright.sync_api import Browser

from akashi.api.server import app
from akashi.app.network.status import IncidentLine, NetworkStatus, OwnWord, ServerLine
from akashi.errors import Misuse, NotFound
from akashi.network.model import IncidentKind, IncidentPlace, ServerRole
from akashi.web.rendering import texts
from akashi.web.staff.servers import shown
from tests.api.served import PASSWORD, Member, World
from tests.web.seat import Seat

pytestmark = pytest.mark.network
NOW = 1_795_219_200_000
FINE = NetworkStatus(
    own="srv-a",
    number=1,
    node="RUNNING",
    height=57,
    size=170,
    quorum_size=170,
    unfinished=0,
    members=4,
    needed=3,
    ordering=True,
    disk_free=76 << 30,
    split_views=0,
    servers=tuple(
        ServerLine(
            f"srv-{'abcd'[at]}",
            at + 1,
            "VALIDATOR",
            votes=True,
            up=True if at else None,
            size=170,
            seconds=NOW // 1000,
            cosigned=at < 3,
            said=OwnWord(NOW, 41, 170, (70 + at) << 30, NOW - 600_000),
        )
        for at in range(4)
    ),
    incidents=(),
    problems=(),
)
ILL = replace(
    FINE,
    ordering=False,
    unfinished=3,
    quorum_size=168,
    split_views=1,
    disk_free=2 << 30,
    servers=(
        FINE.servers[0],
        replace(FINE.servers[1], size=160, said=OwnWord(NOW, 40, 160, 1 << 30, None)),
        replace(FINE.servers[2], up=False, size=0, seconds=0, cosigned=False, said=None),
        replace(
            FINE.servers[3], up=False, size=120, cosigned=False, said=OwnWord(NOW, 30, None, None, None, stale=True)
        ),
    ),
    overdue=((3, 2),),
    mistrusted=(("srv-b", 1),),
    incidents=(
        IncidentLine("srv-d", "DAMAGED", "LEAVES", 17, NOW - 60_000, None),
        IncidentLine("srv-b", "SPLIT_VIEW", "NOTES", 120, NOW, "srv-d"),
    ),
    problems=("network.not_final", "network.peer.away", "network.peer.away"),
)
Pretend = Callable[[NetworkStatus], None]


class _Alone:
    """In place of a node, for the page alone: a gateway that looks for other signers meanwhile, as it does every so often, finds none."""

    def __init__(self) -> None:
        self.trust = self

    def chain(self) -> bytes:
        """As where one server keeps the ledger."""
        raise NotFound


@pytest.fixture
def pretend(world: World, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """The home's server answers as one of several in this state."""

    def now(told: NetworkStatus) -> None:
        monkeypatch.setattr(world.server, "node", _Alone())
        monkeypatch.setattr(app, "status_of", lambda _node, _problems: told)

    return now


def _signed_in(world: World, member: Member) -> httpx.Client:
    client, form = world.client(member), {"login": member.login, "password": PASSWORD, "code": ""}
    assert client.post("/login", data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    return client


@pytest.fixture(scope="module")
def office(world: World) -> httpx.Client:
    """The secretariat's person at the pages."""
    return _signed_in(world, world.office)


def test_a_server_alone_says_so(office: httpx.Client) -> None:
    """No table of one: a sentence, and how several are made."""
    page = office.get("/dashboard/servers?lang=ja")

    assert page.status_code == 200
    assert "台帳は 1 台のサーバーが持っています" in page.text
    assert "<table" not in page.text


def test_all_well(office: httpx.Client, pretend: Pretend) -> None:
    """How many answer, how many may stop, who cosigned; nothing is alarming."""
    pretend(FINE)
    page = office.get("/dashboard/servers?lang=ja").text

    assert "操作は確定します。いま 4 台が応答しています（あと 1 台まで止まっても続きます）。" in page
    assert 'class="note good"' in page
    assert all(f"{disk}.0 GiB" in page for disk in (70, 71, 72, 73))
    assert "確かめたものではなく、判断には使いません" in page
    assert "3 / 4" in page
    assert "76.0 GiB" in page
    assert "異常の記録はありません。" in page


def test_below_a_quorum_the_page_begins_with_it(office: httpx.Client, pretend: Pretend) -> None:
    """Not final, what waits, split views, who is away, what was found and where, little disk: all said in words."""
    pretend(ILL)
    page = office.get("/dashboard/servers?lang=en").text

    assert 'class="note stop" role="alert"' in page
    for sentence in (
        "Operations do not become final: 2 servers answer, 3 are needed.",
        "There are 1 split views",
        "Does not answer",
        "Found its data damaged and stopped voting",
        "Signed two different trees of one size",
        "Running low",
        "network.peer.away",
        "Has said nothing yet",
        "Unknown since",
        "Server 3 owes 2 erasure receipts for too long.",
        "Server 2 handed out 1 copies that are not what the ledger names.",
    ):
        assert sentence in page


def test_other_institutions_are_told_nothing(world: World, pretend: Pretend) -> None:
    """Neither the page nor the server's answer is for members."""
    pretend(FINE)
    page = _signed_in(world, world.clinic).get("/dashboard/servers")
    answer = world.client(world.clinic, world.server.settings.port).get("/api/v1/network")

    assert (page.status_code, answer.status_code) == (403, 403)
    assert "srv-a" not in page.text + answer.text


def test_rows_say_how_far_each_is() -> None:
    """Whoever answers: by its own size; others by what they signed; nothing is invented for one that signed nothing yet."""
    rows = shown({"size": 170, "network": ILL.encode()})["rows"]

    assert isinstance(rows, list)
    assert [(row["state"], row["size"], row["lag"]) for row in rows] == [
        ("here", 170, 0),
        ("up", 160, 10),
        ("away", None, None),
        ("away", 120, 50),
    ]


def test_the_newest_incident_is_first_and_names_whom_it_is_about() -> None:
    """Server 2 told of server 4."""
    found = shown({"size": 170, "network": ILL.encode()})["incidents"]

    assert isinstance(found, list)
    assert [(one["kind"], one["number"]) for one in found] == [("SPLIT_VIEW", 4), ("DAMAGED", 4)]


@pytest.mark.parametrize("answer", [{}, {"size": 1, "network": {}}, {"size": 1, "network": {"own": "srv-a"}}])
def test_an_answer_of_another_version_is_refused(answer: dict[str, object]) -> None:
    """A page with half of the truth would be worse than none."""
    with pytest.raises(Misuse):
        shown(answer)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_word_that_a_server_may_say_has_a_text(language: str) -> None:
    """Roles, kinds and places of incidents, states: in both languages."""
    wanted = [f"servers.role.{one.name}" for one in ServerRole]
    wanted += [f"servers.kind.{one.name}" for one in IncidentKind]
    wanted += [f"servers.place.{one.name}" for one in IncidentPlace]

    assert [key for key in wanted if key not in texts(language)] == []


def test_the_status_survives_json() -> None:
    """What the API sends is what the page and the command read."""
    assert NetworkStatus.decode(asdict(ILL)) == ILL


@pytest.mark.parametrize("told", [FINE, ILL], ids=["fine", "ill"])
def test_it_fits_wide_and_narrow(world: World, browser: Browser, pretend: Pretend, told: NetworkStatus) -> None:
    """From the dashboard by a link; nothing overflows at 1280 and 390 px, no complaint in the console."""
    pretend(told)
    seat = Seat(world, browser, world.office)
    seat.sign_in(world.office.login)
    seat.go("/dashboard")
    seat.page.click("text=サーバーの様子を見る")
    seat.page.wait_for_url("**/dashboard/servers")
    seat.look(f"servers-{'fine' if told is FINE else 'ill'}")

    assert "すべてのサーバー" in seat.text()
    assert (seat.complaints, seat.overflowing) == ([], [])
