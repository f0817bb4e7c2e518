"""Closed forms beyond the tables of `verify.formulas`; `equilibrium` against closed forms, dynamics and null cases."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from membrane_pde import analytic
from membrane_pde.reference import numbers, table

RT = 8.31446261815324 * 298.15


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize("time", [1e-4, 0.01, 0.0499999, 0.0500001, 0.3, 5])
def test_two_gases_cell_averages_are_those_of_the_profile(time: float) -> None:
    box: dict[str, Any] = {"diffusivity": 0.5, "length": 2.0, "step": 0.7, "left": 4.0, "right": 1.0}
    node, weight = np.polynomial.legendre.leggauss(40)
    edges = np.linspace(0, 2, 21)
    points = edges[:-1, None] + 0.05 * (node + 1)
    averages = analytic.two_gases(points, time, **box) @ weight / 2
    cells = analytic.two_gases_mean(edges[:-1], edges[1:], time, **box)
    assert cells == pytest.approx(averages, rel=1e-11)
    assert cells.mean() == pytest.approx(1 + 3 * 0.35, rel=1e-13)


def test_two_gases_at_the_start_and_across_the_switch_of_formulas() -> None:
    box: dict[str, Any] = {"diffusivity": 1.0, "length": 1.0, "step": 0.3}
    assert analytic.two_gases([0.0, 0.3, 1.0], 0.0, **box).tolist() == [1.0, 0.5, 0.0]
    assert analytic.two_gases_mean([0.0, 0.2], [0.2, 0.4], 0.0, **box) == pytest.approx([1.0, 0.5])
    x = np.linspace(0, 1, 11)
    below, above = (analytic.two_gases(x, t, **box) for t in (0.05 * (1 - 1e-14), 0.05 * (1 + 1e-14)))
    assert below == pytest.approx(above, rel=1e-12)


def test_degree_of_mixing() -> None:
    assert analytic.degree_of_mixing([0.05, 0.1]) == pytest.approx([0.495912, 0.302118], abs=5e-7)  # FORMULAS.md
    odd = 2 * np.arange(2000) + 1
    for tau in (1e-3, 0.02, 0.2, 1):
        series = 8 / np.pi**2 * np.sum(np.exp(-(odd**2) * np.pi**2 * tau) / odd**2)
        assert analytic.degree_of_mixing(tau) == pytest.approx(series, rel=1e-11, abs=1e-15)


def test_dialyser_clearance_is_smooth_through_equal_flows() -> None:
    def clearance(share: float) -> float:
        return analytic.dialyser_clearance(9e-6, 3e-6, 3e-6 * share, True)

    assert clearance(1.0) == pytest.approx(3e-6 / (1.0 + 3e-6 / 9e-6), rel=1e-14)
    slope = (clearance(1.001) - clearance(0.999)) / 0.002
    for off in (1e-15, 3e-14, 1e-12, 1e-9, 1e-6):
        for sign in (1.0, -1.0):
            expected = clearance(1.0) + sign * off * slope
            assert clearance(1.0 + sign * off) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("partition", [1.0, 0.4, 3.0])
def test_two_slabs_with_partition(partition: float) -> None:
    """The law at the membrane, the budget, the profile's average, and the end, for K other than 1."""
    r = {"L1": 1.5, "L2": 0.5, "D1": 2.0, "D2": 0.4, "P": 0.7, "K": partition, "c10": 3.0, "c20": 1.0}
    node, weight = np.polynomial.legendre.leggauss(40)
    for time in (0.02, 0.4, 3.0):
        slabs = _slabs({**r, "t": time}, 0.75 * (node + 1), 0.25 * (node + 1))
        assert slabs.flux == pytest.approx(0.7 * (slabs.wall_left - slabs.wall_right / partition), abs=1e-11)
        assert slabs.left @ weight / 2 == pytest.approx(slabs.mean_left, abs=1e-10)
        assert slabs.right @ weight / 2 == pytest.approx(slabs.mean_right, abs=1e-10)
        h = 1e-4 * time  # the left slab's amount falls by the flux
        slope = (_slabs({**r, "t": time + h}).mean_left - _slabs({**r, "t": time - h}).mean_left) / (2 * h)
        assert 1.5 * slope == pytest.approx(-slabs.flux, rel=1e-6)
    end = _slabs({**r, "t": 1e3})
    left = (3 * 1.5 + 1 * 0.5) / (1.5 + partition * 0.5)  # FORMULAS.md
    assert end.left == pytest.approx(left, abs=1e-11)
    assert end.right == pytest.approx(partition * left, abs=1e-11)


