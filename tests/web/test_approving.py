"""Signing what a page shows, and every way in which it is not signed: nothing happens then."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from akashi.app.people.factors import person_keys
from akashi.app.people.signing import SIGNED_KINDS
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Role
from akashi.web.rendering import texts
from tests.api.served import World, checkup_file
from tests.identity.factors.authenticator import Authenticator
from tests.web.visitor import OURS, Guest, ceremony

ENTRIES = ("ja", "en")


def signer(house: World, login: str) -> Guest:
    """A new sender with a passkey on the ledger."""
    made = Guest(house, house.clinic, login, Role.OPERATOR | Role.MANAGER)
    made.sign_in()
    made.enrol_passkey()
    return made


@pytest.fixture(scope="module")
def guest(house: World) -> Guest:
    """The signer of most tests."""
    return signer(house, "shomei")


def draft(guest: Guest, seed: int) -> str:
    """The address of a preview."""
    house = guest.house
    form = {"csrf": guest.csrf(), "receiver": house.payer.institution}
    file = {"file": ("kekka.csv", checkup_file(house, seed=seed))}
    answer = guest.client.post("/send/preview", data=form, files=file, headers=OURS)
    return str(answer.headers["location"])


def ask(guest: Guest, seed: int) -> tuple[str, str]:
    """A sending up to the question: its address and the page that asks."""
    path = draft(guest, seed)
    answer = guest.post(path, life_days="30", keep_days="7", persons="", again="1")
    assert answer.status_code == 200, answer.text
    return path, answer.text


@pytest.fixture(scope="module")
def waiting(guest: Guest) -> tuple[str, str]:
    """One sending that is asked about, for all the answers that do not send it."""
    return ask(guest, 42)


def sent(guest: Guest) -> int:
    """How many transfers the gateway knows as sent."""
    return len(guest.gateway.exchange.outbox())


@pytest.mark.parametrize("language", ENTRIES)
def test_whatever_is_signed_has_its_sentence(language: str) -> None:
    """No kind of the table would leave the page without words."""
    assert {f"sign.{kind.replace('.', '_')}" for kind in SIGNED_KINDS} <= texts(language).keys()


@pytest.mark.network
def test_what_is_signed_is_shown_and_then_done(guest: Guest) -> None:
    """The page names the receiver and keeps the form's fields; the answer sends; the journal has who approved."""
    before = sent(guest)
    path, page = ask(guest, 41)
    waiting = sent(guest)
    done = guest.client.post(path, data=guest.answer(page), headers=OURS)
    last = [one for one in guest.gateway.journal.entries() if one.what is What.APPROVED][-1]

    assert "架空健康保険組合" in page
    assert 'name="keep_days" value="7"' in page
    assert done.headers["location"].endswith("notice=sent&t=" + done.headers["location"].split("t=")[-1])
    assert (waiting - before, sent(guest) - waiting) == (0, 1)
    assert (last.person, last.outcome) == (guest.person, Outcome.DONE)


WRONG: dict[str, dict[str, Any]] = {
    "signature": {"signature": "MAYCAQECAQE"},
    "operation": {"operation": "00" * 32},
    "key": {"key": "00" * 32},
    "kind": {"kind": 2},
    "extra": {"more": 1},
    "text": {"kind": "1"},
}


@pytest.mark.network
@pytest.mark.parametrize("bent", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_answer_sends_nothing(guest: Guest, waiting: tuple[str, str], bent: dict[str, Any]) -> None:
    """An error page with a code; the ledger is as before."""
    before, (path, page) = sent(guest), waiting
    fields, wanted = ceremony(page)
    answer = guest.client.post(
        path, data=fields | {"approval": json.dumps([guest.approval(wanted, **bent)])}, headers=OURS
    )

    assert answer.status_code == 403
    assert "ledger.approval_mismatch" in answer.text
    assert sent(guest) == before


@pytest.mark.network
@pytest.mark.parametrize("text", ["[", "{}", "[1]", '["x"]', "[[]]", "null", "[" * 4000, json.dumps([{}] * 5)])
def test_nonsense_for_an_answer_is_refused(guest: Guest, waiting: tuple[str, str], text: str) -> None:
    """Whatever a form carries there: the page of an error, nothing else."""
    path, page = waiting
    fields, _ = ceremony(page)
    answer = guest.client.post(path, data=fields | {"approval": text}, headers=OURS)

    assert (answer.status_code, "ledger.approval_mismatch" in answer.text) == (403, True)


@pytest.mark.network
def test_an_answer_for_another_operation_is_refused(guest: Guest, waiting: tuple[str, str]) -> None:
    """What was signed for one transfer does not send another."""
    before, (_, first) = sent(guest), waiting
    path, second = ask(guest, 45)
    fields, _ = ceremony(second)
    answer = guest.client.post(path, data=fields | {"approval": guest.answer(first)["approval"]}, headers=OURS)

    assert (answer.status_code, sent(guest)) == (403, before)


@pytest.mark.network
def test_another_persons_answer_is_refused(house: World, guest: Guest, waiting: tuple[str, str]) -> None:
    """A colleague's passkey over the very operation that was shown is no signature of the person's."""
    before = sent(guest)
    other, (path, page) = signer(house, "betsu"), waiting
    fields, wanted = ceremony(page)
    stolen = [other.approval(wanted)]
    answer = guest.client.post(path, data=fields | {"approval": json.dumps(stolen)}, headers=OURS)

    assert (answer.status_code, sent(guest)) == (403, before)


@pytest.mark.network
def test_another_sessions_answer_is_refused(house: World, guest: Guest, waiting: tuple[str, str]) -> None:
    """The person's own right answer, in another session of theirs: what was shown in one is unknown in the other."""
    before, (_, page) = sent(guest), waiting
    elsewhere = Guest.again(guest, house.client(house.clinic))
    path = draft(elsewhere, 47)
    form = guest.answer(page) | {"csrf": elsewhere.csrf()}
    answer = elsewhere.client.post(path, data=form, headers=OURS)

    assert (answer.status_code, "approval.over" in answer.text or "ledger." in answer.text) == (403, True)
    assert sent(guest) == before


@pytest.mark.network
def test_a_further_passkey_is_introduced_by_the_first(house: World) -> None:
    """Enrolled it waits; the earlier key signs its enrolment; then both sign."""
    guest = signer(house, "futatsu")
    first, guest.passkey = guest.passkey, Authenticator("localhost", f"https://localhost:{house.clinic.port}")
    waits = guest.enrol_passkey().headers["location"]
    factor = re.findall(r'action="/me/factors/(fac-[0-9a-z]+)/introduce"', guest.get("/me").text)[0]
    guest.passkey = first
    page = guest.post(f"/me/factors/{factor}/introduce").text
    done = guest.client.post(f"/me/factors/{factor}/introduce", data=guest.answer(page), headers=OURS)

    assert waits == "/me?notice=factor_waits"
    assert "新しい鍵を登録します" in page
    assert done.headers["location"] == "/me?notice=factor_set"
    assert len(person_keys(guest.gateway, guest.person)) == 2


@pytest.mark.network
def test_who_has_no_key_is_signed_for_and_the_trail_says_so(house: World) -> None:
    """The flow is as ever; the page of the transfer names the gateway as the signer."""
    guest = Guest(house, house.clinic, "kagi-nashi", Role.OPERATOR)
    guest.sign_in()
    path = draft(guest, 48)
    answer = guest.post(path, life_days="30", keep_days="7", persons="", again="1")
    page = guest.get(answer.headers["location"]).text

    assert answer.status_code == 303
    assert "機関のゲートウェイが代わって署名" in page
