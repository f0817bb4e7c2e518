"""The verification manual: add to each of its pages the figures and the checks, computed now by `validate`.

`docs/verification/` says of each group of checks what the problem is and where the expected values come from; this adds
what came out. Groups are computed in several processes, so that the site is built in less time.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parents[2] / "membrane_pde" / "reference"
HEAVY = 5.0  # s; a group that takes longer is marked
RESULTS = re.compile(r"^:::\{results\}\n(.*?)^:::\n", re.DOTALL | re.MULTILINE)  # names of groups, one a line


@dataclass(frozen=True)
class Outcome:
    """What a group found, and how long it took on one core, s."""

    findings: Any
    seconds: float


def computed(name: str) -> Outcome:
    """Run the checks of a group."""
    from membrane_pde import verify

    start = time.process_time()
    return Outcome(verify.examine(name), time.process_time() - start)


def outcomes(names: Iterable[str]) -> list[Outcome]:
    """Run groups of checks, one for each CPU at a time; the long ones begin first."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    names = list(names)
    first = ("order", "conservation")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        work = {name: pool.submit(computed, name) for name in sorted(names, key=lambda each: each not in first)}
        return [work[name].result() for name in names]


def write(pages: Path) -> list[str]:
    """Complete the pages of the manual.

    Parameters
    ----------
    pages : path
        Folder with the copied `docs/verification`.

    Returns
    -------
    list of str
        What failed, one line each.
    """
    from membrane_pde import verify

    (pages / "data").mkdir()
    for table in REFERENCE.glob("*.csv"):
        shutil.copy2(table, pages / "data" / table.name)
    found = outcomes(verify.GROUPS)
    for each in found:
        page = pages / f"{each.findings.group}.md"
        page.write_text(page.read_text(encoding="utf-8") + _results(each, pages), encoding="utf-8")
    index = pages / "index.md"
    by_name = {each.findings.group: each for each in found}
    text = RESULTS.sub(lambda match: _part([by_name[name] for name in match[1].split()]), index.read_text("utf-8"))
    index.write_text(f"{text}\n{_verdict(found)}", encoding="utf-8")
    return [
        f"{each.findings.group}: {check.what}: expected {check.expected:g}, got {check.got:g}"
        for each in found
        for check in each.findings.checks
        if not check.passed
    ]


def _results(outcome: Outcome, pages: Path) -> str:
    """Figures, checks and sources of a group, as Markdown."""
    from membrane_pde.show import report_checks

    findings = outcome.findings
    passed = sum(check.passed for check in findings.checks)
    parts = [
        "\n## Result\n",
        f"{passed} of {len(findings.checks)} checks passed. To repeat them: `membrane-pde validate --only "
        f"{findings.group}`, which took {outcome.seconds:.1f} s here{' (heavy)' if _heavy(outcome) else ''}.\n",
    ]
    for place, panel in enumerate(findings.panels, 1):
        parts.append(_figure(panel, pages, f"{findings.group}-{place}"))
    rows, sources = report_checks.checks_table(findings.checks)
    parts += ["## Every check\n", _table(rows), "\n**Sources**\n"]
    parts += [f"{number}. {_escaped(source)}" for number, source in enumerate(sources, 1)]
    return "\n".join(parts) + "\n"


def _heavy(outcome: Outcome) -> bool:
    return outcome.seconds > HEAVY


def _figure(panel: Any, pages: Path, name: str) -> str:
    """Write the pictures of a panel, the curve and its error; gives the text that shows them side by side."""
    import matplotlib

    from membrane_pde.show.check_plots import draw_apart

    known = ", ".join(each.label for each in panel.series if not each.ours)
    alternatives = [f"{panel.title}: {panel.y or 'size'} over {panel.x or 'the cases'}, with {known}"]
    caption = f"{panel.title}."
    if errors := panel.differences():
        alternatives.append(f"Error: computed minus known, at most {_largest(errors)}")
        caption += f" First what is known and what the package computes, then the error: at most {_largest(errors)}."
    lines = []
    for figure, alternative, suffix in zip(draw_apart(panel), alternatives, ("", "-error"), strict=False):
        with matplotlib.rc_context({"svg.hashsalt": "membrane-pde"}):  # the same file from the same numbers
            figure.savefig(pages / f"{name}{suffix}.svg", format="svg", metadata={"Date": None})
        lines.append(f"![{_escaped(alternative)}]({name}{suffix}.svg)")
    return "{.pictures}\n" + "\n".join(lines) + f"\n\n{{.caption}}\n{_escaped(caption)}\n"


def _largest(errors: Iterable[Any]) -> str:
    """The largest error of a plot, in words."""
    import numpy as np

    from membrane_pde.show.formatting import number

    errors = list(errors)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = max(float(np.nanmax(np.abs(np.asarray(each.difference) / each.scale))) for each in errors)
    part = "each known value" if errors[0].relative else "the largest known value"
    return f"{number(100 * size, digits=2)} % of {part}" if size > 1e-4 else f"{number(size, digits=1)} of {part}"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    """The checks as a table, each with an anchor."""
    lines = ["| check | unit | expected | computed | error | tolerance | | source |", "| --- " * 8 + "|"]
    for place, row in enumerate(rows, 1):
        first, *others = (_escaped(cell) for cell in row)
        numbers = " | ".join(f"<span class='nowrap'>{cell}</span>" for cell in others)
        lines.append(f"| <span id='check-{place}'></span>{first} | {numbers} |")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Text that Markdown shows as it stands."""
    for sign in "\\`*_[]|#~$":
        text = text.replace(sign, f"\\{sign}")
    return escape(text, quote=False)


def _part(found: list[Outcome]) -> str:
    """A table of groups, and the pages that belong to them."""
    from membrane_pde.show import report_checks

    rows = report_checks.groups_table(each.findings for each in found)
    lines = ["| group | passed | nearest to its tolerance | error | tolerance | time |", "| --- " * 6 + "|"]
    for each, (group, passed, nearest, error, tolerance) in zip(found, rows, strict=True):
        taken = f"{each.seconds:.1f} s{' <b>heavy</b>' if _heavy(each) else ''}"
        numbers = " | ".join(f"<span class='nowrap'>{cell}</span>" for cell in (error, tolerance, taken))
        lines.append(
            f"| [{group}]({group}.md) | <span class='nowrap'>{passed}</span> | {_escaped(nearest)} | {numbers} |"
        )
    pages = "\n".join(each.findings.group for each in found)
    return "\n".join(lines) + f"\n\n:::{{toctree}}\n:hidden:\n\n{pages}\n:::\n"


def _verdict(found: list[Outcome]) -> str:
    from membrane_pde.show import report_checks

    return (
        f"**{report_checks.verdict(each.findings for each in found)}** Times are those of one core when this page was "
        f"made; a group that takes longer than {HEAVY:g} s is marked as heavy. `--quick` takes fewer cells, cases and "
        "points, at the same tolerances.\n"
    )