def _slabs(r: dict[str, float], left: Any = None, right: Any = None) -> analytic.TwoSlabs:
    return analytic.two_slabs(
        r["t"],
        length_left=r["L1"],
        length_right=r["L2"],
        diffusivity_left=r["D1"],
        diffusivity_right=r["D2"],
        permeability=r["P"],
        partition=r["K"],
        concentration_left=r["c10"],
        concentration_right=r["c20"],
        distance_left=[r["L1"], r["L1"] / 2] if left is None else left,
        distance_right=[r["L2"] / 2, r["L2"]] if right is None else right,
    )


def test_laplace_needs_a_time() -> None:
    with pytest.raises(ValueError, match="above zero"):
        _slabs({"L1": 1, "L2": 1, "D1": 1, "D2": 1, "P": 1, "K": 1, "c10": 1, "c20": 0, "t": 0})


@pytest.mark.parametrize(
    ("volume", "outside"), [(1e-9, 1.0), (1e-3, 1.0), (0.5, 1.0), (1.0, 1.0), (30.0, 1.0), (2e3, 1.0), (0.3, 0.0)]
)
def test_well_mixed_bath_solves_its_equation(volume: float, outside: float) -> None:
    """Almost empty (W near its branch point), at the end already, overfull, pure water outside."""
    time = np.array([0.0, 1e-12, 1e-6, 1e-3, 0.1, 1.0, 10.0])
    v = analytic.well_mixed_bath(time, volume=volume, amount=1, outside=outside, rate=1)
    assert v[0] == pytest.approx(volume, rel=1e-13)
    dense = solve_ivp(
        lambda _, v: 1 / v - outside, (0, 10), [volume], method="LSODA", t_eval=time, rtol=1e-12, atol=1e-16
    )
    assert v[1:] == pytest.approx(dense.y[0][1:], rel=1e-7)
    with pytest.raises(ValueError, match="outside"):
        analytic.well_mixed_bath(1.0, volume=1, amount=1, outside=-0.1, rate=1)


def test_well_mixed_two_pistons_satisfies_the_implicit_relation() -> None:
    n1, n2, total, start = 0.3, 2.0, 5.0, 3.0
    end = total * n1 / (n1 + n2)
    rest = total - end
    time = np.array([[0.0, 0.3], [2.0, 9.0]])
    v = analytic.well_mixed_two_pistons(
        time, amount_left=n1, amount_right=n2, volume_left=start, total_volume=total, rate=0.5
    )
    y, y0 = v - end, start - end
    assert v[0, 0] == start
    relation = end * rest * np.log(y / y0) + (rest - end) * (y - y0) - (y**2 - y0**2) / 2
    assert relation == pytest.approx(-0.5 * (n1 + n2) * time, rel=1e-11)
    with pytest.raises(ValueError, match="run dry"):
        analytic.well_mixed_two_pistons(1, amount_left=1, amount_right=0, volume_left=1, total_volume=2)


@pytest.mark.parametrize("amounts", [(1e-10, 1.0), (1e-6, 1e3), (1.0, 1.0)])
@pytest.mark.parametrize("pressure", [0.0, 1e5, 1e8, -1e3])
def test_u_tube_without_weight_is_two_pistons(amounts: tuple[float, float], pressure: float) -> None:
    n1, n2 = amounts
    tube = analytic.u_tube_equilibrium(
        amount_left=n1,
        amount_right=n2,
        total_volume=3.0,
        area_left=1,
        area_right=1,
        weight=0.0,
        rt=RT,
        pressure=pressure,
    )
    assert tube == pytest.approx(analytic.two_pistons_equilibrium(n1, n2, 3.0, pressure / RT), rel=1e-13)


