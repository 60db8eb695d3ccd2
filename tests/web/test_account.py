"""Signing in by steps, places, proofs and one's own account, without a browser."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import httpx
import pyotp
import pytest

from akashi.identity.credentials import token_id
from akashi.identity.journal import What
from akashi.identity.model import ALL_ROLES, Role
from tests.api.served import PASSWORD, World
from tests.web.visitor import CSRF, OURS, Guest, ceremony

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def guest(house: World) -> Guest:
    """Somebody signed in with the password, with a passkey since then."""
    made = Guest(house, house.clinic, "kyaku")
    assert made.sign_in().status_code == 303
    assert "notice=factor_set" in made.enrol_passkey().headers["location"]
    return made


def second(client: httpx.Client, login: str, password: str = PASSWORD) -> httpx.Response:
    """The first step."""
    return client.post("/login/second", data={"login": login, "password": password}, headers=OURS)


def count(guest: Guest) -> int:
    """Entries of the journal."""
    return sum(1 for _ in guest.gateway.journal.entries())


def test_the_second_step_is_the_same_for_everybody(house: World, guest: Guest) -> None:
    """Known or not, right or wrong: one page but for the challenge, no entry, and no password on it."""
    before = count(guest)
    cases = [("kyaku", PASSWORD), ("kyaku", "Wrong-horse-77-battery"), ("nobody-here", PASSWORD), ("okuru-b", PASSWORD)]
    answers = [second(house.client(house.clinic), *case) for case in cases]
    pages = {re.sub(r'data-options="[^"]*"', "", one.text) for one in answers}

    assert ([one.status_code for one in answers], len(pages), count(guest)) == ([200] * 4, 1, before)
    assert PASSWORD not in answers[0].text + str(answers[0].headers)


def test_what_a_passkey_is_asked_names_nobody(house: World) -> None:
    """The sign-in page lists no credential, whoever is enrolled."""
    _, options = ceremony(house.client(house.clinic).get("/login").text)

    assert (options["allowCredentials"], options["rpId"]) == ([], "localhost")


def test_password_and_passkey_in_two_steps(house: World, guest: Guest) -> None:
    """The second step takes the passkey's answer to its own challenge."""
    client = house.client(house.clinic)
    fields, options = ceremony(second(client, "kyaku").text)
    answer = client.post("/login", data=fields | {"assertion": guest.passkey.get(options)}, headers=OURS)

    assert (answer.status_code, answer.headers["location"]) == (303, "/place")


def test_a_first_step_counts_once_and_on_its_own_device(house: World, guest: Guest) -> None:
    """Its cookie is worth nothing twice, elsewhere, or made up."""
    mine, other = house.client(house.clinic), house.client(house.second_device(house.clinic))
    second(mine, "kyaku")
    other.cookies.update(mine.cookies)
    form = {"way": "second", "code": "000000"}
    elsewhere = other.post("/login", data=form, headers=OURS)
    first = mine.post("/login", data=form, headers=OURS)
    again = mine.post("/login", data=form, headers=OURS)

    assert [one.status_code for one in (elsewhere, first, again)] == [400, 401, 400]
    assert "画面の有効時間が過ぎた" in again.text


def test_a_passkey_alone_signs_in_and_its_replay_does_not(house: World) -> None:
    """No login, no password; the same answer a second time is refused."""
    guest = Guest(house, house.payer, "kyaku-p")
    guest.sign_in()
    guest.enrol_passkey()
    guest.post("/logout")
    fields, options = ceremony(guest.get("/login").text)
    form = fields | {"assertion": guest.passkey.get(options)}
    answer = guest.client.post("/login", data=form, headers=OURS)
    replay = house.client(house.payer).post("/login", data=form, headers=OURS)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert replay.status_code == 401


