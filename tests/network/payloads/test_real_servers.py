"""Four real servers with CometBFT beside each: one transfer is copied to a quorum, and erased on all of them, one being away meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from akashi.app.config import server_paths
from akashi.app.network.serving import ReplicaServer
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.exchange.model import Acting, WithdrawReason
from akashi.exchange.service import Exchange
from akashi.identity.events import PersonRegistered
from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind
from akashi.ledger.author import Author
from akashi.ledger.model import Algorithm, Auth, AuthMethod, Purpose
from akashi.ledger.registry import KeyEnrolled, possession_message
from akashi.vault.events import ErasureProgress, ErasureStatus, erasure_progress
from tests.app.network.four import PASSPHRASE, Homes, found_four
from tests.exchange.world import CONTENT, YEAR_MS, request
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports
from tests.waiting import until

pytestmark = [needs_cometbft, pytest.mark.network, pytest.mark.slow]
SENDER_PERSON, RECEIVER_PERSON = "per-sender", "per-receiver"


@dataclass
class Site:
    """Four servers, and one gateway that sends."""

    homes: Homes
    first: Server
    others: dict[int, ReplicaServer]
    exchange: Exchange
    receiver: str

    def acting(self) -> Acting:
        """The sender's person."""
        return Acting(SENDER_PERSON, Auth(AuthMethod.PASSWORD_TOTP, SystemClock().now_ms()))

    def progress(self, payload: bytes) -> ErasureProgress:
        """How far the erasure is, as the first server knows."""
        with self.first.engine.view() as state:
            return erasure_progress(state, payload, SystemClock().now_ms())

    def swept(self, holds: Callable[[], bool]) -> bool:
        """Whether it holds after another turn of the first server's housekeeping: who still reads delays what is swept."""
        self.first.housekeeping.run_once()
        return holds()

    def until(self, holds: Callable[[], bool], what: str, payload: bytes) -> None:
        """Wait for what servers do by themselves; fails with how far the erasure of ``payload`` is."""
        until(holds, what, lambda: (self.progress(payload), self.first.engine.size))


def _join(server: Server, folder: Path, roles: int) -> tuple[str, FileKeystore, Author]:
    """An institution with gateway and opening key."""
    name = server.register_institution(f"架空機関{roles}", "", roles)
    keystore = FileKeystore.create(folder / str(roles), b"invented", cost=FAST_UNSAFE_COST)
    public, now = keystore.generate("gateway", KeyKind.ED25519), SystemClock().now_ms()
    message = possession_message(server.engine.ledger_id, sha256(public).digest(), name)
    server.enrol_gateway_key(name, public, Algorithm.ED25519, keystore.signer("gateway").sign(message))
    author = Author(server.engine, keystore.signer("gateway"), name, SystemClock())
    opening = keystore.generate("opening", KeyKind.XWING)
    author.submit(
        KeyEnrolled(
            sha256(opening).digest(), 0, opening, name, Purpose.OPENING, now - YEAR_MS, now + YEAR_MS,
            suite=keystore.opener("opening").suite,
        ),
        subject=name,
    )  # fmt: skip
    return name, keystore, author


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """All four running, with two institutions."""
    clock = SystemClock()
    homes = found_four(tmp_path, clock, free_ports(8))
    others = {number: ReplicaServer.open(homes.folders[number - 1], PASSPHRASE, clock) for number in (2, 3, 4)}
    for one in others.values():
        one.start()
    first = Server.open(homes.folders[0], PASSPHRASE, clock)
    sender, keystore, author = _join(first, tmp_path / "gateways", 1)
    receiver, _, their = _join(first, tmp_path / "gateways", 2)
    author.submit(PersonRegistered(SENDER_PERSON, sender, 1))
    their.submit(PersonRegistered(RECEIVER_PERSON, receiver, 1))
    exchange = Exchange(
        database=tmp_path / "gateways" / "gateway.db", author=author, payloads=first.payloads,
        openers=[keystore.opener("opening")], box=keystore, clock=clock,
    )  # fmt: skip
    made = Site(homes, first, others, exchange, receiver)
    yield made
    exchange.close()
    first.close()
    for one in made.others.values():
        one.stop()


def _trail(site: Site, name: str) -> list[str]:
    return [step.kind for step in site.exchange.show(name).trail]


def test_copied_to_a_quorum_and_erased_on_all_four(site: Site) -> None:
    """The transfer's payload is on every server; erased, with server 4 away, it waits for server 4's own word, and ends with it."""
    wanted = request(CONTENT, receiver=site.receiver, persons=(RECEIVER_PERSON,))
    name = site.exchange.send(wanted, site.acting()).transfer
    payload = site.exchange.show(name).transfer.payload
    site.until(lambda: all(one.vault.size(payload) for one in site.others.values()), "a copy on each", payload)

    site.others.pop(4).stop()
    site.exchange.withdraw(name, WithdrawReason.WRONG_CONTENT, site.acting())
    site.until(lambda: site.swept(lambda: site.progress(payload).missing == (4,)), "all but server 4", payload)
    still = site.progress(payload).status
    held = (server_paths(site.homes.folders[3]).vault / "slots.bin").read_bytes()

    site.others[4] = ReplicaServer.open(site.homes.folders[3], PASSPHRASE, SystemClock())
    site.others[4].start()
    site.until(lambda: site.progress(payload).status is ErasureStatus.ERASED, "server 4's word", payload)
    site.until(lambda: site.swept(lambda: _trail(site, name)[-1] == "transfer.erased"), "the transfer's end", payload)

    trail = _trail(site, name)
    assert still is ErasureStatus.ERASING
    assert payload in held
    assert (trail.count("payload.erased"), trail[-1]) == (4, "transfer.erased")
    for folder in site.homes.folders:
        assert payload not in (server_paths(folder).vault / "slots.bin").read_bytes()
