"""Stolen and planted cookies at the pages and the API: a session is made by us, on one device, and is worth nothing anywhere else."""

from __future__ import annotations

import pyotp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.identity.credentials import new_token
from akashi.identity.errors import SignInFailed
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Role
from akashi.web.visitors import COOKIE
from tests.access.origin import signed_in_as
from tests.app.service import CLINIC, PASSWORD, PAYER, Service
from tests.attacks.asking import FORM, JSON, OURS, Asked, Attacker, alive, as_json, csrf, every_route, form, signed
from tests.attacks.witness import newest, refusals, state


@pytest.fixture(scope="module")
def elsewhere(house: Service) -> Attacker:
    """The clinic's origin from another enrolled device of the clinic, whose holder has a good certificate."""
    person = house.cast.persons[CLINIC]
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    issued = house.server.issue_device(house.clinic.institution, person, public)
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    return Attacker(house.clinic, certificate.fingerprint(hashes.SHA256()))


def test_a_stolen_cookie_opens_no_route_on_another_device(
    house: Service, elsewhere: Attacker, clinic: Attacker, insider: str
) -> None:
    """With the cookie, the bearer and the form's value, on another good device: no route answers, each try is recorded, the owner goes on."""
    before, after = state(house), newest(house)
    routes = [one for one in every_route() if one.permission not in {"", "open.login", "open.enrol"}]
    body = form(csrf=csrf(insider), reason="lost")
    told = elsewhere.send(
        [Asked(one.method, one.filled, {**FORM, **OURS, **signed(insider, one.face)}, body) for one in routes]
    )

    assert {answer.status_code for answer in told} == {401, 303}
    assert {answer.headers.get("location") for answer in told if answer.status_code == 303} == {"/login"}
    assert [one.reason for one in refusals(house, after)] == ["session.device"] * len(routes)
    assert state(house) == before
    assert alive(clinic, insider)


def test_another_institutions_certificate_is_not_let_in(house: Service, insider: str) -> None:
    """A member's good certificate with a stolen cookie at somebody else's gateway: refused at the door, and recorded there."""
    member = Attacker(house.clinic, house.gateways[PAYER].machine_certificate())
    after = newest(house)
    told = member.send(
        [Asked("GET", "/", signed(insider)), Asked("GET", "/api/v1/session", signed(insider, "gateway"))]
    )

    assert [answer.status_code for answer in told] == [403, 403]
    assert [one.reason for one in refusals(house, after)] == ["device.institution"] * 2


def test_a_planted_cookie_becomes_no_session(house: Service, clinic: Attacker) -> None:
    """Session fixation: whoever signs in gets a token of ours, and what was planted before stays worth nothing."""
    accounts, now = house.clinic.accounts, house.clock.now_ms() // 1000
    person = accounts.add_person(login="try-planted", name="架空 植込", roles=Role.OPERATOR)
    seed = accounts.enrol_totp(person).secret
    accounts.confirm_totp(person, pyotp.TOTP(seed).at(now - 30))
    accounts.set_password(person, PASSWORD)
    planted = new_token()
    secrets = as_json({"login": "try-planted", "password": PASSWORD, "code": pyotp.TOTP(seed).at(now)})
    told = clinic.one("POST", "/api/v1/session", {**JSON, **signed(planted), **signed(planted, "gateway")}, secrets)

    assert told.status_code == 201
    assert told.json()["token"] != planted
    assert alive(clinic, told.json()["token"])
    assert not alive(clinic, planted)


def test_a_planted_cookie_is_replaced_by_the_page(house: Service, clinic: Attacker) -> None:
    """At the pages too: no answer to a sign-in sets or keeps the value that was brought along."""
    planted = new_token()
    fields = form(login="nobody", password="x", code="")
    told = clinic.one("POST", "/login", {**FORM, **OURS, **signed(planted)}, fields)

    assert planted not in str(told.headers)
    assert not alive(clinic, planted)


def test_a_session_that_ended_opens_nothing(house: Service, clinic: Attacker) -> None:
    """After signing out at the page, neither cookie nor bearer opens any route: resuming is signing in."""
    token = signed_in_as(house.clinic, Role.OPERATOR, "-leaving")
    told = clinic.one("POST", "/logout", {**FORM, **OURS, **signed(token)}, form(csrf=csrf(token)))
    routes = [one for one in every_route() if one.permission not in {"", "open.login", "open.enrol"}]
    again = clinic.send([Asked(one.method, one.filled, {**FORM, **OURS, **signed(token, one.face)}) for one in routes])

    assert told.status_code == 303
    assert f"{COOKIE}=" in told.headers["set-cookie"]
    assert {answer.status_code for answer in again} == {401, 303}


def test_no_token_stands_in_an_address(house: Service, clinic: Attacker, insider: str) -> None:
    """Tokens in the query are not read: whoever finds an address in a history or a log has nothing."""
    names = ("token", "session", "access_token", COOKIE, "cookie", "authorization")
    query = "&".join(f"{name}={insider}" for name in names)
    told = clinic.send([Asked("GET", f"/?{query}"), Asked("GET", f"/api/v1/session?{query}")])

    assert [answer.status_code for answer in told] == [303, 401]
    assert all(insider not in answer.headers.get("location", "") for answer in told)


def test_a_failed_sign_in_is_in_the_journal(house: Service, clinic: Attacker) -> None:
    """At both faces, known and unknown: the same answer, and an entry each."""
    after = newest(house)
    told = [
        clinic.one("POST", "/api/v1/session", JSON, as_json({"login": login, "password": "wrong-1-wrong"}))
        for login in ("okuru", "nobody-here")
    ]
    entries = [one for one in house.clinic.journal.entries(after + 1) if one.what is What.SIGN_IN]

    assert [answer.status_code for answer in told] == [401, 401]
    assert told[0].content == told[1].content
    assert [one.outcome for one in entries] == [Outcome.FAILED] * 2


def test_a_new_gateway_has_nobody_but_its_first_person(house: Service) -> None:
    """No account comes with the program: after founding there is the person who was named, and no password that we chose."""
    rows = house.payer.database._connection.execute("SELECT login FROM people").fetchall()

    assert rows == [("ukeru",)]


def test_a_long_password_is_taken_whole(house: Service) -> None:
    """More than 64 characters, also Japanese ones; without its last character it is another password."""
    accounts, machine, now = house.clinic.accounts, house.clinic.machine_certificate(), house.clock.now_ms() // 1000
    person = accounts.add_person(login="try-long", name="架空 長尾", roles=Role.AUDITOR)
    long = "kirin-7-ga-yuuhi-wo-mite-sanpo-suru-漢字もかなも入る長い合い言葉-tsuki-to-hoshi-9-no-uta"
    seed = accounts.enrol_totp(person).secret
    accounts.confirm_totp(person, pyotp.TOTP(seed).at(now - 30))
    accounts.set_password(person, long)
    with pytest.raises(SignInFailed):
        accounts.sign_in("try-long", long[:-1], pyotp.TOTP(seed).at(now), machine)

    assert len(long) > 64
    assert accounts.sign_in("try-long", long, pyotp.TOTP(seed).at(now + 30), machine).person == person
