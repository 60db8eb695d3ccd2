"""Neutral records in the formats that leave: standard CSV, 日医特定健診, FKAC522, hc08, the 特定健診 archive, FHIR.

Guarantees: one function for the desk and the command line (a batch drives the same makers, ``making``); who is left out of a format, and which result, goes to ``say``; the
same records, sender and time give the same bytes. Refuses: a receiver's number that nobody stated: without one the documents come
as a bare zip (``Kind.HC08``), under no archive's name. Trusts: the sender's number and name, which come from the directory.

>>> receiver_number("0099000001"), receiver_number("1319999901")
('99000001', '')
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from akashi.app.desk.making import (
    FHIR_NAME,
    ArchiveMaker,
    DocumentsMaker,
    Kind,
    Output,
    Sender,
    doctor_of,
    named,
    submission,
)
from akashi.app.desk.maps import today
from akashi.checkup import Finding, FormatDefinition, ItemTable, NeutralRecord
from akashi.checkup.archive.claim_table import Claims
from akashi.checkup.archive.model import MemberName
from akashi.checkup.archive.naming import DATA, member_file
from akashi.checkup.archive.pack import GUIDANCE
from akashi.checkup.archive.zipping import ZipStream
from akashi.checkup.cda.hc08 import missing_identity
from akashi.checkup.writers.fkac import fkac522_name, shared_head, write_fkac522
from akashi.checkup.writers.jma import write_jma
from akashi.checkup.writers.standard_records import write_standard
from akashi.errors import InputError

__all__ = [
    "CSV_NAME", "FHIR_NAME", "HC08_NAME", "HG08_NAME", "JMA_NAME", "ClaimsAlone", "ClaimsRefused", "Job", "Kind", "KindUnknown",
    "NobodyWritten", "Output", "Sender", "doctor_of", "kinds_of", "receiver_number", "sole_insurer", "written",
]  # fmt: skip

CSV_NAME, HC08_NAME, JMA_NAME = "standard.csv", "hc08.zip", "jma.csv"
HG08_NAME = "hg08.zip"
_INSURER_DIGITS, _SECOND = 8, 1000


class KindUnknown(InputError):
    """A format that nothing is made into."""

    code = "app.kind"
    ja, en = "作れる形式ではありません。", "Nothing can be made into that format."
    hint_ja = "archive（特定健診アーカイブ）、fhir（FHIR）から選んでください。CSV はいつも作ります。"
    hint_en = "Choose archive or fhir; the CSV is always made."


class NobodyWritten(InputError):
    """A file of which nobody can be written in the format that was asked for."""

    code = "app.nobody_written"
    ja, en = "この形式で書ける人がいません。", "Nobody can be written in this format."
    hint_ja = "確認事項を見て、足りない本人の項目（FHIR は医師名も）を補ってください。"
    hint_en = "See the findings and add the personal fields that are missing (for FHIR the doctor's name too)."


class ClaimsAlone(InputError):
    """A table of claims without the archive that it belongs into; nothing was made."""

    code = "app.claims_alone"
    ja, en = "請求の表は、特定健診アーカイブを作るときだけ使えます。", "A table of claims goes into an archive only."
    hint_ja = "「特定健診アーカイブ」も選ぶか、請求の表を外してください。"
    hint_en = "Choose the archive too, or leave the table out."


class ClaimsRefused(InputError):
    """A table of claims that cannot be read: it says so, and then what its reader says. ``reason`` is that one's code."""

    code = "app.claims_refused"
    ja, en = "請求の表を読めません（{reason}）。", "The table of claims cannot be read ({reason})."

    def __init__(self, cause: InputError) -> None:
        super().__init__(reason=cause.code)
        self._cause = cause

    def sentence(self, language: str = "ja") -> str:
        """Which file it is, and the reader's own sentence."""
        return f"{'請求の表: ' if language == 'ja' else 'Table of claims: '}{self._cause.sentence(language)}"

    def hint(self, language: str = "ja") -> str:
        """The reader's hint."""
        return self._cause.hint(language)


def kinds_of(text: str) -> tuple[Kind, ...]:
    """The kinds named by a list such as ``archive,fhir``, each once. Raises :class:`KindUnknown`.

    >>> kinds_of("fhir, archive"), kinds_of("")
    ((<Kind.FHIR: 'fhir'>, <Kind.ARCHIVE: 'archive'>), ())
    """
    known = {one.value: one for one in Kind}
    named = [name.strip() for name in text.split(",") if name.strip()]
    if any(name not in known for name in named):
        raise KindUnknown
    return tuple(dict.fromkeys(known[name] for name in named))


@dataclass(frozen=True, slots=True)
class Job:
    """Records to write: ``records`` gives them anew each time it is asked."""

    records: Callable[[], Iterator[NeutralRecord]]
    sender: Sender
    items: ItemTable
    definition: FormatDefinition
    say: Callable[[Finding], None]
    claims: Claims | None = None
    """Where an archive's claims come from; without it the archive has none."""
    guidance: bool | None = None
    """Whether guidance (hg08) or checkups (hc08) are written; ``None``: what the first person's record is."""


