"""Every check of `membrane-pde validate`: exact solutions, orders, conservation, limits, symmetry, measurements."""

import pytest

from membrane_pde import verify
from membrane_pde.show import report_checks

LONG = ("order", "conservation")  # many steps of FiPy


@pytest.mark.parametrize(
    ("group", "quick"),
    [
        *((group, group in LONG) for group in verify.GROUPS),
        *(pytest.param(group, False, marks=pytest.mark.slow) for group in LONG),
    ],
)
def test_group(group: str, quick: bool) -> None:
    found = verify.examine(group, quick)
    rows, _ = report_checks.checks_table(found.checks)
    print(*rows, sep="\n")
    assert [check for check in found.checks if not check.passed] == []
    assert len({check.what for check in found.checks}) == len(found.checks)
    assert found.panels
    for check in found.checks:
        assert check.low <= check.expected <= check.high
        assert check.low < check.high
        assert check.source


@pytest.mark.parametrize("group", [group for group in verify.GROUPS if group not in LONG])
def test_quick_group(group: str) -> None:
    found = verify.examine(group, True)
    assert [check for check in found.checks if not check.passed] == []
