"""Runs that the tests of exports make: real catalogues, judges that say what a fact tells them, measurements and answers of all sorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from akashi.conformity.catalogues.catalogue import Shelf, defined_features, parse_catalogue, read_yaml, with_digest
from akashi.conformity.catalogues.crosswalk import Crosswalk, crosswalk_of
from akashi.conformity.evaluation import Inputs, evaluate
from akashi.conformity.judges.registry import Given, Judges, Limits, conforms, fails, partial
from akashi.conformity.model import (
    DAY_MS,
    Answer,
    Audience,
    Catalogue,
    Fact,
    Group,
    Item,
    Measurement,
    Mode,
    Opinion,
    Parameter,
    Reach,
    Reply,
    Words,
)
from akashi.conformity.paper.view import RunView, view_run
from akashi.conformity.proof.items import Sealed, links_digest, seal_run
from tests.conformity.checks import CHECKS

CATALOGS = Path(__file__).resolve().parents[2] / "catalogs"
OPS, OLD, ORDINANCE = "mhlw-7.0-draft-ops", "mhlw-4.3", "ordinance-tokushima"
NOW = 1_795_250_000_123
"""2026-11-21."""
FEATURES = frozenset(["deploy.on_premises", "own_servers", "web_service", "endpoints", "charts", "exchange"])
_SAID = {
    "good": lambda check: conforms(f"{check}.good", f"{check} はすべて求めどおりです。", f"{check} is as asked."),
    "some": lambda check: partial(f"{check}.some", f"{check} は一部だけです。", f"{check} is so in part."),
    "bad": lambda check: fails(f"{check}.bad", f"{check} が求めに届きません。", f"{check} falls short."),
}


def judges() -> Judges:
    """A judge for every check; its probe has the first word of the check as its name."""
    made = Judges()
    for check in sorted(CHECKS):

        def decide(given: Given, _limits: Limits, check: str = check) -> Opinion:
            return _SAID[given.text("seen")](check)

        made.judge(check, probe=check.partition(".")[0])(decide)
    return made


def shelf(*names: str) -> Shelf:
    """Some of the catalogues that the product ships."""
    features = defined_features(read_yaml((CATALOGS / "features.yaml").read_bytes(), "features"))
    texts = [((CATALOGS / f"{name}.yaml").read_bytes(), name) for name in names]
    return Shelf([parse_catalogue(data, name, checks=CHECKS, features=features) for data, name in texts])


def crosswalk(on: Shelf, *names: str) -> Crosswalk:
    """Some of the crosswalks that the product ships."""
    return crosswalk_of([(name, (CATALOGS / "crosswalk" / f"{name}.yaml").read_bytes()) for name in names], on)


def measurement(probe: str, seen: str, target: str = "tgt-0000", reach: Reach = Reach.REACHED) -> Measurement:
    """What a probe saw; unreached ones carry a note and no facts."""
    facts: dict[str, Fact] = (
        {"seen": seen, "count": 3, "names": ("aa", "bb"), "on": True} if reach is Reach.REACHED else {}
    )
    note = "" if reach is Reach.REACHED else "network"
    return Measurement(
        probe, 1, target, "inside", "sslyze 6.3.1", NOW - 5_000, NOW - 4_000, reach, facts, note, b"", b"raw " + probe.encode()
    )  # fmt: skip


MEASURED = (
    measurement("tls", "good"),
    measurement("ssh", "bad", "tgt-0001"),
    measurement("password", "some"),
    measurement("backup", "good"),
    measurement("log", "good"),
    measurement("clock", "good"),
    measurement("accounts", "bad"),
    measurement("ike", "", "tgt-0002", Reach.UNREACHED),
)


def answers(catalogue: Catalogue) -> list[Answer]:
    """Answers of all sorts to the items of a catalogue, some of them against what was measured."""
    replies = (Reply.YES, Reply.YES, Reply.NO, Reply.PARTLY, Reply.NOT_APPLICABLE, None)
    made = []
    for at, item in enumerate(item for item in catalogue.items if item.mode is not Mode.GROUP):
        reply = replies[at % len(replies)]
        if reply is not None:
            made.append(
                Answer(
                    catalogue.id, item.id, reply, NOW - DAY_MS, ("evd-0001",) if at % 2 else (),
                    Audience.PUBLIC if at % 3 else Audience.ASSESSOR, NOW + 30 * DAY_MS if reply is Reply.NO else 0,
                    owner="担当 花子", text="秘密の説明",
                )
            )  # fmt: skip
    return made


def sealed_run(
    on: Shelf,
    links: Crosswalk | None = None,
    measured: Sequence[Measurement] = MEASURED,
    given: Sequence[Answer] = (),
    features: frozenset[str] = FEATURES,
) -> Sealed:
    """A run as the service keeps it."""
    walk = links or Crosswalk([])
    inputs = Inputs(features, tuple(measured), tuple(given), NOW)
    return seal_run(
        institution="inst-0001",
        run="run-0001",
        inputs=inputs,
        results=evaluate(on, walk, inputs, judges()),
        catalogues=[(one.id, one.digest) for one in on.catalogues],
        crosswalk=links_digest(walk.links),
    )


def ops_view(audience: Audience = Audience.PUBLIC) -> RunView:
    """The guideline under a run with measurements, answers and contradictions."""
    on = shelf(OPS)
    catalogue = on.catalogue(OPS)
    return view_run(sealed_run(on, given=answers(catalogue)), catalogue, judges(), audience)


def small_view(text: str = "本文", parameters: Mapping[str, Parameter] | None = None) -> RunView:
    """A catalogue of two items, one under a heading, with ``text`` wherever a person may write."""
    catalogue = small_catalogue(text, parameters)
    on = Shelf([catalogue])
    given = [Answer("small", "1-1", Reply.NO, NOW - DAY_MS, (), Audience.PUBLIC, NOW + DAY_MS, owner="x", text="x")]
    return view_run(sealed_run(on, given=given), catalogue, judges())


def small_catalogue(text: str, parameters: Mapping[str, Parameter] | None = None) -> Catalogue:
    """See :func:`small_view`."""
    groups = (Group("1", Words("章", "chapter"), ("web_service",)), Group("空", Words("何もない章")))
    items = (
        Item("1", "1", "第1章", Mode.GROUP, Words("見出し")),
        Item("1-1", "1", "第1章 ①", Mode.PEOPLE, Words(text, text), "1", text, evidence=(text,), report=True),
        Item("2(1)ア", "1", "", Mode.MEASURED, Words(text), plain=text, checks=("tls.versions",), place=True),
    )
    return with_digest(
        Catalogue(
            "small", "small", 3, Words("小さな表", "small table"), "文書", "第1版", "発行者", "draft", "", "S000",
            dict(parameters or {}), groups, items,
        )
    )  # fmt: skip
