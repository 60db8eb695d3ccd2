"""An import that is killed at any step is repeated: the mirror is then where it would have been, and no step is done by halves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.network.mirror.export import parse_receipts
from akashi.network.mirror.model import MirrorReceipt
from akashi.network.mirror.receipt import parse_mirror_receipt
from tests.network.mirror.story import Story, opened

_PROGRAM = """
import os, signal, sys
from pathlib import Path
from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.network.mirror.service import Mirror

def trace(step):
    if step == sys.argv[3] and (step != "settled" or seen):
        os.kill(os.getpid(), signal.SIGKILL)
    seen.append(step)

seen = []
mirror = Mirror.open(Path(sys.argv[1]), sys.stdin.buffer.read(), KINDS, FixedClock(int(sys.argv[4])), trace)
mirror.take(Path(sys.argv[2]))
"""


def said(receipts: bytes) -> list[MirrorReceipt]:
    """What receipts say, but for the next transport key, which each mirror draws for itself."""
    pages = [parse_mirror_receipt(page)[0] for page in parse_receipts(receipts)]
    return [replace(page, transport=replace(page.transport, public=b"")) for page in pages]


@pytest.mark.parametrize("step", ["examined", "staged", "committed", "settled"])
def test_a_killed_import_is_repeated(story: Story, tmp_path: Path, step: str) -> None:
    """SIGKILL, then the same file again: same leaves, same receipt, everything verifies."""
    away = story.away(1, tmp_path / "away")
    clock = "1795219200000"
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(away), str(story.bundles[1]), step, clock],
        input=b"invented passphrase of a test mirror",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        capture_output=True,
    )
    mirror = opened(away)
    fresh, receipts, counted = mirror.take(story.bundles[1]), mirror.receipts(), mirror.verify()
    mirror.close()

    assert done.returncode == -signal.SIGKILL
    assert fresh is (step in {"examined", "staged"})
    assert said(receipts) == said(story.receipts[1])
    assert counted[1] == 1
