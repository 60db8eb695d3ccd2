"""What a finding code is: its severity, what it says, and what to do about it, in two languages.

Guarantees: a code never changes its meaning. Refuses: values in sentences: a sentence speaks of the place, the
gateway shows the original beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.checkup.model import Severity

STOPS, WARNS, INFORMS = Severity.STOPS, Severity.WARNS, Severity.INFORMS


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One code with its severity, what it says (``ja``, ``en``) and what to do (``todo_ja``, ``todo_en``)."""

    code: str
    severity: Severity
    ja: str
    en: str
    todo_ja: str
    todo_en: str

    def sentence(self, language: str = "ja") -> str:
        """The sentence for a person; ``language`` is ``"ja"`` or ``"en"``."""
        return self.ja if language == "ja" else self.en

    def todo(self, language: str = "ja") -> str:
        """What to do about it; ``language`` is ``"ja"`` or ``"en"``."""
        return self.todo_ja if language == "ja" else self.todo_en
