"""Flux laws: limits, guards, slopes, and the film's rejections of FORMULAS.md."""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq

from membrane_pde.kernels import compiled
from membrane_pde.physics import fluxes
from membrane_pde.physics.fluxes import KEDEM_KATCHALSKY
from tests.laws import LAWS, SOLUTION_DIFFUSION, SPIEGLER_KEDEM, solute_flux

GUARDS = [0.0, 1e-300, 1e-12, 1e-3, 0.0499999999, 0.05, 0.0500000001, 0.4999999, 0.5, 2.0, 40.0, 300.0, 699.9999, 700.0]


def exact_bernoulli(x: float) -> tuple[float, float]:
    """B(x) and B'(x) = (e^x − 1 − x e^x)/(e^x − 1)² with 80 digits."""
    if x == 0.0:
        return 1.0, -0.5
    with localcontext() as context:
        context.prec = 700 if abs(x) < 1e-100 else 80
        z = Decimal(x)
        e = z.exp()
        return float(z / (e - 1)), float((e - 1 - z * e) / (e - 1) ** 2)


def slope_of(f: Callable[[float], float], x: float, h: float) -> float:
    """Derivative by differences of sixth order."""
    d = [(f(x + k * h) - f(x - k * h)) / 2 for k in (1, 2, 3)]
    return (45 * d[0] - 9 * d[1] + d[2]) / (30 * h)


# -- Bernoulli -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("x", [sign * x for x in GUARDS for sign in (1.0, -1.0)])
def test_bernoulli_against_eighty_digits(x: float) -> None:
    value, slope = fluxes.bernoulli(x)
    expected, expected_slope = exact_bernoulli(x)
    assert value == pytest.approx(expected, rel=1e-15 * (1 + abs(x) if x > 1 else 1) * 2, abs=0)
    # where B' is small beside 1 the closed form 1 − x − B has cancelled; nobody needs more than that
    assert slope == pytest.approx(expected_slope, rel=1e-12, abs=1e-13)
    # B(−x) = B(x) + x
    assert fluxes.bernoulli(-x)[0] == pytest.approx(value + x, rel=1e-15, abs=1e-15)


@pytest.mark.parametrize("x", [700.0001, 720.0, 744.0, 745.0, 800.0, 1e5, 1e200, 1e308])
def test_bernoulli_beyond_the_range_of_exp(x: float) -> None:
    for sign in (1.0, -1.0):
        value, slope = fluxes.bernoulli(sign * x)
        assert np.isfinite(value)
        assert np.isfinite(slope)
    forward, slope = fluxes.bernoulli(x)
    assert 0.0 <= forward <= 1e-300 * max(1.0, x / 1e3)  # 700 e^−700 is 7e-302; far out, nothing beside x
    assert abs(slope) <= 1e-300 * max(1.0, x / 1e3)
    assert fluxes.bernoulli(-x) == ((x, -1.0) if x < 1e100 else (x, pytest.approx(-0.5, abs=0.5)))


@pytest.mark.parametrize("point", [-0.05, 0.05, -0.5, 0.5, -700.0, 700.0])
def test_bernoulli_is_continuous_where_its_formula_changes(point: float) -> None:
    below, above = np.nextafter(point, -np.inf), np.nextafter(point, np.inf)
    for one, other in ((below, point), (point, above)):
        assert fluxes.bernoulli(one)[0] == pytest.approx(fluxes.bernoulli(other)[0], rel=4e-13 if point > 1 else 1e-15)
        assert fluxes.bernoulli(one)[1] == pytest.approx(fluxes.bernoulli(other)[1], rel=1e-12)


# -- coefficients ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reflection", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("peclet", [-2000.0, -699.0, -30.0, -1.0, -0.03, 0.03, 1.0, 30.0, 699.0, 2000.0])
def test_spiegler_kedem_is_its_textbook_formula(reflection: float, peclet: float) -> None:
    permeability, left, right = 3e-7, 500.0, 420.0
    water = peclet * permeability / (1 - reflection)
    with localcontext() as context:
        context.prec = 60
        drag = (1 - Decimal(reflection)) * Decimal(water)
        pe = drag / Decimal(permeability)
        expected = drag * (Decimal(left) - Decimal(right) * (-pe).exp()) / (1 - (-pe).exp())
    got = solute_flux(SPIEGLER_KEDEM, permeability, reflection, water, left, right)
    assert got == pytest.approx(float(expected), rel=2e-13)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("reflection", [0.0, 0.4, 1.0])
