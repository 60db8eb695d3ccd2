"""Faces: a mutating route names its permission, a command is documented, a trusted setting says so.

The checks read the syntax tree, so they need no running server. Conventions (docs/architecture.md): a mutating route is a
function under ``@….post/put/patch/delete(…)``, and it names an action of ``akashi.identity.permissions`` as a string; a command is declared by
``add_parser("name", help=…)``, a group of them by ``Group("name", help=…)``; a field of a ``…Settings`` class in ``akashi/app/config.py`` is followed by a docstring, or carries a
comment, with ``trusted:`` or ``untrusted:``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from akashi.identity.permissions import PERMISSIONS
from tests.architecture.source import ROOT, Source, dotted, house
from tests.architecture.test_documents import page

MUTATING = {"post", "put", "patch", "delete"}
FACES = {"api", "web"}
# Routes that nobody can be signed in for; each is its own action, and the list is closed.
OPEN_ACTIONS = {"open.login", "open.enrol", "open.ocsp"}
ALLOWED_ACTIONS = set(PERMISSIONS) | OPEN_ACTIONS


def in_parts(parts: set[str]) -> list[Source]:
    """The modules of some parts; skips while there are none."""
    sources = [source for source in house() if source.part in parts]
    if not sources:
        pytest.skip(f"akashi.{'/'.join(sorted(parts))} is not there yet")
    return sources


def routes_without_permission(source: Source) -> Iterator[str]:
    """Mutating routes that name no action of the permissions table."""
    for function in source.functions():
        calls = [decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call)]
        mutating = any(isinstance(call, ast.Attribute) and call.attr in MUTATING for call in calls)
        if mutating and not _strings(function) & ALLOWED_ACTIONS:
            yield f"{source.path}:{function.lineno} {function.name} names no permission"


def _strings(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def commands(source: Source) -> Iterator[tuple[str, bool]]:
    """``(name, has help)`` of each command that the module declares."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func).endswith(("add_parser", "Group")) and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, any(keyword.arg == "help" for keyword in node.keywords)


def settings_without_trust(source: Source) -> Iterator[str]:
    """Settings that do not say what whoever can change them can do."""
    lines = source.text.splitlines()
    for owner in ast.walk(source.tree):
        if not isinstance(owner, ast.ClassDef) or not owner.name.endswith("Settings"):
            continue
        fields = [node for node in owner.body if isinstance(node, ast.AnnAssign)]
        for index, node in enumerate(fields):
            end = fields[index + 1].lineno - 1 if index + 1 < len(fields) else owner.end_lineno or node.lineno
            # A comment belongs to the field below it, a docstring to the field above it.
            while lines[end - 1].lstrip().startswith("#"):
                end -= 1
            start = node.lineno - 1
            while lines[start - 1].lstrip().startswith("#"):
                start -= 1
            if not re.search(r"\b(un)?trusted:", "\n".join(lines[start:end])):
                yield f"{source.path}:{node.lineno} {dotted(node.target)} does not say whether it is trusted"


def test_mutating_routes_name_a_permission() -> None:
    """A route that changes something is refused by default: it says which permission opens it."""
    assert [found for source in in_parts(FACES) for found in routes_without_permission(source)] == []


def test_commands_are_documented() -> None:
    """Every command has help, and its name stands in docs/cli.md."""
    declared = [command for source in in_parts({"cli"}) for command in commands(source)]
    documented = page("docs/cli.md")

    assert [
        name for name, has_help in declared if not has_help or not re.search(rf"\b{re.escape(name)}\b", documented)
    ] == []


def test_settings_say_whom_they_trust() -> None:
    """Each setting carries its trust line."""
    if not (ROOT / "src/akashi/app/config.py").exists():
        pytest.skip("akashi.app.config is not there yet")
    config = [source for source in house() if source.module == "akashi.app.config"]

    assert [found for source in config for found in settings_without_trust(source)] == []


BAD_ROUTES = [
    "@router.post('/x')\ndef send(body: bytes): ...",
    "@router.put('/x', dependencies=[needs('no.such_action')])\ndef send(body: bytes): ...",
]
GOOD_ROUTES = [
    "@router.post('/x', dependencies=[Depends(needs('transfer.send'))])\ndef send(body: bytes): ...",
    "@router.delete('/x')\ndef drop(who=Depends(needs('transfer.withdraw'))): ...",
    "@router.get('/x')\ndef show(): ...",
]


def invented(text: str) -> Source:
    """A source with this text."""
    return Source(house()[0].path, text)


def test_the_route_rule_bites() -> None:
    """A mutating route without a permission of the table is reported; with one, or a reading route, it is not."""
    assert [text for text in BAD_ROUTES if not list(routes_without_permission(invented(text)))] == []
    assert [found for text in GOOD_ROUTES for found in routes_without_permission(invented(text))] == []


def test_the_command_rule_bites() -> None:
    """A command without help is told apart from one with help."""
    text = "group.add_parser('send', help='Send.')\ngroup.add_parser('list')\nGroup('transfer')"

    assert list(commands(invented(text))) == [("send", True), ("list", False), ("transfer", False)]


def test_the_trust_rule_bites() -> None:
    """A setting without its line is reported; a comment above it or a docstring below it serves."""
    head = "@dataclass(frozen=True)\nclass Settings:\n"
    comment = "    # trusted: whoever can change this can listen\n    port: int\n"
    docstring = '    port: int\n    """untrusted: it is checked."""\n'

    assert list(settings_without_trust(invented(head + "    port: int\n")))
    assert list(settings_without_trust(invented(head + comment))) == []
    assert list(settings_without_trust(invented(head + docstring + comment))) == []
    assert len(list(settings_without_trust(invented(head + docstring + "    host: str\n")))) == 1
