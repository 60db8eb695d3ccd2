"""The desk where a clerk makes a map and an approver signs it: with permission and journal.

Guarantees: every act is permitted first and journalled afterwards, failures too; decisions are durable when the call returns; the file that a
draft or preview is made from is in memory only. Refuses what ``identity`` denies: looking needs ``maps.read``, drafting ``checkup.convert``,
everything that the ledger learns of ``maps.manage``. Trusts: the session.

::

    handle = start_draft(gateway, session, "kekka.csv", data)
    decide(gateway, session, handle, 12, Decision.ADOPT)
    adopt_sure(gateway, session, handle, at_least=90)
    seen = preview(gateway, session, handle, data)
    made = approve(gateway, session, handle)
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import ClassVar

from akashi.app.desk.maps import MAX_TEXT, MapTooLarge, today
from akashi.app.gateway.home import Gateway
from akashi.checkup import LayoutMap, NeutralRecord, load_map, read_records
from akashi.checkup.approval.errors import MapHandleUnknown
from akashi.checkup.approval.model import DraftHead, MapDraft, MapState, MapVersion, RetireReason
from akashi.checkup.cells.kinds import KINDS
from akashi.checkup.formats.maps import FIELD_TARGETS
from akashi.checkup.mapping.check import check_map
from akashi.checkup.mapping.difference import difference
from akashi.checkup.mapping.document import MapHead, to_yaml
from akashi.checkup.mapping.draft import draft
from akashi.checkup.mapping.model import Change, Choice, ColumnDraft, Decision, MapCheck, Placing, Proposal
from akashi.checkup.model import Role
from akashi.checkup.reasons import Worded
from akashi.errors import AkashiError, InputError, Unavailable
from akashi.exchange.errors import DocumentRefused
from akashi.exchange.screening import inspect as screen
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Session
from akashi.ledger.model import HANDLE

READ, DRAFT, MANAGE = "maps.read", "checkup.convert", "maps.manage"
SURE = 90
_YEARS = 5
_FIRST_RECORDS = 5
_FACTOR = re.compile(r"(0|[1-9][0-9]{0,6})(\.[0-9]{1,6})?", re.ASCII)
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class HeadIncomplete(Worded, InputError):
    """What a map needs beside its columns: an id, and days that make sense."""

    code = "app.map_head"
    words: ClassVar[Mapping[str, str]] = {"id": "名前", "valid": "有効期間"}
    ja, en = "変換表の「{what}」を決めてください。", "The map needs: {what}."
    hint_ja, hint_en = "変換表の名前と有効期間（年-月-日）を入れてください。", "Give an id and its days (YYYY-MM-DD)."


class ProposalWrong(Worded, InputError):
    """A proposal of a person's own that names an item, kind or table that there is not; ``what`` says which of them."""

    code = "app.map_proposal"
    words: ClassVar[Mapping[str, str]] = {
        "target": "項目", "kind": "値の種類", "table": "対応表", "unit": "単位", "factor": "掛ける数", "when": "使う条件",
    }  # fmt: skip
    ja, en = (
        "{column} 列目に選んだ内容が正しくありません（{what}）。",
        "What was chosen for column {column} is wrong ({what}).",
    )
    hint_ja, hint_en = "項目を選び直してください。", "Choose the item again."


class TableWrong(InputError):
    """A lookup table without a usable name, without words, or with an empty word."""

    code = "app.map_table"
    ja, en = "対応表の名前または語が正しくありません。", "The table's name or words cannot be used."
    hint_ja = "名前は半角の英小文字、数字、下線で 40 字まで、語は一つ以上にしてください。"
    hint_en = "The name has up to 40 of a-z, 0-9 and _; give at least one word."


@dataclass(frozen=True, slots=True)
class Preview:
    """A dry run: what the map does with a file, what changed since the last approved version, and the first people's results.

    ``text`` is what would be approved. ``records`` are people's data: shown in this session, kept nowhere.
    """

    check: MapCheck
    changes: tuple[Change, ...]
    text: str = field(repr=False)
    layout_map: LayoutMap = field(repr=False)
    records: tuple[NeutralRecord, ...] = field(repr=False)