def test_still_water_leaves_diffusion_alone(law: str, reflection: float) -> None:
    if law == SOLUTION_DIFFUSION:
        reflection = 1.0
    for water in (0.0, 1e-30, -1e-30):
        flux = solute_flux(law, 2e-7, reflection, water, 300.0, 40.0, partition=1.0)
        assert flux == pytest.approx(2e-7 * 260.0, rel=1e-14)
    assert solute_flux(law, 2e-7, reflection, 0.0, 300.0, 40.0, partition=0.5) == pytest.approx(2e-7 * 220.0, rel=1e-14)


@pytest.mark.parametrize("law", LAWS)
def test_full_reflection_stops_the_drag(law: str) -> None:
    for water in (1e-5, -1e-5, 1e3, -1e3):
        assert solute_flux(law, 2e-7, 1.0, water, 300.0, 40.0) == pytest.approx(2e-7 * 260.0, rel=1e-14)
        assert solute_flux(law, 0.0, 1.0, water, 300.0, 40.0) == 0.0


def test_without_diffusion_spiegler_kedem_carries_the_upstream_concentration() -> None:
    for permeability in (0.0, 1e-30, 1e-300):
        assert solute_flux(SPIEGLER_KEDEM, permeability, 0.4, 1e-6, 300.0, 40.0) == pytest.approx(0.6e-6 * 300.0)
        assert solute_flux(SPIEGLER_KEDEM, permeability, 0.4, -1e-6, 300.0, 40.0) == pytest.approx(-0.6e-6 * 40.0)
    assert solute_flux(SPIEGLER_KEDEM, 0.0, 0.4, 0.0, 300.0, 40.0) == 0.0
    # a membrane that reflects nothing and hinders nothing: the solution goes through as it is
    assert solute_flux(SPIEGLER_KEDEM, 1e-6, 0.0, 3e-6, 50.0, 50.0) == pytest.approx(1.5e-4, rel=1e-14)
    assert solute_flux(KEDEM_KATCHALSKY, 1e-6, 0.0, 3e-6, 50.0, 50.0) == pytest.approx(1.5e-4, rel=1e-14)


