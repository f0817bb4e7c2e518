"""Stations in time: exact derivatives with tanks, flushing, backflow; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model import stations as st
from membrane_pde.model.applied import Wave
from membrane_pde.model.ports import FED, MADE_UP, NO_FEED, BathNumbers
from membrane_pde.model.station_outside import BYPASSED, PLUG_FLOW, Outside
from membrane_pde.model.station_system import StationSystem
from membrane_pde.model.stations_in_time import Inlets, StationsInTime, outside_of
from tests.stations import element_in_time

Array = NDArray[np.float64]
NO_TANK = BathNumbers()
FEED = np.array([[500.0, 20.0], [0.0, 0.0]])


def tank(mode: int, flow: float, bleed: float) -> Outside:
    system = element_in_time(4, solutes=2)
    return outside_of(system, (BathNumbers(True, 0.02, mode, flow, bleed), NO_TANK), FEED)


def flushed(mode: int) -> Outside:
    found = tank(MADE_UP, 0.0, 1e-4)
    return found._replace(mode=(mode, 0), displaced=np.array([[700.0, 30.0], [0.0, 0.0]]))


SETTINGS: dict[str, tuple[dict[str, Any], Outside | None]] = {
    "drawn off": ({}, None),
    "both flow": ({"role": (st.FLOWING, st.FLOWING)}, None),
    "counter-current": ({"role": (st.FLOWING, st.FLOWING), "direction": (1, -1)}, None),
    "dead end": ({"role": (st.FLOWING, st.DEAD_END)}, None),
    "two elements": ({"elements": 2}, None),
    "tank without feed": ({}, tank(NO_FEED, 0.0, 1e-4)),
    "tank with feed": ({}, tank(FED, 3e-4, 1e-4)),
    "tank that is made up": ({}, tank(MADE_UP, 0.0, 1e-4)),
    "closed circuit": ({}, tank(MADE_UP, 0.0, 0.0)),
    "flushed": ({}, flushed(PLUG_FLOW)),
    "bypassed": ({}, flushed(BYPASSED)),
}


def line(system: StationSystem) -> Inlets:
    return Inlets(0.0, 2.0, system.inlet, 1.2 * system.inlet)


def differences(equations: StationsInTime, t: float, y: Array) -> Array:
    """∂r/∂y by central differences, of fourth order."""
    columns = []
    for j, size in enumerate(equations.scales):
        shift = 1e-5 * size * np.eye(equations.size)[j]
        near = equations.rates(t, y + shift) - equations.rates(t, y - shift)
        far = equations.rates(t, y + 2.0 * shift) - equations.rates(t, y - 2.0 * shift)
        columns.append((8.0 * near - far) / (12e-5 * size))
    return np.array(columns).T


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("name", SETTINGS)
def test_derivatives(name: str, backwards: bool) -> None:
    setting, outside = SETTINGS[name]
    system = element_in_time(4, solutes=2, **setting)
    equations = StationsInTime(system, line(system), outside_of(system) if outside is None else outside)
    rng, t = np.random.default_rng(3), 0.7
    y = equations.scales * rng.uniform(0.5, 1.5, equations.size)
    if backwards:
        y[system.flux_indices] *= -1.0
    numeric, jacobian = differences(equations, t, y), equations.jacobian(t, y)
    size = np.abs(numeric) * equations.scales
    assert (np.abs(jacobian.toarray() - numeric) * equations.scales <= 1e-8 * size.max(axis=1)[:, None]).all()
    again = equations.jacobian(t, equations.scales)
    assert (again.indices == jacobian.indices).all()
    in_time = (equations.rates(t + 0.1, y) - equations.rates(t - 0.1, y)) / 0.2  # linear in time
    assert equations.time_slope(t, y) == pytest.approx(in_time, rel=1e-9, abs=1e-12 * np.abs(in_time).max())


def test_a_sine_is_added_to_the_pressure() -> None:
    """The rates follow it, and their slope in time is its derivative."""
    system, wave = element_in_time(4, solutes=2), Wave(3e5, 0.9)
    equations = StationsInTime(system, line(system)._replace(waves=(wave, Wave())), outside_of(system))
    plain, t = line(system), 0.7
    angle = 2.0 * np.pi / 0.9
    assert equations.inlets.at(t)[0, 1] == pytest.approx(plain.at(t)[0, 1] + 3e5 * np.sin(angle * t), rel=1e-12)
    y = equations.scales.copy()
    in_time = (equations.rates(t + 1e-5, y) - equations.rates(t - 1e-5, y)) / 2e-5
    assert equations.time_slope(t, y) == pytest.approx(in_time, rel=1e-6, abs=1e-8 * np.abs(in_time).max())


def test_the_work_is_that_of_the_pressures_on_what_passes() -> None:
    system = element_in_time(4, solutes=2)
    equations = StationsInTime(system, line(system), outside_of(system))
    y = equations.scales * np.random.default_rng(5).uniform(0.5, 1.5, equations.size)
    across = y[system.pressure_indices(0)] - y[system.pressure_indices(1)]
    work = float((system.areas * y[system.flux_indices] * across).sum())
    assert equations.rates(0.5, y)[equations.work_index] == pytest.approx(work, rel=1e-12)


def test_the_collected_permeate_is_what_was_collected() -> None:
    """Its concentration is N/V of what has left; before anything has, it is pure water."""
    system = element_in_time(4, solutes=2)
    equations = StationsInTime(system, line(system), outside_of(system))
    y = equations.scales.copy()
    volume, amounts = equations.volume_indices(1)[1], equations.amount_indices(1)[1]
    mixed = slice(system.at.collected, system.at.collected + 2)
    for gathered, of, exact in ((2.0, 0.5, 4.0), (0.0, 0.0, 0.0)):
        y[amounts], y[volume] = gathered, of
        y[mixed] = 0.0
        assert equations.rates(0.0, y)[mixed] == pytest.approx(np.full(2, exact), rel=1e-6)


def test_what_cannot_be_run_in_time_is_refused() -> None:
    system = element_in_time(4, solutes=2)
    with pytest.raises(ValueError, match="beside a channel that flows"):
        outside_of(system, (NO_TANK, BathNumbers(True, 0.02, MADE_UP, 0.0, 0.0)))
    rows = system.numbers.rows.copy()
    rows[1, st.VOLUME] = 0.0
    without = StationSystem(system.numbers._replace(rows=rows), system.inlet)
    with pytest.raises(ValueError, match="needs a hold-up"):
        StationsInTime(without, line(without), outside_of(without))