def test_u_tube_with_almost_nothing_in_one_arm() -> None:
    """Where the roots of the cubic as eigenvalues are good to 1e-10 only."""
    n1, n2, total, a1, a2, weight = 1.1e-3, 2.2e-12, 0.65, 999.0, 0.0055, 9777.0
    left = analytic.u_tube_equilibrium(
        amount_left=n1, amount_right=n2, total_volume=total, area_left=a1, area_right=a2, weight=weight, rt=RT
    )

    def force(v: float) -> float:
        return RT * (n1 / v - n2 / (total - v)) - weight * (v / a1 - (total - v) / a2)

    assert left == pytest.approx(brentq(force, 1e-9, total - 1e-12, xtol=1e-16, rtol=1e-15), rel=1e-14)


def test_u_tube_runs_dry() -> None:
    with pytest.raises(ValueError, match="dry"):
        analytic.u_tube_equilibrium(
            amount_left=0,
            amount_right=1,
            total_volume=2,
            area_left=1,
            area_right=1,
            weight=0.1,
            rt=1,
        )


LAWS = {"SK": "spiegler-kedem", "KKlog": "kedem-katchalsky", "KKarith": "kedem-katchalsky-arithmetic"}


@pytest.mark.parametrize("law", [*LAWS.values(), "solution-diffusion"])
def test_film_with_full_rejection_is_the_lambert_form(law: str) -> None:
    film = analytic.film_reverse_osmosis(
        law,
        water_permeability=3e-12,
        pressure=5e6,
        concentration=500,
        mass_transfer=2e-5,
        reflection=1,
        permeability=0,
        osmotic=2 * RT,
    )
    closed = analytic.film_ideal_membrane(
        water_permeability=3e-12, pressure=5e6, osmotic_pressure=1000 * RT, mass_transfer=2e-5
    )
    assert film.water_flux == pytest.approx(closed, rel=1e-12)
    assert film.permeate == 0
    assert closed == pytest.approx(3e-12 * (5e6 - 1000 * RT * np.exp(closed / 2e-5)), rel=1e-12)


def test_film_refuses_what_is_not_reverse_osmosis() -> None:
    film: dict[str, float] = {
        "water_permeability": 3e-12,
        "concentration": 500,
        "mass_transfer": 2e-5,
        "permeability": 0,
        "osmotic": 2 * RT,
    }
    with pytest.raises(ValueError, match="nothing through"):
        analytic.film_reverse_osmosis("spiegler-kedem", pressure=1e6, reflection=1, **film)
    with pytest.raises(ValueError, match="unknown flux law"):
        analytic.film_reverse_osmosis("fick", pressure=1e7, reflection=1, **film)
    with pytest.raises(ValueError, match="reflection"):
        analytic.film_reverse_osmosis("solution-diffusion", pressure=1e7, reflection=0.9, **film)


def test_unstirred_wall_at_the_start_and_the_end() -> None:
    assert analytic.unstirred_semi_infinite_wall([0.0, 1e6], 0.9) == pytest.approx([1.0, 10.0], rel=1e-9)


# ---------------------------------------------------------------- equilibrium


def solve(**given: Any) -> analytic.Equilibrium:
    """Two pistons, an impermeable solute on the left, unless said otherwise. Amounts are of nu = 1."""
    problem: dict[str, Any] = {
        "length_left": 1.0,
        "length_right": 1.0,
        "amount_left": [1.0],
        "amount_right": [0.2],
        "pressure_left": 0.0,
        "pressure_right": 0.0,
        "stiffness_left": 0.0,
        "stiffness_right": 0.0,
        "rigid": "",
        "membrane": True,
        "water_passes": True,
        "osmotic_pressure": lambda c: RT * c,
    }
    problem |= given
    count = len(problem["amount_left"])
    for name, value in (("passes", False), ("reflection", 1.0), ("partition", 1.0)):
        problem.setdefault(name, [value] * count)
    pressures = problem.pop("pressure_left"), problem.pop("pressure_right")
    (end,) = analytic.equilibrium([pressures], **problem)
    return end


