"""The tools that judge or publish: the mutation tester, the bench page, the changelog."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bench.measurement import Measurement
from tools.bench import render as bench_page
from tools.changelog import MARK, fragments, release, section
from tools.mutants import mutants, mutated
from tools.mutation import run, targets

LIMIT = """def fits(size: int) -> bool:
    \"\"\"At most ten.\"\"\"
    return size <= 10
"""
STRICT = "from akashi.limit.rules import fits\n\ndef test_edge():\n    assert fits(10) and not fits(11)\n"
LAX = "from akashi.limit.rules import fits\n\ndef test_middle():\n    assert fits(5)\n"


def changes(text: str) -> set[str]:
    """What the mutation tester would do to ``text``."""
    return {mutant.change for mutant in mutants(text)}


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("a < b", "Lt → LtE"),
        ("a == b", "Eq → NotEq"),
        ("a and b", "And → Or"),
        ("a + b", "Add → Sub"),
        ("f(3)", "3 → 4"),
        ("f(3)", "3 → 2"),
        ("f(True)", "True → False"),
        ("if not a:\n    f()", "not removed"),
        ("if a:\n    f()", "condition negated"),
        ("def f():\n    return a", "returns None"),
        ("def f():\n    check()", "line 2 removed: check()"),
        ("if a:\n    raise E", "line 2 removed: raise E"),
    ],
)
def test_a_wrong_is_thought_of(text: str, change: str) -> None:
    """Each kind of small wrong is among the mutants."""
    assert change in changes(text)


def test_every_mutant_differs_and_parses() -> None:
    """No mutant equals its source, and each is Python."""
    texts = [mutated(LIMIT, mutant) for mutant in mutants(LIMIT)]

    assert ast.unparse(ast.parse(LIMIT)) not in texts
    assert len(set(texts)) == len(texts) > 0
    assert all(compile(text, "mutant", "exec") for text in texts)


def test_what_no_test_should_hold_is_left_alone() -> None:
    """Docstrings, annotations, imports and the sentences of errors give no mutants."""
    assert (
        changes('"""Doc 1."""\nimport a\n\nclass E:\n    """Doc 2."""\n    ja, en = "1", "2"\n    x: Literal[3]\n')
        == set()
    )


def project(folder: Path, test: str) -> Path:
    """A tiny tree with one rule and one test."""
    for name, text in {
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
        "src/akashi/__init__.py": "",
        "src/akashi/limit/__init__.py": "",
        "src/akashi/limit/rules.py": LIMIT,
        "tests/limit/test_rules.py": test,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_strict_suite_notices_and_a_lax_one_does_not(tmp_path: Path) -> None:
    """Mutants of a well tested rule are noticed; of a badly tested one, some survive; the tree is left as it was."""
    strict, lax = project(tmp_path / "strict", STRICT), project(tmp_path / "lax", LAX)

    noticed, broken = run(strict, targets(strict), 100, 1)
    missed, _ = run(lax, targets(lax), 100, 1)

    assert broken == []
    assert all(outcome.noticed for outcome in noticed)
    assert any(not outcome.noticed for outcome in missed)
    assert (lax / "src/akashi/limit/rules.py").read_text(encoding="utf-8") == LIMIT


@pytest.mark.slow
def test_a_red_suite_is_not_taken_for_a_strict_one(tmp_path: Path) -> None:
    """Where the tests fail on unchanged code nothing is judged, and it is said."""
    red = project(tmp_path, LAX.replace("fits(5)", "fits(50)"))

    assert run(red, targets(red), 100, 1) == ([], ["tests/limit"])


@pytest.mark.parametrize(
    ("budget", "ratio", "kept"),
    [
        ("≥ 0.6 of the rate", 0.6, True),
        ("≥ 0.6 of the rate", 0.59, False),
        ("≤ 3 × one commit", 3.0, True),
        ("≤ 1.25 × the sum", 1.26, False),
        ("", 0.1, None),
        ("≥ 0.6 of the rate", None, None),
    ],
)
def test_a_budget_is_judged_by_its_text(budget: str, ratio: float | None, kept: bool | None) -> None:
    """What the budget says is what is judged; without a budget or a ratio nothing is claimed."""
    assert Measurement("x", 1.0, "s", 1.0, ratio, budget).kept is kept


def test_the_page_tells_of_missed_and_failed() -> None:
    """A missed budget and a failed bench stand in the page; they are not left out."""
    page = bench_page({"a": [Measurement("x", 1.0, "s", 2.0, 0.5, "≥ 0.6 of it")], "b": None})

    assert "**missed**" in page
    assert "## b\n\nThis bench failed." in page


def test_a_release_takes_every_fragment_once(tmp_path: Path) -> None:
    """Fragments land under their kind, newest release first."""
    (tmp_path / "2-ledger.added.md").write_text("A ledger.\n", encoding="utf-8")
    (tmp_path / "3-flaw.security.md").write_text("A flaw\nis closed.\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("How to.\n", encoding="utf-8")
    text = release(f"# Changelog\n{MARK}\n## older\n", section("1", fragments(tmp_path)))

    assert text.index("### Security\n\n- A flaw is closed. (issue 3)") < text.index(
        "### Added\n\n- A ledger. (issue 2)"
    )
    assert text.index("## 1") < text.index("## older")
    assert "How to" not in text
