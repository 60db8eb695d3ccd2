"""Each house rule is fed a source that breaks it and one that does not: a rule that cannot bite is no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest

from tests.architecture import boundary_rules, shape_rules
from tests.architecture.source import Source
from tests.architecture.test_source_rules import EVERYWHERE, HOUSE, TESTS

Rule = Callable[[Source], Iterator[str]]

LONG_FUNCTION = "def long():\n" + "    x = 1\n" * 60
RULES = "akashi/exchange/rules.py"
TEST = "tests/exchange/test_rules.py"
PART = "akashi/exchange/service.py"
LATE = "if TYPE_CHECKING:\n    import httpx\nelse:\n    httpx = late('httpx')"

# (rule, path, a source that breaks it, a source that obeys it)
SAMPLES: list[tuple[Rule, str, str, str]] = [
    (shape_rules.module_length, PART, "x = 1\n" * 401, "x = 1\n" * 400),
    (shape_rules.module_length, TEST, "x = 1\n" * 501, "x = 1\n" * 500),
    (shape_rules.cli_length, "akashi/cli/transfer/send.py", "x = 1\n" * 81, "x = 1\n" * 80),
    (shape_rules.function_length, PART, LONG_FUNCTION, LONG_FUNCTION.replace("    x = 1\n", "", 1)),
    (shape_rules.function_length, PART, "class A:\n" + "    async def f(self):\n" + "        x = 1\n" * 60, "x = 1"),
    (shape_rules.module_docstring, PART, "x = 1\n", '"""What it guarantees."""\n'),
    (shape_rules.public_docstrings, PART, "def send(): ...", 'def send():\n    """Send."""'),
    (shape_rules.public_docstrings, PART, "class Sent: ...", "class _Sent: ..."),
    (
        shape_rules.public_docstrings,
        PART,
        'class A(Protocol):\n    """A."""\n    def go(self): ...',
        'class A(Base):\n    """A."""\n    def go(self): ...',
    ),
    (shape_rules.catch_all_names, "akashi/exchange/utils.py", "", ""),
    (shape_rules.catch_all_names, "akashi/core/model.py", "", ""),
    (shape_rules.catch_all_names, PART, "class TransferManager: ...", "class Transfer: ..."),
    (shape_rules.unfinished, PART, ("x = 1  # TO" + "DO: later"), "x = 1  # todo lists are data here"),
    (shape_rules.unfinished, PART, ("raise NotImplemented" + "Error"), "return NotImplemented"),
    (shape_rules.unreasoned_silence, PART, ("x = 1  # type: " + "ignore"), "x = 1  # type: ignore[arg-type]"),
    (shape_rules.unreasoned_silence, PART, ("x = 1  # no" + "qa"), "x = 1  # noqa: S101"),
    (
        shape_rules.unreasoned_silence,
        PART,
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept KeyError:\n    pass",
    ),
    (shape_rules.unreasoned_silence, PART, "try:\n    f()\nexcept:\n    pass", "try:\n    f()\nexcept Exception:\n    stop()"),
    (shape_rules.promise_of_tests, TEST, "def test_a(): ...", 'def test_a():\n    """A holds."""'),
    (shape_rules.idle_tests, TEST, "assert True", "assert x"),
    (shape_rules.idle_tests, TEST, "assert (x, 'message')", "assert x, 'message'"),
    (shape_rules.idle_tests, TEST, "@pytest.mark.xfail\ndef f(): ...", "@pytest.mark.network\ndef f(): ..."),
    (shape_rules.idle_tests, TEST, "pytest.skip()", "pytest.skip('no such machine')"),
    (shape_rules.idle_tests, TEST, "time.sleep(1)", "time.sleep(0.1)"),
    (
        shape_rules.impatient_tests,
        TEST,
        "settings(suppress_health_check=[HealthCheck.function_scoped_fixture])",
        "settings(suppress_health_check=[HealthCheck.too_slow])",
    ),
    (boundary_rules.local_imports, PART, "def f():\n    from akashi.vault import seal", "from akashi.vault import seal"),
    (boundary_rules.local_imports, PART, "def f():\n    import akashi.vault", "def f():\n    import akashi_wheel"),
    (boundary_rules.late_imports, PART, "httpx = late('httpx')", LATE),
    (boundary_rules.late_imports, PART, LATE.replace("late('httpx')", "late('akashi.web')"), LATE.replace("httpx", "segno")),
    (boundary_rules.late_imports, PART, "def f():\n    return late('akashi.web').app", "import akashi.vault"),
    (boundary_rules.relative_imports, PART, "from . import model", "from akashi.exchange import model"),
    (boundary_rules.printing, PART, "print('x')", "log('x')"),
    (boundary_rules.file_writing, PART, "open('a', 'w')", "open('a')"),
    (boundary_rules.file_writing, PART, "open('a', mode='ab')", "open('a', mode='rb')"),
    (boundary_rules.file_writing, PART, "path.open('r+b')", "path.open('rb')"),
    (boundary_rules.file_writing, PART, "path.write_bytes(b'')", "path.read_bytes()"),
    (boundary_rules.file_writing, PART, "os.open('a', os.O_RDWR)", "os.open('a', os.O_RDONLY)"),
    (boundary_rules.file_writing, PART, "os.close(os.open(a, os.O_CREAT | os.O_RDWR, 0o600))", "make_private(a)"),
    (boundary_rules.file_writing, PART, "import tempfile", "import sqlite3"),
    (boundary_rules.file_writing, PART, "import shutil\nshutil.copyfile(a, b)", "import shutil\nshutil.which('openssl')"),
    (boundary_rules.reading_the_clock, PART, "time.time()", "time.monotonic()"),
    (boundary_rules.reading_the_clock, PART, "from time import time_ns", "from time import perf_counter"),
    (boundary_rules.reading_the_clock, PART, "datetime.now(UTC)", "datetime.fromtimestamp(0, UTC)"),
    (boundary_rules.chance, PART, "import random", "import secrets"),
    (boundary_rules.chance, PART, "from random import choice", "from secrets import choice"),
    (boundary_rules.ledger_dependencies, "akashi/ledger/log.py", "import httpx", "import hashlib, cryptography"),
    (boundary_rules.ledger_dependencies, "akashi/ledger/log.py", "import asn1crypto", "from akashi.errors import AkashiError"),
    (boundary_rules.pure_rules, RULES, "import sqlite3", "import re"),
    (boundary_rules.pure_rules, RULES, "from akashi.clock import SystemClock", "from akashi.errors import Denied"),
    (boundary_rules.pure_rules, RULES, "open('a')", "sorted('a')"),
    (boundary_rules.checkup_streams, "akashi/checkup/reader.py", "import sqlite3", "import csv"),
    (
        boundary_rules.furniture,
        "akashi/exchange/model.py",
        "from akashi.exchange.store import Store",
        "from akashi.exchange.errors import Refused",
    ),
    (boundary_rules.furniture, RULES, "from akashi.exchange import service", "from akashi.exchange import model"),
    (
        boundary_rules.shown_secrets,
        PART,
        "@dataclass(frozen=True)\nclass A:\n    password: str",
        "@dataclass(frozen=True)\nclass A:\n    password: str = field(repr=False)",
    ),
]  # fmt: skip


def found(rule: Rule, path: str, text: str) -> list[str]:
    """What ``rule`` says of an invented file."""
    return list(rule(Source(PurePosixPath(path), text)))


@pytest.mark.parametrize(("rule", "path", "bad", "good"), SAMPLES)
def test_a_rule_bites(rule: Rule, path: str, bad: str, good: str) -> None:
    """A source that breaks the rule is reported, with its path and line."""
    assert found(rule, path, bad)[0].startswith(f"{path}:")


@pytest.mark.parametrize(("rule", "path", "bad", "good"), [s for s in SAMPLES if s[2] != s[3]])
def test_a_rule_lets_good_code_be(rule: Rule, path: str, bad: str, good: str) -> None:
    """A source that keeps the rule is not reported."""
    assert found(rule, path, good) == []


def test_the_domain_may_say_commons() -> None:
    """Only whole words mark a catch-all: a longer noun is no fault."""
    assert found(shape_rules.catch_all_names, "akashi/exchange/commonwealth.py", "class Coreference: ...") == []


def test_depth_bites() -> None:
    """A fourth level of packages is reported."""
    assert found(shape_rules.depth, "akashi/ledger/wire/deep/model.py", "")
    assert found(shape_rules.depth, "akashi/ledger/wire/model.py", "") == []


def test_package_size_bites() -> None:
    """The thirteenth module of a package is reported; ``__init__`` does not count."""
    sources = [Source(PurePosixPath(f"akashi/exchange/m{i}.py"), "") for i in range(12)]
    start = Source(PurePosixPath("akashi/exchange/__init__.py"), "")

    assert list(shape_rules.package_size([*sources, start])) == []
    assert list(shape_rules.package_size([*sources, Source(PurePosixPath(PART), "")]))


def test_allowed_writers_are_read_by_path() -> None:
    """``durable`` may write; the same text elsewhere may not."""
    assert found(boundary_rules.file_writing, "akashi/durable.py", "os.O_WRONLY") == []
    assert found(boundary_rules.file_writing, "akashi/vault/durable.py", "os.O_WRONLY")


def test_stamps_have_their_libraries_in_one_module() -> None:
    """The RFC 3161 libraries are allowed in ``ledger.proof.stamp`` and nowhere else in the ledger."""
    assert found(boundary_rules.ledger_dependencies, "akashi/ledger/proof/stamp.py", "import rfc3161_client") == []
    assert found(boundary_rules.ledger_dependencies, "akashi/ledger/proof/chain.py", "import rfc3161_client")


def test_the_library_of_signatures_has_one_module() -> None:
    """The library of Ed25519 is asked in ``ledger.wire.ed25519`` and nowhere else in the ledger."""
    assert found(boundary_rules.ledger_dependencies, "akashi/ledger/wire/ed25519.py", "import nacl.bindings") == []
    assert found(boundary_rules.ledger_dependencies, "akashi/ledger/wire/note.py", "import nacl.bindings")


def test_every_rule_has_a_sample() -> None:
    """No rule runs over the tree without a source here that breaks it."""
    sampled = {rule for rule, *_ in SAMPLES} | {shape_rules.depth}

    assert {rule.__name__ for rule in [*HOUSE, *EVERYWHERE, *TESTS]} <= {rule.__name__ for rule in sampled}
