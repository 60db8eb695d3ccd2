"""Drafts hold whole files of results in the clear: for a short while, for one session, for one sending.

Attack: memory that is read later, one person who takes all the room, and two clicks on one button.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from akashi.app.desk.drafts import LIFE_MS, MOST_EACH, Draft, Drafts
from akashi.app.errors import DraftBusy, DraftMissing, DraftsFull
from akashi.clock import FixedClock
from akashi.network.payloads.errors import CopiesMissing
from tests.app.service import START, Service, checkup_file

ONE, TWO = b"session one", b"session two"


@pytest.fixture
def draft(service: Service) -> Draft:
    """One converted file."""
    return service.draft(checkup_file(people=1))


@pytest.fixture
def clock() -> FixedClock:
    """A clock that the test moves."""
    return FixedClock(START)


def test_an_old_draft_leaves_memory_without_anybody_asking(draft: Draft, clock: FixedClock) -> None:
    """After its time a sweep forgets it, also if no other file is ever converted."""
    drafts = Drafts(clock)
    drafts.keep(draft, ONE)
    clock.advance(LIFE_MS - 1)
    young = drafts.sweep()
    clock.advance(1)

    assert (young, drafts.sweep(), drafts.sweep()) == (0, 1, 0)


def test_what_could_not_be_sent_is_kept_for_longer_but_not_for_ever(draft: Draft, clock: FixedClock) -> None:
    """Each time servers are away it gets a quarter of an hour from then on, an hour in all; what is refused gets none."""
    drafts = Drafts(clock)
    key, ends = drafts.keep(draft, ONE), []
    for error in (DraftMissing(), *[CopiesMissing(have=1, wanted=3)] * 7):
        with suppress(type(error)), drafts.claimed(key, ONE):
            raise error
        ends.append((drafts.kept_until(key) - START) / LIFE_MS)
        clock.advance(LIFE_MS // 2)

    assert ends == [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.0]
    with pytest.raises(DraftMissing):
        drafts.peek(key, ONE)
    assert drafts.kept_until(key) == 0


def test_signing_out_takes_ones_drafts_along(draft: Draft, clock: FixedClock) -> None:
    """What a session held is forgotten with it; another session's stays."""
    drafts = Drafts(clock)
    mine, theirs = drafts.keep(draft, ONE), drafts.keep(draft, TWO)
    drafts.forget(ONE)

    assert drafts.peek(theirs, TWO) is draft
    with pytest.raises(DraftMissing):
        drafts.peek(mine, ONE)


def test_one_session_does_not_take_all_the_room(draft: Draft, clock: FixedClock) -> None:
    """Who holds too many is refused; a colleague is not."""
    drafts = Drafts(clock)
    for _ in range(MOST_EACH):
        drafts.keep(draft, ONE)
    with pytest.raises(DraftsFull):
        drafts.keep(draft, ONE)

    assert drafts.keep(draft, TWO)


def test_a_draft_is_sent_by_one_request_at_a_time(draft: Draft, clock: FixedClock) -> None:
    """The second click while the first is under way is refused; after a failure the draft can be sent again."""
    drafts = Drafts(clock)
    key = drafts.keep(draft, ONE)
    with drafts.claimed(key, ONE) as held:
        with pytest.raises(DraftBusy), drafts.claimed(key, ONE):
            pass
        assert held is draft
    with drafts.claimed(key, ONE) as again:
        assert again is draft


def test_a_draft_is_claimed_by_its_own_session_only(draft: Draft, clock: FixedClock) -> None:
    """Another session is told that there is none."""
    drafts = Drafts(clock)
    key = drafts.keep(replace(draft, receiver="inst-0000"), ONE)
    with pytest.raises(DraftMissing), drafts.claimed(key, TWO):
        pass
    with drafts.claimed(key, ONE) as held:
        assert held.receiver == "inst-0000"
