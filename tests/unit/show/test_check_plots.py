"""The plots of the checks: known values, the package, and the error beside them."""

from __future__ import annotations

import numpy as np
import pytest

from membrane_pde import verify
from membrane_pde.show.check_plots import draw

X = [1.0, 2.0, 4.0]
MEASURED = verify.Series("Pfeffer", X, [0.7, 1.4, 2.7], [0.1, 0.1, 0.2])
PACKAGE = verify.Series("package", X, [0.71, 1.41, 2.8], ours=True)
EXACT = verify.Series("A, exact", [1.0, 3.0], [2.0, -4.0], off=[4e-7, -2e-5])
LINE = verify.Series("A", np.linspace(1.0, 3.0, 50), np.linspace(2.0, -4.0, 50), ours=True)


def panel(*series: verify.Series, **more: object) -> verify.Panel:
    """A plot of these series."""
    return verify.Panel("A plot", "x", "y", list(series), **more)  # type: ignore[arg-type]


def test_a_measurement_is_compared_with_the_package_in_per_cent() -> None:
    _, error = draw([panel(MEASURED, PACKAGE)]).axes
    np.testing.assert_allclose(error.lines[0].get_ydata(), [100 / 70, 100 / 140, 1000 / 270])
    assert error.get_yscale() == "linear"
    assert error.get_ylabel() == "computed − known, % of the known"


def test_a_small_error_is_shown_by_its_size() -> None:
    curve, error = draw([panel(EXACT, LINE, logarithmic="x")]).axes
    np.testing.assert_allclose(error.lines[0].get_ydata(), [1e-7, 5e-6])
    assert error.get_yscale() == "log"
    assert error.get_xscale() == curve.get_xscale() == "log"
    assert error.get_ylabel() == "|computed − known|, share of the largest"
    assert [text.get_text() for text in error.get_legend().get_texts()] == ["A"]
    assert error.lines[0].get_color() == curve.containers[0].lines[0].get_color()


def test_no_error_at_all_is_drawn_at_round_off() -> None:
    known = verify.Series("A", X, X)
    _, error = draw([panel(known, verify.Series("package", X, X, ours=True))]).axes
    assert list(error.lines[0].get_ydata()) == [1e-17] * 3


def test_errors_stand_beside_their_own_plot() -> None:
    guide = panel(PACKAGE, verify.Series("second order", X, X))  # what follows ours is not compared with it
    assert not guide.differences()
    figure = draw([guide, panel(MEASURED, PACKAGE), guide])
    titles = [
        (ax.get_title(), ax.get_subplotspec().rowspan.start, ax.get_subplotspec().colspan.start) for ax in figure.axes
    ]
    assert titles == [("A plot", 0, 0), ("A plot", 1, 0), ("Error", 1, 1), ("A plot", 2, 0)]


def test_lines_at_other_places_are_compared_only_where_that_is_given() -> None:
    known = verify.Series("A", [1.0, 3.0], [2.0, -4.0])
    assert not panel(known, LINE).differences()
    assert [each.label for each in panel(EXACT, LINE).differences()] == ["A"]


@pytest.mark.parametrize("name", ["modules", "well-mixed", "limits", "pfeffer", "gas-diffusivity"])
def test_the_errors_that_are_drawn_are_within_what_the_checks_allow(name: str) -> None:
    found = verify.examine(name, quick=True)
    worst = max(abs(check.error) for check in found.checks if check.expected)
    drawn = [
        float(np.abs(np.asarray(each.difference) / each.scale).max())
        for one in found.panels
        for each in one.differences()
    ]
    assert drawn
    assert max(drawn) <= max(1.01 * worst, 1e-9)
