"""Changing a key in steps that can be interrupted anywhere.

Guarantees: a rotation is a list of steps, each of which looks at what is there before it does anything; running it again finishes what
an interruption left and does nothing twice. First a new generation is made and introduced, then the key store switches (one durable
write), then both are good until the overlap is over, and only then the old one is withdrawn. While an old generation is still good,
running it again does not begin another change. Refuses nothing itself. Trusts the console.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from akashi.keys.keystore import FileKeystore


class KeyRole(StrEnum):
    """The kinds of keys that can be changed, as the command line names them."""

    LOG = "log"
    SECRETARIAT = "secretariat"
    SERVER = "server"
    CA = "ca"
    TSA = "tsa"
    SERVER_WEB = "server-web"
    GATEWAY = "gateway"
    OPENING = "opening"
    MACHINE = "machine"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, whether it is done already, and how to do it."""

    name: str
    done: Callable[[], bool]
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a run did and what remains."""

    role: KeyRole
    generation: int
    """The generation that counts now."""
    did: tuple[str, ...]
    """The steps that this run did; none if everything was done."""
    retires_ms: int | None
    """When the old generation may be withdrawn; ``None`` when none is left."""


def advance(steps: Sequence[Step]) -> tuple[str, ...]:
    """Do what is not done, in order; the names of what was done."""
    did = []
    for step in steps:
        if not step.done():
            step.do()
            did.append(step.name)
    return tuple(did)


def target_generation(keystore: FileKeystore, name: str, *, overlapping: bool) -> int:
    """The generation that a run works towards.

    One that was made and is not current yet; else the current one while an older one still overlaps; else the next.
    """
    current, there = keystore.generation(name), keystore.generations(name)
    if there and there[-1] > current:
        return there[-1]
    return current if overlapping else current + 1
