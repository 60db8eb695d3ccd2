"""A catalogue as an OSCAL catalog and back: group = chapter, control = item, statement = our own words, params = thresholds.

Guarantees: what was written reads back as an equal catalogue (its digest is inside and is compared); the official text is pointed to in words
and never claimed to be ours, nor ours to be official. Refuses: foreign catalogs, and ours when a byte of their content was changed. Trusts
nobody; the caller checks what it read against known judges and features (``check_catalogue``).
"""

from __future__ import annotations

from collections import defaultdict

from akashi.conformity.catalogues.catalogue import with_digest
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import NOBODY, Catalogue, Group, Item, Mode, Parameter, Scalar, Words
from akashi.conformity.oscal.notation import (
    NAMESPACE,
    Json,
    Object,
    Reading,
    catalog_uuid,
    control_id,
    document_link,
    document_resource,
    group_id,
    line,
    markup,
    metadata,
    prop,
    props,
    read,
    statement_id,
    truth,
    unmarked,
    write,
)
from akashi.ledger.errors import EncodingError

OWN_WORDS = (
    "The statements are paraphrases made by the authors of Akashi; the cited document is what binds, and its publisher "
    "has no part in these."
)


def write_catalog(catalogue: Catalogue, at_ms: int) -> bytes:
    """The OSCAL catalog of an edition, dated ``at_ms``. Raises ``CatalogueInvalid`` for texts that OSCAL has no room for."""
    made = with_digest(catalogue)
    head = metadata(
        made.title.ja,
        made.edition or made.id,
        at_ms,
        remarks=markup(OWN_WORDS),
        props=props(
            {
                "catalogue": made.id, "family": made.family, "order": str(made.order), "title-en": made.title.en,
                "document": made.document, "edition": made.edition, "publisher": made.publisher, "status": made.status,
                "date": made.date, "source": made.source, "digest": made.digest.hex(),
            }
        ),
    )  # fmt: skip
    head["document-ids"] = [{"scheme": NAMESPACE, "identifier": made.id}]
    body: Object = {
        "uuid": catalog_uuid(made),
        "metadata": head,
        "groups": _groups(made),
        "back-matter": {"resources": [document_resource(made)]},
    }
    if made.parameters:
        body["params"] = [_param(key, one) for key, one in sorted(made.parameters.items())]
    return write("catalog", body)


def _groups(made: Catalogue) -> list[Json]:
    below: dict[tuple[str, str], list[tuple[int, Item]]] = defaultdict(list)
    groups = {item.id: item.group for item in made.items}
    for at, item in enumerate(made.items):
        # A control stands below its heading only inside one group; OSCAL has no way to say more, our properties have.
        near = item.parent if groups.get(item.parent) == item.group else NOBODY
        below[item.group, near].append((at, item))
    rows: list[Json] = []
    for at, group in enumerate(made.groups):
        values = {"id": group.id, "order": str(at), "title-en": group.title.en}
        row: Object = {
            "id": group_id(group.id),
            "title": markup(line(group.title.ja, group.id)),
            "props": [*props(values), *(prop("when", one) for one in group.when)],
        }
        controls = [_control(made, at, item, below) for at, item in below[group.id, NOBODY]]
        if controls:
            row["controls"] = controls
        rows.append(row)
    return rows


def _control(made: Catalogue, at: int, item: Item, below: dict[tuple[str, str], list[tuple[int, Item]]]) -> Json:
    own = {
        "id": item.id, "group": item.group, "parent": item.parent, "mode": item.mode.value, "order": str(at),
        "report": truth(item.report), "place": truth(item.place), "valid-days": str(item.valid_days), "clause": item.clause,
    }  # fmt: skip
    listed = [("check", item.checks), ("when", item.when)]
    parts: list[Json] = [{"id": statement_id(item.id), "name": "statement", "prose": markup(item.text.ja)}]
    if item.text.en:
        parts.append({"name": "statement-en", "ns": NAMESPACE, "prose": markup(item.text.en)})
    if item.plain:
        parts.append({"name": "guidance", "prose": markup(item.plain)})
    parts += [{"name": "evidence", "ns": NAMESPACE, "prose": markup(one)} for one in item.evidence]
    row: Object = {
        "id": control_id(item.id),
        "class": item.mode.value,
        "title": markup(line(item.clause or item.id, item.id)),
        "props": [*props(own), *(prop(name, one) for name, values in listed for one in values)],
        "links": [document_link(made, item.clause or item.id)],
        "parts": parts,
    }
    nested = [_control(made, place, one, below) for place, one in below[item.group, item.id]]
    if nested:
        row["controls"] = nested
    return row


