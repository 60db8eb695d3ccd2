"""A small world of conformity: two catalogues, a crosswalk, judges that do what their facts say. Everything is invented."""

from __future__ import annotations

from dataclasses import replace

from akashi.conformity.catalogues.books import Books, Feature
from akashi.conformity.catalogues.catalogue import Shelf, with_digest
from akashi.conformity.catalogues.crosswalk import Crosswalk
from akashi.conformity.judges.registry import Given, Judges, Limits, conforms, fails, partial
from akashi.conformity.model import (
    Answer,
    Catalogue,
    Facts,
    Group,
    Item,
    Link,
    Measurement,
    Mode,
    Opinion,
    Parameter,
    Reach,
    Relation,
    Reply,
    Target,
    TargetKind,
    Words,
)
from akashi.conformity.probing import Bench, Observed, Probe

NOW = 1_795_219_200_000
DAY = 86_400_000


def small_judges() -> Judges:
    """``door.locked`` reads a boolean, ``door.age`` a number against a threshold."""
    judges = Judges()

    @judges.judge("door.locked", probe="door")
    def locked(given: Given, _limits: Limits) -> Opinion:
        if given.truth("locked"):
            return conforms("door.locked", "閉まっています。", "It is locked.")
        return fails("door.open", "開いています。", "It is open.")

    @judges.judge("door.age", probe="door", defaults={"door.days": 10})
    def age(given: Given, limits: Limits) -> Opinion:
        days = given.number("days")
        if days <= limits.number("door.days"):
            return conforms("door.new", f"{days}日です。", f"{days} days.")
        return partial("door.old", f"{days}日です。", f"{days} days.")

    return judges


def item(name: str, mode: Mode = Mode.PEOPLE, **more: object) -> Item:
    """An item of the first group."""
    base = Item(name, "1", f"第{name}", mode, Words(f"項目{name}", f"Item {name}"), valid_days=30)
    return replace(base, **more)  # type: ignore[arg-type]  # the fields of Item


NEW = Catalogue(
    id="new", family="f", order=2, title=Words("新しい版", "New"), document="文書", edition="2", publisher="架空",
    status="current", date="", source="test",
    parameters={"door.days": Parameter(5, overrides=True)},
    groups=(Group("1", Words("扉", "Doors")), Group("2", Words("窓", "Windows"), ("windows",))),
    items=(
        item("h", Mode.GROUP),
        item("a", Mode.MEASURED, checks=("door.locked",), parent="h"),
        item("b", Mode.PARTLY, checks=("door.age",), parent="h"),
        item("c"),
        item("d", group="2"),
        item("e", when=("keys|cards",)),
    ),
)  # fmt: skip
OLD = replace(
    NEW,
    id="old",
    order=1,
    status="superseded",
    title=Words("古い版", "Old"),
    parameters={"door.days": Parameter(50)},
    groups=(Group("1", Words("扉", "Doors")),),
    items=(item("a", Mode.MEASURED, checks=("door.age",)), item("b"), item("c"), item("x")),
)
LINKS = (
    Link("new/a", "old/b", Relation.EQUAL, "同じ"),
    Link("old/c", "new/c", Relation.COVERS, "含む"),
    Link("new/a", "old/x", Relation.OVERLAPS, "重なる"),
)


def small_books() -> Books:
    """The shelf with both editions."""
    shelf = Shelf([with_digest(NEW), with_digest(OLD)])
    features = {name: Feature(name, Words("？", "?"), name == "keys", "g") for name in ("windows", "keys", "cards")}
    return Books(shelf, Crosswalk(LINKS), features, {"g": Words("組", "Group")}, {})


def measured(facts: Facts, reach: Reach = Reach.REACHED, at_ms: int = NOW) -> Measurement:
    """What the ``door`` probe brought."""
    return Measurement("door", 1, "tgt-door0", "here", "test 1", at_ms, at_ms, reach, facts, raw=b"raw output")


def answer(name: str, reply: Reply = Reply.YES, catalogue: str = "new", **more: object) -> Answer:
    """An answer given now."""
    return replace(Answer(catalogue, name, reply, NOW), **more)  # type: ignore[arg-type]  # the fields of Answer


def door_probe(facts: Facts, *, active: bool = True) -> Probe:
    """A probe that sees these facts."""

    def look(_target: Target, _bench: Bench) -> Observed:
        return Observed(facts, b"raw output", "test 1")

    return Probe("door", 1, TargetKind.MACHINE, active, look)
