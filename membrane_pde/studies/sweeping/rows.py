"""Rows of a sweep: the numbers and words of each solved point."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__, runs
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.wording import show
from membrane_pde.results.quantities import QUANTITIES, SUMMARY, TEXT

WORDS = tuple(each.name for each in QUANTITIES if each.unit == TEXT)
BY_SOLUTE = tuple(each.name for each in QUANTITIES if each.by_solute)
NUMBERS = tuple(each.name for each in QUANTITIES if each.unit not in (TEXT, SUMMARY) and not each.by_solute)
Chunk = tuple[NDArray[np.float64], list[tuple[str, ...]], float]  # (point, number), words by point, seconds


def _points(case: Case, chosen: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
    """The summaries of some points; a point that is no valid case has only status and message."""
    made: list[Case | str] = []
    for values in chosen:
        try:
            made.append(case.with_values(values))
        except CaseError as error:
            made.append(str(error))
    solved = iter(runs.summarize_all([each for each in made if isinstance(each, Case)]))
    failed = {"title": case.title, "status": "failed", "version": __version__}
    return [next(solved) if isinstance(each, Case) else {**failed, "message": each} for each in made]


def solve_chunk(case: Case, solutes: Sequence[str], chosen: Sequence[Mapping[str, object]]) -> Chunk:
    """Solve some points and return their rows."""
    begun = time.perf_counter()
    try:
        with _collector_paused(len(chosen) > 1):
            summaries = _points(case, chosen)
    except Exception:
        for values in chosen:  # the message should name the point
            _name_what_fails(case, values)
        raise
    rows, words = [], []
    for summary in summaries:
        row = [summary.get(name) for name in NUMBERS]
        for name in BY_SOLUTE:
            by_solute = summary.get(name) or {}
            row += [by_solute.get(solute) for solute in solutes]
        rows.append(row)
        words.append(tuple(summary.get(name) or "" for name in WORDS))
    numbers = np.array(rows, dtype=float)  # None is nan
    return numbers, words, time.perf_counter() - begun


@contextmanager
def _collector_paused(pause: bool) -> Iterator[None]:
    """Pause Python's garbage collector while the cases of a chunk, a tenth of a second of work, are alive.

    Otherwise they count as long-lived, so that it searches everything that is loaded, which takes as long as a chunk.
    """
    pause = pause and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


def _name_what_fails(case: Case, values: Mapping[str, object]) -> None:
    """Solve one point; an error names the values of the point."""
    try:
        _points(case, [values])
    except Exception as error:
        raise RuntimeError(f"{in_words(values)}: an unexpected error, {type(error).__name__}: {error}") from error


def in_words(values: Mapping[str, object]) -> str:
    """Keys and values of a point, for a message."""
    return ", ".join(f"{key} = {show(value)}" for key, value in values.items())
