r"""Format definitions: the columns of an outgoing standard CSV, loaded from YAML.

Guarantees: columns are numbered 1..n without gaps, names are unique, every kind is known. Refuses: passing for
the official format: ``label`` says whose definition it is, and it is shown wherever the format is named. The
official ver 5.0 file can be loaded by a licensee in the same schema (docs/checkup.md).

>>> text = "definition: 1\nformat: x-1\nlabel: ours\nencoding: utf-8\ncolumns:\n"
>>> text += "- {name: 氏名, kind: field, source: person.name}\nspares: {count: 2, name: 予備}\n"
>>> [column.name for column in load_definition(text).columns]
['氏名', '予備1', '予備2']
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from akashi.checkup.errors import DefinitionInvalid
from akashi.checkup.formats.documents import Node, SchemaError, parse

# field: personal or visit data; the others belong to the item named by ``item`` and ``occurrence``.
COLUMN_KINDS = frozenset(
    {"field", "standard", "original", "judgement", "low", "high", "unit", "flag", "method", "text", "spare"}
)
ENCODINGS = frozenset({"utf-8", "utf-8-sig", "cp932"})
DATE_STYLES = frozenset({"iso", "compact", "slash"})
DEFAULT_MAX_BYTES = 512


@dataclass(frozen=True, slots=True)
class FormatColumn:
    """One outgoing column. ``source`` is a field target or an item code; ``max_bytes`` counts 2/1 (knowledge 1.5)."""

    number: int
    name: str
    kind: str
    source: str = ""
    occurrence: int = 1
    group: str = ""
    type: str = ""
    max_bytes: int = DEFAULT_MAX_BYTES
    decimals: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class FormatDefinition:
    """A whole format. ``heading`` tells whether a line of column names is written."""

    format_id: str
    label: str
    encoding: str
    heading: bool
    dates: str
    columns: tuple[FormatColumn, ...] = field(repr=False)


_OPTIONAL = frozenset({"source", "occurrence", "group", "type", "max_bytes", "decimals", "unit"})


def _column(node: Node, number: int) -> FormatColumn:
    found = node.fields({"name", "kind"}, _OPTIONAL)
    kind = found["kind"].choice(COLUMN_KINDS)
    if (kind == "spare") == ("source" in found):
        raise node.wrong("source belongs to every kind but spare")
    texts = {name: found[name].text() for name in ("source", "group", "type", "unit") if name in found}
    return FormatColumn(
        number=number,
        name=found["name"].text(),
        kind=kind,
        occurrence=found["occurrence"].integer(1, 99) if "occurrence" in found else 1,
        max_bytes=found["max_bytes"].integer(1, 100_000) if "max_bytes" in found else DEFAULT_MAX_BYTES,
        decimals=found["decimals"].integer(0, 9) if "decimals" in found else None,
        **texts,
    )


def _load(text: str) -> FormatDefinition:
    root = parse(text)
    found = root.fields({"definition", "format", "label", "encoding", "columns"}, {"spares", "heading", "dates"})
    if found["definition"].text() != "1":
        raise found["definition"].wrong("only schema 1 is known")
    columns = [_column(node, number) for number, node in enumerate(found["columns"].items(), start=1)]
    if "spares" in found:
        spare = found["spares"].fields({"count", "name"})
        label, start = spare["name"].text(), len(columns)
        count = spare["count"].integer(1, 20_000)
        columns += [FormatColumn(start + index, f"{label}{index}", "spare") for index in range(1, count + 1)]
    names = [column.name for column in columns]
    if not columns or len(set(names)) != len(names):
        raise found["columns"].wrong("column names must be unique and not empty")
    return FormatDefinition(
        format_id=found["format"].text(),
        label=found["label"].text(),
        encoding=found["encoding"].choice(ENCODINGS),
        heading=found["heading"].boolean() if "heading" in found else True,
        dates=found["dates"].choice(DATE_STYLES) if "dates" in found else "iso",
        columns=tuple(columns),
    )


def load_definition(text: str) -> FormatDefinition:
    """Parse a definition strictly. Raises :class:`DefinitionInvalid` with the line."""
    try:
        return _load(text)
    except SchemaError as error:
        raise DefinitionInvalid(line=error.line, what=error.what) from None


def padded(definition: FormatDefinition, columns: int) -> FormatDefinition:
    """The same definition with spare columns added up to ``columns`` (never fewer than it has)."""
    have = len(definition.columns)
    spare = tuple(FormatColumn(n, f"予備列{n}", "spare") for n in range(have + 1, columns + 1))
    return replace(definition, columns=definition.columns + spare)
