"""Records ``recorded.json``: a few heights of a real chain of four, one of which is stopped on the way.

``python -m tests.vectors.network.record --write``. Needs the program ``cometbft``; run once, not by ``make vectors``: a chain's
keys and times are its own, so the file is another one each time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.network.abci.chain import Chain, wait_until
from tests.network.abci.counting import Counting

RECORDED = Path(__file__).with_name("recorded.json")


def record(home: Path) -> dict[str, Any]:
    """The RPC's answers for every height but the last, whose commit is not yet in a block."""
    first = Counting()
    with Chain(home, [first, *(Counting() for _ in range(3))]) as chain:
        for number in range(4):
            if number == 2:
                chain.stop(3)
            chain.submit(b"recorded %d" % number)
            wait_until(lambda: first.count == number + 1, "a transaction")  # noqa: B023 - it is waited for here
        heights = [str(height) for height in range(1, chain.height())]
        asked = ("commit", "validators", "block")
        rows = [{method: chain.ask(0, method, height=height) for method in asked} for height in heights]
        return {"comment": "recorded on a chain of four", "chain_id": chain.chain_id, "heights": rows}


def main() -> int:
    """Replace the file."""
    with TemporaryDirectory() as home:
        text = json.dumps(record(Path(home)), indent=1) + "\n"
    if "--write" in sys.argv:
        RECORDED.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
