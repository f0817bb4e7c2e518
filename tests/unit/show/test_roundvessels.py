"""Pictures of a curved membrane: a cut through it, to scale; profiles by the distance from the centre."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import plot
from membrane_pde.show import drawing, roundvessels
from membrane_pde.show.report import sides_table
from membrane_pde.show.report_equilibrium import equilibrium_table
from membrane_pde.show.sentences import sentence

TEXT = """
title = "A round cell swells"
geometry = "{geometry}"
[solutes.NaCl]
[left]
label = "cell"
radius = "0.6 mm"
concentration = {{ NaCl = "100 mol/m^3" }}
[right]
label = "dilute bath"
{right}
concentration = {{ NaCl = "40 mol/m^3" }}
[membrane]
water_permeability = "1.6e-12 m/s/Pa"
[membrane.solutes.NaCl]
permeability = "0 m/s"
reflection = 1.0
[mesh]
cells = 12
[run]
duration = "100 s"
outputs = 6
"""
RIGHT = {
    "shell": 'length = "0.5 mm"',
    "layer": 'boundary = "reservoir"\nlength = "0.2 mm"',
    "bath": 'boundary = "bath"\nvolume = "20 mm"\nstirred = true',
}


@pytest.fixture(scope="module", params=[(g, r) for g in ("spherical", "cylindrical") for r in RIGHT], ids="-".join)
def result(request: pytest.FixtureRequest) -> Any:
    geometry, right = request.param
    return mp.run(mp.parse_case(TEXT.format(geometry=geometry, right=RIGHT[right])))


def artists(ax: Any) -> dict[str, Any]:
    """What can be seen, by name."""
    return {each.get_gid(): each for each in drawing.visible_artists(ax)}


def radius(circle: Any) -> float:
    """Of a circle in the picture, in any direction."""
    x, y = np.asarray(circle.get_xydata()).T
    distances = np.hypot(x, y)
    assert np.ptp(distances) <= 1e-12
    return float(distances[0])


def words(ax: Any) -> str:
    return "\n".join(text.get_text() for text in ax.texts if text.get_visible())


def test_radii_are_to_scale(result: Any) -> None:
    (ax,) = plot.schematic(result)
    seen, area = artists(ax), float(result.arrays["membrane_area_ratio"][-1])
    d = {"cylindrical": 2, "spherical": 3}[result.case.geometry]
    grown = area ** (1.0 / (d - 1))
    assert grown > 1.02
    before, now = radius(seen["first outline"]), radius(seen["membrane"])
    assert now / before == pytest.approx(grown, rel=1e-9)
    assert now <= roundvessels.ROOM
    if result.case.right.boundary == "piston":  # its outer edge rests
        assert radius(seen["right wall"]) / before == pytest.approx(1.1 / 0.6, rel=1e-9)
    rings = [name for name in seen if name.startswith("left ring")]
    assert len(rings) == roundvessels.RINGS["left"]
    assert any(name.startswith("right ring") for name in seen) == result.case.right.has_length


def test_a_circle_looks_round(result: Any) -> None:
    (ax,) = plot.schematic(result)
    membrane = artists(ax)["membrane"]
    ax.figure.canvas.draw()
    x, y = membrane.get_transform().transform(membrane.get_xydata()).T
    assert np.ptp(x) == pytest.approx(np.ptp(y), rel=1e-3)


def test_the_middle_is_darker_than_the_edge(result: Any) -> None:
    """The salt inside is diluted at the membrane first; the more salt, the darker."""
    (ax,) = plot.schematic(result)
    seen, last = artists(ax), roundvessels.RINGS["left"] - 1
    light = [sum(seen[f"left ring {ring}"].get_facecolor()[:3]) for ring in (0, last)]
    assert light[0] < light[1]


def test_it_says_what_is_drawn_and_how_much_has_changed(result: Any) -> None:
    (ax,) = plot.schematic(result)
    told, volumes = words(ax), result.arrays["length_left_m"]
    assert ("sphere" in told) == (result.case.geometry == "spherical")
    assert ("cylinder" in told) == (result.case.geometry == "cylindrical")
    assert f"volume +{100 * (volumes[-1] / volumes[0] - 1):.3g} %" in told
    assert f"membrane area +{100 * (result.arrays['membrane_area_ratio'][-1] - 1):.3g} %" in told
    assert "radius 0." in told
    (start,) = plot.schematic(result.case)  # nothing is solved yet
    assert "radius 0.6 mm" in words(start)


def test_profiles_count_from_the_centre(result: Any) -> None:
    (ax,) = plot.profiles(result)
    assert ax.get_xlabel() == "distance from the centre (mm)"
    lines = [line for line in ax.get_lines() if str(line.get_gid()).endswith("left")]
    ends = {round(float(np.min(line.get_xdata())), 9) for line in lines}
    assert ends == {0.0}
    at = float(artists(ax)["membrane"].get_xdata()[0])
    walls = [float(np.max(line.get_xdata())) for line in lines]
    assert max(walls) == pytest.approx(at, rel=1e-9)
    assert min(walls) == pytest.approx(0.6, rel=1e-9)
    low, high = ax.get_xlim()
    assert low < 0.0 < at < high


def test_history_shows_volume_and_area(result: Any) -> None:
    panel = next(ax for ax in plot.history(result).flat if ax.get_ylabel() == "relative to the start")
    drawn = {line.get_gid(): line.get_ydata() for line in panel.get_lines()}
    np.testing.assert_allclose(drawn["area"], result.arrays["membrane_area_ratio"])
    assert drawn["left"][-1] > drawn["area"][-1] > 1.0


def test_several_are_drawn_side_by_side(result: Any) -> None:
    axes = plot.comparison([result, result])
    assert [name for ax in axes for name in artists(ax) if name == "membrane"]


def test_tables_and_sentence_name_the_radius(result: Any) -> None:
    rows = {row[0]: row for row in sides_table(result)}
    assert float(rows["radius of the membrane"][2]) == pytest.approx(0.6)
    assert float(rows["radius of the membrane"][3]) > 0.61
    assert "volume ÷ membrane area at the start" in rows
    ended = {row[0]: row for row in equilibrium_table(result.case, mp.equilibrium(result.case))}
    assert float(ended["radius of the membrane"][2]) > float(rows["radius of the membrane"][3])
    told = sentence(result.summary, {"left": "cell", "right": "bath"})
    assert "The left (cell) swelled to 1." in told
    assert "the area of the membrane grew by" in told
