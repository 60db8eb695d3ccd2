"""One parsed source file, and the small questions that the rules ask of it.

Guarantees: reading only; a path is always relative to the folder that holds the top package (``akashi/ledger/model.py``), so
that a rule can be fed an invented file. Trusts the working tree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A Python file: where it is (relative) and what it says."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        """The dotted name; a package's ``__init__`` is the package."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def part(self) -> str:
        """The part below ``akashi`` (``ledger``), or the module's own name for a top-level module."""
        names = self.module.split(".")
        return names[1] if len(names) > 1 else names[0]

    def functions(self) -> Iterator[FunctionNode]:
        """Every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, FunctionNode):
                yield node

    def imports(self) -> Iterator[tuple[int, str]]:
        """``(line, dotted name)`` of every import; ``from a import b`` gives ``a`` and ``a.b``."""
        yield from imports_in(self.tree)


def imports_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """``(line, dotted name)`` of every import below ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node.lineno, module
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def dotted(node: ast.AST) -> str:
    """``time.time`` for the expression ``time.time``; an empty string for anything but names and attributes."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else node.attr
    return ""


def read(base: Path, *folders: str) -> list[Source]:
    """All Python files below ``base``/``folders``, in a stable order."""
    paths = sorted(path for folder in folders for path in (base / folder).rglob("*.py"))
    return [
        Source(PurePosixPath(path.relative_to(base).as_posix()), path.read_text(encoding="utf-8")) for path in paths
    ]


def house() -> list[Source]:
    """The product's modules."""
    return read(SRC, "akashi")
