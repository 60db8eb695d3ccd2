"""Strict YAML: every scalar is a string, every key is known, every mistake has a line.

Guarantees: no type guessing (``010`` stays ``010``), no duplicate keys, no anchors or aliases (so no billion
laughs), no tags. Refuses: unknown keys, and documents deeper or larger than any map needs.

>>> node = parse("a: 010")
>>> node.fields({"a"})["a"].text()
'010'
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from datetime import date

import yaml

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SchemaError(ValueError):
    """A mistake at ``line``; loaders turn it into their own error. ``what`` never quotes more than a key."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


class Node:
    """One place in a document, asked strictly: each accessor raises :class:`SchemaError` unless the shape fits."""

    __slots__ = ("_content", "_depth")

    def __init__(self, content: yaml.nodes.Node, depth: int = 0) -> None:
        self._content = content
        self._depth = depth
        if depth > MAX_DEPTH:
            raise SchemaError(self.line, "too deep")

    @property
    def line(self) -> int:
        """Line number in the document, from 1."""
        return int(self._content.start_mark.line) + 1

    def wrong(self, what: str) -> SchemaError:
        """An error at this place."""
        return SchemaError(self.line, what)

    def is_text(self) -> bool:
        """Whether this is a scalar."""
        return isinstance(self._content, yaml.nodes.ScalarNode)

    def is_list(self) -> bool:
        """Whether this is a sequence."""
        return isinstance(self._content, yaml.nodes.SequenceNode)

    def text(self) -> str:
        """The scalar exactly as written."""
        if not isinstance(self._content, yaml.nodes.ScalarNode):
            raise self.wrong("a text is expected")
        return str(self._content.value)

    def integer(self, low: int, high: int) -> int:
        """A plain decimal integer within the limits."""
        text = self.text()
        if not re.fullmatch(r"-?(0|[1-9][0-9]{0,8})", text) or not low <= int(text) <= high:
            raise self.wrong(f"an integer from {low} to {high} is expected")
        return int(text)

    def boolean(self) -> bool:
        """``true`` or ``false`` and nothing else."""
        text = self.text()
        if text not in {"true", "false"}:
            raise self.wrong("true or false is expected")
        return text == "true"

    def day(self) -> date:
        """An ISO date."""
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            raise self.wrong("a date YYYY-MM-DD is expected") from None

    def choice(self, allowed: AbstractSet[str]) -> str:
        """One of the allowed words."""
        text = self.text()
        if text not in allowed:
            raise self.wrong("one of " + ", ".join(sorted(allowed)) + " is expected")
        return text

    def items(self) -> list[Node]:
        """The members of a sequence."""
        if not isinstance(self._content, yaml.nodes.SequenceNode):
            raise self.wrong("a list is expected")
        return [Node(child, self._depth + 1) for child in self._content.value]

    def table(self) -> dict[str, Node]:
        """A mapping with free keys, in file order."""
        if not isinstance(self._content, yaml.nodes.MappingNode):
            raise self.wrong("a mapping is expected")
        found: dict[str, Node] = {}
        for name, value in self._content.value:
            label = Node(name, self._depth + 1).text()
            if label in found:
                raise SchemaError(int(name.start_mark.line) + 1, "the same key twice")
            found[label] = Node(value, self._depth + 1)
        return found

    def fields(self, required: AbstractSet[str], optional: AbstractSet[str] = frozenset()) -> dict[str, Node]:
        """A mapping with exactly the named keys (``optional`` ones may be absent)."""
        found = self.table()
        for name, value in found.items():
            if name not in required and name not in optional:
                raise value.wrong("unknown key")
        for name in sorted(required - found.keys()):
            raise self.wrong(f"the key {name} is missing")
        return found


def _refuse_aliases(root: yaml.nodes.Node) -> None:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            raise SchemaError(int(node.start_mark.line) + 1, "anchors and aliases are not allowed")
        seen.add(id(node))
        if isinstance(node, yaml.nodes.MappingNode):
            waiting.extend(part for pair in node.value for part in pair)
        elif isinstance(node, yaml.nodes.SequenceNode):
            waiting.extend(node.value)


def parse(text: str) -> Node:
    """The root of one document. Raises :class:`SchemaError`."""
    if len(text) > MAX_BYTES:
        raise SchemaError(1, "too large")
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise SchemaError(mark.line + 1 if mark else 1, "not YAML") from None
    except (yaml.YAMLError, RecursionError):
        raise SchemaError(1, "not YAML") from None
    if root is None:
        raise SchemaError(1, "empty")
    _refuse_aliases(root)
    return Node(root)
