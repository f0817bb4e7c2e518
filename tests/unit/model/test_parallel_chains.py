"""Parallel chains as equations: their exact derivatives against differences, what is held, what is refused."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model.applied import Segment, Wave
from membrane_pde.model.parallel_chains import HeldFlux, ParallelChains
from tests.parallel_chains import AREAS, WATER, held, measures, several, start_of
from tests.systems import BATH, CLOSED, OUTFLOW, RESERVOIR, some_state

Array = NDArray[np.float64]
RAMP = Segment(0.0, 2.0, (2e6, 3e6), (1e5, 4e5), waves=(Wave(), Wave(1e5, 1.7)))
FLOW = (4e-6, 6e-6)
SETTINGS: list[dict[str, Any]] = [
    {},
    {"law": "kedem-katchalsky"},
    {"boundary": (RESERVOIR, OUTFLOW)},
    {"boundary": (BATH, CLOSED), "bath": "bleeding"},
    {"stiffness": (0.0, 1e9), "stirred": (False, True)},
    {"geometry": "spherical"},
]


def some(stations: ParallelChains) -> Array:
    """A state without any order in it."""
    parts = [some_state(one, seed, 1e-5) for seed, one in enumerate(stations.systems)]
    return np.concatenate([*parts, [2.3e6]] if stations.held is not None else parts)


def differences(stations: ParallelChains, t: float, y: Array) -> tuple[Array, Array]:
    """∂r/∂y and ∂r/∂t by central differences, of fourth order."""

    def slope(of: Any, step: float) -> Array:
        near, far = of(step) - of(-step), of(2.0 * step) - of(-2.0 * step)
        return np.asarray((8.0 * near - far) / (12.0 * step))

    columns = []
    for j, size in enumerate(np.maximum(np.abs(y), 1e-2 * measures(stations))):
        unit = np.eye(stations.size)[j]
        columns.append(slope(lambda x, unit=unit: stations.rates(t, y + x * unit), 1e-4 * size))
    return np.array(columns).T, slope(lambda x: stations.rates(t + x, y), 1e-3)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("is_held", [True, False], ids=["held", "free"])
def test_derivatives(setting: dict[str, Any], is_held: bool) -> None:
    stations = held(RAMP, FLOW, **setting) if is_held else ParallelChains(several(**setting), RAMP)
    y, t, size = some(stations), 0.6, measures(stations)
    numeric, in_time = differences(stations, t, y)
    jacobian = stations.jacobian(t, y)
    assert jacobian.has_canonical_format
    rates = np.abs(numeric * size).max(axis=1)  # a row is measured by its largest entry
    assert (np.abs(jacobian.toarray() - numeric) * size <= 2e-6 * rates[:, None]).all()
    assert (np.abs(stations.time_slope(t, y) - in_time) <= 1e-6 * np.abs(in_time) + 1e-8 * rates).all()
    again = stations.jacobian(t, start_of(stations))
    assert (again.indices is jacobian.indices) or (again.indices == jacobian.indices).all()


def test_the_last_row_is_the_total_flux() -> None:
    stations = held(RAMP, FLOW)
    y, t = some(stations), 0.6
    now = Segment(0.0, 1.0, (y[-1], y[-1]), (right := RAMP.applied(t)[1], right))
    fluxes = [one.water_flux(t, y[own], now) for own, one in zip(stations.own, stations.systems, strict=True)]
    assert stations.rates(t, y)[-1] == pytest.approx(AREAS @ fluxes - 4.6e-6, rel=1e-12)
    assert (stations.mass == 0.0).nonzero()[0].tolist() == [stations.size - 1]


def test_what_cannot_be_held_is_refused() -> None:
    for setting in ({"rigid": "left"}, {"pumped": "left"}, {"wall": (True, False), "stiffness": (1e8, 0.0)}):
        with pytest.raises(ValueError, match="a total water flux can be held"):
            held(RAMP, FLOW, **setting)
    one = several(WATER[:1])[0]
    with pytest.raises(ValueError, match="a System of its own"):
        ParallelChains([one, one], RAMP, HeldFlux(AREAS[:2], FLOW))