def receiver_number(number: str) -> str:
    """The 8-digit number of an insurer that the directory lists as 00 and its number; else empty."""
    return number[2:] if len(number) == _INSURER_DIGITS + 2 and number.startswith("00") else ""


def written(kind: Kind, job: Job) -> list[Output]:
    """The files of one kind; none where nobody can be written in it. Findings go to the job's ``say``."""
    return [one for one in _WRITERS[kind](job) if one.people]


def _csv(job: Job) -> list[Output]:
    out = io.BytesIO()
    people = write_standard(job.records(), job.definition, job.items, out, finding_sink=job.say)["rows.out"]
    return [Output(Kind.CSV, CSV_NAME, people, out.getvalue())]


def _jma(job: Job) -> list[Output]:
    out = io.BytesIO()
    people = write_jma(job.records(), job.items, out, finding_sink=job.say)["rows.out"]
    return [Output(Kind.JMA, JMA_NAME, people, out.getvalue())]


def _fkac(job: Job) -> list[Output]:
    """One file for each insurer, institution and day, as such files are."""
    groups: dict[tuple[str, ...], list[NeutralRecord]] = {}
    for record in job.records():
        groups.setdefault(shared_head(record), []).append(record)
    names, made = Counter[tuple[str, str]](), list[Output]()
    for (insurer, _institution, day), records in groups.items():
        out = io.BytesIO()
        people = write_fkac522(records, job.items, out, finding_sink=job.say)["rows.out"]
        named = insurer.zfill(_INSURER_DIGITS), day or _day(job.sender)
        names[named] += 1
        made.append(Output(Kind.FKAC, fkac522_name(*named, names[named]), people, out.getvalue()))
    return made


def _day(sender: Sender) -> str:
    return today(sender.made_ms).isoformat()


def _archive(job: Job) -> list[Output]:
    receiver = job.sender.receiver or sole_insurer(job.records())
    if not receiver:
        if job.claims is not None:
            job.say(Finding("claims.no_archive", 0, 0, 0))
        return _bare(job)
    sender = replace(job.sender, receiver=receiver)
    return _all(job, ArchiveMaker(sender, job.items, job.say, claims=job.claims, guidance=job.guidance))


def _all(job: Job, making: ArchiveMaker | DocumentsMaker) -> list[Output]:
    for record in job.records():
        making.add(record)
    return making.finished()


def sole_insurer(records: Iterator[NeutralRecord]) -> str:
    """The insurer of all people who have one, 8 digits; empty where there are several, or none."""
    found = ""
    for record in records:
        number = record.fields.get("insurance.insurer", "")
        if not number:
            continue
        number = number.zfill(_INSURER_DIGITS)
        if not (number.isascii() and number.isdigit() and len(number) == _INSURER_DIGITS) or found not in {"", number}:
            return ""
        found = number
    return found


def _bare(job: Job) -> list[Output]:
    """The documents alone: no folder, index or name, which only a receiver's number could give them."""
    records = job.records()
    first = next(records, None)
    if first is None:
        return []
    context, write = submission(job.sender, first, job.items, job.guidance)
    letter, event = ("g", GUIDANCE) if context.purpose == int(GUIDANCE) else ("h", "1")
    out, day, count = io.BytesIO(), today(job.sender.made_ms), 0
    zipped = ZipStream(out, day)

    def tell(code: str, record: NeutralRecord, target: str) -> None:
        job.say(Finding(code, record.row, record.line, 0, target, item=target))

    for unnamed in chain([first], records):
        record = named(unnamed, job.items)
        if record.fields.get("visit.report", "").startswith(GUIDANCE) != (letter == "g"):
            tell("archive.mixed", record, "visit.report")
            continue
        if lacking := missing_identity(record):
            for target in lacking:
                tell("hc08.identity", record, target)
            continue
        document, left_out = write(record)
        for code in left_out:
            tell("hc08.unmatched", record, code)
        count += 1
        name = MemberName(letter, f"{context.institution_code:0>10}", day.isoformat(), context.send_count, event, count)
        zipped.add(f"{DATA}/{member_file(name)}", document)
    zipped.close()
    return [Output(Kind.HC08, HG08_NAME if letter == "g" else HC08_NAME, count, out.getvalue())]


def _fhir(job: Job) -> list[Output]:
    seconds = job.sender.made_ms // _SECOND % (366 * 86_400)
    return _all(job, DocumentsMaker(job.sender, job.items, job.say, seconds))


_WRITERS: dict[Kind, Callable[[Job], list[Output]]] = {
    Kind.CSV: _csv,
    Kind.JMA: _jma,
    Kind.FKAC: _fkac,
    Kind.HC08: _bare,
    Kind.ARCHIVE: _archive,
    Kind.FHIR: _fhir,
}
