"""Modules that most commands never need, imported when one of their names is first used.

Guarantees: nothing of the module is loaded before; from then on it is the module itself. Thread-safe, as imports are. Refuses nothing.
Used only at the head of a module, beside the same import for whoever reads and checks the code, so that types and directions between
parts are seen as with any other import (``boundary_rules.late_imports``; docs/adr/0014). Trusts the caller with the name.

>>> late("colorsys").rgb_to_hls(0.0, 0.0, 0.0)
(0.0, 0.0, 0.0)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Late:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def late(name: str) -> Any:
    """The module ``name``, not yet imported."""
    return _Late(name)
