"""The use case and the commands: permission, ledger, journal, what a program and a person read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.app.people import documents
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.errors import AkashiError
from akashi.identity.errors import NotPermitted
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Role, Session
from akashi.ledger.errors import Refused
from akashi.ledger.proof.stamp import Tsa
from akashi.ledger.state import Memory, Overlay
from akashi.signatures.authorities import load_trust
from akashi.signatures.errors import SigningFailed, TrustFolderInvalid
from akashi.signatures.events import DocumentSigned, document
from akashi.signatures.holding import Holding, from_file
from akashi.signatures.model import Level, Qualification, Signed, Trust
from tests.app.service import CLINIC, Service, copied, found_home
from tests.signatures.pki import NOW_MS, PASSPHRASE, World, blank_pdf, world

START = 1_795_219_200_000


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose clinic has a folder of authorities."""
    made = tmp_path_factory.mktemp("signing")
    cast = found_home(made / "template")
    with Service(copied(made / "template", made / "home"), cast) as service:
        yield service


@pytest.fixture(scope="module")
def people(opened: Service) -> World:
    """The PKI at the service's time."""
    return world(FixedClock(START))


def write_trust(folder: Path, here: World) -> None:
    """A folder of authorities."""
    der = Encoding.DER
    for name, files in {
        "roots": {"root.pem": here.root.pem()},
        "hpki": {"hpki.der": here.hpki.certificate.public_bytes(der)},
        "tsa": {"tsa.der": here.stamp_root.public_bytes(der)},
        "lists": {
            "root.crl": here.root.revocations(at_ms=here.clock.now_ms()),
            "hpki.crl": here.hpki.revocations(at_ms=here.clock.now_ms()),
        },
    }.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            (folder / name / file).write_bytes(data)


def _session(opened: Service) -> Session:
    return opened.session(CLINIC)


def _sign(opened: Service, people: World, session: Session, tsa: Tsa | None = None) -> Signed:
    gateway = opened.gateway(CLINIC)
    write_trust(gateway.paths.document_trust, people)
    return documents.signed(gateway, session, blank_pdf(), _holding(people), tsa=tsa or people.stamps)


def _holding(people: World) -> Holding:
    return from_file(people.doctor.p12(), PASSPHRASE)


def test_signing_is_on_the_ledger(opened: Service, people: World) -> None:
    """The ledger has digests, level and the confirmed qualification, under the person; the journal has the deed."""
    session = _session(opened)

    made = _sign(opened, people, session)

    with opened.gateway(CLINIC).ledger.view() as state:
        row = document(state, made.signature)
    assert row is not None
    assert (row.document, row.level, row.qualification) == (made.document, Level.B_LTA, Qualification.DOCTOR)
    assert row.person == session.person
    last = list(opened.gateway(CLINIC).journal.entries())[-1]
    assert (last.what, last.outcome, last.person) == (What.DOCUMENT_SIGNED, Outcome.DONE, session.person)


def test_recorded_once(opened: Service, people: World) -> None:
    """Attack: record the same signature again, perhaps as another person's."""
    session = _session(opened)
    made = _sign(opened, people, session)

    with pytest.raises(Refused) as refused:
        documents.recorded_signing(opened.gateway(CLINIC), session, made)
    assert refused.value.reason == "document.again"


def test_found_by_the_document(opened: Service, people: World) -> None:
    """Whoever verifies at a gateway sees what the ledger says of the signatures."""
    session = _session(opened)
    gateway = opened.gateway(CLINIC)
    made = _sign(opened, people, session)

    seen = documents.verified(made.pdf, people.trust(), START)

    assert [one.signature for one in documents.records(gateway, session, seen)] == [made.signature]


def test_nobody_without_the_permission(opened: Service, people: World) -> None:
    """An auditor's session is refused before any key is used, and that is in the journal."""
    session = replace(_session(opened), roles=Role.AUDITOR)

    with pytest.raises(NotPermitted):
        _sign(opened, people, session)


def test_without_an_authority_nothing_is_signed(opened: Service, people: World) -> None:
    """No time-stamping authority configured: refused, and the journal says so."""
    session = _session(opened)
    gateway = opened.gateway(CLINIC)
    write_trust(gateway.paths.document_trust, people)

    with pytest.raises(SigningFailed):
        documents.signed(gateway, session, blank_pdf(), _holding(people))
    assert list(gateway.journal.entries())[-1].reason == "signatures.failed"


