"""The results of `membrane_pde.verify` as one self-contained HTML page with tables and plots."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from membrane_pde import __version__
from membrane_pde.show import htmlfile, report_checks
from membrane_pde.show.check_plots import draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = """
body { font: 15px/1.45 sans-serif; color: #222; background: #fff; max-width: 75em; margin: 2em auto; padding: 0 1em; }
h2 { margin-top: 2.2em; } table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 2px 10px 2px 0; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }
th:first-child, td:first-child, .words { text-align: left; } .FAIL { background: #fbd5d0; font-weight: bold; }
img { max-width: 100%; margin: 1em 0; } ol { font-size: 13px; color: #555; }
"""


def check_page(path: str | Path) -> None:
    """Make sure, before anything is computed, that a page can be written; see `htmlfile.check`."""
    htmlfile.check(path, "validate")


def write_page(path: str | Path, findings: Iterable[Any], quick: bool = False) -> None:
    """Write the page of the results of checks, which mentions `quick`; see `htmlfile.write`."""
    check_page(path)
    htmlfile.write(path, html(list(findings), quick), "validate")


def html(findings: Sequence[Any], quick: bool = False) -> str:
    """The page.

    Parameters
    ----------
    findings : sequence of verify.Findings
    quick : bool
        Said on it.

    Returns
    -------
    str
        HTML with its pictures inside.
    """
    title = "membrane-pde validate" + (" --quick" if quick else "")
    parts = [
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">{htmlfile.mark("validate")}',
        f"<title>{title}</title><style>{STYLE}</style></head><body>",
        f"<h1>{title}</h1><p>membrane-pde {__version__}. {report_checks.verdict(findings)} "
        "For each group: how many checks passed, and the check nearest to its tolerance. In the plots, points "
        "and broad lines are known values, with their spread if they were measured; thin lines (crosses, where "
        "there is no order) are the package. Beside them stands the error, where both are known at a place.</p>",
        _table(report_checks.GROUPS_HEADER, report_checks.groups_table(findings), links=True, words=(1, 2)),
    ]
    for each in findings:
        rows, sources = report_checks.checks_table(each.checks)
        parts.append(f'<h2 id="{each.group}">{escape(each.group)}: {escape(each.title)}</h2>')
        if each.panels:
            described = "; ".join(panel.title for panel in each.panels)
            parts.append(f'<img alt="{escape(described)}" src="data:image/svg+xml;base64,{_svg(draw(each.panels))}">')
        parts.append(_table(report_checks.CHECKS_HEADER, rows))
        parts.append(f"<ol>{''.join(f'<li>{escape(source)}</li>' for source in sources)}</ol>")
    return "\n".join([*parts, "</body></html>\n"])


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], links: bool = False, words: Sequence[int] = ()) -> str:
    def cell(text: str, place: int, tag: str = "td") -> str:
        kind = ' class="words"' if place in words else ""
        inside = f'<a href="#{text}">{escape(text)}</a>' if links and tag == "td" and place == 0 else escape(text)
        return f"<{tag}{kind}>{inside}</{tag}>"

    lines = ["<table><tr>" + "".join(cell(text, i, "th") for i, text in enumerate(header)) + "</tr>"]
    for row in rows:
        failed = "FAIL" in row or (links and len(set(row[1].split(" of "))) > 1)
        lines.append(
            f"<tr{' class=FAIL' if failed else ''}>{''.join(cell(text, i) for i, text in enumerate(row))}</tr>"
        )
    return "\n".join([*lines, "</table>"])


def _svg(figure: Figure) -> str:
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "membrane-pde"}):  # the same page from the same numbers
        figure.savefig(file, format="svg", metadata={"Date": None})
    return base64.b64encode(file.getvalue()).decode("ascii")
