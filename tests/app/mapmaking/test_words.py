"""Words that no thesaurus understood: queued by conversions, decided by people, used by the conversions after that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from akashi.app.desk.conversion import make_draft
from akashi.app.desk.drafts import Draft
from akashi.app.desk.maps import MapShelf
from akashi.app.gateway.home import Gateway
from akashi.app.mapmaking import queue
from akashi.app.mapmaking.queue import Fate, QueuedWord, WordQueue, WordRefused, WordUnknown
from akashi.app.mapmaking.words import Verdict, WordFindingUnknown, decide, queued
from akashi.checkup.thesaurus.thesaurus import load_thesaurus
from akashi.durable import DiskFull
from akashi.identity.errors import NotPermitted
from akashi.identity.journal import Outcome
from akashi.identity.model import Role
from akashi.vault.documents import Documents
from tests.app.service import CLINIC, SHELF, Service, encoded, rows_of


@pytest.fixture
def desk(service: Service) -> Service:
    """The clinic converts with its own shelf, which knows what is decided there."""
    shelf = MapShelf(service.clinic.paths.maps, decided=service.clinic._decided_words)
    shelf._items, shelf._words, shelf._shipped = SHELF.items(), SHELF.words(), SHELF.shipped()
    service.clinic.maps = shelf
    return service


def converted(gateway: Gateway, *findings: str) -> Draft:
    """A file of invented people with these findings of the ECG."""
    heads, rows = rows_of("hoshi", len(findings), messy=False, seed=7)
    people = [list(row) for row in rows]
    for row, finding in zip(people, findings, strict=True):
        row[heads[-1].index("心電図所見")] = finding
    return make_draft(gateway, "kekka.csv", encoded(heads, iter(people), "hoshi"), kinds=())


def waiting(desk: Service) -> dict[str, int]:
    """The words that wait, with their counts."""
    return {one.word: one.count for one in queued(desk.clinic, desk.session(CLINIC)).waiting}


def word(desk: Service, text: str) -> QueuedWord:
    """The queued word with this text."""
    return next(one for one in desk.clinic.words.words().values() if one.word == text)


def say(desk: Service, text: str, verdict: Verdict, finding: str = "", part: str = "") -> QueuedWord:
    """Decide about a word."""
    return decide(desk.clinic, desk.session(CLINIC), word(desk, text).handle, verdict, finding, part)


def standard(draft: Draft) -> str:
    """The CSV of a draft."""
    return dict(draft.documents)["standard.csv"].decode("cp932")


def test_a_conversion_queues_what_nobody_understood(desk: Service) -> None:
    """Counted over conversions, widths levelled; where nothing was unknown there is no store."""
    converted(desk.clinic, "洞徐脈")
    before = desk.clinic.paths.words.exists(), waiting(desk)
    converted(desk.clinic, "謎の波", "ナゾ")
    converted(desk.clinic, "ﾅｿﾞ")

    assert before == (False, {})
    assert waiting(desk) == {"ナゾ": 2, "謎の波": 1}


def test_a_decision_counts_from_the_next_conversion_on(desk: Service) -> None:
    """The word is the finding then; what was converted before stays; the next process knows it, too."""
    old = converted(desk.clinic, "謎の波")
    learnt = say(desk, "謎の波", Verdict.FINDING, "不整脈")
    new = converted(desk.clinic, "謎の波（軽度）")
    other = Gateway.__new__(Gateway)
    other.__dict__.update(desk.clinic.__dict__)
    del other.__dict__["words"]
    texts = other._decided_words()
    other.words.close()

    assert (learnt.fate, learnt.by) == (Fate.LEARNT, desk.session(CLINIC).person)
    assert "謎の波" in standard(old)
    assert "不整脈（軽度）" in standard(new)
    assert "謎の波" not in standard(new)
    assert waiting(desk) == {}
    assert load_thesaurus(texts[0]).valid[0].isoformat() == "2026-11-21"


def test_a_part_of_a_word_can_be_the_finding(desk: Service) -> None:
    """The rest keeps its own meaning; a word understood since then waits no longer."""
    converted(desk.clinic, "軽度みだれ波", "中等度みだれ波")
    say(desk, "軽度みだれ波", Verdict.FINDING, "不整脈", "みだれ波")

    assert waiting(desk) == {}
    assert "不整脈（中等度）" in standard(converted(desk.clinic, "中等度みだれ波"))


def test_a_word_that_stays_as_written_waits_no_longer(desk: Service) -> None:
    """It stays put away when it comes again, and can be taken back."""
    converted(desk.clinic, "謎の波")
    say(desk, "謎の波", Verdict.KEEP)
    after = converted(desk.clinic, "謎の波")
    kept = queued(desk.clinic, desk.session(CLINIC))
    say(desk, "謎の波", Verdict.BACK)

    assert "謎の波" in standard(after)
    assert (kept.waiting, [(one.word, one.count) for one in kept.kept]) == ((), [("謎の波", 2)])
    assert waiting(desk) == {"謎の波": 2}


def test_a_decision_can_be_changed_and_every_version_stays(desk: Service) -> None:
    """The newest counts; the thesaurus counts up with every decision."""
    converted(desk.clinic, "謎の波")
    for finding in ("不整脈", "心房細動"):
        say(desk, "謎の波", Verdict.FINDING, finding)
    changed = standard(converted(desk.clinic, "謎の波"))
    say(desk, "謎の波", Verdict.BACK)
    clinic = desk.clinic
    place = next(name for name in clinic.words._documents.keys("words") if name.startswith("own-"))

    assert "心房細動" in changed
    assert waiting(desk) == {"謎の波": 1}
    assert [load_thesaurus(str(one.value)).version for one in clinic.words._documents.history("words", place)] == [
        3, 2, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "part", "error"),
    [
        ("ないはずの所見", "", WordFindingUnknown),
        ("", "", WordFindingUnknown),
        ("不整脈", "よその語", WordRefused),
        ("不整脈", "洞徐脈", WordRefused),
        ("不整脈", "謎", WordRefused),
    ],
)
def test_what_would_not_be_understood_is_refused(
    desk: Service, finding: str, part: str, error: type[Exception]
) -> None:
    """No finding that nobody has, no part that is not one or means something already, nothing that leaves the word unread."""
    converted(desk.clinic, "謎の波と洞徐脈と塊")
    with pytest.raises(error):
        say(desk, "謎の波と洞徐脈と塊", Verdict.FINDING, finding, part)

    assert waiting(desk) == {"謎の波と洞徐脈と塊": 1}
    assert desk.clinic.words.texts() == ()


def test_a_negation_never_becomes_a_finding(desk: Service) -> None:
    """Nobody can decide that what says no is a finding."""
    converted(desk.clinic, "謎の波なし")
    with pytest.raises(WordRefused):
        say(desk, "謎の波なし", Verdict.FINDING, "不整脈")

    assert "謎の波なし" in standard(converted(desk.clinic, "謎の波なし"))


def test_deciding_needs_who_may_manage_maps(desk: Service) -> None:
    """An operator sees the queue and decides nothing; each step is in the journal, with the handle and no word."""
    converted(desk.clinic, "謎の波")
    session, clinic = desk.session(CLINIC), desk.clinic
    handle = word(desk, "謎の波").handle
    clinic.accounts.change_roles(session.person, Role.OPERATOR)
    with pytest.raises(NotPermitted):
        decide(clinic, desk.session(CLINIC), handle, Verdict.KEEP)

    assert waiting(desk) == {"謎の波": 1}


def test_every_step_is_in_the_journal(desk: Service) -> None:
    """With the word's handle and no word; an unknown handle is refused and journalled."""
    converted(desk.clinic, "謎の波")
    say(desk, "謎の波", Verdict.KEEP)
    with pytest.raises(WordUnknown):
        decide(desk.clinic, desk.session(CLINIC), "word-0000", Verdict.KEEP)
    entries = list(desk.clinic.journal.entries())[-2:]

    assert [(one.subject, one.outcome, one.reason) for one in entries] == [
        (word(desk, "謎の波").handle, Outcome.DONE, "maps.manage"),
        ("word-0000", Outcome.REFUSED, "app.word_unknown"),
    ]
    assert "謎の波" not in repr(word(desk, "謎の波"))