def test_a_stranger_is_refused_by_apply(opened: Service) -> None:
    """Attack: a gateway records a signature for somebody who is not a person of its institution."""
    gateway = opened.gateway(CLINIC)
    said = DocumentSigned(bytes(32), bytes([1]) * 32, bytes(32), Level.B_LT)

    with pytest.raises(Refused) as refused:
        gateway.author.submit(said, person="per-00000000000000000000", auth=_session(opened).auth)
    assert refused.value.reason == "person.unknown"


def test_an_unknown_signature_has_no_record() -> None:
    """Nothing recorded, nothing found."""
    assert document(Overlay(Memory()), bytes(32)) is None


# The folder of authorities


@pytest.mark.parametrize("broken", ["roots/x.pem", "lists/x.crl", "lists/x.ocsp", "surprise"])
def test_trust_folder_is_strict(tmp_path: Path, broken: str) -> None:
    """A file that is not what its folder is for is an error that names it; so is a folder we do not know."""
    write_trust(tmp_path, world(FixedClock(NOW_MS)))
    (tmp_path / broken).write_bytes(b"invented")

    with pytest.raises(TrustFolderInvalid):
        documents.verified(b"", _loaded(tmp_path), NOW_MS)


def test_empty_trust_folder(tmp_path: Path) -> None:
    """No authority at all is an error, not a verdict."""
    with pytest.raises(TrustFolderInvalid):
        _loaded(tmp_path)


def _loaded(folder: Path) -> Trust:
    return load_trust(folder)


# Commands


def _run(*argv: str, language: str = "ja") -> tuple[int, str, str]:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    status = main([*argv, "--lang", language], Shell(out, err, clock=FixedClock(NOW_MS)))
    out.seek(0)
    return status, out.read(), err.getvalue()


def _files(folder: Path, here: World, pdf: bytes) -> tuple[str, str]:
    write_trust(folder / "trust", here)
    (folder / "signed.pdf").write_bytes(pdf)
    return str(folder / "signed.pdf"), str(folder / "trust")


def test_verify_says_who_when_and_how(here: World, archived: Signed, tmp_path: Path) -> None:
    """A person reads the verdict, the signer, the qualification, the proven time and the level in Japanese."""
    file, trust = _files(tmp_path, here, archived.pdf)

    status, out, _ = _run("document", "verify", file, "--trust", trust)

    assert status == 0
    for words in ("有効です", "架空 太郎", "医師（HPKI で確認）", "±1 s", "PAdES-B-LTA", "文書の中の失効情報で確認"):
        assert words in out


def test_verify_for_a_program_has_no_names(here: World, archived: Signed, tmp_path: Path) -> None:
    """JSON has digests and enums only."""
    file, trust = _files(tmp_path, here, archived.pdf)

    status, out, _ = _run("document", "verify", file, "--trust", trust, "--json")

    told = json.loads(out)
    assert (status, told["valid"], told["signatures"][0]["roles"]) == (0, True, ["doctor"])
    assert "架空" not in out


def test_verify_of_a_changed_file(here: World, archived: Signed, tmp_path: Path) -> None:
    """A changed byte: exit status 6, and the reason in words."""
    at = archived.pdf.index(b"A report")
    file, trust = _files(tmp_path, here, archived.pdf[:at] + b"B" + archived.pdf[at + 1 :])

    status, out, _ = _run("document", "verify", file, "--trust", trust)

    assert status == 6
    assert "書き換えられています" in out


def test_roles_reads_a_certificate(here: World, tmp_path: Path) -> None:
    """`document roles` tells what a certificate states, as a claim."""
    path = tmp_path / "doctor.pem"
    path.write_bytes(here.doctor.certificate.public_bytes(Encoding.PEM))

    status, out, _ = _run("document", "roles", str(path))

    assert (status, out.splitlines()) == (0, ["HPKI 署名用", "医師（未確認）"])


def test_errors_name_no_content(tmp_path: Path, here: World) -> None:
    """A file that is no PDF: two lines, exit status 2, nothing of its content."""
    file, trust = _files(tmp_path, here, b"SECRET-CONTENT")

    status, out, err = _run("document", "verify", file, "--trust", trust)

    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert "SECRET" not in err


def test_every_refusal_has_a_hint() -> None:
    """Each error of the part tells what to do next, in both languages."""
    found = [one for one in _below(AkashiError) if one.code.startswith("signatures.")]

    assert len(found) == 7
    assert all(one.hint_ja and one.hint_en for one in found)


def _below(kind: type[AkashiError]) -> list[type[AkashiError]]:
    return [one for child in kind.__subclasses__() for one in (child, *_below(child))]
