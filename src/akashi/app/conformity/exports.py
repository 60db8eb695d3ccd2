"""Conformity taken out: workbooks, OSCAL, paper, evidence folder, bundle; the same for pages, REST and command line.

Guarantees: what is written follows from one recorded run, the answers, kept papers and the books; texts and evidence meant for fewer than the chosen
audience stay here; the export is in the journal. Refuses: a run that was never recorded, catalogues that are not there. Trusts: the session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from akashi.app.conformity.bundles import make_bundle
from akashi.app.conformity.comparing import recorded_decisions
from akashi.app.conformity.desk import READ, journalled
from akashi.app.conformity.imports import MAPPING, Parcel, matched, wording_of
from akashi.app.desk import statements
from akashi.app.gateway.home import Gateway
from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.forms.layout import Table, write_tables
from akashi.conformity.forms.mapping import fill_in, parse_mapping
from akashi.conformity.forms.model import FormRow, Wording
from akashi.conformity.forms.sheets import blocks_table, disclosure_table, row_of
from akashi.conformity.model import Audience, Catalogue, Decision, Verdict
from akashi.conformity.oscal.catalog import write_catalog
from akashi.conformity.oscal.mapping import write_mapping
from akashi.conformity.oscal.notation import catalog_name
from akashi.conformity.oscal.plan import plan_name, write_plan
from akashi.conformity.oscal.poam import write_poam
from akashi.conformity.oscal.profile import applicable, write_profile
from akashi.conformity.oscal.results import write_results
from akashi.conformity.paper.folder import Attachment, write_folder
from akashi.conformity.paper.library import write_library
from akashi.conformity.paper.report import write_report
from akashi.conformity.paper.view import RunView, view_run
from akashi.conformity.proof.items import Sealed
from akashi.identity.model import Session

METI = "meti-2"
"""The catalogue whose sheet has the columns of a disclosure."""
Files = dict[str, bytes]


class Form(StrEnum):
    """What can be taken out."""

    XLSX = "xlsx"
    """All chosen catalogues in one workbook, three blocks each."""
    HISPRO = "hispro"
    """One workbook a catalogue, in three blocks."""
    METI = "meti"
    """The disclosure: 章 節 段 概要 番号 要求事項 対応状況."""
    PDF = "pdf"
    """A4, one file a catalogue."""
    OSCAL = "oscal"
    FOLDER = "folder"
    """Evidence by item with an index page; raw output only for the assessor."""
    CISO = "ciso"
    """Catalogues as library files for CISO Assistant."""
    OWN = "own"
    """The user's own workbook, filled in by a mapping."""
    BUNDLE = "bundle"
    QUESTIONS = "questions"
    """Questions about a product and about a service, with our answers."""
    SERVICE = "service"
    """A service disclosure, as workbook and plain text: as kept here, else a draft from the answers."""
    SLA = "sla"
    """A service level agreement, likewise."""
    ROLES = "roles"
    """The table of roles in a contract."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to take out. No catalogues: all of them; no run: the newest; ``assessor``: whom the bundle's raw output is sealed to.

    ``own``: the user's own workbook and how it is read, for :attr:`Form.OWN`.
    """

    form: Form
    audience: Audience = Audience.PUBLIC
    catalogues: tuple[str, ...] = ()
    run: str = ""
    assessor: str = ""
    own: Parcel | None = None


def export(gateway: Gateway, session: Session, wish: Wish) -> Files:
    """File name to content. Raises ``RecordUnknown``, ``CatalogueUnknown``, and what the form needs and does not find."""
    with journalled(gateway, session, READ, wish.run or None):
        return _MAKERS[wish.form](gateway, wish)


def chosen(gateway: Gateway, wish: Wish) -> list[Catalogue]:
    """The catalogues of a wish. Raises ``CatalogueUnknown``."""
    shelf = gateway.conformity.books.shelf
    return [shelf.catalogue(name) for name in wish.catalogues] if wish.catalogues else list(shelf.catalogues)


