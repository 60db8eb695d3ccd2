"""A run as OSCAL assessment-results: observations of what was measured and answered, one finding for each assessable item.

Guarantees: 実測 is TEST, a document is EXAMINE, a person's word is INTERVIEW; only 適合 is *satisfied*. 一部適合, 不適合, 対象外 and 判定不能
are *not-satisfied* for OSCAL, which knows nothing between, and say what they are in properties of our namespace and, as far as it goes, in
reason and implementation-status. Targets appear by handle; raw output and evidence by commitment or handle. Refuses: addresses, names and
texts of answers: they are not in the view. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from akashi.conformity.model import Answer, Decision, Item, Measurement, Mode, Verdict
from akashi.conformity.oscal.notation import (
    Json,
    Object,
    catalog_name,
    document_resource,
    ident,
    markup,
    moment,
    prop,
    props,
    statement_id,
    truth,
    write,
)
from akashi.conformity.oscal.plan import head, inventory, party_uuid, plan_name, reviewed, target_uuid
from akashi.conformity.paper.view import BASES, REACHES, REPLIES, VERDICTS, RunView, shown_fact

STATES: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CONFORMS: ("satisfied", "pass"),
    Verdict.PARTIAL: ("not-satisfied", "other"),
    Verdict.FAILS: ("not-satisfied", "fail"),
    Verdict.NOT_APPLICABLE: ("not-satisfied", "other"),
    Verdict.UNDECIDED: ("not-satisfied", "other"),
}
_IMPLEMENTED = {
    Verdict.CONFORMS: "implemented",
    Verdict.PARTIAL: "partial",
    Verdict.NOT_APPLICABLE: "not-applicable",
}


def write_results(view: RunView) -> bytes:
    """The assessment-results of a run under one catalogue."""
    items = view.items
    leaves = [item for item in view.catalogue.items if item.mode is not Mode.GROUP]
    observations = observed(view)
    started = min((one.started_ms for one in view.measurements), default=view.judged_ms)
    result: Object = {
        "uuid": ident("result", view.run, view.catalogue.id),
        "title": markup(f"Run {view.run}"),
        "description": markup(
            "Verdicts computed from measurements and answers; every one can be computed again from the bundle."
        ),
        "start": moment(started),
        "end": moment(max(started, view.judged_ms)),
        "reviewed-controls": reviewed(leaves, f"Catalog {catalog_name(view.catalogue.id)}"),
        "findings": [finding(view, items[one.item], one) for one in view.decisions],
    }
    if observations:
        result["observations"] = observations
    local = _local(view)
    if local:
        result["local-definitions"] = local
    body: Object = {
        "uuid": ident("results", view.run, view.catalogue.id, view.root.hex()),
        "metadata": head(view, f"Assessment results, {view.catalogue.id}"),
        "import-ap": {"href": plan_name(view.catalogue.id)},
        "results": [result],
        "back-matter": {"resources": [document_resource(view.catalogue)]},
    }
    return write("assessment-results", body)


def _local(view: RunView) -> Object:
    tools = sorted({one.tool for one in view.measurements if one.tool})
    local: Object = {}
    targets = inventory(view)
    if targets:
        local["inventory-items"] = targets
    if tools:
        components: list[Json] = [
            {
                "uuid": _tool_uuid(tool),
                "type": "software",
                "title": markup(tool),
                "description": markup("A tool that a probe used."),
                "status": {"state": "operational"},
            }
            for tool in tools
        ]
        uses: list[Json] = [{"component-uuid": _tool_uuid(tool)} for tool in tools]
        platform: Json = {"uuid": ident("platform", view.run), "title": "Akashi", "uses-components": uses}
        local["assessment-assets"] = {"components": components, "assessment-platforms": [platform]}
    return local


def _tool_uuid(tool: str) -> str:
    return ident("tool", tool)


def measured_uuid(view: RunView, one: Measurement) -> str:
    """The UUID of a measurement's observation."""
    return ident("measured", view.run, one.probe, one.target, str(one.started_ms), one.raw_digest.hex())


def answered_uuid(view: RunView, one: Answer) -> str:
    """The UUID of an answer's observation."""
    return ident("answered", view.institution, one.catalogue, one.item, str(one.answered_ms))


def observed(view: RunView) -> list[Json]:
    """An observation for each measurement and for each answer that may be shown."""
    rows = [_measured(view, one) for one in view.measurements]
    order = [item.id for item in view.catalogue.items if item.id in view.answers]
    rows += [_answered(view, view.answers[name]) for name in order]
    return rows


