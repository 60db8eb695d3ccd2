"""Pages without a browser: forms that are not ours, cookies, headers, sign-in, downloads, the journal."""

from __future__ import annotations

import re

import httpx
import pytest

from akashi.identity.journal import Outcome, What
from tests.api.served import PASSWORD, Member, World, checkup_file, deliver

pytestmark = pytest.mark.network
OURS = {"Sec-Fetch-Site": "same-origin"}


def signed_in(world: World, member: Member) -> httpx.Client:
    """A client with the session's cookie."""
    client = world.client(member)
    form = {"login": member.login, "password": PASSWORD, "code": ""}
    answer = client.post("/login", data=form, headers=OURS)
    assert answer.status_code == 303, answer.text
    return client


def csrf_of(client: httpx.Client, path: str = "/verify") -> str:
    """The value that the pages of this session put into their forms."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get(path).text)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def name(world: World) -> str:
    """A transfer from the clinic to the payer."""
    return deliver(world, checkup_file(world, seed=21))


@pytest.fixture(scope="module")
def client(world: World, name: str) -> httpx.Client:
    """The payer's person at the pages."""
    return signed_in(world, world.payer)


def test_the_cookie_cannot_be_read_or_sent_by_others(world: World) -> None:
    """``__Host-``, Secure, HttpOnly, SameSite=Strict, no expiry of its own."""
    answer = world.client(world.payer).post(
        "/login", data={"login": world.payer.login, "password": PASSWORD, "code": ""}, headers=OURS
    )
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-akashi="))

    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "path=/",
        "samesite=strict",
        "secure",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_from_elsewhere_is_refused(client: httpx.Client, name: str, headers: dict[str, str]) -> None:
    """With the cookie and even with the right value, a post must come from this origin."""
    answer = client.post(
        f"/transfers/{name}/refuse", data={"csrf": csrf_of(client), "reason": "not_ours"}, headers=headers
    )

    assert answer.status_code == 400
    assert "web.form" in answer.text


@pytest.mark.parametrize("value", ["", "0" * 64])
def test_a_form_without_the_sessions_value_is_refused(client: httpx.Client, name: str, value: str) -> None:
    """The right origin alone is not enough."""
    answer = client.post(f"/transfers/{name}/refuse", data={"csrf": value, "reason": "not_ours"}, headers=OURS)

    assert (answer.status_code, "web.form" in answer.text) == (400, True)


def test_the_value_of_another_session_is_refused(world: World, client: httpx.Client, name: str) -> None:
    """The value is bound to one session."""
    other = signed_in(world, world.payer)
    answer = client.post(f"/transfers/{name}/refuse", data={"csrf": csrf_of(other), "reason": "not_ours"}, headers=OURS)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nabc'),
        ("multipart/form-data", b""),
        ("text/plain", b"csrf=1"),
        ("application/x-www-form-urlencoded", b"a=1&a=2"),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(40))),
        ("application/x-www-form-urlencoded", b"csrf=%ff"),
    ],
)
def test_broken_forms_are_refused(client: httpx.Client, kind: str, body: bytes) -> None:
    """Cut short, repeated, too many, not UTF-8, another type: a page with a sentence, never a traceback."""
    answer = client.post("/verify", content=body, headers={**OURS, "Content-Type": kind})

    assert (answer.status_code, "web.form" in answer.text) == (400, True)


def test_a_file_over_the_limit_is_refused(client: httpx.Client) -> None:
    """The gateway's limit (4 MiB here) holds for uploads; nothing is kept."""
    answer = client.post("/verify", files={"file": ("big.akashi", b"x" * (5 << 20))}, data={"csrf": "x"}, headers=OURS)

    assert answer.status_code == 413


