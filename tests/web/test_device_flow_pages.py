"""Pages of devices' lives, and those that only look: keys, documents, memberships."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.app.membership.joining import Admissions
from akashi.identity.admission.model import AdmissionStage
from akashi.identity.devices.model import DevicePurpose, RequestStage
from akashi.identity.model import InstitutionRole, PersonReason, Role
from akashi.signatures.holding import from_file
from akashi.signatures.model import Level
from akashi.signatures.signing import Signing, sign_pdf
from akashi.web.rendering import texts
from tests.api.served import PASSWORD, World
from tests.signatures.pki import PASSPHRASE, blank_pdf
from tests.signatures.pki import World as SignersWorld
from tests.signatures.pki import world as signers_world
from tests.web.at_duty import OURS, Desk, error_of, hired

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def boss(world: World) -> Desk:
    """The clinic's manager."""
    return Desk(world, world.clinic.login)


@pytest.fixture(scope="module")
def nurse(world: World) -> Desk:
    """Somebody who asks for a device."""
    hired(world, "tanmatsu.w3", Role.OPERATOR)
    return Desk(world, "tanmatsu.w3")


def test_words_of_enums_have_sentences() -> None:
    """Purposes, stages of requests and of admissions."""
    families = {"dreq.purpose.": DevicePurpose, "dreq.stage.": RequestStage, "adm.stage.": AdmissionStage}
    wanted = {prefix + one.name.lower() for prefix, enum in families.items() for one in enum}

    assert [wanted <= texts(language).keys() for language in ("ja", "en")] == [True, True]


def waiting(desk: Desk) -> list[str]:
    """The requests that this person may approve."""
    return re.findall(r'action="/devices/requests/(dev-[a-z0-9]+)/approve"', desk.see("/devices/requests"))


def test_asked_approved_shown_once_and_lost(boss: Desk, nurse: Desk) -> None:
    """An operator asks; the manager approves and sees code and password once; the owner reports it lost."""
    nurse.done("/devices/requests", {"purpose": "portable", "person": ""})
    mine = waiting(nurse)
    device = waiting(boss)[0]
    made = boss.post(f"/devices/requests/{device}/approve")
    secrets = re.findall(r"<dd><code>([^<]+)</code>", made.text)
    later = boss.see("/devices/requests") + boss.see("/devices")
    early = nurse.post(f"/devices/{device}/renew")
    nurse.done(f"/devices/{device}/lost")

    assert mine == []
    assert (made.status_code, len(secrets), secrets[0]) == (200, 3, device)
    assert [secret in later for secret in secrets] == [True, False, False]
    assert (early.status_code, error_of(early) != "") == (409, True)
    assert re.search(rf"<code>{device}</code>.*?失効済み", boss.see("/devices"), re.DOTALL)


def test_nobody_approves_their_own_or_touches_others(world: World, boss: Desk, nurse: Desk) -> None:
    """The manager's own request is refused to them; a device of others does not exist for an operator."""
    boss.done("/devices/requests", {"purpose": "spare", "person": ""})
    own = re.findall(
        r"<code>(dev-[a-z0-9]+)</code></div></td><td data-label=\"用途\">予備", boss.see("/devices/requests")
    )[0]
    answers = [
        boss.post(f"/devices/requests/{own}/approve").status_code,
        nurse.post(f"/devices/requests/{own}/approve").status_code,
        nurse.post(f"/devices/{world.clinic.device}/lost").status_code,
        nurse.post(f"/devices/{world.payer.device}/lost").status_code,
        nurse.client.get("/devices").status_code,
        nurse.post("/devices/requests", {"purpose": "sell", "person": ""}).status_code,
    ]

    assert answers == [409, 403, 403, 404, 403, 400]
    assert own not in waiting(boss)


def test_a_device_is_handed_on(world: World, boss: Desk, nurse: Desk) -> None:
    """A manager lets somebody else answer for a device; who is nobody is refused."""
    nurse.done("/devices/requests", {"purpose": "workplace", "person": ""})
    device = waiting(boss)[0]
    boss.post(f"/devices/requests/{device}/approve")
    heir = hired(world, "ato.w3", Role.OPERATOR)
    boss.done(f"/devices/{device}/reassign", {"person": heir})
    wrong = boss.post(f"/devices/{device}/reassign", {"person": "per-aaaaaaaaaaaaaaaaaaaa"})

    assert (wrong.status_code, error_of(wrong)) == (404, "identity.no_such_person")
    assert device not in nurse.see("/devices/requests").split("申請の一覧")[0]


