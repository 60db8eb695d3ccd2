"""Claims at the desk: a table beside the results goes into the archive, and nobody is billed for another."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import pytest

from akashi.app.desk.conversion import Kind, make_draft
from akashi.app.desk.drafts import Draft
from akashi.app.desk.maps import today
from akashi.app.desk.outputs import ClaimsAlone, ClaimsRefused
from akashi.checkup.archive.claim_table import empty_table
from akashi.checkup.archive.model import Claim
from akashi.checkup.archive.naming import CLAIMS
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.archive.unpack import Archive
from akashi.checkup.findings import FindingLog
from akashi.checkup.tabular.convert import read_records
from akashi.errors import InputError
from akashi.exchange.errors import DocumentRefused
from tests.app.service import PAYER, START, Service, checkup_file
from tests.app.test_desk_formats import as_format, same_insurer
from tests.checkup.archive.test_claim_table import NEEDED, table

Row = dict[str, str]
KEYS = ("insurance.insurer", "insurance.number", "visit.date")


def rows(service: Service) -> list[Row]:
    """A claim for each person of :func:`same_insurer`."""
    layout = next(one for one in service.clinic.maps.shipped() if one.map_id.startswith("midori"))
    people = read_records(io.BytesIO(same_insurer()), layout, on=today(START), items=service.clinic.maps.items())
    return [
        NEEDED | {"person.postal": "100-0001"} | {name: one.fields[name] for name in KEYS} for one in people
    ]  # fmt: skip


def made(
    service: Service, claims: bytes | None, data: bytes | None = None, kinds: tuple[Kind, ...] = (Kind.ARCHIVE,)
) -> Draft:
    """A draft of three people of one insurer with a table of claims."""
    receiver = service.cast.handles[PAYER]
    return make_draft(
        service.clinic, "kekka.csv", data or same_insurer(), receiver=receiver, kinds=kinds, claims=claims
    )


def claims_in(draft: Draft) -> list[Claim]:
    """What the archive of a draft claims."""
    archive = Archive(io.BytesIO(dict(draft.documents)[draft.made[1].name]))
    found = [archive.claim(name) for name in archive.names(CLAIMS)]
    return [one for one in found if isinstance(one, Claim)]


def test_each_person_gets_their_claim(service: Service) -> None:
    """The archive holds one claim per person, and its receiver would take it."""
    draft, log = made(service, table(*rows(service))), FindingLog()
    archive = dict(draft.documents)[draft.made[1].name]
    seen = check_archive(
        io.BytesIO(archive), service.clinic.maps.items(), name=draft.made[1].name, finding_sink=log.add
    )

    assert (draft.severities[0], draft.made[1].people, seen.claims) == (0, 3, 3)
    assert [one.claim_amount for one in claims_in(draft)] == [8000] * 3
    assert not any(code.startswith(("archive.claim", "archive.unpaired")) for code in log.counts())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda found: found[:2], "claims.missing"),
        (lambda found: [*found, found[0] | {"insurance.number": "999999"}], "claims.unused"),
        (lambda found: [*found, found[0]], "claims.twice"),
        (lambda found: [found[0] | {"sum.claim": "8,000"}, *found[1:]], "claims.cell"),
        (lambda found: [found[0] | {"insurance.branch": "77"}, *found[1:]], "claims.differs"),
    ],
)
def test_what_does_not_fit_stops_the_sending(
    service: Service, change: Callable[[list[Row]], list[Row]], code: str
) -> None:
    """Attack: another person's bill. Whoever has no claim, two, or one that says somebody else is told, and nothing can be sent."""
    draft = made(service, table(*change(rows(service))))

    assert code in draft.report.counts_by_code
    assert draft.severities[0] > 0


def test_nobodys_claim_is_told_beside_nobodys_archive(service: Service) -> None:
    """Where no row fits anybody there is no archive, and the reason is not hidden behind it."""
    draft = made(service, table(*(one | {"insurance.number": "9" + one["insurance.number"]} for one in rows(service))))

    assert {"write.nobody", "claims.missing", "claims.unused"} <= set(draft.report.counts_by_code)
    assert [one.kind for one in draft.made] == ["csv"]


def test_without_a_receivers_number_the_claims_are_told(service: Service) -> None:
    """People of several insurers make no archive: the claims went into nothing, and that is said."""
    draft = made(service, table(*rows(service)), data=checkup_file())

    assert "claims.no_archive" in draft.report.counts_by_code
    assert draft.made[1].kind == "hc08"


def test_a_table_of_claims_goes_into_an_archive_only(service: Service) -> None:
    """Where no archive is asked for, the table is refused rather than forgotten."""
    with pytest.raises(ClaimsAlone):
        made(service, table(*rows(service)), kinds=(Kind.FHIR,))


def test_an_archive_takes_other_claims(service: Service) -> None:
    """A table given beside an archive takes the place of what the archive has; without one it goes on as it came."""
    data = as_format(service, Kind.ARCHIVE)

    assert len(claims_in(made(service, table(*rows(service)), data=data))) == 3
    assert claims_in(made(service, None, data=data)) == []


BAD: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "checkup.empty"),
    "results": (checkup_file(), "checkup.claims_heading"),
    "headings": (empty_table(), "checkup.no_rows"),
    "column": ("単価合計\r\n1\r\n".encode(), "checkup.missing_column"),
    "nul": (table(NEEDED).replace(b"9000", b"9\x0000"), "checkup.nul_byte"),
}


@pytest.mark.parametrize("name", BAD)
def test_another_file_in_its_place_is_refused_as_such(service: Service, name: str) -> None:
    """The error says that it is about the table of claims, then what its reader says; no cell of it is quoted."""
    data, reason = BAD[name]

    with pytest.raises(ClaimsRefused) as caught:
        made(service, data)

    assert caught.value.params == {"reason": reason}
    assert caught.value.sentence("ja").startswith("請求の表: ")
    assert caught.value.sentence("en").startswith("Table of claims: ")
    assert caught.value.hint("ja")


def test_a_program_for_a_table_is_refused(service: Service) -> None:
    """Attack: what is no text at all is not read; the second file is named."""
    with pytest.raises(DocumentRefused) as caught:
        made(service, b"MZ" + bytes(200))

    assert caught.value.params["part"] == 2


def test_a_table_over_the_gateways_limit_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is that of reading claims, in memory."""
    monkeypatch.setattr("akashi.app.desk.conversion.CLAIMS_LIMIT", 100)

    with pytest.raises(InputError) as caught:
        made(service, table(*rows(service)))

    assert caught.value.params == {"reason": "checkup.too_large"}
