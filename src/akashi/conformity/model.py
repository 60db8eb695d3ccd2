"""The values of conformity: catalogues, measurements, opinions, answers, decisions.

Guarantees: frozen values without behaviour; permanent enum numbers, only appended. Facts are small and free of personal data and
addresses (counts, versions, algorithm names, codes); what holds names of people or networks is in ``raw``, which does not show in
``repr`` and leaves only sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypeAlias

Scalar: TypeAlias = bool | int | str
Fact: TypeAlias = bool | int | str | tuple[str, ...]
Facts: TypeAlias = Mapping[str, Fact]
DAY_MS = 86_400_000
NOBODY = ""
"""The id of no heading: the item stands at the top of its group."""


class Verdict(IntEnum):
    """適合 / 一部適合 / 不適合 / 対象外 / 判定不能."""

    CONFORMS = 1
    PARTIAL = 2
    FAILS = 3
    NOT_APPLICABLE = 4
    UNDECIDED = 5


class Basis(IntEnum):
    """What a verdict stands on: 実測 / 文書 / 自己申告 / nothing yet."""

    MEASURED = 1
    DOCUMENT = 2
    WORD = 3
    NONE = 4


class Mode(StrEnum):
    """Who can decide an item: a program alone, a program and a person, people only; or it is a heading."""

    MEASURED = "measured"
    PARTLY = "partly"
    PEOPLE = "people"
    GROUP = "group"


class Relation(StrEnum):
    """How an item relates to one of another catalogue, read from the first to the second."""

    EQUAL = "equal"
    COVERS = "covers"
    PART_OF = "part_of"
    OVERLAPS = "overlaps"


class Reach(IntEnum):
    """How far a probe came."""

    REACHED = 1
    UNREACHED = 2
    REFUSED = 3
    """The rules forbid it: no consent, not registered, rate used up."""
    BROKEN = 4
    """The probe or its tool failed."""


class Reply(IntEnum):
    """What a person answers: はい / 一部 / いいえ / 対象外."""

    YES = 1
    PARTLY = 2
    NO = 3
    NOT_APPLICABLE = 4


class Audience(IntEnum):
    """Who may see an answer or evidence: everybody, customers, the assessor only."""

    PUBLIC = 1
    CUSTOMERS = 2
    ASSESSOR = 3


class TargetKind(StrEnum):
    """What a probe looks at. Names are permanent, only appended."""

    TLS = "tls"
    """``address`` host:port of a TLS server."""
    HOST = "host"
    """``address`` a host (ports, SSH, IKE, default passwords)."""
    FILE = "file"
    """``address`` a file or folder on this machine (configurations, exports, lists)."""
    MACHINE = "machine"
    """This machine."""
    AKASHI = "akashi"
    """An Akashi home or service."""
    BACKUP = "backup"
    """A backup repository or folder."""


RAN_OUT = "answer.limit_ms"
"""A fact that every probe of a network may have: the longest wait, in ms, that ended without an answer. Where it is missing, no time ran out."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text in Japanese and, where there is one, in English."""

    ja: str
    en: str = ""

    def of(self, language: str) -> str:
        """The text in ``language``; Japanese where there is no other."""
        return self.en if language == "en" and self.en else self.ja


@dataclass(frozen=True, slots=True)
class Parameter:
    """A threshold of an edition. ``overrides``: an older edition that says otherwise cannot be met as well, and yields to this one."""

    value: Scalar | tuple[Scalar, ...]
    where: str = ""
    note: str = ""
    overrides: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A chapter or section; ``when``: the features that must all be declared."""

    id: str
    title: Words
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One requirement in our own words, with a pointer to the official one (catalogue, clause)."""

    id: str
    group: str
    clause: str
    mode: Mode
    text: Words
    parent: str = NOBODY
    plain: str = ""
    checks: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    report: bool = False
    valid_days: int = 365
    place: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One edition of one document. ``digest``: SHA-256 of its canonical form, what runs and bundles name."""

    id: str
    family: str
    order: int
    title: Words
    document: str
    edition: str
    publisher: str
    status: str
    date: str
    source: str
    parameters: Mapping[str, Parameter]
    groups: tuple[Group, ...]
    items: tuple[Item, ...]
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Link:
    """One line of a crosswalk."""

    source: str
    """``catalogue/item``."""
    target: str
    relation: Relation
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """Something that may be probed: where it is, who consented until when, and how many connections a second it bears."""

    handle: str
    kind: TargetKind
    address: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    consent_until_ms: int = 0
    rate: int = 20


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one probe saw of one target: facts to judge, raw bytes to keep, and how it was obtained."""

    probe: str
    version: int
    target: str
    vantage: str
    tool: str
    started_ms: int
    ended_ms: int
    reach: Reach
    facts: Facts
    note: str = ""
    """A dotted code where it was not reached, refused or broken."""
    raw_digest: bytes = b""
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge says of a check: verdict, a stable reason, the sentence why, and when it expires at the latest (0: as the item says)."""

    verdict: Verdict
    reason: str
    why: Words
    expires_ms: int = 0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """An opinion with the judge's name and version and the age of what it judged."""

    check: str
    judge_version: int
    opinion: Opinion
    measured_ms: int
    attempted: bool
    """A probe of this check ran, whether or not it reached its target."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's answer to one item. ``text``, ``owner`` and the names of evidence never leave sealed storage in the clear."""

    catalogue: str
    item: str
    reply: Reply
    answered_ms: int
    evidence: tuple[str, ...] = ()
    """Handles of evidence files (``evd-…``)."""
    audience: Audience = Audience.ASSESSOR
    due_ms: int = 0
    owner: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    carried_from: str = ""
    """The earlier year's answer that it continues, as ``answered_ms`` in decimal."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One item's verdict."""

    catalogue: str
    item: str
    verdict: Verdict
    basis: Basis
    reason: str
    why: Words
    expires_ms: int
    checks: tuple[CheckResult, ...] = ()
    contradiction: bool = False
    """A declared はい stands against a measured failure, or a declared 対象外 against something measured."""
    carried: str = ""
    """``catalogue/item`` that the verdict was carried from, over a crosswalk."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How many applicable, assessable items are decided by what; they sum up to ``total``."""

    measured: int
    document: int
    word: int
    open: int
    not_applicable: int

    @property
    def total(self) -> int:
        """All assessable items."""
        return self.measured + self.document + self.word + self.open + self.not_applicable