@contextmanager
def journalled(gateway: Gateway, session: Session, action: str, subject: str | None = None) -> Iterator[None]:
    """Require the permission, then journal what happens inside under the action's name, whether it works or not."""
    gateway.accounts.require(session, action)
    if subject is not None and not HANDLE.fullmatch(subject):
        raise MapHandleUnknown(name="?")  # nothing has such a name, and the journal holds no free text
    try:
        yield
    except AkashiError as error:
        outcome = Outcome.FAILED if isinstance(error, Unavailable) else Outcome.REFUSED
        gateway.journal.record(What.ACTION, outcome, session=session, subject=subject, reason=error.code)
        raise
    gateway.journal.record(What.ACTION, session=session, subject=subject, reason=action)


# drafts


def start_draft(gateway: Gateway, session: Session, name: str, data: bytes) -> str:
    """Draft a map for the layout of a file; the draft's handle. Raises reading errors, ``HeadingMissing``, ``DocumentRefused``."""
    with journalled(gateway, session, DRAFT):
        reason = screen(name, [data])
        if reason is not None:
            raise DocumentRefused(1, reason)
        on = _today(gateway)
        made = draft(
            io.BytesIO(data),
            gateway.maps.items(),
            gateway.maps.words(),
            institution=gateway.institution,
            on=on,
            limit=gateway.settings.upload_limit_bytes,
        )
        return gateway.map_approvals.start(made, session, _head(gateway, made.layout_hash, on))


def _head(gateway: Gateway, layout_hash: str, on: date) -> DraftHead:
    """The head of the last map for this layout, else one that a person completes: an id of the layout, five business years."""
    known = [one.layout_map for one in gateway.map_approvals.look()[0] if one.version.own]
    for one in known:
        if one.layout_hash == layout_hash:
            first, last = one.valid_from.isoformat(), one.valid_to.isoformat()
            return DraftHead(one.map_id, one.institution, first, last, one.program)
    year = on.year if on.month >= 4 else on.year - 1
    name = f"map-{layout_hash.removeprefix('sha256:')[:8]}"
    return DraftHead(name, gateway.institution, f"{year}-04-01", f"{year + _YEARS}-03-31")


def hand_in(gateway: Gateway, session: Session, text: str) -> str:
    """Keep a finished map for somebody else to approve; the draft's handle. Raises ``MapInvalid``."""
    with journalled(gateway, session, DRAFT):
        return gateway.map_approvals.start(_bounded(text), session)


def drafts(gateway: Gateway, session: Session) -> list[MapDraft]:
    """All drafts without their columns, the newest change first."""
    with journalled(gateway, session, READ):
        return gateway.map_approvals.drafts()


def show(gateway: Gateway, session: Session, handle: str) -> MapDraft:
    """A draft with its columns, masked examples and decisions. Raises ``MapDraftUnknown``."""
    with journalled(gateway, session, READ, handle):
        return gateway.map_approvals.draft(handle)


def decide(
    gateway: Gateway,
    session: Session,
    handle: str,
    column: int,
    decision: Decision,
    proposal: Proposal | None = None,
) -> MapDraft:
    """Decide about one column (from 1), with ``proposal`` in place of the drafted one. Durable on return."""
    return decide_all(gateway, session, handle, {column: Choice(decision, proposal)})


def decide_all(gateway: Gateway, session: Session, handle: str, choices: dict[int, Choice]) -> MapDraft:
    """Decide about several columns, all or none."""
    with journalled(gateway, session, DRAFT, handle):
        approvals = gateway.map_approvals
        chosen = {column: one.proposal for column, one in choices.items() if one.proposal is not None}
        found = approvals.draft(handle) if chosen else None
        for column, proposal in chosen.items():
            if found is not None and proposal.placing is Placing.MAP:
                _check_proposal(gateway, column, proposal, found)
        return approvals.decide(handle, choices, session)


