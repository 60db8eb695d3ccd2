"""The table of judges: check id and version to a pure function from facts and thresholds to an opinion.

Guarantees: a judge is found by name and version for ever, so that an old bundle is judged by the judge it names; a target that was not
reached, a probe that broke and a fact that is missing give 判定不能, never 適合; of several targets the worst counts. Refuses: a second
judge of the same name and version. Trusts: the facts; who vouches for them is the bundle's to say.

::

    @judge("ssh.policy", probe="ssh", defaults={"ssh.password": False})
    def ssh_policy(facts: Facts, limits: Limits) -> Opinion:
        ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from akashi.conformity.errors import FactMissing
from akashi.conformity.model import (
    RAN_OUT,
    CheckResult,
    Fact,
    Facts,
    Measurement,
    Opinion,
    Parameter,
    Reach,
    Scalar,
    Verdict,
    Words,
)
from akashi.errors import Misuse

_WORST_FIRST = (Verdict.FAILS, Verdict.UNDECIDED, Verdict.PARTIAL, Verdict.CONFORMS, Verdict.NOT_APPLICABLE)


class Limits:
    """The thresholds of the edition in question, over the judge's own defaults."""

    def __init__(
        self, parameters: Mapping[str, Parameter], defaults: Mapping[str, Scalar | tuple[Scalar, ...]]
    ) -> None:
        self._parameters, self._defaults = parameters, defaults

    def value(self, key: str) -> Scalar | tuple[Scalar, ...]:
        """The edition's value, else the default; a key that the judge did not declare is a defect."""
        if key not in self._defaults:
            raise Misuse(what=f"parameter {key}")
        found = self._parameters.get(key)
        return self._defaults[key] if found is None else found.value

    def number(self, key: str) -> int:
        """As an integer."""
        value = self.value(key)
        if type(value) is not int:
            raise Misuse(what=f"parameter {key}")
        return value

    def text(self, key: str) -> str:
        """As a string."""
        return str(self.value(key))

    def truth(self, key: str) -> bool:
        """As a boolean."""
        return self.value(key) is True

    def texts(self, key: str) -> tuple[str, ...]:
        """As strings; a scalar is a list of one."""
        value = self.value(key)
        return tuple(str(one) for one in value) if isinstance(value, tuple) else (str(value),)


class Given:
    """The facts of one reached measurement, with typed access that fails into 判定不能."""

    def __init__(self, facts: Facts, ended_ms: int) -> None:
        self._facts, self.ended_ms = facts, ended_ms

    def has(self, key: str) -> bool:
        """Whether the probe gave this fact."""
        return key in self._facts

    def truth(self, key: str) -> bool:
        """A boolean fact."""
        return bool(self._typed(key, bool))

    def number(self, key: str) -> int:
        """An integer fact."""
        value = self._typed(key, int)
        if isinstance(value, bool) or not isinstance(value, int):
            raise FactMissing(name=key)
        return value

    def text(self, key: str) -> str:
        """A string fact."""
        return str(self._typed(key, str))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self._typed(key, tuple)
        if not isinstance(value, tuple):
            raise FactMissing(name=key)
        return value

    def _typed(self, key: str, of: type) -> Fact:
        value = self._facts.get(key)
        if value is None or not isinstance(value, of):
            raise FactMissing(name=key)
        return value


One = Callable[[Given, Limits], Opinion]
Whole = Callable[[Sequence[Given], Limits], Opinion]


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge: which probe's measurements it reads, and what it says."""

    check: str
    version: int
    probe: str
    defaults: Mapping[str, Scalar | tuple[Scalar, ...]]
    whole: bool
    decide: Callable[..., Opinion]


class Judges:
    """``(check, version) -> judge``; the newest version of each is the one that new runs use."""

    def __init__(self) -> None:
        self._judges: dict[tuple[str, int], Judge] = {}

    def judge(
        self,
        check: str,
        *,
        probe: str,
        version: int = 1,
        defaults: Mapping[str, Scalar | tuple[Scalar, ...]] | None = None,
    ) -> Callable[[One], One]:
        """Register a judge of one measurement."""

        def wrap(decide: One) -> One:
            self._add(Judge(check, version, probe, defaults or {}, whole=False, decide=decide))
            return decide

        return wrap

    def judge_all(
        self,
        check: str,
        *,
        probe: str,
        version: int = 1,
        defaults: Mapping[str, Scalar | tuple[Scalar, ...]] | None = None,
    ) -> Callable[[Whole], Whole]:
        """Register a judge that sees all reached measurements of its probe at once."""

        def wrap(decide: Whole) -> Whole:
            self._add(Judge(check, version, probe, defaults or {}, whole=True, decide=decide))
            return decide

        return wrap

    def _add(self, judge: Judge) -> None:
        if (judge.check, judge.version) in self._judges:
            raise Misuse(what=f"judge {judge.check} twice")
        self._judges[judge.check, judge.version] = judge

    @property
    def checks(self) -> frozenset[str]:
        """The ids of all checks."""
        return frozenset(check for check, _ in self._judges)

    def find(self, check: str, version: int | None = None) -> Judge | None:
        """The judge of this version, or the newest one."""
        if version is not None:
            return self._judges.get((check, version))
        versions = [one for name, one in self._judges if name == check]
        return self._judges[check, max(versions)] if versions else None


