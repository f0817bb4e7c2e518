"""Free energy against the osmotic pressure it comes from; least work against closed forms and reversible paths."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from membrane_pde import analytic
from membrane_pde.physics import energy

T = 298.15
RT = 8.31446261815324 * T
NU = np.array([2.0, 1.0])


def ideal(c: Any) -> Any:
    return RT * (c @ NU)


def real(c: Any) -> Any:
    """Debye-Hückel's limiting law in the first solute, virial coefficients that mix the two."""
    first, second = c[..., 0], c[..., 1]
    return RT * (c @ NU - 0.02 * first**1.5 + 3e-4 * first**2 + 1e-4 * first * second + 2e-4 * second**2)


def strong(c: Any) -> Any:
    """The shape of Pitzer's equations: a root in a denominator, an exponential of a root, far beyond 1 mol/L."""
    root = np.sqrt(c[..., 0] / 1000.0)
    factor = -0.8 * root / (1.0 + 1.2 * root) + (0.1 + 0.3 * np.exp(-2.0 * root)) * root**2 + 0.002 * root**4
    return RT * (c @ NU + 2.0 * c[..., 0] * factor)


MODELS = pytest.mark.parametrize("pressure", [ideal, real, strong])


def least(before: Any, after: Any, pressure: Any = ideal, reservoirs: Any = ()) -> float:
    work = energy.least_work(before, after, pressure, NU, T, reservoirs)
    assert work.shape == ()
    return float(work)


# -- free energy ----------------------------------------------------------------------------------------------------
@MODELS
@pytest.mark.parametrize("amount", [[600.0, 50.0], [0.1, 0.0], [0.0, 300.0], [6000.0, 10.0]])
def test_its_slope_with_the_volume_is_minus_the_osmotic_pressure(pressure: Any, amount: list[float]) -> None:
    v, n, h = 1.3, np.array(amount), 1e-3
    at = energy.free_energy(v * np.array([1 - 2 * h, 1 - h, 1 + h, 1 + 2 * h]), [n] * 4, pressure, NU, T)
    slope = at @ np.array([1.0, -8.0, 8.0, -1.0]) / (12 * h * v)
    assert -slope == pytest.approx(float(pressure(n / v)), rel=1e-9)


@MODELS
@pytest.mark.parametrize("amount", [[600.0, 50.0], [0.1, 20.0], [6000.0, 10.0]])
def test_its_slope_with_an_amount_is_the_chemical_potential(pressure: Any, amount: list[float]) -> None:
    v, n, h = 0.7, np.array(amount), 1e-3
    potential = energy.chemical_potential(n / v, pressure, NU, T)
    for s in range(2):
        step = h * n[s] * np.eye(2)[s]
        at = [float(energy.free_energy(v, n + k * step, pressure, NU, T)) for k in (-2, -1, 1, 2)]
        slope = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h * n[s])
        assert potential[s] == pytest.approx(slope, abs=1e-7 * RT)


def test_closed_forms_of_the_excess() -> None:
    """−2 a c^(3/2) and b c² in the free energy's density; −3 a √c and 2 b c in the potential."""
    c = np.array([400.0, 100.0])
    excess = RT * (-2 * 0.02 * 400**1.5 + 3e-4 * 400**2 + 1e-4 * 400 * 100 + 2e-4 * 100**2)
    plain = RT * (2 * 400 * (math.log(400) - 1) + 100 * (math.log(100) - 1))
    assert float(energy.free_energy(1.0, c, real, NU, T)) == pytest.approx(plain + excess, rel=1e-14)
    beyond = energy.chemical_potential(c, real, NU, T) - RT * NU * np.log(c)
    by_hand = [-3 * 0.02 * 20 + 6e-4 * 400 + 1e-4 * 100, 1e-4 * 400 + 4e-4 * 100]
    assert beyond == pytest.approx(RT * np.array(by_hand), rel=1e-9)


@pytest.mark.parametrize("strength", [1.0, 600.0, 6000.0, 18000.0])
def test_the_quadrature_of_a_strong_electrolyte(strength: float) -> None:
    """Against an adaptive rule on the integrand written out, in which nothing cancels."""
    k = math.sqrt(strength / 1000.0)

    def integrand(s: float) -> float:
        r = k * s
        factor_over_s = k * (-0.8 / (1.0 + 1.2 * r) + (0.1 + 0.3 * math.exp(-2.0 * r)) * r + 0.002 * r**3)
        return 4.0 * RT * strength * factor_over_s

    exact = quad(integrand, 0.0, 1.0, epsabs=0.0, epsrel=1e-12)[0]
    plain = RT * 2 * strength * (math.log(strength) - 1)
    whole = float(energy.free_energy(1.0, [strength, 0.0], strong, NU, T))
    assert whole - plain == pytest.approx(exact, rel=1e-10)


def test_shapes_absent_solutes_and_extensivity() -> None:
    volume = np.array([[1.0, 2.0, 3.0]])
    amount = np.array([[[1.0, 0.0], [0.0, 0.0], [5.0, 7.0]]])
    found = energy.free_energy(volume, amount, real, NU, T)
    assert found.shape == (1, 3)
    assert found[0, 1] == 0.0  # pure solvent
    assert energy.free_energy(4 * volume, 4 * amount, real, NU, T) == pytest.approx(4 * found, rel=1e-14)
    potential = energy.chemical_potential([0.0, 5.0], real, NU, T)
    assert potential[0] == -np.inf
    assert np.isfinite(potential[1])
    plain = energy.chemical_potential([6000.0, 10.0], ideal, NU, T)
    assert plain == pytest.approx(RT * NU * np.log([6000.0, 10.0]), abs=1e-8 * RT)


