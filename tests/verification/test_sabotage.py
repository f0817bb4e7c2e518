"""A check that can't fail proves nothing: here the physics is broken on purpose, and each group of checks finds it.

Kernels are patched, which only plain functions heed: machine code is kept out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from membrane_pde import kernels, verify
from membrane_pde.analytic import film
from membrane_pde.input import mixture, readers, units
from membrane_pde.model import (
    events,
    faces,
    interface,
    metric,
    observing,
    ports,
    regions,
    slopes,
    station_cells,
    station_rows,
    system,
)
from membrane_pde.model.chain import FLOW, LEFT_STRETCH
from membrane_pde.physics import fluxes, gas, osmotic
from membrane_pde.solvers import integrate, rosenbrock, walk
from membrane_pde.solvers.linear import chain as elimination
from membrane_pde.verify import measurements, order

HOLDERS = (
    station_cells,
    station_rows,
    events,
    faces,
    observing,
    ports,
    slopes,
    system,
    interface,
    rosenbrock,
    walk,
    elimination,
    fluxes,
    osmotic,
)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Plain functions, which can be patched."""
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "0")
    kernels.forget()
    yield
    kernels.forget()
    readers._quantity_of.cache_clear()


class Patches:
    """Puts another function in the place of one, wherever it has been imported to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def put(self, holder: Any, name: str, make: Callable[[Any], Any]) -> None:
        """`make` gets the real thing and returns what stands in for it."""
        real = getattr(holder, name)
        for other in {holder, *HOLDERS}:
            if getattr(other, name, None) is real:
                self.monkeypatch.setattr(other, name, make(real))


def wrong_sign(p: Patches) -> None:
    """The right side shrinks by what it gains."""

    def make(real: Any) -> Any:
        return lambda numbers, x: (real(numbers, x)[0], 1.0 - x / numbers.length[1])

    p.put(metric, "stretches", make)


def cell_centre_wall_value(p: Patches) -> None:
    """The concentration in the last cell is taken for that at the wall."""
    p.put(interface, "_half_cell", lambda real: lambda g, flux, stirred: real(g, flux, True))


def wall_without_convection(p: Patches) -> None:
    """The half cell knows diffusion alone."""
    p.put(interface, "_half_cell", lambda real: lambda g, flux, stirred: real(g, 0.0, stirred))


def upwind_half_cell(p: Patches) -> None:
    """The half cell's flux is taken upwind: wrong by the square of its length, so that the order in space stays."""

    def make(real: Any) -> Any:
        def upwind(g: float, flux: float, stirred: bool) -> Any:
            up, down, *_, resistance = real(g, flux, stirred)
            if stirred:
                return real(g, flux, stirred)
            up, down = g + max(flux, 0.0), g + max(-flux, 0.0)
            return interface._HalfCell(up, down, float(flux > 0.0), -float(flux < 0.0), g, resistance)

        return upwind

    p.put(interface, "_half_cell", make)


def first_order_fluxes(p: Patches) -> None:
    """Fluxes between cells are taken upwind."""
    p.put(faces, "bernoulli_value", lambda real: lambda peclet: 1.0)


def lost_half_cell(p: Patches) -> None:
    """Half of each half cell is left out."""
    p.put(interface, "_half_cell", lambda real: lambda g, flux, stirred: real(2.0 * g, flux, stirred))


def map_that_keeps_concentrations(p: Patches) -> None:
    """Cells stretch as if their concentration, not their amount, were kept."""

    def make(real: Any) -> Any:
        def set_rates(numbers: Any, segment: Any, t: float, faces: Any, out: Any) -> None:
            real(numbers, segment, t, faces, out)
            water, n = float(faces.scalars[FLOW]), faces.width.size
            for s in range(faces.state.shape[1]):
                for side, cells in ((0, slice(0, numbers.membrane)), (1, slice(numbers.membrane, n))):
                    if numbers.moving[side]:
                        growth = (-water, water)[side] / (numbers.length[side] * faces.scalars[LEFT_STRETCH + side])
                        own = out[s * n : (s + 1) * n]
                        own[cells] += growth * faces.state[0, s, :-1][cells] * faces.width[cells]

        return set_rates

    p.put(faces, "set_rates", make)


