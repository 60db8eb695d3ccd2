"""Rules of direction and reach: who may import whom, and who may touch files, time, chance and the terminal.

Guarantees: each rule is a pure function from one :class:`Source` to the violations it finds, as ``path:line what``.
Layers between parts are import-linter's (pyproject.toml); what it cannot see is here.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from tests.architecture.source import Source, dotted, imports_in

FURNITURE = ("errors", "model", "rules", "events", "store", "service")

# Who may open a file for writing, beside durable.py, and why.
WRITERS = {
    "akashi/durable.py": "it is the one module that persists plain files",
    "akashi/vault/slots.py": "wrapped keys are overwritten in place; replacing the file would leave the old bytes on the disk",
    "akashi/keys/shred.py": "a retired key file is overwritten in place before it is unlinked, for the same reason",
    "akashi/app/network/local.py": "what the servers say that it starts in the background: a stream of theirs, no record",
    "akashi/ledger/service.py": "the lock file that keeps a second writer out; it stays empty",
}
WRITE_METHODS = {"write_text", "write_bytes", "touch", "symlink_to", "hardlink_to"}
WRITE_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"}
WRITE_MODULES = re.compile(r"tempfile(\..*)?|shutil\.(copy.*|move|make_archive|unpack_archive)")
WRITE_MODES = re.compile("[wax+]")

NOW = {
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "datetime.now", "datetime.utcnow", "datetime.today",
    "date.today", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
}  # fmt: skip
CLOCKS = {"akashi/clock.py"}

SEEDED = {"akashi/checkup/generate.py": "it invents people from a seed, so that a table can be made again"}

LEDGER_FOREIGN = {"cryptography"}
SIGNED_FOREIGN = {"nacl"}
SIGNED_MODULE = "akashi.ledger.wire.ed25519"
STAMP_FOREIGN = {"rfc3161_client", "asn1crypto"}
STAMP_MODULES = {"akashi.ledger.proof.stamp", "akashi.ledger.proof.renewal_record"}

IMPURE = {
    "os", "io", "pathlib", "shutil", "tempfile", "socket", "ssl", "sqlite3", "subprocess", "threading", "asyncio", "time",
    "random", "secrets", "uuid", "logging", "urllib", "http", "httpx", "fastapi", "akashi.clock", "akashi.durable",
}  # fmt: skip
STREAMS_ONLY = {"socket", "ssl", "sqlite3", "subprocess", "httpx", "fastapi", "urllib", "http", "akashi.durable"}

SECRET_FIELDS = re.compile(
    r"(^|_)(password|passphrase|secret|private_key|data_key|session_token|plain_text|plaintext)(_bytes)?$"
)


def _within(name: str, modules: set[str]) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def local_imports(source: Source) -> Iterator[str]:
    """No function imports our own code: that is how knots are hidden."""
    for function in source.functions():
        for line, name in imports_in(function):
            if name == "akashi" or name.startswith(("akashi.", ".")):
                yield f"{source.path}:{line} {function.name} imports {name}"


def late_imports(source: Source) -> Iterator[str]:
    """``late`` stands for an import that the type checker and import-linter see: same name, same module, at the module's head."""
    paired = set[ast.AST]()
    for node in source.tree.body:
        if isinstance(node, ast.If) and dotted(node.test) == "TYPE_CHECKING":
            seen = dict(_bound(node.body))
            for one in node.orelse:
                if (
                    isinstance(one, ast.Assign)
                    and (call := _late_call(one.value))
                    and seen.get(dotted(one.targets[0])) == call
                ):
                    paired.add(one.value)
    for found in ast.walk(source.tree):
        if _late_call(found) and found not in paired:
            yield f"{source.path}:{getattr(found, 'lineno', 0)} late without the same import for the type checker"


def _late_call(node: ast.AST) -> str:
    """The module that ``late("…")`` names."""
    if isinstance(node, ast.Call) and dotted(node.func) == "late" and node.args:
        return str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else "?"
    return ""