JUDGES = Judges()
judge, judge_all = JUDGES.judge, JUDGES.judge_all


def conforms(reason: str, ja: str, en: str, *, expires_ms: int = 0) -> Opinion:
    """適合."""
    return Opinion(Verdict.CONFORMS, reason, Words(ja, en), expires_ms)


def partial(reason: str, ja: str, en: str, *, expires_ms: int = 0) -> Opinion:
    """一部適合."""
    return Opinion(Verdict.PARTIAL, reason, Words(ja, en), expires_ms)


def fails(reason: str, ja: str, en: str) -> Opinion:
    """不適合."""
    return Opinion(Verdict.FAILS, reason, Words(ja, en))


def not_applicable(reason: str, ja: str, en: str) -> Opinion:
    """対象外."""
    return Opinion(Verdict.NOT_APPLICABLE, reason, Words(ja, en))


def undecided(reason: str, ja: str, en: str) -> Opinion:
    """判定不能."""
    return Opinion(Verdict.UNDECIDED, reason, Words(ja, en))


_MISSING = undecided(
    "check.fact", "測定の結果に必要な値がありません。", "The measurement lacks a value that is needed."
)
_NOT_MEASURED = undecided("check.not_measured", "まだ測っていません。", "Not measured yet.")
_BY_REACH = {
    Reach.UNREACHED: undecided("check.unreached", "対象に届きませんでした。", "The target was not reached."),
    Reach.REFUSED: undecided(
        "check.refused", "対象の同意または登録がありません。", "The target has no consent or registration."
    ),
    Reach.BROKEN: undecided("check.broken", "測定の道具が動きませんでした。", "The probe or its tool did not work."),
}


def judge_check(judge: Judge, measurements: Iterable[Measurement], parameters: Mapping[str, Parameter]) -> CheckResult:
    """The result of one check over all measurements of its probe. Pure."""
    mine = [one for one in measurements if one.probe == judge.probe]
    limits = Limits(parameters, judge.defaults)
    opinions = [_waited(_BY_REACH[one.reach], one.facts) for one in mine if one.reach is not Reach.REACHED]
    reached = [one for one in mine if one.reach is Reach.REACHED]
    given = [Given(one.facts, one.ended_ms) for one in reached]
    if judge.whole:
        if reached:
            opinions.append(_waited(_asked(judge, given, limits), *(one.facts for one in mine)))
    else:
        opinions += [
            _waited(_asked(judge, facts, limits), one.facts) for one, facts in zip(reached, given, strict=True)
        ]
    worst = worst_of(opinions) if opinions else _NOT_MEASURED
    oldest = min((one.ended_ms for one in mine), default=0)
    return CheckResult(judge.check, judge.version, worst, oldest, attempted=bool(mine))


def _asked(judge: Judge, given: Given | list[Given], limits: Limits) -> Opinion:
    try:
        return judge.decide(given, limits)
    except (FactMissing, ValueError, ArithmeticError, LookupError):  # facts of a stranger's bundle may be anything
        return _MISSING


def _waited(opinion: Opinion, *facts: Facts) -> Opinion:
    """判定不能 after a wait that was in vain says how long the wait was: on a slow network more may be seen with a longer one."""
    limits = [limit for one in facts if isinstance(limit := one.get(RAN_OUT), int) and not isinstance(limit, bool)]
    if opinion.verdict is not Verdict.UNDECIDED or not limits:
        return opinion
    why, seconds = opinion.why, f"{max(limits) / 1000:g}"
    ja, en = f"答えを {seconds} 秒まで待ちました。", f"Answers were waited for up to {seconds} s."
    return replace(opinion, why=Words(f"{why.ja}{ja}", f"{why.en} {en}"))


def worst_of(opinions: Sequence[Opinion]) -> Opinion:
    """不適合 before 判定不能 before 一部適合 before 適合 before 対象外; the earliest expiry of equals."""
    if not opinions:
        raise Misuse(what="no opinions")
    return min(opinions, key=lambda one: (_WORST_FIRST.index(one.verdict), one.expires_ms or 1 << 62))