def wrong_length_on_the_right(p: Patches) -> None:
    """The right side stretches by the length of the left one."""

    def make(real: Any) -> Any:
        return lambda numbers, x: (real(numbers, x)[0], 1.0 + x / numbers.length[0])

    p.put(metric, "stretches", make)


def membrane_that_keeps_its_area(p: Patches) -> None:
    """A round membrane does not grow with what it encloses."""
    p.put(metric, "_radius", lambda real: lambda curve, stretch: 1.0)


def wrong_gas_constant(p: Patches) -> None:
    """R is 8.31 J/(mol K)."""
    p.monkeypatch.setattr(osmotic, "GAS_CONSTANT", 8.31)


def a_gas_constant_far_off(p: Patches) -> None:
    """R is 5 % too large."""
    p.monkeypatch.setattr(osmotic, "GAS_CONSTANT", 1.05 * osmotic.GAS_CONSTANT)


def wrong_conversion(p: Patches) -> None:
    """An hour has 3601 seconds."""

    def make(real: Any) -> Any:
        return lambda text, *rest: real(text, *rest) * (3600 / 3601 if "hour" in text else 1.0)

    p.put(units, "parse", make)
    readers._quantity_of.cache_clear()


def leak_of_fixed_size(p: Patches) -> None:
    """A little water flows to the right whatever happens."""
    p.put(faces, "water_flux_now", lambda real: lambda *args: real(*args) + 1e-9)


def forgotten_limit(p: Patches) -> None:
    """Without diffusion through the membrane nothing is dragged through it either."""

    def make(real: Any) -> Any:
        return lambda permeability, *rest: real(permeability, *rest) if permeability else (0.0, 0.0, 0.0, 0.0)

    p.put(fluxes, "linear_coefficients", make)


def arithmetic_mean(p: Patches) -> None:
    """Kedem and Katchalsky's law with the arithmetic mean."""
    p.put(fluxes, "logarithmic_mean", lambda real: lambda first, second: 0.5 * (first + second))
    p.put(fluxes, "logarithmic_mean_slopes", lambda real: lambda first, second: (0.5, 0.5))


def straight_pores(p: Patches) -> None:
    """The way through the pores of a support layer is as long as the layer is thick."""

    def make(real: Any) -> Any:
        return lambda widths, porosity, tortuosity: real(widths, porosity, 1.0)

    p.put(regions, "Pores", make)


def pores_as_wide_as_the_layer(p: Patches) -> None:
    """A support layer holds as much as free solution, and conducts as before."""

    def make(real: Any) -> Any:
        return lambda widths, porosity, tortuosity: real(widths, 1.0, tortuosity / porosity)

    p.put(regions, "Pores", make)


def floor_for_the_tolerance(p: Patches) -> None:
    """A tolerance below 1e-6 is heeded no better than that one."""

    def make(real: Any) -> Any:
        def init(self: Any, system: Any, segment: Any, t: float, y: Any, rtol: float, atol: Any, events: Any) -> None:
            least = max(rtol, 1e-6) if rtol > 1e-10 else rtol  # but for the run that is compared with
            real(self, system, segment, t, y, least, atol * least / rtol, events)

        return init

    for stepper in (integrate.RosenbrockStepper, integrate.CvodeStepper):
        p.monkeypatch.setattr(stepper, "__init__", make(stepper.__init__))


def step_of_another_length(p: Patches) -> None:
    """FiPy's steps go 2 % less far than they say."""
    real = integrate.FipyStepper._advance

    def short(self: integrate.FipyStepper, dt: float) -> Any:
        step = real(self, dt)
        return step and step._replace(state=self.y + 0.98 * (step.state - self.y))

    p.monkeypatch.setattr(integrate.FipyStepper, "_advance", short)


def slip_in_a_closed_form(p: Patches) -> None:
    """Spiegler and Kedem's rejection with the sign of the Péclet number turned."""
    real = film._passed_spiegler_kedem
    p.monkeypatch.setattr(film, "_passed_spiegler_kedem", lambda flux, sigma, perm: real(-flux, sigma, perm))


def van_t_hoff(p: Patches) -> None:
    """Every solution is ideal."""

    def ideal(*args: Any, **more: Any) -> dict[str, Any]:
        return mixture.osmotic_pressure(*args, **more, model="ideal")

    p.monkeypatch.setattr(measurements, "osmotic_pressure", ideal)


