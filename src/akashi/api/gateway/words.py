"""Routes of words that no thesaurus understood: the queue, and decisions about it.

Guarantees: the same use cases as the page, so the same permissions and journal entries; a word is named by its handle, never in an address.
Refuses unknown fields and findings that no thesaurus has. Trusts: the session.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.app.mapmaking import words

router = APIRouter(prefix="/api/v1/words", tags=["maps"])
Word = Annotated[str, Path(pattern=r"^word-[0-9a-f]{32}$")]


class DecisionBody(Strict):
    """What is decided: a finding (``part``: which part of the word it is), that the word stays as written, or that it waits again."""

    decision: Literal["finding", "keep", "back"]
    finding: str = Field(default="", max_length=80, repr=False)
    part: str = Field(default="", max_length=80, repr=False)


@router.get("", **person("checkup.convert"))
def listed(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """Words that wait, that stay as written, and that mean something here; the findings of each modality to choose from."""
    found = words.queued(gateway, session)
    return {
        "waiting": [words.word_row(one) for one in found.waiting],
        "kept": [words.word_row(one) for one in found.kept],
        "learnt": [words.word_row(one) for one in found.learnt],
        "findings": words.findings(gateway, session),
    }


@router.post("/{word}", **person("maps.manage"))
def decide(gateway: GatewayHere, session: SessionHere, word: Word, body: DecisionBody) -> dict[str, object]:
    """Decide about one word: it counts for conversions from now on."""
    made = words.decide(gateway, session, word, words.Verdict(body.decision), body.finding, body.part)
    return words.word_row(made)
