"""Invented canary people go through the main job; afterwards they are searched in everything that it put out.

Attack: whoever reads logs, messages, ledgers, databases or a core of ours should learn nobody's name, number or address.
"""

from __future__ import annotations

import io
import logging
import sqlite3
import traceback
import warnings
from collections.abc import Callable
from contextlib import closing

import pytest

from akashi.app.desk import conversion, transfers
from akashi.app.gateway.home import acting
from akashi.checkup.errors import EmptyFile
from akashi.errors import AkashiError
from akashi.exchange.model import Destination, Form, ReadPurpose, RefuseReason, WithdrawReason
from akashi.identity.model import Role
from tests.app.remains import CANARIES, canary_file, canary_needles, files_of
from tests.app.service import CLINIC, DAY_MS, PAYER, Service

LOGIN = "kanariya"
PERSON = "鵺椿 管理"
SECRET = "Canary-password-1234-staple"
NEEDLES = [*CANARIES.values(), "ZQX7700123", "EMP4815162", PERSON, SECRET]


def _told(text: str) -> list[str]:
    """The canaries in a text."""
    return [needle for needle in NEEDLES if needle in text]


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2].rsplit(b",", 1)[0] + b',"'


def _provocations(service: Service, name: str) -> list[Callable[[], object]]:
    """Everything that goes wrong while a canary's file or name is in hand; each raises one of our errors."""
    data, clinic, payer = canary_file(), service.clinic, service.payer
    sender, receiver = service.session(CLINIC), service.session(PAYER)
    head, _, rest = data.partition(b"\r\n")
    no_heads = b"\r\n".join(data.split(b"\r\n")[2:])
    who = acting(sender)
    device = clinic.machine_certificate()
    accounts = clinic.accounts
    return [
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", b""),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", data.replace(b",", b"\0,", 1)),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", _cut(data)),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", no_heads),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", head + b"\r\n" + rest.split(b"\r\n")[0] + b"\r\n"),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", data.decode("cp932").encode("utf-16")),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", data + b"\x81\xff\r\n"),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", data + PERSON.encode("cp932") * 200_000),
        lambda: conversion.make_draft(clinic, f"{PERSON}.exe", data),
        lambda: conversion.make_draft(clinic, f"{PERSON}.csv", b"#!" + data),
        lambda: service.send(service.draft(data)),
        lambda: clinic.drafts.peek(PERSON, sender.id),
        lambda: clinic.exchange.show(PERSON),
        lambda: clinic.exchange.open(PERSON, ReadPurpose.AUDIT, who),
        lambda: clinic.exchange.confirm(name, who),
        lambda: clinic.exchange.withdraw(name, WithdrawReason.WRONG_CONTENT, who),
        lambda: payer.exchange.refuse(name, RefuseReason.WRONG_CONTENT, acting(receiver)),
        lambda: payer.exchange.export(
            name, ReadPurpose.AUDIT, Destination.DEVICE, Form.LOCKED, acting(receiver), passphrase="short"
        ),
        lambda: transfers.shown(clinic, sender, PERSON),
        lambda: transfers.confirmed(clinic, sender, name),
        lambda: accounts.sign_in(LOGIN, SECRET + "x", None, device),
        lambda: accounts.sign_in(PERSON, SECRET, None, device),
        lambda: accounts.session(SECRET, device),
        lambda: accounts.add_person(login=LOGIN, name=PERSON, roles=Role.OPERATOR),
        lambda: accounts.add_person(login=PERSON, name=PERSON, roles=Role.OPERATOR),
        lambda: accounts.set_password(sender.person, PERSON),
        lambda: accounts.require(sender, PERSON),
        lambda: service.server.find_institution("no such institution"),
        lambda: service.server.register_institution("架空\n病院", "", 1),
    ]


def _caught(call: Callable[[], object]) -> tuple[AkashiError, str]:
    try:
        call()
    except AkashiError as error:
        stack = "".join(traceback.format_exception(error))  # as a logger prints it, causes included
        return error, stack
    raise AssertionError("not refused")