def _check_proposal(gateway: Gateway, column: int, one: Proposal, found: MapDraft) -> None:
    items, drafted = gateway.maps.items().items, found.columns
    tables = {*found.tables, *(drafted.tables if drafted else ())}
    width = len(drafted.columns) if drafted else 0
    if one.target not in items and (one.target not in FIELD_TARGETS or one.role is not Role.VALUE):
        raise ProposalWrong(column=column, what="target")
    if one.kind not in KINDS:
        raise ProposalWrong(column=column, what="kind")
    if one.table and one.table not in tables:
        raise ProposalWrong(column=column, what="table")
    item = items.get(one.target)
    if one.unit and (item is None or one.unit != item.unit):  # a unit is the item's own; another is never chosen
        raise ProposalWrong(column=column, what="unit")
    if not _FACTOR.fullmatch(one.factor) or not float(one.factor):
        raise ProposalWrong(column=column, what="factor")
    if bool(one.when_column) != bool(one.when_words) or not 0 <= one.when_column <= width:
        raise ProposalWrong(column=column, what="when")


def sure_columns(found: MapDraft, at_least: int = SURE) -> dict[int, Choice]:
    """What may be adopted together: columns that nobody decided about, whose proposal is this sure and asks for no confirmation."""
    columns = found.columns.columns if found.columns else ()
    return {
        one.column: Choice(one.suggested)
        for one in columns
        if one.column not in found.choices and one.proposal.confidence >= at_least and _is_clear(one)
    }


def _is_clear(one: ColumnDraft) -> bool:
    clear = one.suggested in (Decision.ADOPT, Decision.IGNORE, Decision.WATCH)
    return clear and one.proposal.placing is not Placing.UNDECIDED


def adopt_sure(gateway: Gateway, session: Session, handle: str, *, at_least: int = SURE) -> MapDraft:
    """Adopt the surest proposals together, as one decision of this person."""
    with journalled(gateway, session, DRAFT, handle):
        approvals = gateway.map_approvals
        return approvals.decide(handle, sure_columns(approvals.draft(handle), at_least), session)


def name_draft(gateway: Gateway, session: Session, handle: str, head: DraftHead) -> MapDraft:
    """Say the map's id, days and programme. Raises ``HeadIncomplete``."""
    with journalled(gateway, session, DRAFT, handle):
        _days(head)
        return gateway.map_approvals.name(handle, head, session)


def give_table(gateway: Gateway, session: Session, handle: str, name: str, words: Mapping[str, str]) -> MapDraft:
    """Give a lookup table, such as what the institution's grades mean; proposals name it. Raises ``TableWrong``."""
    with journalled(gateway, session, DRAFT, handle):
        if not _TABLE_NAME.fullmatch(name) or not words or not all(word.strip() for word in words):
            raise TableWrong
        return gateway.map_approvals.give_table(handle, name, words, session)


def drop_draft(gateway: Gateway, session: Session, handle: str) -> None:
    """Put a draft away."""
    with journalled(gateway, session, DRAFT, handle):
        gateway.map_approvals.drop(handle, session)


def text_of(gateway: Gateway, found: MapDraft) -> str:
    """The text that approving this draft would sign: the next version of its map. Raises ``MapEmpty``, ``HeadIncomplete``."""
    if found.columns is None:
        return found.text
    first, last = _days(found.head)
    version = gateway.map_approvals.next_version(found.head.map_id)
    head = MapHead(found.head.map_id, first, last, version, found.head.program)
    tables = {**found.columns.tables, **found.tables}
    columns = replace(found.columns, institution=found.head.institution or gateway.institution, tables=tables)
    return to_yaml(columns, head, found.choices)


def preview(gateway: Gateway, session: Session, handle: str, data: bytes) -> Preview:
    """Run a draft dry on a file. Raises reading errors, ``MapEmpty``, ``HeadIncomplete``."""
    with journalled(gateway, session, DRAFT, handle):
        text = text_of(gateway, gateway.map_approvals.draft(handle))
        return _previewed(gateway, text, data)


def _previewed(gateway: Gateway, text: str, data: bytes) -> Preview:
    layout_map, on, limit = load_map(text), _today(gateway), gateway.settings.upload_limit_bytes
    items, words = gateway.maps.items(), gateway.maps.vocabulary()
    check = check_map(
        io.BytesIO(data), layout_map, items, gateway.maps.definition(), on=on, limit_bytes=limit, vocabulary=words
    )
    reading = read_records(io.BytesIO(data), layout_map, on=on, items=items, limit_bytes=limit, vocabulary=words)
    before = _newest(gateway, layout_map.map_id)
    changes = difference(before, layout_map, items) if before else ()
    return Preview(check, changes, text, layout_map, tuple(islice(reading, _FIRST_RECORDS)))