def test_what_people_type_is_shown_as_text(client: httpx.Client) -> None:
    """A notice's parameter cannot bring markup into a page."""
    page = client.get("/?notice=sent&t=%3Cscript%3Ealert(1)%3C/script%3E").text

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_unknown_pages_and_transfers_look_alike(world: World, client: httpx.Client) -> None:
    """A transfer of others, one that never was, and nonsense: 404 with the same words."""
    answers = [client.get(path) for path in ("/transfers/tr-aaaaaaaaaaaaaaaaaaaa", "/transfers/%2e%2e", "/nothing")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({re.sub(r"<code>.*?</code>", "", answers[i].text.split("<main", 1)[1]) for i in (0, 1)}) == 1


def test_a_wrong_password_is_a_failed_entry(world: World) -> None:
    """The page says nothing of what was wrong; the journal has the failure with its device."""
    answer = world.client(world.office).post(
        "/login", data={"login": world.office.login, "password": "Wrong-password-99", "code": ""}, headers=OURS
    )
    last = list(world.gateway(world.office).journal.entries())[-1]

    assert (answer.status_code, "identity" not in answer.text) == (401, True)
    assert (last.what, last.outcome, last.device) == (What.SIGN_IN, Outcome.FAILED, world.office.device)


def test_reading_is_in_the_journal_before_it_is_shown(world: World, client: httpx.Client, name: str) -> None:
    """A list, a page, a receipt and the evidence: each has its entry, with the transfer as subject."""
    journal = world.gateway(world.payer).journal
    head = journal.head()
    before = head.count if head else 0
    client.get("/inbox")
    page = client.get(f"/transfers/{name}").text
    receipt = client.get(re.findall(r'href="(/receipts/[0-9a-f]{64})"', page)[0])
    evidence = client.get(f"/transfers/{name}/evidence")
    seen = [(entry.what, entry.subject) for entry in journal.entries(before + 1)]

    assert seen == [(What.LISTED, None), (What.READ, name), (What.DOWNLOADED, None), (What.DOWNLOADED, name)]
    assert receipt.text.startswith("c2sp.org/tlog-proof@v1\n")
    assert evidence.headers["content-disposition"] == f'attachment; filename="{name}.akashi"'


def test_sealed_and_locked_files_leave_unreadable(world: World, client: httpx.Client, name: str) -> None:
    """Both forms come as downloads without a readable line of the content; a short passphrase is refused on the page."""
    form = {"csrf": csrf_of(client), "purpose": "checkup_result", "destination": "removable_medium", "lock": ""}
    sealed = client.post(f"/transfers/{name}/export", data={**form, "form": "sealed"}, headers=OURS)
    short = client.post(f"/transfers/{name}/export", data={**form, "form": "locked", "lock": "short"}, headers=OURS)
    long = client.post(
        f"/transfers/{name}/export", data={**form, "form": "locked", "lock": "a long invented passphrase"}, headers=OURS
    )

    assert sealed.headers["content-disposition"].endswith('.sealed"')
    assert long.headers["content-disposition"].endswith('.akashi-locked"')
    assert short.status_code == 400
    assert b"standard.csv" not in sealed.content + long.content


def test_signing_out_ends_the_session(world: World) -> None:
    """The cookie is worth nothing afterwards, also when it is kept."""
    client = signed_in(world, world.payer)
    token = client.cookies["__Host-akashi"]
    client.post("/logout", data={"csrf": csrf_of(client)}, headers=OURS)
    again = client.get("/", headers={"Cookie": f"__Host-akashi={token}"})

    assert (again.status_code, again.headers["location"]) == (303, "/login")


def marks(client: httpx.Client) -> dict[str, str]:
    """What the menu offers, each with the number of news at it."""
    found = re.findall(
        r'<a href="(/[a-z]*)"(?: aria-current="page")?>[^<]*(?:<span class="mark warn">(\d+)</span>)?</a>',
        client.get("/verify").text,
    )
    return dict(found)


def test_news_stand_at_the_list_that_they_are_in(world: World) -> None:
    """What arrived is counted at the inbox and what became of something sent at the sent list; sending is offered to senders only."""
    clinic, payer = signed_in(world, world.clinic), signed_in(world, world.payer)
    sent = deliver(world, checkup_file(world, seed=22))
    world.gateway(world.payer).exchange.poll()
    arrived = marks(payer)
    payer.post(f"/transfers/{sent}/open", data={"csrf": csrf_of(payer), "purpose": "checkup_result"}, headers=OURS)
    world.gateway(world.clinic).exchange.poll()
    opened = marks(clinic)

    assert int(arrived["/inbox"]) >= 1
    assert (arrived["/sent"], opened["/inbox"]) == ("", "")
    assert int(opened["/sent"]) >= 1
    assert "/send" in opened
    assert "/send" not in arrived
