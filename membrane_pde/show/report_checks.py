"""The tables of `validate`: every check, and a row for each group."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from membrane_pde.show.formatting import number
from membrane_pde.show.printing import Row, say, show_rows

CHECKS_HEADER = ("", "unit", "expected", "got", "error", "tolerance", "", "source")

GROUPS_HEADER = ("", "passed", "nearest to its tolerance", "error", "tolerance")


def _error(check: Any) -> str:
    """Format the error of a check: relative, unless 0 was expected."""
    relative = bool(check.expected) and math.isfinite(check.error)
    return f"{number(100 * check.error, digits=2)} %" if relative else number(check.error, digits=2)


def _tolerance(check: Any) -> str:
    """Format the tolerance of a check as `_error` formats the error."""
    below, above = check.expected - check.low, check.high - check.expected
    if math.isnan(check.expected):
        return "–"
    if not check.expected:
        return f"≤ {number(check.high, digits=2)}" if below == 0 else f"{number(check.low)} to {number(check.high)}"
    if abs(below - above) <= 0.01 * above:
        return f"± {number(100 * above / abs(check.expected), digits=2)} %"
    return f"{number(check.low)} to {number(check.high)}"


def checks_table(checks: Iterable[Any]) -> tuple[list[Row], list[str]]:
    """Return a row for each check, and the list of sources to which the numbers in the last column refer.

    Parameters
    ----------
    checks : iterable of verify.Check

    Returns
    -------
    rows : list of tuple of str
        What, unit, expected and computed value, error (relative where something was expected), tolerance, "pass" or
        "FAIL", number of the source.
    sources : list of str
    """
    rows: list[Row] = []
    sources: list[str] = []
    for check in checks:
        if check.source not in sources:
            sources.append(check.source)
        verdict = "pass" if check.passed else "FAIL"
        values = number(check.expected), number(check.got), _error(check), _tolerance(check)
        rows.append((check.what, check.unit, *values, verdict, f"[{sources.index(check.source) + 1}]"))
    return rows, sources


def groups_table(findings: Iterable[Any]) -> list[Row]:
    """Return a row for each group: how many checks passed, and the check that is nearest to its tolerance.

    Parameters
    ----------
    findings : iterable of verify.Findings

    Returns
    -------
    list of tuple of str
        As `GROUPS_HEADER` says.
    """
    rows: list[Row] = []
    for each in findings:
        check, passed = each.worst, sum(check.passed for check in each.checks)
        rows.append((each.group, f"{passed} of {len(each.checks)}", check.what, _error(check), _tolerance(check)))
    return rows


def verdict(findings: Iterable[Any]) -> str:
    """Say in a sentence how many checks passed or failed."""
    checks = [check for each in findings for check in each.checks]
    failed = sum(not check.passed for check in checks)
    return f"{failed} of {len(checks)} checks failed." if failed else f"All {len(checks)} checks passed."


def show_checks(console: Any, findings: Iterable[Any]) -> None:
    """Print the table and sources of each group, then the table of groups, then the verdict."""
    groups = list(findings)
    for each in groups:
        rows, sources = checks_table(each.checks)
        say(console, f": {each.title}", bold=each.group)
        show_rows(console, CHECKS_HEADER, rows)
        for i, source in enumerate(sources, 1):
            say(console, f"[{i}] {source}")
        say(console)
    show_rows(console, GROUPS_HEADER, groups_table(groups), numeric_from=3)
    say(console, f"\n{verdict(groups)}")