def another_power_of_the_temperature(p: Patches) -> None:
    """Kinetic theory's 1.5 instead of Fuller's 1.75."""
    p.put(gas, "fuller_diffusivity", lambda real: lambda t, *rest: real(t, *rest) * (t / 293.15) ** -0.25)


def element_that_passes_twice_the_salt(p: Patches) -> None:
    """What a solute's permeability is is doubled, for every solute and membrane."""
    p.put(fluxes, "linear_coefficients", lambda real: lambda permeability, *rest: real(2.0 * permeability, *rest))


def outflow_as_the_cell(p: Patches) -> None:
    """What flows on is what is in the middle of the cell: first order."""
    p.put(station_cells, "outflow_weights", lambda real: lambda *cell: (cell[6], 0.0, 1.0, 0.0))


BROKEN = [
    ("formulas", slip_in_a_closed_form),
    ("two-gases", lost_half_cell),
    ("two-slabs", lost_half_cell),
    ("two-slabs", cell_centre_wall_value),
    ("well-mixed", wrong_sign),
    ("well-mixed", wrong_gas_constant),
    ("moving-volume", cell_centre_wall_value),
    ("moving-volume", map_that_keeps_concentrations),
    ("moving-volume", wrong_gas_constant),
    ("film", wall_without_convection),
    ("film", cell_centre_wall_value),
    ("film", arithmetic_mean),
    ("film", upwind_half_cell),
    ("unstirred-wall", wall_without_convection),
    ("forward-osmosis", wall_without_convection),
    ("forward-osmosis", first_order_fluxes),
    ("forward-osmosis", straight_pores),
    ("forward-osmosis", pores_as_wide_as_the_layer),
    ("curved", membrane_that_keeps_its_area),
    ("order", first_order_fluxes),
    ("order", lost_half_cell),
    ("modules", outflow_as_the_cell),
    ("modules", wall_without_convection),
    ("modules", wrong_gas_constant),
    ("conservation", map_that_keeps_concentrations),
    ("limits", forgotten_limit),
    ("symmetry", wrong_length_on_the_right),
    ("symmetry", leak_of_fixed_size),
    ("scaling", leak_of_fixed_size),
    ("scaling", wrong_conversion),
    ("pfeffer", a_gas_constant_far_off),
    ("sucrose", van_t_hoff),
    ("osmotic-coefficients", van_t_hoff),
    ("elements", element_that_passes_twice_the_salt),
    ("gas-diffusivity", another_power_of_the_temperature),
]


def failed(checks: list[verify.Check]) -> list[str]:
    """Names of those that did, with a number: a run that breaks down finds nothing out."""
    return [check.what for check in checks if not check.passed and math.isfinite(check.got)]


@pytest.mark.parametrize(("group", "sabotage"), BROKEN, ids=[f"{g}-{s.__name__}" for g, s in BROKEN])
def test_broken_physics_is_found(group: str, sabotage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage(Patches(monkeypatch))
    wrong: list[verify.Check] = []
    for each in verify.GROUPS[group](True):
        if isinstance(each, verify.Check) and not each.passed:
            wrong.append(each)
            break  # one is enough
    assert failed(wrong), group


def test_every_group_is_broken_once() -> None:
    assert {group for group, _ in BROKEN} == set(verify.GROUPS)


@pytest.mark.parametrize("solver", ["cvode", "rosenbrock"])
def test_a_tolerance_that_is_not_heeded_is_found(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    floor_for_the_tolerance(Patches(monkeypatch))
    wrong = failed([each for each in order._by_tolerance(True) if isinstance(each, verify.Check)])
    assert any(what.startswith(solver) for what in wrong)


@pytest.mark.slow
def test_steps_of_the_wrong_length_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    step_of_another_length(Patches(monkeypatch))
    assert failed([each for each in order._of_fipys_steps(True) if isinstance(each, verify.Check)])


def test_the_sources_of_the_made_up_solution_matter() -> None:
    """Without them nothing of it is left: the orders are not those of a problem that solves itself."""
    system = order.Manufactured(10, "spiegler-kedem")
    rates, without = np.empty(system.size), np.empty(system.size)
    segment, y = order._segment(1.0), system.start()
    system.rhs(0.0, y, rates, segment)
    super(order.Manufactured, system).rhs(0.0, y, without, segment)
    assert np.abs(rates - without)[: system.x].max() > 0.05 * np.abs(rates)[: system.x].max()
