"""Whatever the bytes: a reader reads them or says in our own words why not, and shows nothing of them."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator

import pytest

from akashi.checkup import Finding
from akashi.errors import AkashiError
from tests.checkup.fuzz.mutations import FAMILIES, MISPLACED
from tests.checkup.fuzz.samples import CANARIES, SUBJECTS, YAML

_SECRETS = (*CANARIES, MISPLACED)


def inner(made: object) -> Iterator[object]:
    """What came out, and the parts of it that its own ``repr`` leaves out."""
    yield made
    for part in made if isinstance(made, list | tuple) else getattr(made, "items", ()) or getattr(made, "columns", ()):
        yield from inner(part) if not isinstance(part, str) else ()


def shown(name: str, data: bytes) -> str:
    """All that a caller may put on a screen or in a log without meaning to: the error, or the ``repr`` of what came out."""
    findings: list[Finding] = []
    try:
        made = SUBJECTS[name].read(data, findings.append)
    except AkashiError as error:
        told = (error.sentence("ja"), error.sentence("en"), str(error), repr(error), error.params)
        # A cause or context would bring the foreign message into any traceback that is logged.
        return repr((told, error.__cause__, None if error.__suppress_context__ else error.__context__))
    # What a map or word list says is our own text; that it is not quoted in errors is seen above.
    return "" if name in YAML else repr((list(inner(made)), findings))


def leaks(text: str) -> list[str]:
    """The canaries in ``text``."""
    return [one for one in _SECRETS if one in text]


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_samples_are_read_whole(name: str) -> None:
    """What is spoilt below is a file that the reader takes, and it holds what must not be shown."""
    text = shown(name, SUBJECTS[name].sample())

    assert "Error" not in text
    assert leaks(text) == []


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", SUBJECTS)
def test_a_spoilt_file_is_read_or_refused(name: str, family: str, caplog: pytest.LogCaptureFixture) -> None:
    """No exception but our own leaves a reader; neither it nor what is read shows a cell; nothing is logged of it."""
    data = SUBJECTS[name].sample()
    with caplog.at_level(logging.DEBUG):
        told = [shown(name, spoilt) for spoilt in FAMILIES[family](data, random.Random(f"{name}/{family}"))]

    assert [leaks(text) for text in told if leaks(text)] == []
    assert leaks(caplog.text) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SUBJECTS)
def test_a_file_spoilt_twice_is_read_or_refused(name: str) -> None:
    """One spoiling after another, with another luck each time: what the quick suite looks at once, thirty times over."""
    data = SUBJECTS[name].sample()
    luck = random.Random(name)
    told: list[str] = []
    for _turn in range(30):
        first, second = (FAMILIES[luck.choice(sorted(FAMILIES))] for _time in range(2))
        once = luck.choice([spoilt for spoilt in first(data, luck) if spoilt])
        told += [shown(name, spoilt) for spoilt in second(once, luck)]

    assert [leaks(text) for text in told if leaks(text)] == []
