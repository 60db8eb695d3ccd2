"""A PDF is judged in a process of its own, which is killed when it takes too long or too much."""

from __future__ import annotations

import pytest

from akashi.app.duty.judging import judged_apart
from akashi.signatures.checking import check_pdf
from akashi.signatures.errors import DocumentRefused
from akashi.signatures.model import Limits, Trust
from tests.signatures.pki import NOW_MS, blank_pdf


def _refused(data: bytes, **bounds: float) -> object:
    with pytest.raises(DocumentRefused) as caught:
        judged_apart(data, Trust(), NOW_MS, **bounds)  # type: ignore[arg-type]  # bounds by name
    return caught.value.params["what"]


def test_the_answer_is_the_same_as_here() -> None:
    """Judged apart or in this process: nothing differs."""
    assert judged_apart(blank_pdf(), Trust(), NOW_MS) == check_pdf(blank_pdf(), Trust(), NOW_MS)


def test_a_refusal_keeps_its_word() -> None:
    """What the file is refused for is told as it would be here."""
    assert _refused(b"no PDF at all") == "format"
    assert _refused(b"%PDF-1.7 and nothing") == "format"


def test_what_takes_too_long_is_killed() -> None:
    """Attack: a file that is read for ever; the asker waits as long as was said, and the process is gone."""
    assert _refused(blank_pdf(), seconds=0.01) == "time"


def test_what_takes_too_much_memory_is_refused() -> None:
    """Attack: a file that grows; the process ends within its bound and nobody else is touched."""
    assert _refused(b"%PDF-1.7" + bytes(48 * 1024**2), memory=64 * 1024**2) == "memory"


def test_what_is_too_large_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Size is looked at first."""
    monkeypatch.setattr("akashi.app.duty.judging.subprocess.run", lambda *_a, **_k: pytest.fail("started"))
    assert _refused(bytes(Limits().bytes_most + 1)) == "size"
