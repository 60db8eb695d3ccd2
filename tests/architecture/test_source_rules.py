"""The house rules, run over the whole tree. What a rule means stands in its docstring; that it bites, in test_rules_bite."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.architecture import boundary_rules, shape_rules
from tests.architecture.source import ROOT, Source, house, read

Rule = Callable[[Source], Iterator[str]]

HOUSE: list[Rule] = [
    shape_rules.module_length,
    shape_rules.cli_length,
    shape_rules.function_length,
    shape_rules.depth,
    shape_rules.module_docstring,
    shape_rules.public_docstrings,
    shape_rules.catch_all_names,
    boundary_rules.local_imports,
    boundary_rules.late_imports,
    boundary_rules.relative_imports,
    boundary_rules.printing,
    boundary_rules.file_writing,
    boundary_rules.reading_the_clock,
    boundary_rules.chance,
    boundary_rules.ledger_dependencies,
    boundary_rules.pure_rules,
    boundary_rules.checkup_streams,
    boundary_rules.furniture,
    boundary_rules.shown_secrets,
]
EVERYWHERE: list[Rule] = [shape_rules.unfinished, shape_rules.unreasoned_silence, shape_rules.module_docstring]
TESTS: list[Rule] = [
    shape_rules.promise_of_tests,
    shape_rules.idle_tests,
    shape_rules.impatient_tests,
    shape_rules.module_length,
]


def violations(rule: Rule, sources: list[Source]) -> list[str]:
    """What ``rule`` finds in ``sources``."""
    return [found for source in sources for found in rule(source)]


@pytest.mark.parametrize("rule", HOUSE, ids=lambda rule: rule.__name__)
def test_the_product_obeys(rule: Rule) -> None:
    """No module of the product breaks this rule."""
    assert violations(rule, house()) == []


def test_packages_stay_small() -> None:
    """No package of the product has more than 12 modules."""
    assert list(shape_rules.package_size(house())) == []


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_the_whole_tree_obeys(rule: Rule) -> None:
    """Neither the product nor its tests, tools, benches and second verifier break this rule."""
    assert violations(rule, [*house(), *read(ROOT, "tests", "tools", "bench", "verifier")]) == []


@pytest.mark.parametrize("rule", TESTS, ids=lambda rule: rule.__name__)
def test_the_tests_obey(rule: Rule) -> None:
    """No test breaks this rule."""
    assert violations(rule, read(ROOT, "tests")) == []


def test_the_second_verifier_is_apart() -> None:
    """``verifier/`` imports nothing of ours: it can only know what docs/spec says."""
    sources = read(ROOT, "verifier")
    found = [f"{s.path}:{line}" for s in sources for line, name in s.imports() if name.split(".")[0] == "akashi"]

    assert found == []