@pytest.mark.parametrize("law", [KEDEM_KATCHALSKY, SPIEGLER_KEDEM])
def test_laws_are_the_same_from_the_other_side(law: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        permeability, reflection = 10 ** rng.uniform(-9, -5), rng.uniform(0, 1)
        water, left, right = rng.normal() * 1e-5, rng.uniform(0, 500), rng.uniform(0, 500)
        there = solute_flux(law, permeability, reflection, water, left, right)
        back = solute_flux(law, permeability, reflection, -water, right, left)
        scale = (permeability + abs(water)) * (left + right)
        assert there == pytest.approx(-back, abs=1e-15 * scale)


def test_one_side_empty() -> None:
    p, sigma, water, c = 1e-7, 0.5, 2e-6, 300.0
    assert fluxes.logarithmic_mean(c, 0.0) == fluxes.logarithmic_mean(0.0, c) == fluxes.logarithmic_mean(0, 0) == 0.0
    assert solute_flux(KEDEM_KATCHALSKY, p, sigma, water, c, 0.0) == pytest.approx(p * c, rel=1e-15)
    peclet = sigma * water / p
    expected = sigma * water * c / -np.expm1(-peclet)
    assert solute_flux(SPIEGLER_KEDEM, p, sigma, water, c, 0.0) == pytest.approx(expected, rel=1e-14)
    assert solute_flux(SPIEGLER_KEDEM, p, sigma, water, 0.0, 0.0) == 0.0
    # linear in the concentrations
    assert solute_flux(SPIEGLER_KEDEM, p, sigma, water, 2 * c, 0.0) == pytest.approx(2 * expected, rel=1e-14)


@pytest.mark.parametrize("peclet", [-700.0, -0.05, 0.05, 700.0])
def test_coefficients_are_continuous_across_the_guards(peclet: float) -> None:
    permeability, reflection = 2e-7, 0.75  # 1 − σ and P/(1 − σ) are exact: the guard is hit
    water = peclet * permeability / (1 - reflection)
    a, b = fluxes.linear_coefficients(permeability, reflection, 1.0, water)[:2]
    for factor in (1 - 1e-9, 1 + 1e-9):
        near_a, near_b = fluxes.linear_coefficients(permeability, reflection, 1.0, water * factor)[:2]
        assert near_a == pytest.approx(a, rel=2e-9)
        assert near_b == pytest.approx(b, rel=2e-9, abs=1e-300)


def test_coefficients_keep_their_digits_against_the_flow() -> None:
    """a and b carry concentrations; below zero a wall could go below zero with positive cells on both sides."""
    permeability, reflection = 1e-7, 0.75
    for peclet in np.concatenate([np.linspace(-100, 100, 401), [-600.0, 600.0, -1e3, 1e3]]):
        a, b, _, _ = fluxes.linear_coefficients(permeability, reflection, 1.0, peclet * permeability / 0.25)
        assert a >= 0.0
        assert b >= 0.0
        if abs(peclet) < 690:
            assert a == pytest.approx(permeability * exact_bernoulli(-peclet)[0], rel=1e-12, abs=0)
            assert b == pytest.approx(permeability * exact_bernoulli(peclet)[0], rel=1e-12, abs=0)


@pytest.mark.parametrize("peclet", [-900.0, -60.0, -3.0, -0.2, -0.01, 0.0, 0.01, 0.2, 3.0, 60.0, 900.0])
def test_slopes_of_the_coefficients(peclet: float) -> None:
    permeability, reflection, partition = 2e-7, 0.4, 0.8
    water = peclet * permeability / (1 - reflection)
    *_, da, db = fluxes.linear_coefficients(permeability, reflection, partition, water)
    h = 0.02 * permeability / (1 - reflection)
    for index, slope in ((0, da), (1, db)):
        expected = slope_of(
            lambda v, i=index: fluxes.linear_coefficients(permeability, reflection, partition, v)[i], water, h
        )
        assert slope == pytest.approx(expected, rel=1e-9, abs=1e-10)


# -- logarithmic mean -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("apart", [0.0, 1e-15, 1e-10, 1e-6, 1e-3, 0.0199, 0.0201999, 0.0202021, 0.03, 0.5, 0.999999])
def test_logarithmic_mean_near_equality(apart: float) -> None:
    first, second = 350.0, 350.0 * (1 - apart)
    with localcontext() as context:
        context.prec = 60
        one, two = Decimal(first), Decimal(second)
        expected = float((one - two) / (one / two).ln()) if one != two else first
    assert fluxes.logarithmic_mean(first, second) == pytest.approx(expected, rel=2e-14)
    assert fluxes.logarithmic_mean(second, first) == pytest.approx(expected, rel=2e-14)
    assert second <= fluxes.logarithmic_mean(first, second) <= first
    assert fluxes.logarithmic_mean(3 * first, 3 * second) == pytest.approx(3 * expected, rel=2e-14)


@pytest.mark.parametrize("ratio", [1.0, 1 + 1e-9, 1.001, 1.0201, 1.0203, 1.2, 30.0, 1e6])
def test_slopes_of_the_logarithmic_mean(ratio: float) -> None:
    for first, second in ((1.0, ratio), (ratio, 1.0)):
        slopes = fluxes.logarithmic_mean_slopes(first, second)
        expected = (
            slope_of(lambda c, other=second: fluxes.logarithmic_mean(c, other), first, 2e-3 * first),
            slope_of(lambda c, other=first: fluxes.logarithmic_mean(other, c), second, 2e-3 * second),
        )
        assert slopes == pytest.approx(expected, rel=1e-9)
        # homogeneous of degree one (Euler)
        mean = fluxes.logarithmic_mean(first, second)
        assert slopes[0] * first + slopes[1] * second == pytest.approx(mean, rel=1e-13)


# -- the film's rejections ------------------------------------------------------------------------------------------
def rejection(law: str, sigma: float, peclet: float, permeability: float = 1e-7) -> float:
    """1 − c_p/c_w where the permeate is what the law delivers: ``c_p = J_s/J_v``."""
    water = peclet * permeability / (1 - sigma)
    passed = brentq(lambda c: solute_flux(law, permeability, sigma, water, 1.0, c) - water * c, 1e-300, 1.0, xtol=1e-16)
    return 1.0 - float(passed)


def test_rejections_of_a_film() -> None:
    assert rejection(SPIEGLER_KEDEM, 0.9, 5.0) == pytest.approx(0.8994, abs=5e-5)  # FORMULAS.md
    assert rejection(KEDEM_KATCHALSKY, 0.9, 5.0) == pytest.approx(0.9492, abs=5e-5)
    for sigma in (0.2, 0.9, 0.99):
        for peclet in (0.01, 0.7, 5.0, 60.0):
            f = np.exp(-peclet)
            assert rejection(SPIEGLER_KEDEM, sigma, peclet) == pytest.approx(
                1 - (1 - sigma) / (1 - sigma * f), rel=1e-12
            )


def test_limit_of_the_rejection_at_high_peclet_numbers() -> None:
    assert rejection(SPIEGLER_KEDEM, 0.9, 1e5) == pytest.approx(0.9, rel=1e-13)
    # the logarithmic mean's own limit: 1 = (1 − σ)(e^y − 1)/y with R = 1 − e^−y, approached from below
    y = brentq(lambda y: 0.1 * np.expm1(y) - y, 0.1, 20.0, xtol=1e-14)
    values = [rejection(KEDEM_KATCHALSKY, 0.9, peclet) for peclet in (5.0, 50.0, 1e3, 1e6)]
    assert all(one < two for one, two in pairwise(values))
    assert values[-1] == pytest.approx(1 - np.exp(-y), rel=1e-6)


@pytest.mark.parametrize("reflection", [0.0, 0.4, 0.9, 1.0])
@pytest.mark.parametrize("flux", [1e-9, 1e-6, 1e-4])
def test_rejection_is_spiegler_and_kedem_s(reflection: float, flux: float) -> None:
    permeability = 2e-6
    part = math.exp(-(1 - reflection) * flux / permeability)
    limit = flux / (flux + permeability)  # of σ (1 − F)/(1 − σ F) as σ → 1
    expected = reflection * (1 - part) / (1 - reflection * part) if reflection < 1 else limit
    found = fluxes.rejection(permeability, reflection, flux)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-15)
    # what passes is what is drawn off
    drawn = solute_flux(SPIEGLER_KEDEM, permeability, reflection, flux, 1.0, 1.0 - found)
    assert drawn == pytest.approx(flux * (1.0 - found), rel=1e-12, abs=1e-20)