# -- least work -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("recovery", [1e-6, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("passage", [0.0, 0.01, 0.3, 1.0])
def test_recovery_from_an_ideal_feed(recovery: float, passage: float) -> None:
    n = np.array([600.0, 50.0])
    permeate = recovery * passage * n
    work = least([(1.0, n)], [(recovery, permeate), (1 - recovery, n - permeate)])
    expected = analytic.least_work_of_recovery(float(ideal(n)), recovery, passage)
    assert work / recovery == pytest.approx(expected, rel=1e-7, abs=1e-13 * float(ideal(n)) / recovery)


def test_the_closed_form_and_its_limits() -> None:
    for y in (0.01, 0.5, 0.99):
        assert analytic.least_work_of_recovery(27e5, y) == pytest.approx(27e5 / y * math.log(1 / (1 - y)), rel=1e-13)
        assert analytic.least_work_of_recovery(27e5, y, passage=1.0) == pytest.approx(0.0, abs=1e-9)
        worse = [analytic.least_work_of_recovery(27e5, y, passage) for passage in (0.0, 0.01, 0.1, 0.5)]
        assert worse == sorted(worse, reverse=True)  # a membrane that leaks separates less
    assert analytic.least_work_of_recovery(27e5, 1e-9) == pytest.approx(27e5, rel=1e-8)
    leaking = 27e5 * (1 - 0.1 + 0.1 * math.log(0.1))
    assert analytic.least_work_of_recovery(27e5, 1e-9, passage=0.1) == pytest.approx(leaking, rel=1e-8)


@MODELS
def test_solvent_alone_is_the_reversible_path(pressure: Any) -> None:
    """∫ (π_R − π_L) dX between two solutions whose solutes stay."""
    left, right, volume, moved = np.array([30.0, 5.0]), np.array([600.0, 50.0]), (1.0, 1.2), -0.7  # to the left

    def difference(x: float) -> float:
        return float(pressure(left / (volume[0] - x)) - pressure(right / (volume[1] + x)))

    path = quad(difference, 0.0, moved, epsabs=0.0, epsrel=1e-12)[0]
    before = [(volume[0], left), (volume[1], right)]
    after = [(volume[0] - moved, left), (volume[1] + moved, right)]
    work = least(before, after, pressure)
    assert work == pytest.approx(path, rel=1e-9)
    assert work > 0.0
    assert least(after, before, pressure) == pytest.approx(-work, rel=1e-14)
    assert least(before[::-1], after[::-1], pressure) == pytest.approx(work, rel=1e-12)  # either side is the left one


def test_two_pistons_that_mix() -> None:
    """Ideal: the entropy of dilution of each side's own solute, by hand."""
    work = least([(1.0, [600.0, 0.0]), (2.0, [0.0, 90.0])], [(1.0, [200.0, 30.0]), (2.0, [400.0, 60.0])])
    assert work == pytest.approx(-RT * (2 * 600 * math.log(3) + 90 * math.log(1.5)), rel=1e-14)


def test_ideal_solutes_add() -> None:
    together = least([(1.0, [600.0, 50.0])], [(0.4, [6.0, 10.0]), (0.6, [594.0, 40.0])])
    apart = least([(1.0, [600.0, 0.0])], [(0.4, [6.0, 0.0]), (0.6, [594.0, 0.0])])
    apart += least([(1.0, [0.0, 50.0])], [(0.4, [0.0, 10.0]), (0.6, [0.0, 40.0])])
    assert together == pytest.approx(apart, rel=1e-13)


@MODELS
def test_a_reservoir_is_a_side_that_is_large_enough(pressure: Any) -> None:
    c, moved, passed = np.array([600.0, 50.0]), 0.3, np.array([2.0, 1.0])
    permeate = (moved, passed)
    exact = least([], [permeate], pressure, [(c, -moved, -passed)])
    errors = []
    for size in (1e2, 1e4):
        parts = least([(size, size * c)], [(size - moved, size * c - passed), permeate], pressure)
        errors.append(abs(parts - exact) / exact)
    assert errors[0] < 1e-2
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.05)
    pure = least([], [(moved, [0.0, 0.0])], pressure, [(c, -moved, [0.0, 0.0])])
    assert pure / moved == pytest.approx(float(pressure(c)), rel=1e-14)
    assert exact < pure


def test_a_solute_that_a_reservoir_has_none_of() -> None:
    reservoir = [0.0, 50.0]
    unknown = energy.least_work([(1.0, [1.0, 0.0])], [(1.0, [0.5, 0.0])], real, NU, T, [(reservoir, 0.0, [0.5, 0.0])])
    assert np.isnan(unknown)
    kept = energy.least_work([(1.0, [1.0, 0.0])], [(0.5, [1.0, 0.0])], ideal, NU, T, [(reservoir, 0.5, [0.0, 0.0])])
    assert kept == pytest.approx(RT * (2 * math.log(2) - 0.5 * 50), rel=1e-12)


def test_nothing_happened() -> None:
    cells = np.array([0.1, 0.2, 0.7])
    c = np.array([300.0, 10.0])
    whole = [(1.0, c)]
    assert least([(cells, cells[:, None] * c)], whole, real) == 0.0
    assert least(whole, [], ideal, [(c, 1.0, c)]) == pytest.approx(0.0, abs=1e-11 * RT * 300)  # into its like


@pytest.mark.parametrize(
    ("work", "least_work", "expected"),
    [
        (6e6, 3e6, 0.5),
        (-1e5, -4e5, 0.25),
        (1e5, -4e5, None),  # pressed where it would have gone by itself
        (0.0, -4e5, None),
        (1e5, 0.0, None),
        (0.0, 0.0, None),
    ],
)
def test_second_law_efficiency(work: float, least_work: float, expected: float | None) -> None:
    assert energy.second_law_efficiency(work, least_work) == expected