AMOUNTS = [1e-12, 1e-6, 1.0, 1e3]


@pytest.mark.parametrize("n1", AMOUNTS)
@pytest.mark.parametrize("n2", AMOUNTS)
@pytest.mark.parametrize("lengths", [(1.0, 1.0), (1e-7, 1.0), (1.0, 1e-7), (3e-5, 2e-3)])
@pytest.mark.parametrize("pressure", [0.0, 1e5, -5e7])
def test_two_pistons_over_extreme_ratios(n1: float, n2: float, lengths: tuple[float, float], pressure: float) -> None:
    """Both volumes to 1e-12 of themselves, also when one is a 1e-17th of the other."""
    end = solve(
        length_left=lengths[0],
        length_right=lengths[1],
        amount_left=[n1],
        amount_right=[n2],
        pressure_left=pressure,
    )
    g, total = pressure / RT, sum(lengths)
    left = analytic.two_pistons_equilibrium(n1, n2, total, g)
    right = analytic.two_pistons_equilibrium(n2, n1, total, -g)
    assert end.reason == ""
    assert end.concentration_left is not None
    assert end.concentration_right is not None
    assert n1 / end.concentration_left[0] == pytest.approx(left, rel=1e-12)
    assert n2 / end.concentration_right[0] == pytest.approx(right, rel=1e-12)
    moved = lengths[0] - left if left < lengths[0] / 2 else right - lengths[1]
    assert end.displaced_volume == pytest.approx(moved, rel=1e-12, abs=1e-14 * total)
    assert (end.pressure_left, end.pressure_right) == (pressure, 0.0)


@pytest.mark.parametrize("row", table("exact_well_mixed_two_pistons"))
def test_end_of_the_table_with_two_pistons(row: dict[str, str]) -> None:
    r = numbers(row)
    end = solve(amount_left=[r["n1"]], amount_right=[r["n2"]], pressure_left=r["g"] * RT)
    assert end.displaced_volume == pytest.approx(r["V10"] - r["V1_eq"], rel=1e-13)


@pytest.mark.parametrize("amounts", [(1e-3, 0.0), (0.0, 1e-2), (0.03, 0.01), (1e-9, 2e-9), (5.0, 1.0)])
@pytest.mark.parametrize("areas", [(1.0, 1.0), (0.1, 2.0)])
def test_u_tube_is_the_root_of_the_cubic(amounts: tuple[float, float], areas: tuple[float, float]) -> None:
    """Two standpipes, per membrane area. Levels start equal, so the cubic's head at the start is taken off."""
    weight, l1, l2 = 9777.7203825, 0.4, 0.6
    end = solve(
        length_left=l1,
        length_right=l2,
        amount_left=[amounts[0]],
        amount_right=[amounts[1]],
        stiffness_left=weight / areas[0],
        stiffness_right=weight / areas[1],
    )
    cubic: dict[str, Any] = {
        "amount_left": amounts[0],
        "amount_right": amounts[1],
        "total_volume": 1.0,
        "area_left": areas[0],
        "area_right": areas[1],
        "weight": weight,
        "rt": RT,
        "pressure": -weight * (l1 / areas[0] - l2 / areas[1]),
    }
    if end.displaced_volume is None:
        assert "runs dry" in end.reason
        with pytest.raises(ValueError, match="dry"):
            analytic.u_tube_equilibrium(**cubic)
        return
    assert l1 - end.displaced_volume == pytest.approx(analytic.u_tube_equilibrium(**cubic), rel=1e-12)
    head = sum(amounts) and -end.displaced_volume * weight * (1 / areas[0] + 1 / areas[1])
    assert end.pressure_left is not None
    assert end.pressure_right is not None
    assert end.pressure_left - end.pressure_right == pytest.approx(head, rel=1e-12)


