"""How one cell is read: pure functions from text to :class:`akashi.checkup.model.Outcome`.

Guarantees: no function here raises on any text, and reading a standard text again gives the same standard text.
Refuses: guessing. What no rule understands stays verbatim and carries a finding code.
"""