@pytest.fixture
def told(service: Service, caplog: pytest.LogCaptureFixture) -> str:
    """Run the main job with canaries while everything that is said is written down; the transfer's handle."""
    caplog.set_level(logging.DEBUG)
    accounts = service.clinic.accounts
    second = accounts.add_person(login=LOGIN, name=PERSON, roles=Role.OPERATOR)
    accounts.set_password(second, SECRET)
    draft = service.draft(canary_file())
    name = service.send(draft, retention_ms=DAY_MS).transfer
    service.open(name)
    service.confirm(name)
    return name


def test_no_error_says_who(service: Service, told: str, caplog: pytest.LogCaptureFixture) -> None:
    """About thirty provoked errors: text, repr, hints in two languages, traceback and log are free of canaries."""
    seen = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for call in _provocations(service, told):
            error, stack = _caught(call)
            languages = [error.sentence(one) + error.hint(one) for one in ("ja", "en")]
            seen.append((error.code, _told(f"{error} {error!r} {error.params} {languages} {stack}")))

    assert [entry for entry in seen if entry[1]] == []
    assert len({code for code, _ in seen}) >= 15
    assert _told(caplog.text) == []
    assert _told(" ".join(str(one.message) for one in warned)) == []


def test_no_repr_says_who(service: Service, told: str) -> None:
    """Drafts, reports, opened content, sessions, accounts, seeds, gateways: their repr names handles and counts only."""
    draft = service.draft(canary_file(seed=8))
    clinic, payer = service.clinic, service.payer
    receiver = service.session(PAYER)
    out = payer.exchange.export(told, ReadPurpose.AUDIT, Destination.DEVICE, Form.PLAIN, acting(receiver))
    objects = [
        draft,
        draft.report,
        list(draft.report.findings),
        conversion.inspect_file(clinic, io.BytesIO(canary_file())),
        service.open(told),
        out,
        receiver,
        clinic.accounts.accounts(),
        clinic.accounts.enrol_totp(service.cast.persons[CLINIC]),
        clinic.exchange.show(told),
        clinic.drafts,
        clinic,
        service.server,
        service.server.vault,
        clinic.keystore,
        clinic.exchange,
        service.send(draft),
    ]

    assert [type(one).__name__ for one in objects if _told(repr(one))] == []
    assert receiver.token not in repr(objects)


def test_the_ledger_knows_nobody(service: Service, told: str) -> None:
    """No leaf holds a canary in any encoding, and none holds a login or a person's name."""
    needles = [*canary_needles(), *(text.encode() for text in (LOGIN, PERSON, "架空 送信"))]
    leaves = list(service.server.engine.leaves(0, service.server.engine.size))

    assert len(leaves) > 10
    assert [index for index, leaf in enumerate(leaves) if any(needle in leaf for needle in needles)] == []


def test_no_file_knows_whom_the_results_are_of(service: Service, told: str) -> None:
    """No file of any home, while open: not the server's, not the gateways'. A transfer is still there when it is searched."""
    service.send(service.draft(canary_file(seed=9)))
    needles = canary_needles()

    assert [name for name, data in files_of(service.home) if any(needle in data for needle in needles)] == []


def test_names_of_staff_stay_in_the_table_of_people(service: Service, told: str) -> None:
    """A gateway's database has its staff's names by design: in that table only, and in no other file of the home."""
    homes = service.home / "gateways"
    own = f"gateways/{service.cast.handles[CLINIC]}/gateway.db"
    holders = {name for name, data in files_of(service.home) if PERSON.encode() in data or LOGIN.encode() in data}
    with closing(sqlite3.connect(homes / service.cast.handles[CLINIC] / "gateway.db")) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table for table in tables for row in database.execute(f"SELECT * FROM {table}") if _named(row)}

    assert holders <= {own, f"{own}-wal"}
    assert found == {"people"}


def _named(row: tuple[object, ...]) -> bool:
    cells = [cell.encode() if isinstance(cell, str) else cell for cell in row]
    return any(isinstance(cell, bytes) and (PERSON.encode() in cell or LOGIN.encode() in cell) for cell in cells)


def test_the_search_of_texts_would_find_a_canary() -> None:
    """The test of the test: each canary is found in a text that holds it."""
    assert all(_told(f"<{needle}>") for needle in NEEDLES)
    assert _told(str(EmptyFile())) == []
