"""What the sending commands share: convert, show, ask, send; and how a transfer is told.

Guarantees: findings are shown before anything leaves, and a person (or ``--yes``) says yes to them; conversion and sending are in
the access journal, failures too. Refuses what ``app.desk`` refuses.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

from akashi.app.desk import conversion, sending
from akashi.app.desk.drafts import Draft
from akashi.app.desk.transfers import recorded
from akashi.app.errors import FindingsStop, InstitutionUnknown
from akashi.app.gateway.home import Gateway
from akashi.checkup import Severity
from akashi.cli.checkup.findings import summary
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, moment
from akashi.exchange.model import DAY_MS, Transfer
from akashi.exchange.sending import Sent
from akashi.identity.journal import What
from akashi.identity.model import Session
from akashi.ledger.port import Acknowledged
from akashi.network.payloads.errors import CopiesBusy, CopiesMissing

AGAIN_S = 5.0
"""Between two tries below a quorum; each waits some seconds for the servers itself."""
_LONGEST_MINUTES = 60


def sending_options(parser: argparse.ArgumentParser) -> None:
    """The options of commands that send."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the institution's own checkup file")
    parser.add_argument(
        "--life-days", type=int, default=0, help="days the receiver has to take it (default: the gateway's)"
    )
    parser.add_argument(
        "--keep-days", type=int, default=7, help="days it stays after confirmation (default 7, at most 90)"
    )
    parser.add_argument(
        "--person", action="append", default=[], metavar="PER", help="who may open it (per-…); repeatable"
    )
    parser.add_argument(
        "--claims", type=Path, metavar="FILE", help="the table of claims (CSV, one row per person) for the archive"
    )
    parser.add_argument("--again", action="store_true", help="send although the same content was sent before")
    parser.add_argument("--yes", action="store_true", help="send without asking after the findings were shown")
    text = "while too few servers answer, try again for so long with what was converted and confirmed (at most 60)"
    parser.add_argument("--wait", type=_minutes, default=0, metavar="MINUTES", help=text)


def _minutes(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _LONGEST_MINUTES:
        raise argparse.ArgumentTypeError(f"0…{_LONGEST_MINUTES}")
    return number


def receiver_named(gateway: Gateway, name: str) -> str:
    """An institution's handle by handle, exact name or public number. Raises ``InstitutionUnknown``."""
    for entry in gateway.directory.entries():
        if name and name in (entry.handle, entry.name, entry.number):
            return entry.handle
    raise InstitutionUnknown(name=name)


def converted(
    gateway: Gateway, session: Session, path: Path, receiver: str, shell: Shell, claims: Path | None = None
) -> Draft:
    """The draft of a file, with its findings shown; ``claims`` is the table that goes into the archive. Raises reading errors and :class:`FindingsStop`."""
    gateway.accounts.require(session, "checkup.convert")
    with recorded(gateway, session, What.CONVERTED):
        limit = gateway.settings.upload_limit_bytes
        data, table = read_bounded(path, limit), None if claims is None else read_bounded(claims, limit)
        draft = conversion.make_draft(gateway, path.name, data, receiver=receiver, claims=table)
    gateway.journal.record(What.CONVERTED, session=session, count=draft.report.rows_out)
    counts = {one.value: count for one, count in zip(Severity, draft.severities, strict=True)}
    for line in summary(draft.report, counts, shell):
        shell.say(line)
    if draft.severities[0]:
        raise FindingsStop(count=draft.severities[0])
    return draft


def sent(
    gateway: Gateway,
    session: Session,
    draft: Draft,
    arguments: argparse.Namespace,
    shell: Shell,
    supersedes: str | None = None,
) -> Sent:
    """Ask, then seal and send on the terms of the options."""
    receiver = draft.receiver
    terms = sending.Terms(
        receiver,
        arguments.life_days * DAY_MS,
        arguments.keep_days * DAY_MS,
        tuple(arguments.person),
        arguments.again,
        supersedes,
    )
    if not arguments.yes:
        name = gateway.names().get(receiver, receiver)
        shell.require_yes(shell.choose(f"{name} に送りますか？", f"Send it to {name}?"))
    with recorded(gateway, session, What.SENT):
        made = _patiently(gateway, session, lambda: sending.send(gateway, session, draft, terms), arguments.wait, shell)
    gateway.journal.record(What.SENT, session=session, subject=made.transfer, count=draft.report.rows_out)
    return made


def _patiently(gateway: Gateway, session: Session, send: Callable[[], Sent], minutes: int, shell: Shell) -> Sent:
    """What ``send`` gives; where too few servers took the copies, and nothing was announced, the same again until the time is over.

    What was announced and is not final yet (``Unacknowledged``) is never sent again: the outbox delivers it. Before each further try the
    session is looked at again: its person may have been disabled meanwhile. Raises ``SessionEnded`` then.
    """
    ends, told = monotonic() + 60 * minutes, False
    while True:
        try:
            return send()
        except (CopiesMissing, CopiesBusy):
            if monotonic() >= ends:
                raise
        if not told:
            ja = f"未確定: 応答したサーバーが足りません。{minutes} 分まで待ち、そろいしだい送ります（やめるには Ctrl+C。まだ何も送られていません）。"
            en = f"Not final: too few servers answer. Waiting up to {minutes} minutes, then it is sent (Ctrl+C stops; nothing was sent yet)."
            shell.say(shell.choose(ja, en))
            told = True
        sleep(AGAIN_S)
        gateway.accounts.session(session.token, gateway.machine_certificate())


def tell_sent(made: Sent, draft: Draft, shell: Shell) -> None:
    """The result of sending."""
    value = {"records": draft.report.rows_out, "scan": made.scan.name.lower(), "transfer": made.transfer}
    index = made.acknowledged.index
    shell.result(
        value | place(made.acknowledged),
        [shell.choose(f"{made.transfer}  台帳の{index}番", f"{made.transfer}  entry {index} of the ledger")],
    )


def tell_done(name: str, done: Acknowledged, shell: Shell) -> None:
    """The result of a step: which entry of the ledger it is."""
    line = shell.choose(f"{name}  台帳の{done.index}番", f"{name}  entry {done.index} of the ledger")
    shell.result({"transfer": name} | place(done), [line])


def place(done: Acknowledged) -> dict[str, object]:
    """Where an operation is on the ledger."""
    return {"block_ms": done.block_ms, "index": done.index, "operation": done.operation_id.hex()}


def row(one: Transfer) -> dict[str, object]:
    """A transfer as JSON."""
    return {
        "expires_ms": one.expires_ms,
        "receiver": one.receiver,
        "sender": one.sender,
        "sent_ms": one.sent_ms,
        "status": one.status.name.lower(),
        "superseded_by": one.superseded_by,
        "supersedes": one.supersedes,
        "transfer": one.handle,
    }


_STATUS = {
    "SENT": "送信済み",
    "OPENED": "開封済み",
    "CONFIRMED": "受領済み",
    "REFUSED": "辞退",
    "WITHDRAWN": "取消し",
    "EXPIRED": "期限切れ",
    "SUPERSEDED": "差替え済み",
}


def line(one: Transfer, names: dict[str, str], shell: Shell) -> str:
    """A transfer as one line."""
    status = shell.choose(_STATUS[one.status.name], one.status.name.lower())
    parties = f"{names.get(one.sender, one.sender)} → {names.get(one.receiver, one.receiver)}"
    return f"{one.handle}  {moment(one.sent_ms)}  {status}  {parties}"
