"""The blocks of one run, executed again by another Python and another SQLite: ``python -m tests.faults.network.replaying HOME BLOCKS``.

Guarantees: ``HOME`` is a home as it was at the founding, ``BLOCKS`` what a server recorded (one JSON line a block); every block's app hash must be the recorded one. Prints the versions and
how many blocks and leaves agreed; exits 1 at the first that does not. Where the package ``pysqlite3`` is installed, its SQLite is used instead of Python's.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import json
import platform
import sys
from pathlib import Path
from typing import Any

if importlib.util.find_spec("pysqlite3"):  # before anything of ours has imported the other one
    sys.modules["sqlite3"] = importlib.import_module("pysqlite3")
    sys.modules["sqlite3.dbapi2"] = importlib.import_module("pysqlite3.dbapi2")


def replay(home: Path, blocks: Path) -> dict[str, Any]:
    """Execute all blocks over the home's ledger: what agreed, and with which programs."""
    ours = importlib.import_module("tests.faults.network.replica")
    connection, chain = ours.open_chain(home)
    done = 0
    try:
        for line in blocks.read_text().splitlines():
            block = json.loads(line)
            if block["height"] <= chain.position.height:
                continue  # executed twice in that run: it was killed or restarted
            found = ours.execute(chain, block["height"], block["ms"], [base64.b64decode(tx) for tx in block["txs"]])
            if found != bytes.fromhex(block["app_hash"]):
                return {"differs at": block["height"]}
            done += 1
        version = connection.execute("SELECT sqlite_version()").fetchone()[0]
        return {"blocks": done, "leaves": chain.head.header.size, "root": chain.head.header.root.hex(),
                "python": platform.python_version(), "sqlite": version}  # fmt: skip
    finally:
        connection.close()


if __name__ == "__main__":
    told = replay(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps(told))
    sys.exit("differs at" in told)
