"""Routes of maps: drafts with decisions, previews, approval, versions, sharing.

Guarantees: the same use cases as the pages, so the same permissions and journal entries; files are read in memory; a draft shows masked
examples only. Refuses unknown fields, columns, items and reasons. Trusts: the session.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from starlette.responses import PlainTextResponse

from akashi.api.gateway.bodies import FileName, Upload, download
from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.app.checkup import mapdesk, telling
from akashi.app.desk.transfers import Download
from akashi.app.mapmaking import trial
from akashi.checkup.approval.model import MAX_CHILDREN, MAX_VERSION, DraftHead, MapDraft, RetireReason
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.maps import MODALITIES
from akashi.checkup.mapping.model import Choice, Decision, Placing, Proposal
from akashi.checkup.model import Role

router = APIRouter(prefix="/api/v1/maps", tags=["maps"])
Draft = Annotated[str, Path(pattern=r"^mdr-[0-9a-z]{4,32}$")]
Map = Annotated[str, Path(pattern=r"^map-[0-9a-z]{4,32}$")]
Version = Annotated[int, Path(ge=1, le=MAX_VERSION)]
Institution = Annotated[str, Field(pattern=r"^inst-[0-9a-z]{4,32}$")]
Terms = Annotated[str, Field(pattern=f"^({'|'.join(sorted(MODALITIES))})?$")]
_MOST = 1000


class ProposalBody(Strict):
    """What a column is, chosen by a person in place of the proposal."""

    placing: Literal["map", "decides", "ignore", "spare", "watch", "undecided"] = "map"
    target: str = Field(default="", max_length=40)
    role: Literal["VALUE", "LOWER", "UPPER", "JUDGEMENT", "METHOD", "QUALIFIER", "FLAG", "TEXT"] = "VALUE"
    occurrence: int = Field(default=1, ge=1, le=99)
    kind: str = Field(default="", max_length=40)
    unit: str = Field(default="", max_length=40)
    factor: str = Field(default="1", max_length=20)
    digits: int = Field(default=0, ge=0, le=20)
    table: str = Field(default="", max_length=60)
    when_column: int = Field(default=0, ge=0, le=100_000)
    when_words: list[Annotated[str, Field(max_length=60)]] = Field(default_factory=list, max_length=50)
    terms: Terms = ""

    def proposal(self) -> Proposal:
        """As the desk wants it; what a person chooses is sure."""
        return Proposal(
            Placing(self.placing), 100, (), self.target, Role(self.role), self.occurrence, self.kind, self.unit, self.factor,
            self.digits, self.table, self.when_column, tuple(self.when_words), self.terms,
        )  # fmt: skip


class ChoiceBody(Strict):
    """A decision about one column (from 1)."""

    column: int = Field(ge=1, le=100_000)
    decision: Literal["unreviewed", "adopt", "ignore", "needs_confirmation", "deferred", "watch"]
    proposal: ProposalBody | None = None


class HeadBody(Strict):
    """What is said about the map as a whole; days are YYYY-MM-DD."""

    id: str = Field(min_length=1, max_length=60)
    institution: str = Field(default="", max_length=60)
    valid_from: str = Field(max_length=10)
    valid_to: str = Field(max_length=10)
    program: str = Field(default="", pattern="^([0-9]{3})?$")


class DraftChange(Strict):
    """What changes in a draft: its head, lookup tables, decisions, or the surest proposals adopted together."""

    head: HeadBody | None = None
    choices: list[ChoiceBody] = Field(default_factory=list, max_length=_MOST)
    tables: dict[
        Annotated[str, Field(max_length=40)],
        dict[Annotated[str, Field(min_length=1, max_length=100)], Annotated[str, Field(max_length=100)]],
    ] = Field(default_factory=dict, max_length=50)
    adopt_at_least: int | None = Field(default=None, ge=50, le=100)


class ChildrenBody(Strict):
    """The institutions that may use a version: the whole list."""

    children: list[Institution] = Field(max_length=MAX_CHILDREN)


class ApproveBody(Strict):
    """What was read before it is signed, and with whom the version is shared; without ``children`` as the version before."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
    children: list[Institution] | None = Field(default=None, max_length=MAX_CHILDREN)


