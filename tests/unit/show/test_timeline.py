"""The history: panels that have something to show, on an axis of time on which it is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import plot
from membrane_pde.input.casefile import load_case
from membrane_pde.show import timeline
from tests import synthetic

QUICK = {"mesh.cells": 12}

# what happens in these, and nothing else: of isotonic and stopped_osmosis nothing moves, of a gas there is no water
EXPECTED = {
    "osmosis": ["flow", "volume", "concentration", "pressure"],
    "isotonic": ["concentration", "pressure"],
    "stopped_osmosis": ["concentration", "pressure"],
    "osmotic_pressure": ["concentration", "pressure"],
    "cold_and_warm": ["flow", "concentration"],
    "two_gases": ["flow", "concentration"],
    "dialysis": ["flow", "concentration", "pressure"],
    "dialysis_slabs": ["flow", "concentration"],
}


def spread(ax: Any) -> float:
    """The largest value that a panel shows."""
    return max(float(np.abs(line.get_ydata()).max()) for line in ax.get_lines() if line.get_gid() != "zero")


@pytest.mark.parametrize("name", EXPECTED)
def test_no_panel_is_empty(name):
    result = mp.run(load_case(name).with_values(QUICK))
    assert timeline.panels(result) == EXPECTED[name]
    axes = plot.history(result)
    assert axes.size == len(EXPECTED[name])
    assert all(spread(ax) > 0.0 for ax in axes.flat)
    labels = " ".join(ax.get_ylabel() for ax in axes.flat)
    assert ("water" in labels) == (name == "osmosis")


def test_an_axis_that_has_nothing_to_show_says_so_and_comes_back():
    held, moving = synthetic.result(displaced=0.0), synthetic.osmosis()
    axes = plot.history(held, plot.history(moving))
    flow = axes[0, 0]
    assert "no water moves" in [text.get_text() for text in flow.texts if text.get_visible()]
    assert not flow.yaxis.get_visible()
    plot.history(moving, axes)
    assert "no water moves" not in [text.get_text() for text in flow.texts if text.get_visible()]
    assert flow.yaxis.get_visible()


def test_a_rise_in_the_first_instants_is_seen():
    """The levels of `leaky` part within a minute and a half of ten hours, and come together again over hours."""
    result = mp.run(load_case("leaky").with_values(QUICK))
    axes = plot.history(result)
    levels = axes[0, 1]
    assert levels.get_ylabel().startswith("level above the start")
    difference = next(line for line in levels.get_lines() if line.get_label() == "left − right")
    x, y = difference.get_data()
    highest = int(np.argmax(y))
    assert y[highest] == pytest.approx(37.0, abs=1.5)
    x0, x1 = levels.get_xlim()
    place = levels.transData.transform((x[highest], 0.0))[0] - levels.transData.transform((x0, 0.0))[0]
    width = levels.transData.transform((x1, 0.0))[0] - levels.transData.transform((x0, 0.0))[0]
    assert place > 0.1 * width  # a step of 0.2 % on an even axis
    assert levels.get_xscale() == "symlog"
    assert all("logarithmic beyond" in ax.get_xlabel() for ax in axes[-1])


def test_an_even_axis_where_that_shows_what_happens():
    for result in (synthetic.osmosis(), mp.run(load_case("u_tube").with_values(QUICK))):
        axes = plot.history(result)
        assert {ax.get_xscale() for ax in axes.flat} == {"linear"}


def test_gases_that_are_compared_are_mixed_and_move_no_water():
    argon = mp.run(load_case("two_gases").with_values(QUICK))
    warm = mp.run(load_case("two_gases").with_values({**QUICK, "left.length": "4 cm"}))
    *_, last = plot.comparison([argon, warm])
    assert last.get_ylabel() == "mixed (%)"
    ends = [float(line.get_ydata()[-1]) for line in last.get_lines() if not line.get_label().startswith("_")]
    assert ends
    assert all(90.0 < each <= 100.1 for each in ends)


def test_cells_that_are_followed_show_their_change_in_per_cent():
    axes = plot.history(mp.run(load_case("hypotonic").with_values(QUICK)))
    assert axes[0, 1].get_ylabel().replace("\n", " ") == "change of water volume, cell (%)"
    assert axes[0, 1].get_lines()[-1].get_ydata()[-1] == pytest.approx(100 * (300 / 217 - 1), abs=0.5)
