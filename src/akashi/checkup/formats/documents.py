"""Strict YAML: every scalar is a string, every key is known, every mistake has a line.

Guarantees: no type guessing (``010`` stays ``010``), no duplicate keys, no anchors or aliases (so no billion
laughs), no tags. Refuses: unknown keys, and documents deeper or larger than any map needs, as soon as the parser comes to that place.

>>> node = parse("a: 010")
>>> node.fields({"a"})["a"].text()
'010'
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any

import yaml

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 8
MAX_NODES = 100_000
_TAG = ""
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
            raise self.wrong(f"one of {', '.join(sorted(allowed))} is expected")
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


class _Composer:
    """Nodes from the parser's events, with a stack of its own: PyYAML's composer recurses in C, unbounded."""

    def __init__(self) -> None:
        self.root: yaml.nodes.Node | None = None
        self._open: list[yaml.nodes.CollectionNode] = []
        # The key that waits for its value, per open mapping.
        self._keys: list[yaml.nodes.Node | None] = []
        self._count = 0

    def take(self, event: yaml.events.Event) -> None:
        """One event. Raises :class:`SchemaError` beyond the bounds, and for what no document of ours has."""
        mark: Any = event.start_mark
        line = int(mark.line) + 1
        if isinstance(event, yaml.events.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise SchemaError(line, "anchors and aliases are not allowed")
        if getattr(event, "tag", None) is not None:
            raise SchemaError(line, "tags are not allowed")
        if isinstance(event, yaml.events.ScalarEvent):
            self._put(yaml.nodes.ScalarNode(_TAG, event.value, mark), line)
        elif isinstance(event, yaml.events.SequenceStartEvent):
            self._enter(yaml.nodes.SequenceNode(_TAG, [], mark), line)
        elif isinstance(event, yaml.events.MappingStartEvent):
            self._enter(yaml.nodes.MappingNode(_TAG, [], mark), line)
        elif isinstance(event, yaml.events.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()

    def _enter(self, node: yaml.nodes.CollectionNode, line: int) -> None:
        self._put(node, line)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > MAX_DEPTH + 1:
            raise SchemaError(line, "too deep")

    def _put(self, node: yaml.nodes.Node, line: int) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise SchemaError(line, "too large")
        if not self._open:
            if self.root is not None:
                raise SchemaError(line, "not YAML")
            self.root = node
        elif isinstance(self._open[-1], yaml.nodes.SequenceNode):
            self._open[-1].value.append(node)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = node
        else:
            self._open[-1].value.append((key, node))
            self._keys[-1] = None


def parse(text: str) -> Node:
    """The root of one document. Raises :class:`SchemaError`."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise SchemaError(text.count("\n", 0, error.start) + 1, "not a text") from None
    if size > MAX_BYTES:
        raise SchemaError(1, "too large")
    made = _Composer()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            made.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise SchemaError(mark.line + 1 if mark else 1, "not YAML") from None
    except yaml.YAMLError:
        raise SchemaError(1, "not YAML") from None
    if made.root is None:
        raise SchemaError(1, "empty")
    return Node(made.root)
