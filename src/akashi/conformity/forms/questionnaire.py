"""Questions to vendors about a product (the part of an MDS) or a service (the part of an SDS), out and in again.

Guarantees: the questions are made from our own catalogue and words; what is exported comes back. 一部 has no place among
はい・いいえ・対象外: it goes out as いいえ with a remark that says so, and comes back as 一部. Refuses a sheet of another kind or catalogue.
The form of an association (its own Excel) goes through ``mapping`` instead. Trusts nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from akashi.conformity.catalogues.catalogue import Reader, read_yaml
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.forms.layout import Column, Line, Table, place_of, read_table, write_tables
from akashi.conformity.forms.model import FilledForm, FormFinding, FormRow
from akashi.conformity.forms.sheets import REPLIES, read_choice
from akashi.conformity.forms.workbook import read_workbook
from akashi.conformity.model import Catalogue, Mode, Reply

Kind = Literal["product", "service"]
PARTLY = "（一部対応）"
ABOUT = {"@subject": "製品・サービスの名称と版", "@vendor": "回答した会社", "@date": "回答した日"}
"""What stands above the questions; ids that no item has."""
_SAID: dict[Reply, str] = {reply: word for reply, word in REPLIES.items() if reply is not Reply.PARTLY}
QUESTIONS = (
    Column("番号", 8, given=True),
    Column("指針の項", 16, given=True),
    Column("質問", 76, given=True),
    Column("回答", 10, choices=tuple(_SAID.values())),
    Column("備考", 50),
)
_TITLES = {"product": "製品のセキュリティについての質問", "service": "サービスのセキュリティについての質問"}
_ASKED = {"product": "この製品で対応していますか。", "service": "このサービスで対応していますか。"}
_NOTE = "質問は {document} {edition} の要約から作りました。「いいえ」の項は、医療機関が運用で補うことを備考に書いてください。"


@dataclass(frozen=True, slots=True)
class Questions:
    """Which items of a catalogue are asked of whom."""

    id: str
    catalogue: str
    product: tuple[str, ...]
    service: tuple[str, ...]

    def of(self, kind: Kind) -> tuple[str, ...]:
        """The items asked about this kind of thing."""
        return self.product if kind == "product" else self.service


def parse_questions(data: bytes, name: str, catalogue: Catalogue) -> Questions:
    """A question list (``catalogs/forms/questions.yaml``). Raises :class:`CatalogueInvalid`."""
    top = Reader(name, read_yaml(data, name), "top", {"questions", "catalogue", "product", "service"})
    made = Questions(top.text("questions"), top.text("catalogue"), top.texts("product"), top.texts("service"))
    known = {item.id for item in catalogue.items if item.mode is not Mode.GROUP}
    for asked in (made.product, made.service):
        if made.catalogue != catalogue.id or len(set(asked)) != len(asked) or not set(asked) <= known:
            raise CatalogueInvalid(name=name, where="items")
    return made


def _mark(questions: Questions, kind: Kind) -> str:
    return f"akashi/questions/1 {questions.id}/{kind}"


def questionnaire_table(
    catalogue: Catalogue,
    questions: Questions,
    kind: Kind,
    rows: Mapping[str, FormRow],
    about: Mapping[str, str],
) -> Table:
    """番号・質問・回答・備考 by chapter; ``about`` by the keys of ``ABOUT``."""
    lines = [Line(key, ("", "", heading, "", about.get(key, ""))) for key, heading in ABOUT.items()]
    groups = {group.id: group.title.ja for group in catalogue.groups}
    asked, last = set(questions.of(kind)), ""
    for number, item in enumerate((one for one in catalogue.items if one.id in asked), 1):
        if item.group != last:
            lines.append(Line(f"@{item.group}", (item.group, "", groups[item.group], "", ""), heading=True))
            last = item.group
        row = rows.get(item.id, FormRow(item.id))
        sentence = f"{item.text.ja}。{_ASKED[kind]}"
        lines.append(Line(item.id, (str(number), item.clause, sentence, *_said(row))))
    note = _NOTE.format(document=catalogue.document, edition=catalogue.edition)
    return Table(f"{questions.id}-{kind}"[:31], _mark(questions, kind), _TITLES[kind], note, QUESTIONS, tuple(lines))


def _said(row: FormRow) -> tuple[str, str]:
    if row.reply is Reply.PARTLY:
        return _SAID[Reply.NO], PARTLY + row.text
    return (_SAID[row.reply] if row.reply is not None else ""), row.text


def export_questionnaire(
    catalogue: Catalogue,
    questions: Questions,
    kind: Kind,
    rows: Mapping[str, FormRow],
    about: Mapping[str, str],
    made_ms: int,
) -> bytes:
    """The questions as a workbook, answered as far as ``rows`` say anything."""
    return write_tables([questionnaire_table(catalogue, questions, kind, rows, about)], made_ms)


def import_questionnaire(
    data: bytes, catalogue: Catalogue, questions: Questions, kind: Kind
) -> tuple[dict[str, str], FilledForm]:
    """What stands above the questions, and the answers. Raises ``WorkbookRefused``."""
    book, mark = read_workbook(data), _mark(questions, kind)
    ids = [line.id for line in questionnaire_table(catalogue, questions, kind, {}, {}).lines]
    about: dict[str, str] = {}
    rows, findings = [], []
    for at, line in read_table(book, mark, QUESTIONS, ids):
        said, remark = line.cells[-2:]
        if line.id.startswith("@"):
            about |= {line.id: remark} if line.id in ABOUT and remark else {}
            continue
        reply = read_choice(_SAID, said)
        if said and reply is None:
            findings.append(FormFinding(place_of(book, mark, at, QUESTIONS, "回答"), "reply"))
        if reply is Reply.NO and remark.startswith(PARTLY):
            reply, remark = Reply.PARTLY, remark.removeprefix(PARTLY)
        if reply is not None or remark:
            rows.append(FormRow(line.id, reply, remark))
    return about, FilledForm(tuple(rows), tuple(findings))