def _measured(view: RunView, one: Measurement) -> Json:
    facts = "; ".join(f"{key} = {shown_fact(value)}" for key, value in sorted(one.facts.items()))
    row: Object = {
        "uuid": measured_uuid(view, one),
        "title": markup(f"{one.probe} {REACHES[one.reach].en}"),
        "description": markup(facts or f"No facts: {one.note or REACHES[one.reach].en}"),
        "methods": ["TEST"],
        "collected": moment(one.ended_ms),
        "subjects": [{"subject-uuid": target_uuid(view, one.target), "type": "inventory-item", "title": one.target}],
        "props": props(
            {
                "probe": one.probe, "probe-version": str(one.version), "reach": REACHES[one.reach].en, "note": one.note,
                "vantage": one.vantage, "started": moment(one.started_ms),
            }
        ),
        "relevant-evidence": [
            {
                "description": markup("Salted commitment to the raw output"),
                "props": [prop("commitment", one.raw_digest.hex())],
            }
        ],
    }  # fmt: skip
    if one.tool:
        row["origins"] = [{"actors": [{"type": "tool", "actor-uuid": _tool_uuid(one.tool)}]}]
    mine = {item.id for item in view.catalogue.items if one.probe in view.probes_of(item)}
    _expire(row, view, mine, one.ended_ms)
    return row


def _expire(row: Object, view: RunView, items: set[str], collected_ms: int) -> None:
    """The earliest expiry of the verdicts that rest on an observation; one before it was collected would be no expiry."""
    ends = [one.expires_ms for one in view.decisions if one.item in items and one.expires_ms > collected_ms]
    if ends:
        row["expires"] = moment(min(ends))


def _answered(view: RunView, one: Answer) -> Json:
    row: Object = {
        "uuid": answered_uuid(view, one),
        "title": markup(f"Answer to {one.item}"),
        "description": markup(f"A person answered {REPLIES[one.reply].en}; the text stays with the institution."),
        "methods": ["EXAMINE" if one.evidence else "INTERVIEW"],
        "collected": moment(one.answered_ms),
        "props": props({"reply": REPLIES[one.reply].en, "due": moment(one.due_ms) if one.due_ms else ""}),
        "origins": [{"actors": [{"type": "party", "actor-uuid": party_uuid(view)}]}],
    }
    if one.evidence:
        row["relevant-evidence"] = [
            {"description": markup(f"Evidence file {name}"), "props": [prop("evidence", name)]} for name in one.evidence
        ]
    _expire(row, view, {one.item}, one.answered_ms)
    return row


def finding_uuid(view: RunView, item: str) -> str:
    """The UUID of an item's finding."""
    return ident("finding", view.run, view.catalogue.id, item)


def finding(view: RunView, item: Item, decision: Decision) -> Json:
    """One item's verdict."""
    state, reason = STATES[decision.verdict]
    verdict = VERDICTS[decision.verdict]
    target: Object = {
        "type": "statement-id",
        "target-id": statement_id(item.id),
        "status": {"state": state, "reason": reason, "remarks": markup(f"{verdict.ja} {verdict.en}")},
    }
    implemented = _IMPLEMENTED.get(decision.verdict)
    if implemented is not None:
        target["implementation-status"] = {"state": implemented}
    own = {
        "verdict": verdict.en, "basis": BASES[decision.basis].en, "reason": decision.reason,
        "contradiction": truth(decision.contradiction), "carried-from": decision.carried,
        "expires": moment(decision.expires_ms) if decision.expires_ms else "",
    }  # fmt: skip
    judged = [prop("judge", f"{check.check} {check.judge_version}") for check in decision.checks]
    row: Object = {
        "uuid": finding_uuid(view, item.id),
        "title": markup(f"{item.clause or item.id}: {verdict.ja}"),
        "description": markup(decision.why.ja or decision.reason),
        "target": target,
        "props": [*props(own), *judged],
    }
    if decision.why.en:
        row["remarks"] = markup(decision.why.en)
    related = [measured_uuid(view, one) for one in view.measured(item)]
    answer = view.answers.get(item.id)
    if answer is not None:
        related.append(answered_uuid(view, answer))
    if related:
        row["related-observations"] = [{"observation-uuid": one} for one in related]
    return row
