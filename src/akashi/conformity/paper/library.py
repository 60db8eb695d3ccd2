"""A catalogue as a library file for CISO Assistant (YAML), so that whoever keeps their assessments there can load it.

Guarantees: the same catalogue gives the same bytes; every node's URN is unique whatever the case, parents stand before their children, and
depths follow. Refuses: to pass our words off as the publisher's: the copyright line says whose they are. The format knows no thresholds,
conditions or checks; these stay here. Source: the library format of CISO Assistant (tools/README.md of that project). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

import yaml

from akashi.conformity.model import NOBODY, Catalogue, Item, Mode

Node: TypeAlias = "dict[str, bool | int | str | dict[str, dict[str, str]]]"
PACKAGER = "akashi"
_KEPT = re.compile(r"[a-z0-9.-]", re.ASCII)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_library(catalogue: Catalogue, version: int = 1) -> bytes:
    """The library file; ``version`` is to be raised whenever a changed one is to replace a loaded one."""
    slug = catalogue.id.replace(".", "-")
    named = {
        "ref_id": catalogue.id,
        "name": catalogue.title.ja,
        "description": f"{catalogue.publisher}『{catalogue.document}』{catalogue.edition}（要約。公式の文ではありません）",
    }
    value = {
        "urn": f"urn:{PACKAGER}:risk:library:{slug}",
        "locale": "ja",
        **named,
        "copyright": "Paraphrases by the authors of Akashi; the cited document binds and is its publisher's.",
        "version": version,
        "provider": "Akashi",
        "packager": PACKAGER,
        **_english(catalogue.title.en),
        "objects": {
            "framework": {
                "urn": f"urn:{PACKAGER}:risk:framework:{slug}",
                **named,
                "requirement_nodes": _nodes(catalogue, f"urn:{PACKAGER}:risk:req_node:{slug}"),
            }
        },
    }
    text = yaml.dump(value, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=1 << 16)
    return str(text).encode()


def _english(name: str, description: str = "") -> dict[str, dict[str, dict[str, str]]]:
    words = {key: value for key, value in (("name", name), ("description", description)) if value}
    return {"translations": {"en": words}} if words else {}


def _nodes(catalogue: Catalogue, base: str) -> Sequence[Node]:
    rows: list[Node] = []
    for group in catalogue.groups:
        urn = f"{base}:g-{_token(group.id)}"
        head: Node = {"urn": urn, "assessable": False, "depth": 1, "ref_id": group.id, "name": group.title.ja}
        rows.append(head | _english(group.title.en))
        mine = [item for item in catalogue.items if item.group == group.id]
        known = {item.id for item in mine}
        tops = [item for item in mine if item.parent not in known]
        for item in tops:
            _below(rows, mine, item, base, urn, 2)
    return rows


def _below(rows: list[Node], mine: Sequence[Item], item: Item, base: str, parent: str, depth: int) -> None:
    """A node and, after it, all that is under it."""
    urn = f"{base}:{_token(item.id)}"
    row: Node = {
        "urn": urn,
        "assessable": item.mode is not Mode.GROUP,
        "depth": depth,
        "parent_urn": parent,
        "ref_id": item.id,
        "name": item.clause or item.id,
        "description": item.text.ja,
    }
    if item.plain:
        row["annotation"] = item.plain
    if item.evidence:
        row["typical_evidence"] = "\n".join(f"- {one}" for one in item.evidence)
    rows.append(row | _english("", item.text.en))
    for one in mine:
        if one.parent == item.id != NOBODY:
            _below(rows, mine, one, base, urn, depth + 1)


def _token(text: str) -> str:
    """A part of a URN; URNs are compared without case there, so capitals are written as numbers."""
    return "".join(one if _KEPT.fullmatch(one) else f"_{ord(one):x}_" for one in text)