@pytest.mark.parametrize("row", table("exact_well_mixed_utube"))
def test_end_of_the_table_with_the_u_tube(row: dict[str, str]) -> None:
    r = numbers(row)
    area = r["A_mem"]
    end = solve(
        length_left=r["V10"] / area,
        length_right=r["V20"] / area,
        amount_left=[r["n1_mol"] / area],
        amount_right=[r["n2_mol"] / area],
        stiffness_left=r["rho_g"] * area / r["a1"],
        stiffness_right=r["rho_g"] * area / r["a2"],
        osmotic_pressure=lambda c: r["RT"] * c,
    )
    assert end.displaced_volume == pytest.approx((r["V10"] - r["V1_eq"]) / area, rel=1e-12)


def mixture(seed: int) -> dict[str, Any]:
    """A random problem with one end: staying and passing solutes, pistons or standpipes, some pressure."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 6))
    passes = rng.random(count) < 0.5
    passes[0] = False
    stiff = rng.choice([0.0, 2000.0, 2e4], size=2)
    return {
        "length_left": float(rng.uniform(0.5, 2)),
        "length_right": float(rng.uniform(0.5, 2)),
        "amount_left": rng.uniform(0.1, 3, count),
        "amount_right": rng.uniform(0.1, 3, count) * (rng.random(count) < 0.8) + (np.arange(count) == 0),
        "passes": passes,
        "reflection": np.where(passes, rng.uniform(0, 1, count), 1.0),
        "partition": np.ones(count),
        "pressure_left": float(rng.uniform(-3, 3)),
        "pressure_right": 0.0,
        "stiffness_left": stiff[0] / 1e4,
        "stiffness_right": stiff[1] / 1e4,
        "dissociation": rng.integers(1, 4, count),
    }


@pytest.mark.parametrize("seed", range(25))
def test_where_the_dynamics_end(seed: int) -> None:
    """Well-mixed Kedem-Katchalsky dynamics (arithmetic mean), run until nothing changes. R T = 1."""
    problem = mixture(seed)
    nu = problem.pop("dissociation")
    end = solve(**problem, osmotic_pressure=lambda c: nu * c)
    assert end.displaced_volume is not None, end.reason
    count = len(nu)
    total = problem["amount_left"] + problem["amount_right"]
    sigma, permeability = problem["reflection"], np.where(problem["passes"], 1.0, 0.0)

    def rate(_: float, y: np.ndarray) -> np.ndarray:
        moved, n = y[0], y[1:]
        c1, c2 = n / (problem["length_left"] - moved), (total - n) / (problem["length_right"] + moved)
        p1 = problem["pressure_left"] - problem["stiffness_left"] * moved
        p2 = problem["pressure_right"] + problem["stiffness_right"] * moved
        flow = p1 - p2 - np.sum(sigma * nu * (c1 - c2))
        return np.append(flow, -permeability * (c1 - c2) - (1 - sigma) * flow * (c1 + c2) / 2)

    run = solve_ivp(rate, (0, 2000), np.append(0.0, problem["amount_left"]), method="LSODA", rtol=1e-11, atol=1e-13)
    assert run.success
    assert end.displaced_volume == pytest.approx(run.y[0, -1], rel=1e-8, abs=1e-8)
    left = problem["length_left"] - run.y[0, -1]
    assert end.concentration_left == pytest.approx(run.y[1:, -1] / left, rel=1e-8, abs=1e-8)
    right = problem["length_right"] + run.y[0, -1]
    assert end.concentration_right == pytest.approx((total - run.y[1:, -1]) / right, rel=1e-8, abs=1e-8)
    assert count == len(end.concentration_left)


@pytest.mark.parametrize("seed", range(25, 40))
def test_amounts_are_kept_and_forces_balance(seed: int) -> None:
    problem = mixture(seed)
    nu = problem.pop("dissociation")
    end = solve(**problem, osmotic_pressure=lambda c: nu * c)
    assert end.displaced_volume is not None
    assert end.concentration_left is not None
    assert end.concentration_right is not None
    assert end.pressure_left is not None
    assert end.pressure_right is not None
    left, right = problem["length_left"] - end.displaced_volume, problem["length_right"] + end.displaced_volume
    total = problem["amount_left"] + problem["amount_right"]
    assert end.concentration_left * left + end.concentration_right * right == pytest.approx(total, rel=1e-13)
    level = problem["passes"]
    assert end.concentration_left[level] == pytest.approx(end.concentration_right[level], rel=1e-15)
    push = np.sum(problem["reflection"] * nu * (end.concentration_left - end.concentration_right))
    assert end.pressure_left - end.pressure_right == pytest.approx(push, abs=1e-12 * nu @ total)


def test_any_osmotic_pressure_will_do() -> None:
    """A virial-like law: the root is the one of the law handed in."""
    end = solve(osmotic_pressure=lambda c: RT * c * (1 + 0.3 * c))
    assert end.displaced_volume is not None
    x = end.displaced_volume
    c1, c2 = 1 / (1 - x), 0.2 / (1 + x)
    assert c1 + 0.3 * c1**2 == pytest.approx(c2 + 0.3 * c2**2, rel=1e-13)  # equal c for a law of c alone
    assert c1 == pytest.approx(c2, rel=1e-13)


@pytest.mark.parametrize(
    "given",
    [
        # so much solute in so thin a layer that an ideal solution would empty the other side
        {
            "length_left": 0.024,
            "length_right": 3.6e-4,
            "amount_left": [0.0],
            "amount_right": [11.5],
            "pressure_left": 6e6,
        },
        {
            "length_left": 0.043,
            "length_right": 3.5e-6,
            "amount_left": [0.0],
            "amount_right": [0.1],
            "stiffness_right": 1e7,
        },
        {"length_left": 6e-6, "length_right": 0.075, "amount_left": [8.5], "amount_right": [0.0]},
        {"amount_left": [3e3], "amount_right": [2e3], "pressure_left": 3e7},
    ],
)
def test_a_law_far_from_ideal(given: dict[str, Any]) -> None:
    def law(c: np.ndarray) -> np.ndarray:
        return RT * c * (1 + 1e-4 * c + 1e-7 * c**2)

    problem = {"stiffness_left": 1e9} | given
    end = solve(**problem, osmotic_pressure=law)
    assert end.displaced_volume is not None
    assert end.concentration_left is not None
    assert end.concentration_right is not None
    assert end.pressure_left is not None
    assert end.pressure_right is not None
    pull = float(law(end.concentration_left)[0] - law(end.concentration_right)[0])
    size = abs(end.pressure_left) + abs(end.pressure_right) + abs(pull)
    assert end.pressure_left - end.pressure_right == pytest.approx(pull, abs=1e-13 * size)


@pytest.mark.parametrize("given", [{}, {"rigid": "left"}, {"rigid": "right"}, {"water_passes": False}])
def test_ends_found_together_are_what_they_are_alone(given: dict[str, Any]) -> None:
    problem: dict[str, Any] = {
        "length_left": 1.0,
        "length_right": 2.0,
        "amount_left": [1.0, 0.1],
        "amount_right": [0.2, 0.1],
        "passes": [False, True],
        "reflection": [1.0, 0.3],
        "partition": [1.0, 1.0],
        "stiffness_left": 1.0,
        "stiffness_right": 0.0,
        "rigid": "",
        "membrane": True,
        "water_passes": True,
        "osmotic_pressure": lambda c: RT * c * (1.0 + 0.1 * c),
        **given,
    }
    pressures = [(0.0, 0.0), (0.5 * RT, 0.0), (0.0, 0.7 * RT), (0.9 * RT, 0.3 * RT), (0.0, 0.0)]
    together = analytic.equilibrium(pressures, **problem)
    for each, found in zip(pressures, together, strict=True):
        (alone,) = analytic.equilibrium([each], **problem)
        for name, value in vars(alone).items():
            np.testing.assert_array_equal(vars(found)[name], value)
    if not given:
        assert len({end.displaced_volume for end in together}) == len(pressures) - 1


def test_the_law_is_asked_a_few_times_only() -> None:
    """It may be costly. Where it is ideal: at the start, at the end, and whether a side can be emptied."""
    asked: list[np.ndarray] = []

    def law(factor: float) -> Any:
        def pressure(c: np.ndarray) -> np.ndarray:
            asked.append(c)
            return RT * c * (1 + factor * c)

        return pressure

    problem: dict[str, Any] = {"amount_left": [1e-4], "amount_right": [0.03], "pressure_right": 20.0}
    solve(**problem, osmotic_pressure=law(0.0))
    solve(**problem, stiffness_left=1e3, osmotic_pressure=law(0.0))
    solve(amount_left=[0.0], amount_right=[0.03], stiffness_right=1e4, osmotic_pressure=law(0.0))
    assert len(asked) <= 3 * 3
    asked.clear()
    solve(**problem, osmotic_pressure=law(3.0))
    assert len(asked) <= 7


@pytest.mark.parametrize("side", ["left", "right"])
def test_rigid_side_is_the_membrane_osmometer(side: str) -> None:
    end = solve(
        amount_left=[0.3, 0.0],
        amount_right=[0.1, 0.4],
        passes=[False, True],
        reflection=[1.0, 0.7],
        rigid=side,
        pressure_left=7.0 if side == "right" else 99.0,
        pressure_right=7.0 if side == "left" else 99.0,
    )
    assert end.displaced_volume == 0.0
    assert end.concentration_left == pytest.approx([0.3, 0.2])
    assert end.concentration_right == pytest.approx([0.1, 0.2])
    push = 0.2 * RT
    expected = (7 + push, 7.0) if side == "left" else (7.0, 7 - push)
    assert (end.pressure_left, end.pressure_right) == pytest.approx(expected)


def test_a_rigid_side_keeps_a_leaky_solute_that_cannot_diffuse() -> None:
    """No water flows past a rigid side, so nothing is dragged and the path does not matter."""
    end = solve(reflection=[0.5], rigid="left")
    assert end.concentration_left == pytest.approx([1.0])
    assert end.pressure_left == pytest.approx(0.5 * 0.8 * RT)


def test_no_water_passes_but_solutes_part_as_they_like() -> None:
    end = solve(
        length_right=2.0,
        amount_left=[1.0, 0.5],
        amount_right=[0.2, 0.1],
        passes=[True, False],
        reflection=[1.0, 0.3],
        partition=[3.0, 1.0],
        water_passes=False,
        pressure_left=1.0,
        pressure_right=5.0,
    )
    assert end.displaced_volume == 0.0
    assert end.concentration_left == pytest.approx([1.2 / 7, 0.5])  # FORMULAS.md, two slabs
    assert end.concentration_right == pytest.approx([3.6 / 7, 0.05])
    assert (end.pressure_left, end.pressure_right) == (1.0, 5.0)
    rigid = solve(water_passes=False, rigid="right", pressure_left=2.5, pressure_right=0.0)
    assert (rigid.pressure_left, rigid.pressure_right) == (2.5, 2.5)


def test_partition_removed_mixes_everything() -> None:
    end = solve(length_right=3.0, amount_left=[1.0, 0.0], amount_right=[0.2, 8.0], membrane=False)
    assert end.displaced_volume == 0.0
    assert end.concentration_left == pytest.approx([0.3, 2.0])
    assert end.concentration_right == pytest.approx([0.3, 2.0])


def test_isotonic_stays() -> None:
    end = solve(length_left=0.3, amount_left=[0.1, 0.2], length_right=0.6, amount_right=[0.4, 0.2])
    assert end.displaced_volume == 0.0


def test_stopped_by_exactly_the_osmotic_pressure() -> None:
    assert solve(pressure_left=0.8 * RT).displaced_volume == pytest.approx(0.0, abs=1e-15)


def test_small_displacements_are_found() -> None:
    """A millionth too much pressure: first order in the excess, stiffness of the two solutions."""
    excess = 1e-6 * RT
    end = solve(pressure_left=0.8 * RT + excess)
    assert end.displaced_volume == pytest.approx(1e-6 / (1.0 + 0.2), rel=1e-5)


def test_only_water_and_two_standpipes_level() -> None:
    end = solve(amount_left=[], amount_right=[], pressure_left=30.0, stiffness_left=100.0, stiffness_right=200.0)
    assert end.displaced_volume == pytest.approx(0.1, rel=1e-13)
    assert end.concentration_left is not None
    assert end.concentration_left.shape == (0,)
    assert end.pressure_left == pytest.approx(end.pressure_right)


@pytest.mark.parametrize("amounts", [([], []), ([0.0], [0.0]), ([1.0], [0.2])])
def test_any_volume_is_an_equilibrium(amounts: tuple[list[float], list[float]]) -> None:
    end = solve(
        amount_left=amounts[0],
        amount_right=amounts[1],
        passes=[True] * len(amounts[0]),
        pressure_left=2e5,
        pressure_right=2e5,
    )
    assert end.displaced_volume is None
    assert "any displaced volume" in end.reason
    assert end.concentration_left is not None
    assert end.concentration_left == pytest.approx(np.full(len(amounts[0]), sum(amounts[0] + amounts[1]) / 2))
    assert (end.pressure_left, end.pressure_right) == (2e5, 2e5)


def test_an_absent_solute_that_stays_changes_nothing() -> None:
    end = solve(amount_left=[1.0, 0.0], amount_right=[0.2, 0.0], passes=[True, False], reflection=[0.5, 0.5])
    assert "any displaced volume" in end.reason


@pytest.mark.parametrize(
    ("given", "side"),
    [
        ({"passes": [True], "pressure_left": 1.0}, "left"),
        ({"passes": [True], "pressure_right": 1.0}, "right"),
        ({"amount_left": [0.0]}, "left"),
        ({"amount_right": [0.0]}, "right"),
        ({"amount_left": [0.0], "pressure_left": 1.0}, "left"),
        ({"amount_left": [], "amount_right": [], "pressure_left": 300.0, "stiffness_left": 200.0}, "left"),
        ({"amount_left": [], "amount_right": [], "pressure_left": 200.0, "stiffness_left": 200.0}, "left"),
        ({"amount_right": [0.0], "stiffness_left": 1.0}, "right"),
    ],
)
def test_a_side_runs_dry(given: dict[str, Any], side: str) -> None:
    end = solve(**given)
    assert f"the {side} side runs dry" in end.reason
    assert (end.displaced_volume, end.pressure_left, end.pressure_right) == (None, None, None)
    assert end.concentration_left is None
    assert end.concentration_right is None


def test_pure_water_pressed_back_does_not_run_dry() -> None:
    end = solve(amount_left=[1.0], amount_right=[0.0], pressure_left=0.8 * RT)
    assert end.displaced_volume == pytest.approx(-0.25, rel=1e-13)


@pytest.mark.parametrize("given", [{}, {"stiffness_left": 1e4}, {"pressure_left": 1e5}])
def test_the_end_depends_on_the_path(given: dict[str, Any]) -> None:
    end = solve(amount_left=[1.0, 0.1], amount_right=[0.2, 0.0], passes=[True, False], reflection=[1.0, 0.99], **given)
    assert "depends on the path" in end.reason
    assert end.displaced_volume is None
    assert end.concentration_left is None


def test_a_slack_wall_is_at_zero_pressure_where_no_volume_moves() -> None:
    """An elastic wall under a negative applied pressure does not pull, whatever keeps the volumes as they are."""
    given = {"amount_left": [1.0], "amount_right": [0.25], "stiffness_left": 1e4, "walls": (True, False)}
    still = solve(**given, pressure_left=-1e5, pressure_right=2e5, water_passes=False)
    assert (still.pressure_left, still.pressure_right) == (0.0, 2e5)
    beside = solve(**given, pressure_left=-1e5, rigid="right")
    assert beside.pressure_left == 0.0
    assert beside.pressure_right == pytest.approx(-0.75 * RT, rel=1e-13)


def test_the_judge_is_independent() -> None:
    roots = set()
    for path in Path(analytic.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                name = str(node.module)
                roots.add("analytic" if name.startswith("membrane_pde.analytic.") else name.split(".")[0])
    standard = {"__future__", "collections", "dataclasses", "itertools", "math", "typing"}
    assert roots <= {"analytic", "numpy", "scipy"} | standard