def _bound(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """``(name, module)`` of what imports bind."""
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def relative_imports(source: Source) -> Iterator[str]:
    """Our code is imported by its full name, so that a direction can be read off the line."""
    for line, name in source.imports():
        if name.startswith("."):
            yield f"{source.path}:{line} relative import {name}"


def printing(source: Source) -> Iterator[str]:
    """Only the command line prints."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "print" and source.part != "cli":
            yield f"{source.path}:{node.lineno} prints"


def file_writing(source: Source) -> Iterator[str]:
    """Only ``durable`` opens files for writing; each other writer is named with its reason.

    Nor is a database's file opened and closed beside SQLite, which drops SQLite's locks on it: ``durable.make_private``.
    """
    if str(source.path) in WRITERS:
        return
    for line, name in source.imports():
        if WRITE_MODULES.fullmatch(name):
            yield f"{source.path}:{line} imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in WRITE_FLAGS:
            yield f"{source.path}:{node.lineno} opens with {node.attr}"
        if isinstance(node, ast.Attribute) and WRITE_MODULES.fullmatch(dotted(node)):
            yield f"{source.path}:{node.lineno} uses {dotted(node)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITE_METHODS:
            yield f"{source.path}:{node.lineno} calls {node.func.attr}"
        if isinstance(node, ast.Call) and _opens_for_writing(node):
            yield f"{source.path}:{node.lineno} opens a file for writing"


def _opens_for_writing(call: ast.Call) -> bool:
    """``open(path, "w")``, ``io.open``, ``path.open("wb")`` and the keyword form; ``os.open`` is judged by its flags."""
    name = dotted(call.func)
    plain = name in {"open", "io.open"}
    if not plain and not (isinstance(call.func, ast.Attribute) and call.func.attr == "open" and name != "os.open"):
        return False
    position = 1 if plain else 0
    modes = [keyword.value for keyword in call.keywords if keyword.arg == "mode"] + call.args[position : position + 1]
    return any(isinstance(m, ast.Constant) and isinstance(m.value, str) and WRITE_MODES.search(m.value) for m in modes)


def reading_the_clock(source: Source) -> Iterator[str]:
    """Only ``clock`` reads the time of day (monotonic counters for durations are free)."""
    if str(source.path) in CLOCKS:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in NOW:
            yield f"{source.path}:{node.lineno} reads {dotted(node)}"
    for line, name in source.imports():
        if name in NOW:
            yield f"{source.path}:{line} imports {name}"


def chance(source: Source) -> Iterator[str]:
    """``random`` is predictable: keys, ids and nonces come from ``secrets``."""
    if str(source.path) in SEEDED:
        return
    for line, name in source.imports():
        if name == "random" or name.startswith("random."):
            yield f"{source.path}:{line} imports {name}"


def ledger_dependencies(source: Source) -> Iterator[str]:
    """The ledger stands on the standard library and ``cryptography``; time stamps have two libraries in two modules, Ed25519 has one in one."""
    if source.part != "ledger":
        return
    allowed = LEDGER_FOREIGN | (STAMP_FOREIGN if source.module in STAMP_MODULES else set())
    allowed |= SIGNED_FOREIGN if source.module == SIGNED_MODULE else set()
    for line, name in source.imports():
        top = name.split(".")[0]
        if top not in allowed and top not in sys.stdlib_module_names and top != "akashi":
            yield f"{source.path}:{line} the ledger imports {name}"


def pure_rules(source: Source) -> Iterator[str]:
    """``rules.py`` gets values and a time: it opens no file, socket, clock or random source."""
    if source.path.name != "rules.py":
        return
    for line, name in source.imports():
        if _within(name, IMPURE):
            yield f"{source.path}:{line} a rule imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func) in {"open", "input"}:
            yield f"{source.path}:{node.lineno} a rule calls {dotted(node.func)}"


def checkup_streams(source: Source) -> Iterator[str]:
    """``checkup`` works on streams that it is handed: no database, no network, no file of its own."""
    if source.part == "checkup":
        for line, name in source.imports():
            if _within(name, STREAMS_ONLY):
                yield f"{source.path}:{line} checkup imports {name}"


def furniture(source: Source) -> Iterator[str]:
    """errors, model, rules, events, store, service: left never imports right."""
    names = source.module.split(".")
    if names[-1] not in FURNITURE or len(names) < 3:
        return
    package = ".".join(names[:-1])
    right = FURNITURE[FURNITURE.index(names[-1]) + 1 :]
    for line, name in source.imports():
        if _within(name, {f"{package}.{later}" for later in right}):
            yield f"{source.path}:{line} {names[-1]} imports {name}"


def shown_secrets(source: Source) -> Iterator[str]:
    """A dataclass field that holds a secret does not show it: ``field(repr=False)``."""
    for owner in ast.walk(source.tree):
        if not isinstance(owner, ast.ClassDef) or not any("dataclass" in ast.dump(d) for d in owner.decorator_list):
            continue
        for node in owner.body:
            if isinstance(node, ast.AnnAssign) and SECRET_FIELDS.search(dotted(node.target)) and not _hidden(node):
                yield f"{source.path}:{node.lineno} {owner.name}.{dotted(node.target)} shows in its repr"


def _hidden(node: ast.AnnAssign) -> bool:
    """A flag tells no secret; anything else must say ``repr=False``."""
    return dotted(node.annotation) == "bool" or (
        isinstance(node.value, ast.Call)
        and any(
            keyword.arg == "repr" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            for keyword in node.value.keywords
        )
    )
