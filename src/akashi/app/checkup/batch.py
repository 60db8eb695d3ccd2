"""Many files at once: each recognised and converted in its own go, resumable, one summary at the end.

Guarantees: one bad file stops no other; a batch killed at any moment loses at most the files in hand, and what is half written never
counts; on going on, a file is kept only if it, its map, the item table, the terms and its outputs are the same; nothing is written outside
the output folder. Refuses: an output folder that holds something else. Trusts: the maps and the sender it is handed.

    summary = run_batch([Path("in")], Path("out"), Tables(items, definition, maps, on, limit), Terms())
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from akashi.app.checkup.batch_inputs import Found, find_inputs
from akashi.app.checkup.batch_pool import Plant, Watch, run_tasks
from akashi.app.checkup.batch_products import Terms
from akashi.app.checkup.batch_report import Across, Summary, summary_files
from akashi.app.checkup.batch_state import DONE, FAILED, STOPPED, State
from akashi.app.checkup.batch_work import Outcome, Tables, Task
from akashi.durable import write_file
from akashi.errors import InputError

__all__ = ["BatchIncomplete", "NothingToDo", "Summary", "Tables", "Terms", "Watch", "run_batch", "verify_whole"]


class NothingToDo(InputError):
    """No file was found; nothing was written."""

    code = "app.batch_nothing"
    ja, en = "変換するファイルがありません。", "There is no file to convert."
    hint_ja, hint_en = "ファイルまたはフォルダーの名前を確かめてください。", "Check the names of files and folders."


class BatchIncomplete(InputError):
    """Some files were not converted; the others were, and the summary names each."""

    code = "app.batch_incomplete"
    ja = "変換できなかったファイルがあります（失敗 {failed} 件、停止 {stopped} 件）。"
    en = "Some files were not converted ({failed} failed, {stopped} stopped)."
    hint_ja = "summary.xlsx で理由を確かめ、直してから --resume でやり直してください。"
    hint_en = "See summary.xlsx for the reasons, mend them, and run again with --resume."


class _Unwatched:
    """Nobody looks."""

    def begun(self, total: int) -> None:
        pass

    def reading(self, found: Found, done: int, total: int) -> None:
        pass

    def finished(self, outcome: Outcome) -> None:
        pass


def plan(state: State, found: Sequence[Found]) -> list[Task]:
    """A task per input; one that was met before keeps its number, so that numbers given out are never given to another."""
    known = {one.folder: entry.ordinal for one in found if (entry := state.entry(one.folder)) is not None}
    highest, tasks = state.ordinals(), []
    for one in found:
        if one.folder not in known:
            highest += 1
        tasks.append(Task(one, known.get(one.folder, highest)))
    return tasks


def run_batch(
    paths: Sequence[Path],
    out: Path,
    tables: Tables,
    terms: Terms,
    *,
    resume: bool = False,
    jobs: int = 1,
    watch: Watch | None = None,
) -> Summary:
    """Convert everything in ``paths`` into ``out``; the summary is also written there.

    Raises :class:`NothingToDo`, ``InputsTooMany``, ``BatchThere``, ``BatchForeign``, ``SenderIncomplete`` before anything is written, and
    ``DiskFull`` or ``OSError`` on the way (then ``resume`` goes on).
    """
    terms.verify()
    inputs = find_inputs(paths, out, tables.limit)
    if not inputs.found:
        raise NothingToDo
    state, across, outcomes = State.open(out, resume=resume), Across(), []
    watch = watch or _Unwatched()
    watch.begun(len(inputs.found))
    for outcome in run_tasks(Plant(tables, terms, state), plan(state, inputs.found), jobs, watch):
        if outcome.entry.state in (DONE, STOPPED):
            across.add(outcome.entry.name, state.persons(outcome.found.folder))
        outcomes.append(outcome)
    summary = Summary(tuple(outcomes), inputs.left_out, across.found(), across.complete)
    for name, data in summary_files(summary, terms.language).items():
        write_file(out / name, data)
    return summary


def verify_whole(summary: Summary) -> None:
    """Raises :class:`BatchIncomplete` where a file failed or was stopped."""
    totals = summary.totals()
    if totals[FAILED] or totals[STOPPED]:
        raise BatchIncomplete(failed=totals[FAILED], stopped=totals[STOPPED])
