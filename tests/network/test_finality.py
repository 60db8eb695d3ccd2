"""What makes a block final here, with the commits of a real chain of four."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from akashi.ledger.engine.chain import Head
from akashi.network.application import Committed
from akashi.network.errors import CommitUnproven
from akashi.network.finality import LocalNode
from akashi.network.light.parsing import parse_block, parse_validators
from akashi.network.node.rpc import NodeClient
from akashi.network.validators import ValidatorHistory

RECORDED = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "network" / "recorded.json").read_text(encoding="utf-8")
)


class Recorded:
    """A node that answers with what was recorded."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row

    def commit(self, _height: int) -> dict[str, Any]:
        """The signed header."""
        return dict(self._row["commit"]["signed_header"])


def _prove(row: dict[str, Any], before: bytes | None = None, txs: tuple[bytes, ...] | None = None) -> None:
    header, in_block, _ = parse_block(row["block"])
    _, validators = parse_validators(row["validators"])
    history = ValidatorHistory(frozenset(one.key for one in validators.validators))
    node = LocalNode(cast("NodeClient", Recorded(row)), RECORDED["chain_id"], history)
    executed = tuple(in_block) if txs is None else txs
    node.prove(
        Committed(header.height, executed, {}, cast("Head", None), header.app_hash if before is None else before)
    )


@pytest.mark.parametrize(
    "row", RECORDED["heights"], ids=lambda row: str(row["commit"]["signed_header"]["header"]["height"])
)
def test_a_block_is_final_only_on_the_tree_that_was_agreed_on(row: dict[str, Any]) -> None:
    """The same commit over the same transactions proves nothing where they were executed on another tree, as after a block that was made up."""
    _prove(row)

    with pytest.raises(CommitUnproven, match="app_hash"):
        _prove(row, before=bytes(40))
    with pytest.raises(CommitUnproven, match="data"):
        _prove(row, txs=(b"another",))
