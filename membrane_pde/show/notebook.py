"""Display of a case or a result in a notebook: the tables of the command line."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from membrane_pde.show import report, report_along, report_case, words

if TYPE_CHECKING:
    from membrane_pde.input.case import Case
    from membrane_pde.results.result import Result


def register() -> None:
    """Register the display of a `Case` and a `Result` with IPython, if it runs; their text remains one line."""
    import IPython

    shell = IPython.get_ipython()
    if shell is None:
        return
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type_by_name("membrane_pde.results.result", "Result", of_result)
    formatter.for_type_by_name("membrane_pde.results.along_result", "AlongResult", of_result)
    formatter.for_type_by_name("membrane_pde.input.case", "Case", of_case)


def of_result(result: Result) -> str:
    """The sentence and the tables that `membrane-pde run` prints, as HTML."""
    first = [_title(result.case.title or result.case.name), f"<p>{html.escape(words.in_words(result))}</p>"]
    if result.case.module is not None:
        elements = report_along.elements_table(result.case, result.summary["elements"])
        totals = report_along.totals_table(result.case, result.summary)
        return "".join([*first, _table(report_along.HEADER, totals), _table(*elements, numeric_from=0)])
    blocks = [
        *first,
        _table(report.sides_header(result.case), report.sides_table(result)),
        _table(report.MEMBRANE_HEADER, report.membrane_table(result)),
    ]
    if "error_estimate" in result.summary:
        blocks.append(_table(report.ACCURACY_HEADER, report.accuracy_table(result.summary)))
    return "".join(blocks)


def of_case(case: Case) -> str:
    """The case as `membrane-pde show` prints it, as HTML; the long list of keys folds."""
    rows = report_case.case_table(case)
    return (
        f"{_title(case.title or case.name)}<p>{html.escape(', '.join(case.solutes))}</p>"
        f"<details><summary>{len(rows)} values, in SI units</summary>"
        f"{_table(('key', 'value', 'unit'), rows, numeric_from=3)}</details>"
    )


def _title(text: str) -> str:
    return f"<p><b>{html.escape(str(text))}</b></p>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numeric_from: int = 2) -> str:
    """A table; columns from `numeric_from` on are aligned to the right, as on a terminal."""

    def line(cells: Iterable[str], tag: str) -> str:
        styles = ("left" if i < numeric_from else "right" for i in range(len(header)))
        parts = (
            f'<{tag} style="text-align:{style};white-space:pre">{html.escape(cell)}</{tag}>'
            for cell, style in zip(cells, styles, strict=True)
        )
        return f"<tr>{''.join(parts)}</tr>"

    head = f"<thead>{line(header, 'th')}</thead>" if any(header) else ""
    return f"<table>{head}<tbody>{''.join(line(row, 'td') for row in rows)}</tbody></table>"