def test_where_passkeys_are_demanded_the_pages_lead_to_one(house: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page and route but one's own account sends there, where it is said; with a passkey everything opens."""
    guest = Guest(house, house.payer, "kagi-p")
    sessions = guest.gateway.accounts._sessions
    monkeypatch.setattr(sessions, "_policy", replace(sessions._policy, passkey=Role(ALL_ROLES)))
    guest.sign_in()
    sent = [guest.get(path).headers.get("location") for path in ("/", "/inbox", "/verify", "/devices/requests")]
    told = guest.get("/me").text
    api = house.signed_in(house.payer, "kagi-p").get("/api/v1/transfers").json()["code"]
    guest.enrol_passkey()
    still = guest.get("/inbox").headers.get("location")
    guest.post("/logout")
    again = Guest.again(guest, house.client(house.payer))

    assert sent == ["/me"] * 4
    assert "パスキーでのログインが必要です" in told
    assert (api, still) == ("identity.passkey_needed", "/me")
    assert again.get("/inbox").status_code == 200


def test_codes_of_every_kind_go_into_the_one_field(house: World) -> None:
    """Authenticator app and recovery code in the second step; a wrong one is refused like anything else."""
    guest = Guest(house, house.clinic, "kyaku-c")
    guest.sign_in()
    page = guest.post("/me/totp", label="電話").text
    secret = re.search(r"<code>([A-Z2-7]{16,64})</code>", page)
    assert secret is not None
    app = pyotp.TOTP(secret[1])
    wrong = guest.post("/me/totp/confirm", code="000000")
    right = guest.post("/me/totp/confirm", code=app.at(time.time()))
    codes = re.findall(r"<li><code>([^<]+)</code></li>", guest.post("/me/recovery").text)
    second(guest.client, guest.login)
    recovered = guest.client.post("/login", data={"way": "second", "code": codes[0]}, headers=OURS)
    shown = guest.get("/me").text

    assert ("data:image/svg+xml" in page, wrong.status_code, right.status_code, len(codes)) == (True, 401, 303, 10)
    assert recovered.status_code == 303
    assert codes[0] not in shown
    assert "回復コードが使われました" in shown


def test_a_second_place_sees_the_question_only(house: World) -> None:
    """Every address leads to the question; signing out works; an answer needs the form's own value."""
    client = house.client(house.clinic)
    form = {"login": "kyaku-q", "password": PASSWORD, "code": ""}
    Guest(house, house.clinic, "kyaku-q").sign_in()
    began = client.post("/login", data=form, headers=OURS)
    seen = {path: client.get(path).headers.get("location") for path in ("/", "/me", "/inbox", "/login", "/prove")}
    page = client.get("/place")
    csrf = CSRF.search(page.text)
    assert csrf is not None
    forged = client.post("/place", data={"csrf": "0" * 64, "answer": "yes"}, headers=OURS)
    still = client.get("/").headers.get("location")
    yes = client.post("/place", data={"csrf": csrf[1], "answer": "yes"}, headers=OURS)

    assert began.headers["location"] == "/place"
    assert set(seen.values()) == {"/place"}
    assert (forged.status_code, still, yes.headers["location"]) == (400, "/place", "/")
    assert client.get("/me").status_code == 200


def aged(guest: Guest) -> None:
    """The last proof lies ten minutes back."""
    token = guest.client.cookies["__Host-akashi"]
    session = guest.gateway.accounts.session(token, _certificate(guest))
    store = guest.gateway.accounts.presence_store
    store.prove_stay(session.id, token_id(token), guest.gateway.clock.now_ms() - 600_000)


def _certificate(guest: Guest) -> bytes:
    return guest.gateway.accounts.sessions(guest.person)[0].certificate


def test_a_stale_proof_is_asked_for_again(house: World) -> None:
    """Adding a factor leads to the proof and back; afterwards the old cookie is worth nothing."""
    guest = Guest(house, house.clinic, "kyaku-s")
    guest.sign_in()
    aged(guest)
    old = guest.client.cookies["__Host-akashi"]
    asked = guest.get("/me/passkey")
    csrf = guest.csrf()
    wrong = guest.post("/prove", next="/me/passkey", password="Wrong-horse-77-battery")
    done = guest.client.post("/prove", data={"csrf": csrf, "next": "/me/passkey", "password": PASSWORD}, headers=OURS)
    page = guest.get("/me/passkey")
    stolen = house.client(house.clinic).get("/", headers={"Cookie": f"__Host-akashi={old}"})

    assert (asked.status_code, asked.headers["location"]) == (303, "/prove?next=/me/passkey")
    assert (wrong.status_code, done.headers["location"], page.status_code) == (401, "/me/passkey", 200)
    assert stolen.headers["location"] == "/login"


@pytest.mark.parametrize(
    "after", ["//evil.example", "https://evil.example/", "/\\evil.example", "/x?y=1", "javascript:0", "/a\nb", ""]
)
def test_one_goes_on_at_home_only(guest: Guest, after: str) -> None:
    """An address of elsewhere is replaced by the home page."""
    page = guest.client.get("/prove", params={"next": after}).text

    assert re.findall(r'name="next" value="([^"]*)"', page) == ["/"] * page.count('name="next"')


def test_sessions_are_listed_and_ended(house: World) -> None:
    """The other browser stands in the list and is out after one button; then everything at once."""
    guest, other = Guest(house, house.clinic, "kyaku-l"), house.client(house.clinic)
    guest.sign_in()
    other.post("/login", data={"login": guest.login, "password": PASSWORD, "code": ""}, headers=OURS)
    keys = re.findall(r'action="/me/sessions/([0-9a-f]{16})/end"', guest.get("/me").text)
    ended = guest.post(f"/me/sessions/{keys[0]}/end")
    unknown = guest.post("/me/sessions/0000000000000000/end")
    out = other.get("/").headers.get("location")
    everywhere = guest.post("/me/everywhere")

    assert (len(keys), ended.status_code, unknown.status_code, out) == (1, 303, 404, "/login")
    assert (everywhere.headers["location"], guest.get("/").headers["location"]) == ("/login", "/login")


def test_a_suspected_leak_stops_everything_and_needs_a_tick(house: World) -> None:
    """Without the tick nothing happens; with it neither session nor password is worth anything."""
    guest = Guest(house, house.clinic, "kyaku-x")
    guest.sign_in()
    unsure = guest.post("/me/leak").headers["location"]
    stopped = guest.post("/me/leak", sure="1").headers["location"]

    assert (unsure, stopped, guest.sign_in().status_code) == ("/me?notice=unsure", "/login", 401)


def test_a_password_is_changed_and_a_weak_one_is_not(house: World) -> None:
    """The error stands on the page without what was typed; the new password signs in."""
    guest = Guest(house, house.clinic, "kyaku-w")
    guest.sign_in()
    weak = guest.post("/me/password", old=PASSWORD, new="password12345")
    new = "Umi-no-soko-42-lantern"
    changed = guest.post("/me/password", old=PASSWORD, new=new)
    form = {"login": guest.login, "password": new, "code": ""}

    assert (weak.status_code, "password12345" in weak.text, changed.headers["location"]) == (400, False, "/login")
    assert guest.client.post("/login", data=form, headers=OURS).status_code == 303


def test_removing_the_passkey_ends_the_session_and_its_key(house: World) -> None:
    """The ledger knows the key as revoked; the journal has the removal."""
    guest = Guest(house, house.clinic, "kyaku-r")
    guest.sign_in()
    guest.enrol_passkey()
    factor = re.findall(r'action="/me/factors/(fac-[0-9a-z]+)/remove"', guest.get("/me").text)[0]
    answer = guest.post(f"/me/factors/{factor}/remove", lost="1")
    guest.sign_in()

    assert answer.headers["location"] == "/login"
    assert "まだありません" in guest.get("/me").text
    assert any(one.what is What.FACTOR_REMOVED and one.subject == factor for one in guest.gateway.journal.entries())


def test_the_script_and_its_rules(house: World, guest: Guest) -> None:
    """One script of our own origin, on pages that need it; nothing inline, nothing evaluated, nothing framed."""
    page, plain, script = guest.get("/me"), guest.get("/verify"), guest.get("/static/akashi.js")
    policy = page.headers["content-security-policy"]

    assert re.findall(r"<script[^>]*>", page.text) == ['<script src="/static/akashi.js" defer>']
    assert "<script" not in plain.text
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "publickey-credentials-get=(self)" in page.headers["permissions-policy"]
    assert not re.search(r"\beval\b|Function\(|innerHTML|fetch\(|XMLHttpRequest|document\.write", script.text)
