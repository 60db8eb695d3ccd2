"""Commands of the secretariat about who takes part. They work on the server's own home."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "institution",
    help="institutions: add, list, disable, enable",
    description="Who takes part. Acts as the secretariat: for whoever holds the server's home and its passphrase.",
    members=held(__name__, "add", "listing: list", "switch: disable enable"),
)
