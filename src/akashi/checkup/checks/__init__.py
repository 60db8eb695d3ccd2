"""Checks across the cells of one person, and across the persons of one file.

Guarantees: a check looks, says and changes nothing; each finding has a code, a severity, a place and a sentence that says what to
do. Refuses: computing a value, a judgement or an L/N/H. Trusts: the item table for which items belong together.

Two roads use the same pure functions:

* records (``running.check_records``): every format that is read into records;
* the compiled engine: ``national.checks_for(items, program, on=…, present=…)`` for checks over several cells,
  ``cells.limits_of`` and ``cells.cell_findings`` once per distinct text of a cell (range, bytes, answer),
  ``persons.Duplicates`` per row, ``national.missing_columns`` once per file.

Checks whose ``wanted`` is a single cell (``required.…``, ``insurer`` …) depend on that cell's text alone, so an engine may fold
them into the reading of the cell. Everything is listed with its source in docs/checkup-checks.md.
"""
