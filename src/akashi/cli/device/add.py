"""``akashi device add``: a client certificate for a browser or a machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.desk.devices import require_alone
from akashi.app.gateway.enrolment import make_device
from akashi.cli.files import FileUnwritable, write_whole
from akashi.cli.homes import HomeInUse, acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.journal import What


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "add",
        help="make a device certificate (P12 and PEM)",
        **manual(
            parent,
            "Makes a key and a certificate for a device, enrols it on the ledger, and writes both as P12 (browsers) and\n"
            "PEM, encrypted under a password that is shown once. The key is not kept here. A manager (--as) adds the\n"
            "institution's first device only, or one while an emergency is declared: else `akashi device request`.",
            "akashi device add --person hanako --out FOLDER",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--person", required=True, help="who answers for the device: login or handle")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the two files go")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    folder: Path = arguments.out
    if not folder.is_dir():
        raise FileUnwritable(name=folder.name)
    with acting_maybe(arguments, shell) as (opened, session):
        gateway = opened.gateway
        if session is not None:
            gateway.accounts.require(session, "device.manage")
            require_alone(gateway)
        responsible = person_named(gateway, arguments.person)
        if opened.server is None:
            raise HomeInUse
        made = make_device(opened.server, gateway.institution, responsible)
        device = made.issued.device
        gateway.journal.record(
            What.DEVICE_CHANGED, session=session, institution=gateway.institution, subject=device, person=responsible
        )
    names = [f"{device}.p12", f"{device}.pem"]
    for name, data in zip(names, (made.p12, made.pem), strict=True):
        write_whole(folder / name, data)
    value = {"device": device, "expires_ms": made.issued.expires_ms, "files": names, "password": made.password}
    until = shell.choose(f"有効期限 {moment(made.issued.expires_ms)}", f"valid until {moment(made.issued.expires_ms)}")
    once = shell.choose("パスワード（今回だけ表示）", "password (shown this once)")
    shell.result(value, [f"{device}  {until}", *names, f"{once}: {made.password}"])
    return 0
