"""What a group of commands says of itself before one of its commands is loaded: its manual, and which module holds which names.

Guarantees: it is data; reading it imports no command, so a command does not wait for the others (docs/adr/0014). Refuses nothing
itself: that table and modules agree is a test's. Trusts nobody.

>>> [(one.module, one.names) for one in held("akashi.cli.institution", "add", "switch: disable enable")]
[('akashi.cli.institution.add', ('add',)), ('akashi.cli.institution.switch', ('disable', 'enable'))]
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """One module, and the names of the commands that its ``declare`` adds, in that order."""

    module: str
    names: tuple[str, ...]
    homed: bool = True
    """Whether its commands take ``--home``."""
    help: str = ""
    """The line of the only name; only for commands that stand in no group, whose line is shown before they are loaded."""


@dataclass(frozen=True, slots=True)
class Group:
    """A word of the command line that commands follow."""

    name: str
    help: str
    description: str
    members: tuple[Held | Group, ...]
    metavar: str = "ACTION"


def held(package: str, *modules: str, homed: bool = True) -> tuple[Held, ...]:
    """The modules of ``package``, each with the commands that it holds; a bare name is both."""
    parted = [(module, names or module) for module, _, names in (one.partition(": ") for one in modules)]
    return tuple(Held(f"{package}.{module}", tuple(names.split()), homed) for module, names in parted)
