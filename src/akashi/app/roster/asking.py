"""Changing who the servers are, from outside the running servers: the founding server is asked, then every other one of this machine is told, one after the other.

Guarantees: nothing is decided here; each server judges by its own ledger; never two nodes of this machine start again at once. Refuses
where the founding server does not run. Trusts: as the control socket does, whoever runs as this user.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.network.control import ask
from akashi.app.network.local import homes, number_of, stop_one
from akashi.app.network.places import AddressBook, NetworkPlaces
from akashi.app.roster.papers import Invitation, parse_invitation
from akashi.errors import AkashiError
from akashi.network.errors import ServerUnknown


@dataclass(frozen=True, slots=True)
class Changed:
    """A server's number, how many vote now (0 where that did not change), and the numbers of the servers of this machine that could not be told."""

    number: int
    voting: int
    untold: tuple[int, ...]


def add(home: Path, offer: bytes) -> tuple[Changed, Invitation]:
    """Enrol the server of ``offer`` as one that follows; its invitation. Raises :class:`ServerNotRunning`, ``ControlRefused`` with the reason."""
    answer = ask(_network(home), "enrol", offer=offer.decode("utf-8", "replace"))
    invitation = parse_invitation(str(answer["invitation"]).encode())
    return Changed(int(answer["number"]), 0, _tell(homes(home)[1:], _book(invitation))), invitation


def meet_invited(home: Path, invitation: Invitation) -> int:
    """Tell the running server of ``home`` where the servers of an invitation are; how many it knows now. Raises as :func:`add`."""
    return int(ask(_network(home), "learn", book=_book(invitation))["servers"])


def promote(home: Path, number: int) -> Changed:
    """Let a server that follows vote. Raises as :func:`add`."""
    answer = ask(_network(home), "promote", number=number)
    return Changed(number, int(answer["voting"]), ())


def remove(home: Path, number: int, reason: str) -> Changed:
    """Retire a server; where it is one of this machine it is stopped and its home is set aside. Raises as :func:`add`."""
    answer = ask(_network(home), "retire", number=number, reason=reason)
    others = homes(home)[1:]
    for one in [one for one in others if number_of(one) == number]:
        stop_one(one)
        book = NetworkPlaces.of(server_paths(one)).book
        os.replace(book, book.with_name("servers.retired.json"))
    return Changed(number, int(answer["voting"]), _tell(homes(home)[1:], ""))


def succeed(home: Path) -> str:
    """End the present chain; the id of the next. Every server begins it by itself. Raises as :func:`add`."""
    return str(ask(_network(home), "succeed")["chain"])


def rekey(home: Path, number: int | None) -> Changed:
    """New keys for voting for the running server of ``home``, or for another of its machine; the others there are told. Raises :class:`ServerUnknown` and as :func:`add`."""
    here = homes(home)
    chosen = next((one for one in here if number in (None, number_of(one))), None)
    if chosen is None:
        raise ServerUnknown(number=number or 0)
    done = int(ask(_network(chosen), "rekey")["number"])
    return Changed(done, 0, _tell([one for one in here if one != chosen], ""))


def _tell(others: Sequence[Path], book: str) -> tuple[int, ...]:
    untold = []
    for one in others:
        try:
            ask(_network(one), "learn", book=book)
        except AkashiError:
            untold.append(number_of(one))
    return tuple(untold)


def _network(home: Path) -> Path:
    return NetworkPlaces.of(server_paths(home)).root


def _book(invitation: Invitation) -> str:
    return AddressBook(invitation.own, invitation.servers).encode().decode()
