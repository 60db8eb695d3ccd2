"""Commands about proof: the trail of a transfer, evidence bundles, verifying them offline."""

from __future__ import annotations

import argparse

from akashi.cli.proof import evidence, trail


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], homed: argparse.ArgumentParser) -> None:
    """Add the commands that need a home (``verify`` needs none)."""
    trail.declare(commands, homed)
    evidence.declare(commands, homed)