def test_who_was_stopped_is_not_offered(world: World, boss: Desk) -> None:
    """Nobody who left is among those who could answer for a device or take a report; what they answered for still says so."""
    accounts = world.gateway(world.clinic).accounts
    gone = accounts.add_person(login="yameta.w3", name="架空 退職者", roles=Role.OPERATOR)
    pages = ("/devices", "/devices/requests", "/conformity/report/mhlw-7.0-draft-ops/3-3")
    before = [f'value="{gone}"' in boss.see(page) for page in pages]
    accounts.disable(gone, PersonReason.LEFT)
    after = [f'value="{gone}"' in boss.see(page) for page in pages]

    assert (before, after) == ([True, True, True], [False, False, False])


def test_keys_are_shown_without_keys(boss: Desk, nurse: Desk) -> None:
    """Where they live, terms, suites, and the one sentence about validation; no path; not to everybody."""
    page = boss.see("/keys")

    assert "認証（FIPS 140・JCMVP など）: 不明です" in page
    assert all(
        word in page for word in ("署名の鍵", "開封の鍵", "ゲートウェイの証明書", "パスフレーズで守られています")
    )
    assert not re.search(r"/home|/tmp|PRIVATE KEY|keys\.akashi", page)
    assert nurse.client.get("/keys").status_code == 403


def believed(world: World, here: SignersWorld) -> None:
    """Give the clinic's gateway the invented authorities to believe."""
    trust = here.trust()
    for name, authorities in (("roots", trust.roots), ("hpki", trust.hpki_roots), ("tsa", trust.stamp_roots)):
        folder = world.gateway(world.clinic).paths.document_trust / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, der in enumerate(authorities):
            pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
            (folder / f"{number}.pem").write_bytes(pem)


def test_a_document_is_judged_or_refused_with_a_sentence(world: World, boss: Desk) -> None:
    """Without authorities: said. With them: signed and altered, not signed, no PDF, no file; over REST the same without names."""
    nothing = boss.post("/documents", file=blank_pdf())
    here = signers_world()
    believed(world, here)
    signing = Signing(here.trust(), here.stamps, here.clock, Level.B_LT)
    with ThreadPoolExecutor(1) as aside:  # a browser of another test may have an event loop in this thread
        signed = aside.submit(sign_pdf, blank_pdf(), from_file(here.signer.p12(), PASSPHRASE), signing).result().pdf
    altered = boss.post("/documents", file=signed.replace(b"A report of nobody", b"A report of anyone"))
    unsigned = boss.post("/documents", file=blank_pdf())
    broken = boss.post("/documents", file=b"%PDF-1.7 nothing")
    none = boss.post("/documents")
    told = world.signed_in(world.clinic).post("/api/v1/documents/verify", content=signed).json()

    assert error_of(nothing) == "signatures.trust"
    assert '<span class="mark stop">有効ではない</span>' in altered.text
    assert "書き換えられています" in altered.text
    assert '<span class="mark ">署名なし</span>' in unsigned.text
    assert (broken.status_code, error_of(broken).startswith("signatures.")) == (400, True)
    assert none.status_code == 400
    assert (len(told["signatures"]), told["recorded"]) == (1, 0)


def test_memberships_are_the_secretariats(world: World, boss: Desk) -> None:
    """An institution that applied is listed with what is missing and the next command, at the secretariat's gateway only."""
    joined = Admissions(world.server).apply(
        name="架空 加入医院",
        number="",
        roles=InstitutionRole.RECEIVER,
        rules=b"rules",
        training=b"training",
        trained_ms=world.server.clock.now_ms() - 86_400_000,
    )
    seen = world.signed_in(world.office).get("/api/v1/memberships").json()["memberships"]
    client = world.client(world.office)
    client.post("/login", data={"login": world.office.login, "password": PASSWORD, "code": ""}, headers=OURS)
    page = client.get("/memberships").text

    assert [(one["stage"], one["missing"]) for one in seen] == [("applied", ["rules", "training", "map"])]
    assert f"akashi admission attest {joined.institution}" in page
    assert boss.client.get("/memberships").status_code == 403
