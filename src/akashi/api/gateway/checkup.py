"""Routes that look at a file and convert it, before anything leaves.

Guarantees: everything happens in memory; what is converted is held as a draft for the session that made it, fifteen minutes at
most. Findings carry the place and a sentence, and the original value only here, inside the institution's gateway.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from akashi.api.gateway.bodies import FileName, Upload, download
from akashi.api.gateway.session import GatewayHere, SessionHere, person
from akashi.app.desk.conversion import (
    CHOICES,
    FindingsForm,
    Kind,
    findings_taken,
    look_at,
    make_draft,
    take_claims,
)
from akashi.app.desk.drafts import Draft
from akashi.app.desk.outputs import KindUnknown, kinds_of
from akashi.app.desk.transfers import recorded
from akashi.checkup import FINDING_KINDS
from akashi.identity.journal import What

router = APIRouter(prefix="/api/v1", tags=["checkup"])
_MOST_FINDINGS = 1000


@router.post("/checkup/inspect", **person("checkup.convert"))
def inspect(gateway: GatewayHere, session: SessionHere, data: Upload) -> dict[str, object]:
    """What a file is: its format, and for an institution's own table its encoding, layout and map."""
    with recorded(gateway, session, What.CONVERTED):
        found = look_at(gateway, data)
    seen = found.table
    if seen is None:
        return {"format": found.format.value}
    return {
        "format": found.format.value,
        "encoding": seen.encoding,
        "delimiter": seen.delimiter,
        "header_rows": seen.header_rows,
        "layout_hash": seen.layout_hash,
        "columns": len(seen.columns),
        "duplicates": seen.duplicates,
        "map": seen.map_id,
    }


@router.post("/checkup/claims", status_code=201, **person("checkup.convert"))
def claims_table(gateway: GatewayHere, session: SessionHere, data: Upload) -> dict[str, object]:
    """Hold a table of claims (the body, CSV) for the file that is converted next; answers with what to name in ``claims`` there."""
    with recorded(gateway, session, What.CONVERTED):
        return {"claims": take_claims(gateway, session, data)}


@router.post("/checkup/convert", status_code=201, **person("checkup.convert"))
def convert(
    gateway: GatewayHere,
    session: SessionHere,
    data: Upload,
    name: FileName,
    receiver: Annotated[str, Query(max_length=40)] = "",
    to: Annotated[str, Query(max_length=40)] = Kind.ARCHIVE.value,
    claims: Annotated[str, Query(max_length=40)] = "",
) -> dict[str, object]:
    """Convert a file of any format and hold it as a draft; ``to``: what is made beside the CSV (``archive,fhir``); ``claims``: a table held before."""
    with recorded(gateway, session, What.CONVERTED):
        kinds = kinds_of(to)
        if not set(kinds) <= {Kind.CSV, *CHOICES}:
            raise KindUnknown
        table = gateway.drafts.claims(claims, session.id) if claims else None
        draft = make_draft(gateway, name, data, receiver=receiver, kinds=kinds, claims=table)
        key = gateway.drafts.keep(draft, session.id)
    gateway.drafts.drop(claims)
    gateway.journal.record(What.CONVERTED, session=session, count=draft.report.rows_out)
    return {"draft": key, **_described(draft)}


@router.get("/drafts/{draft}", **person("checkup.convert"))
def show(gateway: GatewayHere, session: SessionHere, draft: str) -> dict[str, object]:
    """A draft of this session again."""
    return _described(gateway.drafts.peek(draft, session.id))


@router.get("/drafts/{draft}/findings.{form}", **person("checkup.convert"))
def findings(
    gateway: GatewayHere,
    session: SessionHere,
    draft: str,
    form: FindingsForm,
    lang: Literal["ja", "en"] = "ja",
) -> Response:
    """The findings of a draft with the originals, as csv, xlsx or json."""
    return download(findings_taken(gateway, session, draft, form, lang))


@router.delete("/drafts/{draft}", status_code=204, **person("checkup.convert"))
def drop(gateway: GatewayHere, session: SessionHere, draft: str) -> None:
    """Forget a draft, or a table of claims."""
    gateway.drafts.drop_own(draft, session.id)


def _described(draft: Draft) -> dict[str, object]:
    report = draft.report
    stops, warns, informs = draft.severities
    return {
        "source": draft.format,
        "map": report.map_id,
        "format": report.format_id,
        "encoding": report.encoding,
        "rows": report.counts(),
        "stops": stops,
        "warns": warns,
        "informs": informs,
        "documents": [
            {"name": one.name, "bytes": one.size, "kind": one.kind, "people": one.people} for one in draft.made
        ],
        "findings": [
            {
                "code": one.code,
                "severity": kind.severity.value,
                "row": one.row,
                "line": one.line,
                "column": one.column,
                "heading": one.header,
                "original": one.original,
                "item": one.item,
                "ja": kind.ja,
                "en": kind.en,
                "todo_ja": kind.todo_ja,
                "todo_en": kind.todo_en,
            }
            for one in report.findings[:_MOST_FINDINGS]
            for kind in (FINDING_KINDS[one.code],)
        ],
    }
