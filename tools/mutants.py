"""Small wrongs that a good test suite notices: the mutants of one source text.

Guarantees: pure; each mutant differs from the source in one place; the same source gives the same mutants in the same order.
Docstrings, ``__all__``, annotations, assertions for the type checker and the sentences of errors are left alone: no test should
hold them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Mod: ast.Mult,
}  # fmt: skip
_LIFELESS = ("ja", "en", "hint_ja", "hint_en", "__all__")


@dataclass(frozen=True)
class Mutant:
    """One possible change: where, what is done, and how to find the place again."""

    line: int
    change: str
    node: int
    variant: int


def mutants(text: str) -> Iterator[Mutant]:
    """Every mutant of ``text``, in the order of the source."""
    for index, node in enumerate(_living(ast.parse(text))):
        for variant, (change, _) in enumerate(_changes(node)):
            yield Mutant(getattr(node, "lineno", 0), change, index, variant)


def mutated(text: str, mutant: Mutant) -> str:
    """The whole text with one change made; comments are lost."""
    tree = ast.parse(text)
    target = next(node for index, node in enumerate(_living(tree)) if index == mutant.node)
    list(_changes(target))[mutant.variant][1]()
    return ast.unparse(ast.fix_missing_locations(tree))


def _living(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes worth changing; what no test should hold is passed over with all below it."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _lifeless(child):
                yield child
                yield from _living(child)


def _lifeless(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass | ast.Assert | ast.Global | ast.Nonlocal):
        return True
    targets = node.targets if isinstance(node, ast.Assign) else []
    names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return bool(names) and all(name in _LIFELESS for name in names)


class _Change:
    """What to do to a node when a mutant is made; separate from finding it, so that finding changes nothing."""

    def __init__(self, node: ast.AST, field: str, value: object) -> None:
        self._node, self._field, self._value = node, field, value

    def __call__(self) -> None:
        setattr(self._node, self._field, self._value)


def _changes(node: ast.AST) -> Iterator[tuple[str, _Change]]:
    """``(what is done, how)`` for one node."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = _COMPARISONS[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} → {other.__name__}", _Change(node, "ops", [other()])
    elif isinstance(node, ast.BoolOp):
        flipped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{type(node.op).__name__} → {type(flipped).__name__}", _Change(node, "op", flipped)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        swapped = _ARITHMETIC[type(node.op)]
        yield f"{type(node.op).__name__} → {swapped.__name__}", _Change(node, "op", swapped())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not removed", _Change(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(node.test, ast.Constant):
        yield "condition negated", _Change(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return) and not (node.value is None or isinstance(node.value, ast.Constant)):
        yield "returns None", _Change(node, "value", ast.Constant(None))
    yield from _removals(node)


def _constant(node: ast.Constant) -> Iterator[tuple[str, _Change]]:
    if isinstance(node.value, bool):
        yield f"{node.value} → {not node.value}", _Change(node, "value", not node.value)
    elif isinstance(node.value, int):
        yield f"{node.value} → {node.value + 1}", _Change(node, "value", node.value + 1)
        yield f"{node.value} → {node.value - 1}", _Change(node, "value", node.value - 1)


def _removals(node: ast.AST) -> Iterator[tuple[str, _Change]]:
    """Drop a call or a raise that stands as a statement of its own."""
    for field in ("body", "orelse"):
        body = getattr(node, field, None)
        if not isinstance(body, list):
            continue
        for index, statement in enumerate(body):
            spoken = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant)
            if spoken or isinstance(statement, ast.Raise):
                without: list[ast.stmt] = [*body[:index], ast.Pass(), *body[index + 1 :]]
                yield f"line {statement.lineno} removed: {ast.unparse(statement)[:50]}", _Change(node, field, without)