def _newest(gateway: Gateway, map_id: str) -> LayoutMap | None:
    found = [one for one in gateway.map_approvals.versions() if one.own and one.map_id == map_id]
    known = [one for one in found if one.state in (MapState.APPROVED, MapState.RETIRED)]
    return load_map(gateway.map_approvals.text(known[0].map, known[0].version)) if known else None


# maps


def approve(
    gateway: Gateway,
    session: Session,
    handle: str,
    *,
    children: Sequence[str] | None = None,
    expected: str | None = None,
) -> MapVersion:
    """Approve a draft as the next version of its map, on the ledger. Raises what ``MapApprovals.approve_draft`` raises.

    ``expected`` is the digest (hex SHA-256) of the text that the approver was shown: what changed since is not signed.
    """
    with journalled(gateway, session, MANAGE, handle):

        def text(found: MapDraft) -> str:
            return _bounded(text_of(gateway, found))

        return gateway.map_approvals.approve_draft(handle, text, session, children=children, expected=expected)


def approve_text(gateway: Gateway, session: Session, text: str, *, children: Sequence[str] | None = None) -> MapVersion:
    """Approve a finished map, where one person may. Raises what ``MapApprovals.approve`` raises."""
    with journalled(gateway, session, MANAGE):
        return gateway.map_approvals.approve(_bounded(text), session, children=children)


def retire(gateway: Gateway, session: Session, name: str, version: int, reason: RetireReason) -> MapVersion:
    """End a version."""
    with journalled(gateway, session, MANAGE, name):
        return gateway.map_approvals.retire(name, version, reason, session)


def share(gateway: Gateway, session: Session, name: str, version: int, children: Sequence[str]) -> MapVersion:
    """Say who may use a version from now on."""
    with journalled(gateway, session, MANAGE, name):
        return gateway.map_approvals.share(name, version, children, session)


def adopt(gateway: Gateway, session: Session, text: str) -> MapVersion:
    """Use a map that its institution shared with this one."""
    with journalled(gateway, session, MANAGE):
        return gateway.map_approvals.adopt(_bounded(text), session)


def versions(gateway: Gateway, session: Session) -> list[MapVersion]:
    """All versions here with where they stand; by id, the newest first."""
    with journalled(gateway, session, READ):
        return gateway.map_approvals.versions()


def version(gateway: Gateway, session: Session, name: str, number: int) -> tuple[MapVersion, str]:
    """One version and its text. Raises ``MapHandleUnknown``."""
    with journalled(gateway, session, READ, name):
        return gateway.map_approvals.version(name, number), gateway.map_approvals.text(name, number)


def changes(gateway: Gateway, session: Session, name: str, old: int, new: int) -> tuple[Change, ...]:
    """What changed between two versions, in words. Raises ``MapHandleUnknown``."""
    with journalled(gateway, session, READ, name):
        before, after = (load_map(gateway.map_approvals.text(name, number)) for number in (old, new))
        return difference(before, after, gateway.maps.items())


def receipt(gateway: Gateway, session: Session, name: str, number: int) -> bytes:
    """The receipt of the operation that made a version count here (docs/spec/receipt.md)."""
    with journalled(gateway, session, READ, name):
        return gateway.ledger.receipt(gateway.map_approvals.version(name, number).operation)


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise MapTooLarge(name="-")
    return text


def _days(head: DraftHead) -> tuple[date, date]:
    if not head.map_id.strip():
        raise HeadIncomplete(what="id")
    try:
        first, last = date.fromisoformat(head.valid_from), date.fromisoformat(head.valid_to)
    except ValueError as error:
        raise HeadIncomplete(what="valid") from error
    if first > last:
        raise HeadIncomplete(what="valid")
    return first, last


def _today(gateway: Gateway) -> date:
    return today(gateway.clock.now_ms())
