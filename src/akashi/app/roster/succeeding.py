"""From one chain to the next, over the same ledger: what a server does when its ledger says that another chain orders from here on (``log.handover``).

Guarantees: the premises of the next chain follow from the ledger alone, so every server makes the same ones without asking anybody: the voters of the state,
the time and the tree of its newest block. The former chain is kept as a whole. A cut at any step is finished at the next start, and until the last step
nothing is ordered. Refuses a ledger that went on after its handover. Trusts: its ledger.

The way: ``log.handover`` is the last leaf of the former chain → :func:`follow_handover` at the next start of each server → the node begins at block 1.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, MutableMapping, Sequence
from concurrent.futures import Future
from typing import Any

from akashi.errors import AkashiError
from akashi.ledger.engine.replica import ReplicaChain, app_hash
from akashi.ledger.errors import LedgerStopped
from akashi.ledger.state import ReadState
from akashi.network.errors import GenesisDiffers
from akashi.network.node.config import GenesisValidator, genesis_json
from akashi.network.node.home import NodeHome
from akashi.network.node.preparing import begin, chain_of, set_aside, take_back
from akashi.network.peers.client import Peer
from akashi.network.records import servers
from akashi.network.scrub.model import ScrubReport
from akashi.network.scrub.rules import Anchor, decode_report, encode_report, tree_of
from akashi.network.store import NetworkStore

Asked = MutableMapping[str, Future[Anchor | None]]
"""By server: what it was asked last, answered or not."""


def follow_handover(chain: ReplicaChain, state: ReadState, node: NodeHome, store: NetworkStore) -> bool:
    """Begin the chain that the ledger names, if it is a later one than that of this home's premises; whether it did. Raises :class:`GenesisDiffers`, ``LedgerStopped``, ``SignStateLost``."""
    take_back(
        node
    )  # a cut between the steps below: also where the ledger was set back, its own chain's votes are in their place
    wanted, present = chain.handed_over(), chain_of(node.genesis.read_text(encoding="utf-8"))
    if wanted is None or present == wanted:
        return False
    if not is_later(wanted, present):
        raise GenesisDiffers("chain")
    genesis = premises(chain, state, wanted)
    set_aside(node)
    store.put_voters(1, (one.keys.validator for one in servers(state) if one.votes))
    complete = decode_report(store.scrub()).complete_ms
    store.put_scrub(encode_report(ScrubReport(complete_ms=complete)))
    chain.begin_anew()
    begin(node, genesis)
    return True


def begun(node: NodeHome) -> dict[str, str]:
    """What a server tells the others of its chain: ``chain``, and ``tree``, the app hash that it began on (hex). Raises ``OtherPremises``."""
    genesis = node.genesis.read_text(encoding="utf-8")
    return {"chain": chain_of(genesis), "tree": str(json.loads(genesis)["app_hash"]).lower()}


def later_start(node: NodeHome, told: Mapping[str, Any]) -> Anchor | None:
    """The tree that a later chain than this home's began on, as a peer says (its word); ``None`` where it speaks of no such chain."""
    try:
        tree = tree_of(bytes.fromhex(str(told.get("tree"))))
    except ValueError:
        return None
    present = chain_of(node.genesis.read_text(encoding="utf-8"))
    return tree if is_later(str(told.get("chain")), present) else None


def later_starts(node: NodeHome, peers: Sequence[Peer], asked: Asked, within_s: float) -> list[Anchor]:
    """:func:`later_start` of each that answers in time. Who does not is not waited for, and not asked again before it did: one that sends a byte now and then holds up nobody."""
    free = [one for one in peers if one.address.server not in asked or asked[one.address.server].done()]
    asked.update((one.address.server, _asked(node, one)) for one in free)
    ends, found = time.monotonic() + within_s, list[Anchor]()
    for one in free:
        try:
            start = asked[one.address.server].result(max(0.0, ends - time.monotonic()))
        except TimeoutError:
            continue
        found += [] if start is None else [start]
    return found


def _asked(node: NodeHome, peer: Peer) -> Future[Anchor | None]:
    answer = Future[Anchor | None]()

    def ask() -> None:
        found = None
        try:
            found = later_start(node, peer.status())
        except (AkashiError, OSError):
            pass  # away, or nonsense: it says nothing of a later chain
        finally:
            answer.set_result(found)

    threading.Thread(
        target=ask, name="akashi-ask", daemon=True
    ).start()  # not a pool's: those keep a process from ending
    return answer


def is_later(chain: str, than: str) -> bool:
    """Whether a chain of the same ledger follows another, at once or after more.

    >>> is_later("akashi-0a-3", "akashi-0a-1"), is_later("akashi-0b-3", "akashi-0a-1"), is_later("akashi-0a-1", "akashi-0a-1")
    (True, False, False)
    """
    ledger, _, number = chain.rpartition("-")
    same, _, earlier = than.rpartition("-")
    numbers = all(one.isascii() and one.isdecimal() and len(one) < 5 for one in (number, earlier))
    return numbers and ledger == same and int(number) > int(earlier)


def premises(chain: ReplicaChain, state: ReadState, chain_id: str) -> str:
    """The text of the next chain's genesis. Raises ``LedgerStopped`` where the ledger does not end with its handover."""
    head = chain.head
    if head is None or not chain.ends_with_handover():
        raise LedgerStopped("handover.last")
    voters = [GenesisValidator(one.keys.validator, f"server-{one.number}") for one in servers(state) if one.votes]
    tree = app_hash(head.header.size, head.header.root)
    return genesis_json(chain_id, head.header.block_ms, voters, tree)
