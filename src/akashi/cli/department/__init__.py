"""Departments and who works in them, at the gateway. From the first department on, rights go through `akashi rights`."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "department",
    help="departments: add, list, manager, close, place",
    description="Departments and who works in them, at the gateway. From the first department on, rights go through `akashi rights`.",
    members=held(__name__, "setting: add manager close", "listing: list", "placing: place"),
)
