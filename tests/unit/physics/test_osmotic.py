"""Osmotic pressure of mixtures: derivatives everywhere a solver may go, limits, shares, single ions and salts."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from membrane_pde.kernels import compiled
from membrane_pde.physics import osmotic
from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.physics.osmotic import IDEAL, Solution
from membrane_pde.physics.pitzer import debye_hueckel
from membrane_pde.physics.temperature import water_density
from tests.real import solution_of as of

ALL = ["NaCl", "KCl", "CaCl2", "MgCl2", "MgSO4", "Na2SO4", "sucrose", "glucose", "urea", "glycerol", "ethanol"]
MOLECULES = ["sucrose", "glucose", "urea", "glycerol"]


def random_mixtures(model: str, count: int) -> list[tuple[Solution, list[float], float]]:
    dice = random.Random(7)
    found = []
    for _ in range(count):
        names = dice.sample(MOLECULES if model == "virial" else ALL, dice.randint(1, 4))
        t = f"{dice.uniform(0, 60)} degC"
        one = of(names, model, t)
        far = dice.choice([1e-6, 0.05, 0.5, 0.99, 1.01, 1.7, 5.0])
        shares = [dice.random() + 0.01 for _ in names]
        ends = one.limit or (1000.0,) * len(names)
        found.append((one, [far * s / sum(shares) * end for s, end in zip(shares, ends, strict=True)], far))
    return found


def osmolality(one: Solution, molality: list[float]) -> float:
    """Of solutes that take up no room: mol of particles per kg of water."""
    count = len(molality)
    bare = replace(one, volume=((0.0, 0.0, 0.0, 1.0),) * count, limit=(math.inf,) * count)
    value, _ = bare.pressure([one.water_density * m for m in molality])
    return value / (GAS_CONSTANT * one.temperature * one.water_density)


def check_gradient(function: Any, c: list[float], scale: float = 1.0) -> None:
    """Central differences of fourth order."""
    value, gradient = function(c)
    for i, slope in enumerate(gradient):
        step = 2e-4 * (abs(c[i]) or 1e-3)
        at = {k: function([*c[:i], c[i] + k * step, *c[i + 1 :]])[0] for k in (-2, -1, 1, 2)}
        difference = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)
        # the fourth-order difference of a value known to round-off
        assert slope == pytest.approx(difference, rel=1e-7, abs=3e-15 * max(abs(value), scale) / step)


@pytest.mark.parametrize(("one", "c", "far"), [*random_mixtures("pitzer", 40), *random_mixtures("virial", 10)])
def test_derivatives_against_differences(one: Solution, c: list[float], far: float) -> None:
    if one.model == "pitzer":
        assert one.reach(c) == pytest.approx(far, rel=1e-12)
    check_gradient(one.pressure, c)
    dice = random.Random(len(c))
    for reflection in ([0.7] * len(c), [dice.random() for _ in c], [float(i % 2) for i in range(len(c))]):
        check_gradient(lambda x, s=reflection: one.reflected(x, s), c)


@pytest.mark.parametrize("model", ["pitzer", "virial", "ideal"])
def test_a_negative_undershoot_counts_ideally(model: str) -> None:
    names = ["sucrose", "urea"]
    one = of(names, model)
    there = one.pressure([300.0, 0.0])[0]
    value, gradient = one.pressure([300.0, -1e-3])
    rt = GAS_CONSTANT * 298.15
    assert value == pytest.approx(there - rt * 1e-3, rel=1e-14)
    assert gradient[1] == pytest.approx(rt, rel=1e-15)
    assert gradient[0] == one.pressure([300.0, 0.0])[1][0]
    assert value < there
    check_gradient(one.pressure, [300.0, -5.0])
    check_gradient(lambda x: one.reflected(x, [0.3, 0.9]), [300.0, -5.0])
    both = one.pressure([-1.0, -2.0])
    assert both[0] == pytest.approx(-3.0 * rt, rel=1e-14)


@pytest.mark.parametrize("model", ["pitzer", "virial", "ideal"])
def test_nothing_dissolved(model: str) -> None:
    one = of(["sucrose", "glucose"], model)
    assert one.pressure([0.0, 0.0])[0] == 0.0
    value, slopes = one.reflected([0.0, 0.0], [0.2, 1.0])
    assert value == 0.0
    assert slopes == pytest.approx([0.2 * GAS_CONSTANT * 298.15, GAS_CONSTANT * 298.15], rel=1e-12)
    assert not one.shares([[0.0, 0.0]]).any()


@pytest.mark.parametrize("names", [["NaCl"], ["CaCl2"], ["MgSO4"], ["sucrose"], ["NaCl", "sucrose", "MgSO4"]])
def test_dilute_solutions_are_ideal(names: list[str]) -> None:
    """Up to the Debye-Hückel term: π/(R T Σ ν c) − 1 → −2 A I^1.5/Σ ν m."""
    one = of(names)
    charges = {"NaCl": 1.0, "CaCl2": 3.0, "MgSO4": 4.0, "sucrose": 0.0}  # ionic strength over molality
    rho = float(water_density(298.15))
    for c in (1e-4, 1e-6):
        particles = c * sum(one.dissociation)
        strength = c / rho * sum(charges[name] for name in names)
        expected = -2 * debye_hueckel(298.15) * strength**1.5 / (particles / rho)
        found = one.pressure([c] * len(names))[0] / (GAS_CONSTANT * 298.15 * particles) - 1
        assert found == pytest.approx(expected, rel=0.02, abs=2e-7 * c / 1e-4)


def test_continuation_is_straight_and_smooth() -> None:
    one = of(["NaCl", "sucrose"])
    edge = [0.4 * one.limit[0], 0.6 * one.limit[1]]
    at, slopes = one.pressure(edge)
    beyond, steeper = one.pressure([3.0 * c for c in edge])
    assert beyond == pytest.approx(3.0 * at, rel=1e-13)
    assert sum(k * c for k, c in zip(steeper, edge, strict=True)) == pytest.approx(at, rel=1e-13)
    assert one.pressure([c * (1 + 1e-9) for c in edge])[0] == pytest.approx(at, rel=1e-8)
    assert all(k > 0 for k in slopes)


def test_pressure_rises_with_every_concentration_however_far() -> None:
    one = of(["NaCl", "MgCl2", "sucrose"])
    values = [one.pressure([c, 0.3 * c, 0.2 * c])[0] for c in np.geomspace(1e-6, 1e6, 200)]
    assert np.all(np.diff(values) > 0)
    assert np.all(np.isfinite(values))


@pytest.mark.parametrize(
    ("salt", "ions"),
    [
        ("NaCl", {"Na+": 1, "Cl-": 1}),
        ("CaCl2", {"Ca2+": 1, "Cl-": 2}),
        ("Na2SO4", {"Na+": 2, "SO42-": 1}),
        ("MgSO4", {"Mg2+": 1, "SO42-": 1}),
    ],
)
def test_single_ions_are_their_salt(salt: str, ions: dict[str, int]) -> None:
    """Exactly in molality; per volume as well as two sources of volumes agree."""
    alone, apart = of([salt]), of(list(ions))
    for molality in (0.01, 0.5, 2.0):
        split = [molality * count for count in ions.values()]
        assert osmolality(apart, split) == pytest.approx(osmolality(alone, [molality]), rel=1e-14)
    c = 300.0
    split = [c * count for count in ions.values()]
    assert apart.pressure(split)[0] == pytest.approx(alone.pressure([c])[0], rel=2e-3)


def test_salts_share_their_ions() -> None:
    """NaCl and K2SO4 as ions are KCl and Na2SO4."""
    one = of(["NaCl", "KCl", "Na2SO4"])
    other = of(["Na+", "K+", "Cl-", "SO42-"])
    a = osmolality(one, [0.3, 0.2, 0.1])
    assert osmolality(other, [0.5, 0.2, 0.5, 0.1]) == pytest.approx(a, rel=1e-14)


@pytest.mark.parametrize("model", ["pitzer", "virial", "ideal"])
def test_the_order_of_solutes_plays_no_part(model: str) -> None:
    names = ["sucrose", "urea", "glycerol"] if model == "virial" else ["sucrose", "NaCl", "MgSO4"]
    c, sigma = dict(zip(names, (200.0, 50.0, 400.0), strict=True)), dict(zip(names, (1.0, 0.3, 0.8), strict=True))
    values, slopes = [], []
    for order in itertools.permutations(names):
        value, gradient = of(list(order), model).reflected([c[n] for n in order], [sigma[n] for n in order])
        values.append(value)
        slopes.append([gradient[order.index(n)] for n in names])
    assert values == pytest.approx([values[0]] * 6, rel=1e-13)
    assert np.allclose(slopes, slopes[0], rtol=1e-12, atol=0)


@pytest.mark.parametrize("model", ["pitzer", "virial", "ideal"])
def test_shares_add_up_and_are_the_reflected_pressure(model: str) -> None:
    names = ["sucrose", "urea", "glucose"] if model == "virial" else ["sucrose", "NaCl", "CaCl2"]
    one = of(names, model)
    c = np.array([[[200.0, 50.0, 400.0], [1e-9, 0.0, 3.0]], [[0.0, 0.0, 0.0], [0.0, 700.0, 0.0]]])
    shares = one.shares(c)
    assert shares.shape == c.shape
    sigma = [0.9, 0.1, 0.5]
    for index in np.ndindex(2, 2):
        row = c[index].tolist()
        assert shares[index].sum() == pytest.approx(one.pressure(row)[0], rel=1e-14)
        assert shares[index] @ sigma == pytest.approx(one.reflected(row, sigma)[0], rel=1e-13, abs=1e-30)
    assert not shares[1, 0].any()


@pytest.mark.parametrize("model", ["pitzer", "virial", "ideal"])
@pytest.mark.parametrize("wild", [math.inf, math.nan, 1e308])
def test_what_is_not_a_number_stays_one(model: str, wild: float) -> None:
    """A trial step may overflow; it is answered without a warning, and by nothing that looks like a pressure."""
    one = of(["sucrose", "urea"], model)
    for c in ([wild, 10.0], [wild, -10.0], [wild, 0.0]):
        for sigma in ([1.0, 1.0], [0.3, 1.0]):
            value, _ = one.reflected(c, sigma)
            assert not value < 1e250


def test_virial_written_out() -> None:
    one = of(
        ["a", "b"],
        "virial",
        a={"diffusivity": "1e-9 m^2/s", "dissociation": 2.0, "virial": ["0.1 L/mol", "0.02 L^2/mol^2"]},
        b={"diffusivity": "1e-9 m^2/s", "virial": ["-0.05 L/mol"]},
    )
    rt = GAS_CONSTANT * 298.15
    expected = rt * (2 * 300 * (1 + 1e-4 * 300 + 2e-8 * 300**2) + 500 * (1 - 5e-5 * 500))
    assert one.pressure([300.0, 500.0])[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", MOLECULES)
def test_virial_and_osmotic_coefficient_agree_where_both_hold(name: str) -> None:
    """Terms of third order are left out of the one."""
    virial, real = of([name], "virial"), of([name])
    for c in (10.0, 100.0, 300.0):
        apart = 10 * (c / 1000 * 0.3) ** 3 + 2e-4
        assert virial.pressure([c])[0] == pytest.approx(real.pressure([c])[0], rel=apart)


def test_a_solute_without_data_counts_ideally_per_mass_of_water() -> None:
    one = of(["x"], x={"diffusivity": "1e-9 m^2/s", "apparent_volume": "100 cm^3/mol"})
    rho = float(water_density(298.15))
    c = 1000.0
    molality = c / (rho * (1 - 1e-4 * c))
    assert one.pressure([c])[0] == pytest.approx(GAS_CONSTANT * 298.15 * rho * molality, rel=1e-13)
    assert one.limit == (pytest.approx(5000.0),)  # half of the volume
    no_room = of(["x"], x={"diffusivity": "1e-9 m^2/s", "apparent_volume": "0 cm^3/mol"})
    assert no_room.limit == (math.inf,)
    assert no_room.pressure([c])[0] == pytest.approx(GAS_CONSTANT * 298.15 * c, rel=1e-14)


def test_seawater_is_about_27_7_bar_ideally() -> None:
    # FORMULAS.md, trap 1: NaCl 32 g/kg, 558 mol/m^3 by mass fraction and 547.6 by volume
    assert Solution(IDEAL, 298.15, (2.0,)).shares([558.0]).sum() == pytest.approx(27.7e5, rel=2e-3)


def test_each_solute_by_itself_over_any_leading_axes() -> None:
    concentration = np.array([[[1.0, 10.0, 0.0], [2.0, 20.0, 5.0]]])
    pressure = Solution(IDEAL, 300.0, (1.0, 2.0, 3.0)).shares(concentration)
    assert pressure.shape == concentration.shape
    assert pressure[0, 1] == pytest.approx(np.array([2.0, 40.0, 15.0]) * 8.31446261815324 * 300.0, rel=1e-14)
    assert pressure[0, 0, 2] == 0.0


def test_of_a_gas_nothing_is_left() -> None:
    gradient = np.ones(2)
    nothing = Solution(IDEAL, 300.0, (0.0, 0.0)).numbers
    assert osmotic.reflected(nothing, np.array([40.0, -1.0]), np.array([1.0, 0.5]), gradient) == 0.0
    assert not gradient.any()


# -- compiled -------------------------------------------------------------------------------------------------------
def wild_mixtures(model: str) -> list[tuple[Solution, list[list[float]]]]:
    """Any solutes with any of them absent, a trace, below zero, or far beyond the data."""
    dice = random.Random(11)
    found = []
    for _ in range(12):
        one = of(dice.sample(MOLECULES if model == "virial" else ALL, dice.randint(1, 4)), model)
        sizes = [0.0, 0.0, 1e-300, 1e-12, 1e-3, 10.0, 300.0, 1000.0, 3000.0, 2e4, -1e-6, -50.0]
        rows = [[0.0] * len(one.dissociation), [-1.0] * len(one.dissociation)]
        rows += [[dice.choice(sizes) * dice.uniform(0.5, 1.0) for _ in one.dissociation] for _ in range(40)]
        found.append((one, rows))
    return found


@pytest.mark.parametrize("model", ["pitzer", "virial", "ideal"])
def test_compiled_is_plain(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    fast, dice = compiled(osmotic.reflected), random.Random(3)
    for one, rows in wild_mixtures(model):
        for row in rows:
            c = np.array(row)
            for sigma in (np.full(len(c), 0.7), np.array([dice.random() for _ in row])):
                plain, quick = np.empty(len(c)), np.empty(len(c))
                expected = osmotic.reflected(one.numbers, c, sigma, plain)
                assert fast(one.numbers, c, sigma, quick) == pytest.approx(expected, rel=1e-14, abs=0)
                assert quick == pytest.approx(plain, rel=1e-14, abs=1e-13 * np.abs(plain).max())
        everything = np.array(rows)
        expected_totals = osmotic.total_pressures.__wrapped__(one.numbers, everything)  # type: ignore[attr-defined]
        assert expected_totals.tolist() == [one.pressure(row)[0] for row in rows]
        assert osmotic.total_pressures(one.numbers, everything) == pytest.approx(expected_totals, rel=1e-14, abs=0)


def test_one_compilation_serves_every_model() -> None:
    numba = pytest.importorskip("numba")
    several = [of(["NaCl", "sucrose"]), of(["urea"]), of(["sucrose", "urea"], "virial"), of(["NaCl"], "ideal")]
    assert len({numba.typeof(one.numbers) for one in [*several, Solution(IDEAL, 300.0, (0.0,))]}) == 1
