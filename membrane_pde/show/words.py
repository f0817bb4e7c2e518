"""Summary of any kind of result in one or two sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from membrane_pde.show.readings import labels_of
from membrane_pde.show.report_along import along_sentence
from membrane_pde.show.sentences import sentence

if TYPE_CHECKING:
    from membrane_pde.results.result import Result


def in_words(result: Result) -> str:
    """Say in plain language what happened; see `sentences.sentence` and `report_along.along_sentence`."""
    if result.case.module is not None:
        return along_sentence(result.case, result.summary)
    return sentence(result.summary, labels_of(result.case))