def form_rows(gateway: Gateway, catalogue: str, audience: Audience) -> dict[str, FormRow]:
    """The answers of a catalogue as a sheet says them, by item; those for fewer than ``audience`` without words and evidence."""
    names = {one.handle: one.name for one in gateway.conformity.answers.evidence() if one.audience <= audience}
    rows = {}
    for one in gateway.conformity.answers.all():
        if one.catalogue == catalogue:
            shown = one if one.audience <= audience else replace(one, text="", evidence=())
            kept = [handle for handle in shown.evidence if handle in names]
            rows[one.item] = row_of(replace(shown, evidence=tuple(kept)), [names[handle] for handle in kept])
    return rows


def _decided(gateway: Gateway, wish: Wish) -> tuple[Sealed, Mapping[str, dict[str, Decision]]]:
    """The run of a wish, and its decisions by catalogue and item."""
    conformity = gateway.conformity
    sealed = conformity.sealed_run(wish.run)
    found: dict[str, dict[str, Decision]] = {}
    for one in recorded_decisions(conformity, sealed.head.run).values():
        found.setdefault(one.catalogue, {})[one.item] = one
    return sealed, found


def _tables(gateway: Gateway, wish: Wish) -> tuple[int, list[Table]]:
    sealed, decided = _decided(gateway, wish)
    return sealed.head.now_ms, [
        blocks_table(
            one,
            form_rows(gateway, one.id, wish.audience),
            decided.get(one.id, {}),
            _wording(gateway, one.id, wish.audience),
        )
        for one in chosen(gateway, wish)
    ]


def _wording(gateway: Gateway, catalogue: str, audience: Audience) -> Wording | None:
    """Official wording that was attached here; it is the publisher's, so what anybody may have is in our own words."""
    return wording_of(gateway.conformity, catalogue) if audience > Audience.PUBLIC else None


def _xlsx(gateway: Gateway, wish: Wish) -> Files:
    made_ms, tables = _tables(gateway, wish)
    return {"conformity.xlsx": write_tables(tables, made_ms)}


def _hispro(gateway: Gateway, wish: Wish) -> Files:
    made_ms, tables = _tables(gateway, wish)
    names = [f"{one.id}.xlsx" for one in chosen(gateway, wish)]
    return {name: write_tables([table], made_ms) for name, table in zip(names, tables, strict=True)}


def _meti(gateway: Gateway, wish: Wish) -> Files:
    sealed = gateway.conformity.sealed_run(wish.run)
    made = {}
    for one in chosen(gateway, replace(wish, catalogues=wish.catalogues or (METI,))):
        rows = form_rows(gateway, one.id, wish.audience)
        table = disclosure_table(one, rows, _wording(gateway, one.id, wish.audience))
        made[f"{one.id}-disclosure.xlsx"] = write_tables([table], sealed.head.now_ms)
    return made


def _oscal(gateway: Gateway, wish: Wish) -> Files:
    conformity = gateway.conformity
    sealed = conformity.sealed_run(wish.run)
    at, books, features = sealed.head.now_ms, conformity.books, frozenset(sealed.head.features)
    made = {"mapping.json": write_mapping(books.crosswalk.links, books.shelf, at)} if not wish.catalogues else {}
    for view in _views(gateway, wish):
        one = view.catalogue
        made[catalog_name(one.id)] = write_catalog(one, at)
        if applicable(one, features):
            made[f"profile-{one.id}.json"] = write_profile(books.shelf, one.id, features, one.title.ja, at)
        made[plan_name(one.id)] = write_plan(view)
        made[f"results-{one.id}.json"] = write_results(view)
        if any(decision.verdict is Verdict.FAILS for decision in view.decisions):
            made[f"poam-{one.id}.json"] = write_poam(view) or b""
    return made


