"""What is to be done as an OSCAL plan of action and milestones: one item and one risk for each 不適合.

Guarantees: every item that fails, measured or declared, stands here with the due date that was given for it; without one it says so.
Refuses: a plan without items, which OSCAL has no room for (``None``). 一部適合 and 判定不能 are no failures and stand in the results. Pure.
"""

from __future__ import annotations

from akashi.conformity.model import Decision, Item, Verdict
from akashi.conformity.oscal.notation import (
    NAMESPACE,
    Json,
    Object,
    document_resource,
    ident,
    markup,
    moment,
    props,
    write,
)
from akashi.conformity.oscal.plan import head
from akashi.conformity.oscal.results import finding_uuid
from akashi.conformity.paper.view import BASES, RunView


def write_poam(view: RunView) -> bytes | None:
    """The plan of action of a run under one catalogue; ``None`` where nothing fails."""
    items = view.items
    failing = [(items[one.item], one) for one in view.decisions if one.verdict is Verdict.FAILS]
    if not failing:
        return None
    body: Object = {
        "uuid": ident("poam", view.run, view.catalogue.id, view.root.hex()),
        "metadata": head(view, f"Plan of action, {view.catalogue.id}"),
        "system-id": {"identifier-type": NAMESPACE, "id": view.institution},
        "risks": [_risk(view, item, decision) for item, decision in failing],
        "poam-items": [_item(view, item, decision) for item, decision in failing],
        "back-matter": {"resources": [document_resource(view.catalogue)]},
    }
    return write("plan-of-action-and-milestones", body)


def due_ms(view: RunView, item: str) -> int:
    """When a failing item is to be put right; 0 where nobody said."""
    answer = view.answers.get(item)
    return 0 if answer is None else answer.due_ms


def _risk_uuid(view: RunView, item: str) -> str:
    return ident("risk", view.institution, view.catalogue.id, item)


def _risk(view: RunView, item: Item, decision: Decision) -> Json:
    row: Object = {
        "uuid": _risk_uuid(view, item.id),
        "title": markup(item.clause or item.id),
        "description": markup(decision.why.ja or decision.reason),
        "statement": markup(item.text.ja),
        "status": "open",
    }
    due = due_ms(view, item.id)
    if due:
        row["deadline"] = moment(due)
    return row


def _item(view: RunView, item: Item, decision: Decision) -> Json:
    due = due_ms(view, item.id)
    own = {
        "item": item.id, "basis": BASES[decision.basis].en, "reason": decision.reason,
        "finding": finding_uuid(view, item.id), "due": moment(due) if due else "not-given",
    }  # fmt: skip
    return {
        "uuid": ident("poam-item", view.institution, view.catalogue.id, item.id),
        "title": markup(item.clause or item.id),
        "description": markup(item.text.ja),
        "props": props(own),
        "related-risks": [{"risk-uuid": _risk_uuid(view, item.id)}],
    }