def test_limits_of_the_rejection() -> None:
    assert fluxes.rejection(0.0, 0.4, 1e-6) == 0.4
    assert fluxes.rejection(0.0, 1.0, 1e-6) == 1.0
    assert fluxes.rejection(1e-6, 0.4, 1e3) == 0.4
    assert fluxes.rejection(1e-6, 0.4, 1e-20) == pytest.approx(0.0, abs=1e-12)
    # FORMULAS: σ = 0.9, Pe = (1 − σ) J_v/P = 5
    assert fluxes.rejection(1e-6, 0.9, 5e-5) == pytest.approx(0.8994, abs=5e-5)


# -- compiled -------------------------------------------------------------------------------------------------------
def test_kernels_compiled_are_the_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    dice = np.random.default_rng(3)
    size = [0.0, 1e-320, 1e-300, 1e-40, 1e-12, 1e-7, 1e-6, 0.01, 1.0, 300.0, 1e5, 1e300]
    arguments: dict[Callable[..., object], list[list[float]]] = {
        fluxes.bernoulli: [[sign * x] for x in [*GUARDS, 720.0, 745.0, 1e5, 1e200] for sign in (1.0, -1.0)],
        fluxes.bernoulli_value: [[sign * x] for x in [*GUARDS, 720.0, 745.0, 1e5, 1e200] for sign in (1.0, -1.0)],
        fluxes.linear_coefficients: [
            [p, sigma, partition, sign * water]
            for p in (0.0, 1e-300, 1e-9, 2e-7, 1e-4)
            for sigma in (0.0, 0.4, 0.99, 1.0)
            for partition in (1.0, 0.3)
            for water in (0.0, 1e-30, 1e-9, 1e-6, 1e-3, 1.0)
            for sign in (1.0, -1.0)
        ],
        fluxes.logarithmic_mean: [[one, two] for one in (-1.0, *size) for two in (-1.0, *size)],
        fluxes.logarithmic_mean_slopes: [
            [350.0, 350.0 * ratio] for ratio in (1.0, 1 + 1e-9, *np.exp(dice.normal(0.0, 3.0, 50)))
        ],
    }
    for plain, rows in arguments.items():
        fast = compiled(plain)
        for row in rows:
            assert fast(*row) == pytest.approx(plain(*row), rel=1e-14, abs=0)