class RetireBody(Strict):
    """Why a version ends."""

    reason: Literal["superseded", "wrong", "layout_ended", "other"]


@router.get("", **person("maps.read"))
def listed(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Own and adopted versions with where they stand, the shipped maps, and files in the folder that are not used."""
    found = mapdesk.versions(gateway, session)
    return {
        "maps": [telling.version_row(one) for one in found],
        "shipped": sorted(gateway.maps.shipped_ids()),
        "unused_files": len(gateway.maps.lying()),
    }


@router.get("/drafts", **person("maps.read"))
def drafts(gateway: GatewayHere, session: SessionHere) -> list[dict[str, object]]:
    """All drafts, the newest change first."""
    return [telling.draft_row(one) for one in mapdesk.drafts(gateway, session)]


@router.post("/drafts", status_code=201, **person("checkup.convert"))
def start(gateway: GatewayHere, session: SessionHere, data: Upload, name: FileName) -> dict[str, object]:
    """Draft a map for the layout of a file (the body); answers with the draft and its columns."""
    handle = mapdesk.start_draft(gateway, session, name, data)
    return _whole(mapdesk.show(gateway, session, handle))


@router.post("/texts", status_code=201, **person("checkup.convert"))
def hand_in(gateway: GatewayHere, session: SessionHere, data: Upload) -> dict[str, object]:
    """Keep a finished map (the body, YAML) as a draft for somebody else to approve."""
    return {"draft": mapdesk.hand_in(gateway, session, _text(data))}


@router.get("/drafts/{draft}", **person("maps.read"))
def show(gateway: GatewayHere, session: SessionHere, draft: Draft) -> dict[str, object]:
    """A draft with its columns: proposals, reasons, masked examples, decisions."""
    return _whole(mapdesk.show(gateway, session, draft))


@router.patch("/drafts/{draft}", **person("checkup.convert"))
def change(gateway: GatewayHere, session: SessionHere, draft: Draft, body: DraftChange) -> dict[str, object]:
    """Decide about columns, adopt the surest together, say the head; durable when answered."""
    if body.head is not None:
        one = body.head
        head = DraftHead(one.id, one.institution, one.valid_from, one.valid_to, one.program)
        mapdesk.name_draft(gateway, session, draft, head)
    for name, words in body.tables.items():
        mapdesk.give_table(gateway, session, draft, name, words)
    if body.choices:
        choices = {
            one.column: Choice(Decision(one.decision), one.proposal.proposal() if one.proposal else None)
            for one in body.choices
        }
        mapdesk.decide_all(gateway, session, draft, choices)
    if body.adopt_at_least is not None:
        mapdesk.adopt_sure(gateway, session, draft, at_least=body.adopt_at_least)
    return _whole(mapdesk.show(gateway, session, draft))


@router.delete("/drafts/{draft}", status_code=204, **person("checkup.convert"))
def drop(gateway: GatewayHere, session: SessionHere, draft: Draft) -> Response:
    """Put a draft away."""
    mapdesk.drop_draft(gateway, session, draft)
    return Response(status_code=204)


@router.post("/drafts/{draft}/preview", **person("checkup.convert"))
def preview(gateway: GatewayHere, session: SessionHere, draft: Draft, data: Upload) -> dict[str, object]:
    """Run the draft dry on a file (the body): coverage, fillings, findings, and what changed since the last version."""
    seen = mapdesk.preview(gateway, session, draft, data)
    return {
        "check": telling.check_row(seen.check),
        "changes": [telling.change_row(one) for one in seen.changes],
        "text": seen.text,
    }


@router.get("/drafts/{draft}/approve", **person("maps.manage"))
def signing(gateway: GatewayHere, session: SessionHere, draft: Draft) -> dict[str, object]:
    """What an approver is asked to sign: the text, its digest, and what changed since the version before."""
    found = trial.to_sign(gateway, session, draft)
    told = None if found.changes is None else [telling.change_row(one) for one in found.changes]
    return {"digest": found.digest, "text": found.text, "changes": told}


@router.post("/drafts/{draft}/approve", status_code=201, **person("maps.manage"))
def approve(gateway: GatewayHere, session: SessionHere, draft: Draft, body: ApproveBody) -> dict[str, object]:
    """Approve a draft as the next version of its map, on the ledger, if its text is still the one of ``digest``."""
    made = mapdesk.approve(gateway, session, draft, children=body.children, expected=body.digest)
    return telling.version_row(made)


@router.post("/adopt", status_code=201, **person("maps.manage"))
def adopt(gateway: GatewayHere, session: SessionHere, data: Upload) -> dict[str, object]:
    """Use a map (the body, YAML) that its institution shared with this one."""
    return telling.version_row(mapdesk.adopt(gateway, session, _text(data)))


@router.get("/{map_handle}/diff", **person("maps.read"))
def diff(
    gateway: GatewayHere,
    session: SessionHere,
    map_handle: Map,
    old: Annotated[int, Query(alias="from", ge=1, le=MAX_VERSION)],
    new: Annotated[int, Query(alias="to", ge=1, le=MAX_VERSION)],
) -> list[dict[str, object]]:
    """What changed between two versions, in words."""
    return [telling.change_row(one) for one in mapdesk.changes(gateway, session, map_handle, old, new)]


@router.get("/{map_handle}/{version}", **person("maps.read"))
def version(gateway: GatewayHere, session: SessionHere, map_handle: Map, version: Version) -> dict[str, object]:
    """One version with its text; a retired one too."""
    found, text = mapdesk.version(gateway, session, map_handle, version)
    return {**telling.version_row(found), "text": text}


@router.get("/{map_handle}/{version}/text", **person("maps.read"))
def text(gateway: GatewayHere, session: SessionHere, map_handle: Map, version: Version) -> PlainTextResponse:
    """The text of a version, byte for byte what its digest names."""
    _, found = mapdesk.version(gateway, session, map_handle, version)
    return PlainTextResponse(found, headers={"Cache-Control": "no-store"})


@router.get("/{map_handle}/{version}/receipt", **person("maps.read"))
def receipt(gateway: GatewayHere, session: SessionHere, map_handle: Map, version: Version) -> Response:
    """The receipt of the approval (or adoption) of a version."""
    data = mapdesk.receipt(gateway, session, map_handle, version)
    return download(Download(f"{map_handle}-{version}.receipt", "text/plain", iter([data])))


@router.post("/{map_handle}/{version}/retire", **person("maps.manage"))
def retire(
    gateway: GatewayHere, session: SessionHere, map_handle: Map, version: Version, body: RetireBody
) -> dict[str, object]:
    """End a version, for good."""
    reason = RetireReason[body.reason.upper()]
    return telling.version_row(mapdesk.retire(gateway, session, map_handle, version, reason))


@router.post("/{map_handle}/{version}/share", **person("maps.manage"))
def share(
    gateway: GatewayHere, session: SessionHere, map_handle: Map, version: Version, body: ChildrenBody
) -> dict[str, object]:
    """Say who may use a version from now on."""
    return telling.version_row(mapdesk.share(gateway, session, map_handle, version, body.children))


def _whole(found: MapDraft) -> dict[str, object]:
    columns = [] if found.columns is None else telling.columns_rows(found.columns, found.choices)
    return {**telling.draft_row(found), "columns": columns, "tables": found.tables, "text": found.text}


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MapInvalid(line=data[: error.start].count(b"\n") + 1, what="not UTF-8") from error
