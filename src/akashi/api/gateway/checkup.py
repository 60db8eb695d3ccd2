"""Routes that look at a file and convert it, before anything leaves.

Guarantees: everything happens in memory; what is converted is held as a draft for the session that made it, fifteen minutes at
most. Findings carry the place and a sentence, and the original value only here, inside the institution's gateway.
"""

from __future__ import annotations

import io
from typing import Annotated

from fastapi import APIRouter, Query

from akashi.api.gateway.bodies import FileName, Upload
from akashi.api.gateway.session import GatewayHere, SessionHere, person
from akashi.app.desk.conversion import inspect_file, make_draft
from akashi.app.desk.drafts import Draft
from akashi.app.desk.transfers import recorded
from akashi.checkup import FINDING_KINDS
from akashi.identity.journal import What

router = APIRouter(prefix="/api/v1", tags=["checkup"])
_MOST_FINDINGS = 1000


@router.post("/checkup/inspect", **person("checkup.convert"))
def inspect(gateway: GatewayHere, session: SessionHere, data: Upload) -> dict[str, object]:
    """What a file looks like: encoding, layout, map, coverage."""
    with recorded(gateway, session, What.CONVERTED):
        seen = inspect_file(gateway, io.BytesIO(data))
    return {
        "encoding": seen.encoding,
        "delimiter": seen.delimiter,
        "header_rows": seen.header_rows,
        "layout_hash": seen.layout_hash,
        "columns": len(seen.columns),
        "duplicates": seen.duplicates,
        "map": seen.map_id,
    }


@router.post("/checkup/convert", status_code=201, **person("checkup.convert"))
def convert(
    gateway: GatewayHere,
    session: SessionHere,
    data: Upload,
    name: FileName,
    receiver: Annotated[str, Query(max_length=40)] = "",
) -> dict[str, object]:
    """Convert a file and hold it as a draft; answers with its id and the findings."""
    with recorded(gateway, session, What.CONVERTED):
        draft = make_draft(gateway, name, data, receiver=receiver)
        key = gateway.drafts.keep(draft, session.id)
    gateway.journal.record(What.CONVERTED, session=session, count=draft.report.rows_out)
    return {"draft": key, **_described(draft)}


@router.get("/drafts/{draft}", **person("checkup.convert"))
def show(gateway: GatewayHere, session: SessionHere, draft: str) -> dict[str, object]:
    """A draft of this session again."""
    return _described(gateway.drafts.peek(draft, session.id))


@router.delete("/drafts/{draft}", status_code=204, **person("checkup.convert"))
def drop(gateway: GatewayHere, session: SessionHere, draft: str) -> None:
    """Forget a draft."""
    gateway.drafts.peek(draft, session.id)
    gateway.drafts.drop(draft)


def _described(draft: Draft) -> dict[str, object]:
    report = draft.report
    stops, warns, informs = draft.severities
    return {
        "map": report.map_id,
        "format": report.format_id,
        "encoding": report.encoding,
        "rows": report.counts(),
        "stops": stops,
        "warns": warns,
        "informs": informs,
        "documents": [{"name": name, "bytes": len(data)} for name, data in draft.documents],
        "findings": [
            {
                "code": one.code,
                "severity": str(FINDING_KINDS[one.code].severity.value),
                "row": one.row,
                "line": one.line,
                "column": one.column,
                "heading": one.header,
                "original": one.original,
                "ja": FINDING_KINDS[one.code].ja,
                "en": FINDING_KINDS[one.code].en,
            }
            for one in report.findings[:_MOST_FINDINGS]
        ],
    }