def _pdf(gateway: Gateway, wish: Wish) -> Files:
    return {f"{view.catalogue.id}.pdf": write_report(view, _label(gateway)) for view in _views(gateway, wish)}


def _folder(gateway: Gateway, wish: Wish) -> Files:
    answers, made = gateway.conformity.answers, Files()
    sealed = gateway.conformity.sealed_run(wish.run)
    raw = sealed.apart.values() if wish.audience is Audience.ASSESSOR else ()
    for view in _views(gateway, wish):
        wanted = {handle for one in view.answers.values() for handle in one.evidence}
        kept = [one for one in answers.evidence() if one.handle in wanted and one.audience <= wish.audience]
        files = [Attachment(one.handle, one.name, one.kept_ms, answers.read_evidence(one.handle)[1]) for one in kept]
        found = write_folder(view, _label(gateway), raw, files)
        made |= {f"{view.catalogue.id}/{path}": data for path, data in found.items()}
    return made


def _own(gateway: Gateway, wish: Wish) -> Files:
    parcel = wish.own
    if parcel is None:
        raise WorkbookRefused(where="file", reason="no_workbook")
    catalogue = gateway.conformity.books.shelf.catalogue(parcel.catalogue)
    _, _, matching = matched(gateway.conformity, catalogue, parcel)
    rows = form_rows(gateway, catalogue.id, wish.audience)
    return {parcel.name: fill_in(parcel.data, parse_mapping(parcel.mapping, MAPPING), matching, rows)}


def _ciso(gateway: Gateway, wish: Wish) -> Files:
    return {f"{one.id}.yaml": write_library(one) for one in chosen(gateway, wish)}


def _views(gateway: Gateway, wish: Wish) -> list[RunView]:
    """The run of a wish through each of its catalogues."""
    sealed = gateway.conformity.sealed_run(wish.run)
    named = {one.id for one in chosen(gateway, wish)}
    catalogues, _ = gateway.conformity.books_of(sealed.head)
    return [view_run(sealed, one, gateway.conformity.judges, wish.audience) for one in catalogues if one.id in named]


def _label(gateway: Gateway) -> str:
    return gateway.names().get(gateway.institution, gateway.institution)


def _bundle(gateway: Gateway, wish: Wish) -> Files:
    data = make_bundle(gateway, wish.run, audience=wish.audience, assessor=wish.assessor)
    return {f"{wish.audience.name.lower()}.akashi": data}


def _questions(gateway: Gateway, wish: Wish) -> Files:
    _, catalogue = statements.questions_of(gateway.conformity.books.shelf)
    rows = form_rows(gateway, catalogue.id, wish.audience)
    return statements.write_questions(gateway.conformity, rows, wish.audience)


def _paper(gateway: Gateway, wish: Wish) -> Files:
    name = _PAPERS[wish.form]
    _, catalogue = statements.outline_of(name, gateway.conformity.books.shelf)
    rows = form_rows(gateway, catalogue.id, wish.audience)
    return statements.write_paper(gateway.conformity, name, rows, wish.audience)


_PAPERS = {Form.SERVICE: statements.SERVICE, Form.SLA: statements.SLA, Form.ROLES: statements.ROLES}
_MAKERS: Mapping[Form, Callable[[Gateway, Wish], Files]] = {
    Form.XLSX: _xlsx,
    Form.HISPRO: _hispro,
    Form.METI: _meti,
    Form.PDF: _pdf,
    Form.OSCAL: _oscal,
    Form.FOLDER: _folder,
    Form.CISO: _ciso,
    Form.OWN: _own,
    Form.BUNDLE: _bundle,
    Form.QUESTIONS: _questions,
    **dict.fromkeys(_PAPERS, _paper),
}


def forms() -> Sequence[str]:
    """The names of all forms that need nothing but a wish (not :attr:`Form.OWN`)."""
    return [one.value for one in Form if one is not Form.OWN]
