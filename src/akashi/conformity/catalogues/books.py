"""The books of conformity: catalogues, crosswalk, features and presets, as they stand in ``catalogs/``.

Guarantees: everything refers to something that is there; the derived sheet is derived anew from its parent; loaded once. Refuses: a feature
without a question. Trusts: whoever can write the folder, no further than runs name the digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from akashi.conformity.catalogues.catalogue import Reader, Shelf, catalogue_files, parse_catalogue, read_yaml
from akashi.conformity.catalogues.crosswalk import Crosswalk, crosswalk_of
from akashi.conformity.catalogues.derivation import derive, is_derivation, parse_derivation
from akashi.conformity.judges.registry import Judges
from akashi.conformity.model import Words


@dataclass(frozen=True, slots=True)
class Feature:
    """One condition that an institution declares, asked in plain words."""

    id: str
    question: Words
    default: bool
    group: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A starting point for one kind of institution."""

    id: str
    title: Words
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that verdicts refer to."""

    shelf: Shelf
    crosswalk: Crosswalk
    features: Mapping[str, Feature]
    groups: Mapping[str, Words]
    """Headings over the features."""
    presets: Mapping[str, Preset]


def read_books(folder: Path, judges: Judges) -> Books:
    """Read and check a folder of catalogues. Raises ``CatalogueInvalid`` and ``ItemUnknown``."""
    features, groups, presets = read_features((folder / "features.yaml").read_bytes())
    checks, known = judges.checks, set(features)
    texts = {path.name: path.read_bytes() for path in catalogue_files(folder)}
    plain = [
        parse_catalogue(data, name, checks=checks, features=known)
        for name, data in texts.items()
        if not is_derivation(data, name)
    ]
    parents = {one.id: one for one in plain}
    derived = []
    for name, data in texts.items():
        if is_derivation(data, name):
            spec = parse_derivation(data, name)
            derived.append(derive(parents[spec.parent], spec))
    shelf = Shelf([*plain, *derived])
    links = [(path.name, path.read_bytes()) for path in sorted((folder / "crosswalk").glob("*.yaml"))]
    return Books(shelf, crosswalk_of(links, shelf), features, groups, presets)


def read_features(data: bytes) -> tuple[dict[str, Feature], dict[str, Words], dict[str, Preset]]:
    """``features.yaml``: questions, their groups, and presets for kinds of institutions. Raises ``CatalogueInvalid``."""
    top = Reader("features", read_yaml(data, "features"), "top", {"groups", "features", "presets"})
    groups = {}
    for at, row in enumerate(top.rows("groups")):
        head = Reader("features", row, f"groups[{at}]", {"id", "title"})
        groups[head.text("id")] = head.words("title")
    features = {}
    for at, row in enumerate(top.rows("features")):
        one = Reader("features", row, f"features[{at}]", {"id", "question", "default", "group"})
        if one.text("group") not in groups:
            raise one.fail("group")
        features[one.text("id")] = Feature(
            one.text("id"), one.words("question"), one.truth("default"), one.text("group")
        )
    presets = {}
    named = top.raw("presets")
    for name, row in named.items() if isinstance(named, dict) else ():
        preset = Reader("features", row, f"presets.{name}", {"title", "features"})
        if not set(preset.texts("features")) <= set(features):
            raise preset.fail("features")
        presets[str(name)] = Preset(str(name), preset.words("title"), frozenset(preset.texts("features")))
    return features, groups, presets
