"""Rules of shape: sizes, names, docstrings, words that may not stand in the code.

Guarantees: each rule is a pure function from one :class:`Source` to the violations it finds, as ``path:line what``.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.architecture.source import FunctionNode, Source, dotted

MAX_MODULE_LINES, MAX_TEST_LINES, MAX_FUNCTION_LINES, MAX_PACKAGE_MODULES, MAX_DEPTH = 400, 500, 60, 12, 3
MAX_CLI_LINES = 80
CATCH_ALL = {"util", "utils", "helper", "helpers", "core", "common", "manager", "managers", "misc"}
# Written in halves so that this file does not break its own rule.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + r"Error")
UNREASONED = re.compile(r"#\s*(type:\s*ignore|noqa)(?!\s*(\[[a-z-]+(,\s*[a-z-]+)*\]|:\s*[A-Z]+[0-9]+))")
SKIPS = {"pytest.skip", "pytest.mark.skip", "unittest.skip"}
LONGEST_SLEEP_S = 0.2


def module_length(source: Source) -> Iterator[str]:
    """A module has at most 400 lines (a test file 500)."""
    lines = source.text.count("\n")
    limit = MAX_TEST_LINES if source.path.parts[0] == "tests" else MAX_MODULE_LINES
    if lines > limit:
        yield f"{source.path}:{lines} module of {lines} lines, at most {limit}"


CLI_SHARED = {"tree.py", "shell.py", "homes.py", "files.py", "bench.py", "desk.py"}
"""What commands share: their tree, options, homes, files, the bench of conversion, the desk of transfers. Everything else is a command."""


def cli_length(source: Source) -> Iterator[str]:
    """A command is one file of at most 80 lines: parse, call one use case, print."""
    lines = source.text.count("\n")
    if source.path.parts[:2] == ("akashi", "cli") and source.path.name not in CLI_SHARED and lines > MAX_CLI_LINES:
        yield f"{source.path}:{lines} command of {lines} lines, at most {MAX_CLI_LINES}"


def function_length(source: Source) -> Iterator[str]:
    """A function has at most 60 lines."""
    for node in source.functions():
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield f"{source.path}:{node.lineno} {node.name} has {lines} lines, at most {MAX_FUNCTION_LINES}"


def package_size(sources: Iterable[Source]) -> Iterator[str]:
    """A package has at most 12 modules, ``__init__`` not counted."""
    sizes = Counter(source.path.parent for source in sources if source.path.name != "__init__.py")
    for package, size in sorted(sizes.items()):
        if size > MAX_PACKAGE_MODULES:
            yield f"{package}:1 package of {size} modules, at most {MAX_PACKAGE_MODULES}"


def depth(source: Source) -> Iterator[str]:
    """Packages nest at most three deep (``akashi.ledger.wire``)."""
    if len(source.path.parent.parts) > MAX_DEPTH:
        yield f"{source.path}:1 nested {len(source.path.parent.parts)} deep, at most {MAX_DEPTH}"


def module_docstring(source: Source) -> Iterator[str]:
    """Every module says what it guarantees, what it refuses and whom it trusts."""
    if not ast.get_docstring(source.tree):
        yield f"{source.path}:1 module without a docstring"


def public_docstrings(source: Source) -> Iterator[str]:
    """Every public class and function has a docstring; methods of a derived class may inherit theirs."""
    for node in source.tree.body:
        if isinstance(node, FunctionNode | ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node) and not _documented_elsewhere(node):
                yield f"{source.path}:{node.lineno} {node.name} without a docstring"
            if isinstance(node, ast.ClassDef) and all(dotted(base).endswith("Protocol") for base in node.bases):
                yield from _public_methods(source, node)


def _public_methods(source: Source, owner: ast.ClassDef) -> Iterator[str]:
    for node in owner.body:
        if not isinstance(node, FunctionNode) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and not _documented_elsewhere(node):
            yield f"{source.path}:{node.lineno} {owner.name}.{node.name} without a docstring"


def _documented_elsewhere(node: FunctionNode | ast.ClassDef) -> bool:
    """A setter is documented at its property, an overload at its implementation."""
    return any(dotted(decorator).endswith(("setter", "overload")) for decorator in node.decorator_list)


def catch_all_names(source: Source) -> Iterator[str]:
    """Modules and classes are nouns of the domain; the words that mark a catch-all are not used."""
    words = {word for name in source.module.split(".") for word in name.split("_")}
    for word in sorted(words & CATCH_ALL):
        yield f"{source.path}:1 the name says {word}"
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.ClassDef)
            and {word.lower() for word in re.findall("[A-Z][a-z]+", node.name)} & CATCH_ALL
        ):
            yield f"{source.path}:{node.lineno} the name {node.name} marks a catch-all"


def unfinished(source: Source) -> Iterator[str]:
    """No note for later stands in the code: it is done, or it is an issue."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"{source.path}:{number} unfinished: {line.strip()[:60]}"


def unreasoned_silence(source: Source) -> Iterator[str]:
    """A checker is silenced by the code of its finding only, and no exception is swallowed whole."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if UNREASONED.search(line):
            yield f"{source.path}:{number} silenced without a code"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _swallows_everything(node):
            yield f"{source.path}:{node.lineno} swallows every exception"


def _swallows_everything(handler: ast.ExceptHandler) -> bool:
    broad = handler.type is None or dotted(handler.type) in {"Exception", "BaseException"}
    return broad and all(isinstance(item, ast.Pass) for item in handler.body)


def promise_of_tests(source: Source) -> Iterator[str]:
    """Every test says what is promised."""
    for node in source.functions():
        if node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{source.path}:{node.lineno} {node.name} does not say what is promised"


def idle_tests(source: Source) -> Iterator[str]:
    """A test can fail: no constant assertion, no ``xfail``, no bare skip, no long sleep."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant | ast.Tuple):
            yield f"{source.path}:{node.lineno} asserts a constant"
        if isinstance(node, ast.Attribute) and node.attr == "xfail":
            yield f"{source.path}:{node.lineno} expects to fail"
        if isinstance(node, ast.Call) and dotted(node.func) in SKIPS and not node.args and not node.keywords:
            yield f"{source.path}:{node.lineno} skips without a reason"
        if isinstance(node, ast.Call) and dotted(node.func) in {"time.sleep", "sleep"} and node.args:
            value = node.args[0]
            if (
                isinstance(value, ast.Constant)
                and isinstance(value.value, int | float)
                and value.value > LONGEST_SLEEP_S
            ):
                yield f"{source.path}:{node.lineno} sleeps {value.value} s"


def impatient_tests(source: Source) -> Iterator[str]:
    """Who names the health checks of hypothesis that do not count names ``too_slow``: the list stands in place of the profile's."""
    for node in ast.walk(source.tree):
        named = isinstance(node, ast.keyword) and node.arg == "suppress_health_check" and node.value
        if isinstance(named, ast.List) and not any(dotted(one).endswith("too_slow") for one in named.elts):
            yield f"{source.path}:{named.lineno} fails on a slow machine"