def test_the_store_holds_no_word_in_the_clear(desk: Service) -> None:
    """Neither words nor findings nor names derived from them without the key."""
    converted(desk.clinic, "謎の波")
    say(desk, "謎の波", Verdict.FINDING, "不整脈")
    stored = b"".join(path.read_bytes() for path in desk.clinic.paths.root.glob("words.db*"))

    assert stored
    assert not any(text.encode() in stored for text in ("謎の波", "不整脈", "hoshi"))


def test_the_queue_is_bounded(desk: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound new words wait for room; known ones are counted on. Texts longer than any word are not queued."""
    monkeypatch.setattr(queue, "DISTINCT_LIMIT", 2)
    converted(desk.clinic, "謎の一", "謎の二", "謎の三", "謎" * 90)
    converted(desk.clinic, "謎の一", "謎の一", "謎の三", "謎の二")

    assert sorted(waiting(desk).values()) == [2, 3]


def test_a_full_disk_stops_no_conversion(desk: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft still says which words nobody understood."""

    def full(*_: object) -> int:
        raise DiskFull(name="words.db")

    monkeypatch.setattr(queue.WordQueue, "add", full)

    assert converted(desk.clinic, "謎の波").report.unmatched == {"ecg": {"謎の波": 1}}


def test_two_processes_lose_no_decision(desk: Service) -> None:
    """Who writes last writes with what the other decided meanwhile."""
    converted(desk.clinic, "謎の波", "ナゾ")
    clinic = desk.clinic
    ours, theirs = desk.clinic.words, WordQueue(Documents(clinic.paths.words, clinic.keystore, "words"), clinic.clock)
    done: list[QueuedWord] = []

    def meanwhile(_text: str) -> None:
        if not done:
            done.append(theirs.settle(_learnt(word(desk, "ナゾ")), lambda _: None, "per-0001"))

    ours.settle(_learnt(word(desk, "謎の波")), meanwhile, "per-0002")
    theirs.close()
    [text] = ours.texts()

    [(finding, synonyms)] = load_thesaurus(text).sections[0].findings.items()
    assert (finding, sorted(synonyms)) == ("不整脈", ["ナゾ", "謎の波"])


def _learnt(one: QueuedWord) -> QueuedWord:
    return replace(one, fate=Fate.LEARNT, finding="不整脈", part=one.word)