_KINDS: dict[type, str] = {bool: "truth", int: "integer", str: "text"}


def _param(key: str, one: Parameter) -> Json:
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    kinds = " ".join(_KINDS[type(value)] for value in values)
    own = {
        "kind": f"list {kinds}".strip() if isinstance(one.value, tuple) else kinds,
        "where": one.where,
        "overrides": truth(one.overrides),
    }
    row: Object = {"id": line(key, "param"), "props": props(own)}
    if one.note:
        row["label"] = markup(line(one.note, key))
    if values:
        row["values"] = [line(shown(value), key) for value in values]
    return row


def shown(value: Scalar) -> str:
    """A threshold's scalar as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_catalog(data: bytes) -> Catalogue:
    """The catalogue of an OSCAL catalog that :func:`write_catalog` wrote. Raises ``CatalogueInvalid``."""
    body = read(data, "catalog")
    head = body.inner("metadata")
    groups: list[tuple[int, Group]] = []
    items: list[tuple[int, Item]] = []
    for row in body.rows("groups"):
        title = Words(unmarked(row.text("title")), row.own("title-en"))
        groups.append((row.number("order"), Group(row.own("id", None), title, row.owns("when"))))
        _collect(row, items)
    made = _named(
        Catalogue(
            id=head.own("catalogue", None),
            family=head.own("family"),
            order=head.number("order"),
            title=Words(unmarked(head.text("title")), head.own("title-en")),
            document=head.own("document"),
            edition=head.own("edition"),
            publisher=head.own("publisher"),
            status=head.own("status"),
            date=head.own("date"),
            source=head.own("source"),
            parameters=dict(_read_param(row) for row in body.rows("params")),
            groups=tuple(one for _, one in sorted(groups, key=lambda pair: pair[0])),
            items=tuple(one for _, one in sorted(items, key=lambda pair: pair[0])),
        )
    )
    if made.digest.hex() != head.own("digest", None):
        raise CatalogueInvalid(name="oscal", where="digest")
    return made


def _named(made: Catalogue) -> Catalogue:
    try:
        return with_digest(made)
    except EncodingError as error:  # a number beyond 64 bits
        raise CatalogueInvalid(name="oscal", where="value") from error


def _collect(above: Reading, items: list[tuple[int, Item]]) -> None:
    for row in above.rows("controls"):
        items.append((row.number("order"), _read_item(row)))
        _collect(row, items)


def _read_item(row: Reading) -> Item:
    prose: dict[str, list[str]] = defaultdict(list)
    for part in row.rows("parts"):
        prose[part.text("name")].append(unmarked(part.text("prose")))
    try:
        mode = Mode(row.own("mode", None))
    except ValueError as error:
        raise row.fail("mode") from error
    return Item(
        id=row.own("id", None),
        group=row.own("group", None),
        clause=row.own("clause"),
        mode=mode,
        text=Words("".join(prose["statement"]), "".join(prose["statement-en"])),
        parent=row.own("parent"),
        plain="".join(prose["guidance"]),
        checks=row.owns("check"),
        when=row.owns("when"),
        evidence=tuple(prose["evidence"]),
        report=row.own("report") == "true",
        valid_days=row.number("valid-days"),
        place=row.own("place") == "true",
    )


def _read_param(row: Reading) -> tuple[str, Parameter]:
    kinds = row.own("kind", None).split(" ")
    listed = kinds[0] == "list"
    kinds = kinds[1:] if listed else kinds
    values = row.texts("values")
    if len(kinds) != len(values) or (not listed and len(values) != 1):
        raise row.fail("kind")
    scalars = tuple(_scalar(row, kind, value) for kind, value in zip(kinds, values, strict=True))
    note = unmarked(row.text("label", ""))
    value = scalars if listed else scalars[0]
    return row.text("id"), Parameter(value, row.own("where"), note, row.own("overrides") == "true")


def _scalar(row: Reading, kind: str, value: str) -> Scalar:
    made: Scalar = value
    if kind == "truth":
        made = value == "true"
    elif kind == "integer":
        if not value.removeprefix("-").isdecimal() or not value.isascii() or len(value) > 20:  # a 64-bit number
            raise row.fail("values")
        made = int(value)
    elif kind != "text":
        raise row.fail("kind")
    if shown(made) != value:
        raise row.fail("values")
    return made
