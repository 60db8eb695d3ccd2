"""Import directions between the parts, and the examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT, house


def test_imports_go_down() -> None:
    """import-linter finds no import upwards or sideways between parts."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--config", "pyproject.toml", "--no-cache"]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_docstring_examples_run() -> None:
    """Every `>>>` in the product gives what stands below it."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed = [
        source.module
        for source in house()
        if ">>> " in source.text and doctest.testmod(importlib.import_module(source.module), optionflags=flags).failed
    ]

    assert failed == []
