"""Vulnerability lists: versions in their ecosystem's own order, severities by CVSS, and nothing dropped that might matter."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from akashi.conformity.errors import Unreached
from akashi.conformity.host.advisories import Advisory, Component, Span, affects, compare, counted, read_list
from akashi.conformity.host.bill import make_bill, read_bill
from tests.conformity.hoststand import dumped

PYTHON = [
    "1.0.dev1",
    "1.0a1.dev1",
    "1.0a1",
    "1.0b2",
    "1.0rc1",
    "1.0",
    "1.0.post1.dev2",
    "1.0.post1",
    "1.0.0",
    "1.1",
    "1!0.5",
    "2024.1",
]
DEBIAN = [
    "0.9",
    "1.0~rc1-1",
    "1.0",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb12u1",
    "1.0a-1",
    "1.0+dfsg-1",
    "1.9-1",
    "1.10-1",
    "1:0.5-1",
]
SEMANTIC = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.9.0",
    "1.10.0",
]


def test_python_versions_order_as_the_reference_says() -> None:
    """Every pair as the packaging library orders it (PEP 440)."""
    for one, other in itertools.product(PYTHON, PYTHON):
        left, right = Version(one), Version(other)
        assert compare(one, other, "PyPI") == (left > right) - (left < right), (one, other)


@pytest.mark.parametrize(("versions", "ecosystem"), [(DEBIAN, "Debian:12"), (SEMANTIC, "npm")])
def test_versions_stand_in_order(versions: list[str], ecosystem: str) -> None:
    """The lists are in the order that Debian policy 5.6.12 and semver.org item 11 give (`1.0` before `1.0-1` is Debian's)."""
    for (a, one), (b, other) in itertools.product(enumerate(versions), enumerate(versions)):
        assert compare(one, other, ecosystem) == (a > b) - (a < b), (one, other)


@given(
    st.from_regex(
        r"\A([0-9]{1,3}!)?[0-9]{1,4}(\.[0-9]{1,4}){0,3}((a|b|rc)[0-9]{1,2})?(\.post[0-9]{1,2})?(\.dev[0-9]{1,2})?\Z"
    ),
    st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,3}){0,3}(rc[0-9])?\Z"),
)
def test_any_python_version_orders_as_the_reference_says(one: str, other: str) -> None:
    """Also invented ones."""
    left, right = Version(one), Version(other)

    assert compare(one, other, "PyPI") == (left > right) - (left < right)


def test_what_cannot_be_compared_is_possible() -> None:
    """A strange version is not taken for a safe one."""
    advisory = Advisory("X-1", "PyPI", "lib", "high", (Span("0", fixed="2"),))

    assert affects(advisory, Component("PyPI", "lib", "unknown-build")) == "possible"


def test_a_list_without_versions_is_possible() -> None:
    """Neither ranges nor versions: a person must look."""
    assert affects(Advisory("X-1", "PyPI", "lib", "high"), Component("PyPI", "lib", "1")) == "possible"


@pytest.mark.parametrize(
    ("span", "version", "answer"),
    [
        (Span("0", fixed="2"), "1.9", "yes"),
        (Span("0", fixed="2"), "2", "no"),
        (Span("1.5", fixed="2"), "1.4", "no"),
        (Span("0", last="2"), "2", "yes"),
        (Span("0", last="2"), "2.1", "no"),
        (Span("1.5"), "99", "yes"),
    ],
)
def test_a_range_ends_where_it_says(span: Span, version: str, answer: str) -> None:
    """``fixed`` is outside, ``last_affected`` inside, an open range has no end."""
    assert affects(Advisory("X-1", "PyPI", "lib", "high", (span,)), Component("PyPI", "lib", version)) == answer


@pytest.mark.parametrize(
    ("vector", "severity"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "high"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "medium"),
        ("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", "low"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N", "unknown"),
    ],
)
def test_severity_follows_the_vector(vector: str, severity: str) -> None:
    """CVSS 3.1, section 7.1 and the scale of section 5; another version is unknown, which counts as grave."""
    entry = {
        "id": "X",
        "modified": "2026-01-01T00:00:00Z",
        "severity": [{"type": "CVSS_V3", "score": vector}],
        "affected": [{"package": {"ecosystem": "PyPI", "name": "lib"}, "versions": ["1"]}],
    }

    assert [one.severity for one in read_list(dumped(entry).encode())] == [severity]


def test_one_advisory_counts_once_for_a_component_at_its_worst() -> None:
    """Two ranges, of which one only might hit, are one finding."""
    loose = Advisory("X-1", "PyPI", "lib", "low")
    sharp = Advisory("X-1", "PyPI", "lib", "critical", (Span("0"),))

    assert counted([Component("PyPI", "lib", "1")], [loose, sharp]) == {
        "critical": 1,
        "high": 0,
        "medium": 0,
        "low": 0,
        "unknown": 0,
        "possible": 0,
    }


def test_an_entity_in_a_list_is_refused() -> None:
    """An XML text that grows by entities is not read."""
    bomb = b'<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;">]><rss>&c;</rss>'

    with pytest.raises(Unreached) as caught:
        read_list(bomb)
    assert caught.value.params == {"reason": "format"}


def test_our_own_bill_is_the_same_each_time_and_names_what_runs() -> None:
    """Byte for byte, with the libraries that this test uses, and a serial number that follows from the content."""
    bill = make_bill(version="1")

    assert bill == make_bill(version="1")
    assert bill != make_bill(version="2")
    assert {"cryptography", "hypothesis"} <= {one.name for one in read_bill(bill)}
