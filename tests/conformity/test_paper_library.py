"""The library file for CISO Assistant: the format's rules hold, and every item is there once."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.model import Mode
from akashi.conformity.paper.library import write_library
from tests.conformity.runs import OLD, OPS, shelf, small_catalogue

URN = re.compile(r"urn:([a-zA-Z0-9_-]+):([a-zA-Z0-9_-]+):([a-zA-Z0-9_-]+)(?::([a-zA-Z0-9_-]+))?:([a-z0-9._-]+)")


def nodes(data: bytes) -> list[dict[str, Any]]:
    """The requirement nodes of a library."""
    found: list[dict[str, Any]] = yaml.safe_load(data)["objects"]["framework"]["requirement_nodes"]
    return found


@pytest.mark.parametrize("name", [OPS, OLD, "meti-2", "hispro-cloud"])
def test_every_item_is_one_node(name: str) -> None:
    """Groups and items are nodes in a tree: parents first, depth one more than the parent's, assessable as in the catalogue."""
    catalogue = shelf(name).catalogue(name)
    rows = nodes(write_library(catalogue))

    assert len(rows) == len(catalogue.groups) + len(catalogue.items)
    depths: dict[str, int] = {}
    for row in rows:
        assert URN.fullmatch(row["urn"])
        assert row["urn"] not in depths
        parent = row.get("parent_urn")
        assert row["depth"] == (1 if parent is None else depths[parent] + 1)
        depths[row["urn"]] = row["depth"]
    leaves = [item.id for item in catalogue.items if item.mode is not Mode.GROUP]
    assert sorted(row["ref_id"] for row in rows if row["assessable"]) == sorted(leaves)


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_texts_come_through(text: str) -> None:
    """Whatever a text holds, it is read back from the file as it was."""
    rows = nodes(write_library(small_catalogue(text)))

    assert [row["description"] for row in rows if row["assessable"]] == [text, text]


def test_the_same_catalogue_gives_the_same_bytes() -> None:
    """Nothing but the catalogue and the version decides the bytes; the words are said to be ours."""
    data = write_library(small_catalogue("a"), 3)

    assert write_library(small_catalogue("a"), 3) == data
    head = yaml.safe_load(data)
    assert (head["version"], head["locale"]) == (3, "ja")
    assert "Akashi" in head["copyright"]
