"""A second, independent verifier of Akashi bundles and receipts, written from `docs/spec/` alone.

Guarantees: it shares no line with `src/`; every fault of the input becomes one `Failure` with a class named in the
specification. Refuses: the network, writing files, reading anything but its two arguments. Trusts: the trust file,
the `cryptography` package and the standard library; nothing in the bundle before it was checked.

>>> str(Failure("bundle.end", "digest differs"))
'bundle.end: digest differs'
"""

from __future__ import annotations


class Failure(Exception):
    """The input is refused; `code` is a failure class of the specification, `where` an index, count or clause."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code}: {where}" if where else code)
        self.code = code
        self.where = where


def demand(condition: bool, code: str, where: str = "") -> None:
    """Refuse with `code` unless the condition holds."""
    if not condition:
        raise Failure(code, where)
