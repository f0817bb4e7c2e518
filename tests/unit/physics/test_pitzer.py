"""Pitzer's equations against the excess Gibbs energy that they are the derivative of, and their limits."""

from __future__ import annotations

import cmath
import itertools
import math
import random
from typing import Any

import numpy as np
import pytest
import scipy.constants
from scipy.integrate import quad

from membrane_pde import library
from membrane_pde.kernels import compiled
from membrane_pde.physics import pitzer
from membrane_pde.physics.pitzer import Pitzer, debye_hueckel, dielectric_constant

PARAMETERS = library.pitzer()
CHARGES: dict[str, int] = PARAMETERS["charges"]
T = 298.15


def of(*names: str, temperature: float = T) -> Pitzer:
    return Pitzer.of({name: CHARGES[name] for name in names}, PARAMETERS, temperature)


def phi(salt: dict[str, int], molality: float, temperature: float = T) -> float:
    total, _ = of(*salt, temperature=temperature).osmolality([count * molality for count in salt.values()])
    return total / (molality * sum(salt.values()))


# -- an independent oracle: the excess Gibbs energy -------------------------------------------------------------------
def at(row: dict[str, Any], key: str, t: float) -> float:
    """A parameter at a temperature, written out."""
    a = [*row.get(key, []), 0, 0, 0, 0, 0, 0]
    t0 = 298.15
    change = a[1] * (1 / t - 1 / t0) + a[2] * math.log(t / t0) + a[3] * (t - t0) + a[4] * (t**2 - t0**2)
    return float(a[0] + change + a[5] * (1 / t**2 - 1 / t0**2))


def find(kind: str, *ions: str) -> dict[str, Any]:
    return next((row for row in PARAMETERS[kind] if set(row["ions"]) == set(ions)), {})


def j(x: complex) -> complex:
    """Equation 47 of Pitzer 1975."""
    return x / (4 + 4.581 * x**-0.7237 * cmath.exp(-0.0120 * x**0.528))


def gibbs(m: dict[str, complex], t: float) -> complex:
    """Excess Gibbs energy of a kilogram of water's solution over R T, mol."""
    strength = sum(0.5 * x * CHARGES[ion] ** 2 for ion, x in m.items())
    charge = sum(x * abs(CHARGES[ion]) for ion, x in m.items())
    root, a = cmath.sqrt(strength), debye_hueckel(t)
    total = -4 * a * strength / 1.2 * cmath.log(1 + 1.2 * root)
    sides = [[ion for ion in m if CHARGES[ion] * sign > 0] for sign in (1, -1)]

    def fade(x: complex) -> complex:
        return 2 * (1 - (1 + x) * cmath.exp(-x)) / x**2

    for c, n in itertools.product(*sides):
        row = find("pair", c, n)
        alpha = 1.4 if CHARGES[c] == 2 and CHARGES[n] == -2 else 2.0
        b = at(row, "beta0", t) + at(row, "beta1", t) * fade(alpha * root) + at(row, "beta2", t) * fade(12 * root)
        cubic = at(row, "Cphi", t) / (2 * math.sqrt(abs(CHARGES[c] * CHARGES[n])))
        total += m[c] * m[n] * (2 * b + charge * cubic)
    for like, other in (sides, sides[::-1]):
        for k, l in itertools.combinations(like, 2):  # noqa: E741
            z_k, z_l = CHARGES[k], CHARGES[l]
            x = 6 * a * root
            mixing = j(x * z_k * z_l) - 0.5 * j(x * z_k * z_k) - 0.5 * j(x * z_l * z_l)
            both = at(find("theta", k, l), "value", t) + z_k * z_l / (4 * strength) * mixing
            triple = sum(m[o] * at(find("psi", k, l, o), "value", t) for o in other)
            total += m[k] * m[l] * (2 * both + triple)
    return total


def from_gibbs(m: dict[str, float], t: float) -> float:
    """``Σm φ = Σm + Σ m ∂g/∂m − g``, the first derivative along the ray by a complex step."""
    step = 1e-25
    along = gibbs({ion: x * (1 + 1j * step) for ion, x in m.items()}, t).imag / step
    return sum(m.values()) + along - gibbs(dict(m), t).real


def random_mixtures(count: int) -> list[tuple[dict[str, float], float]]:
    dice = random.Random(1)
    found = []
    for _ in range(count):
        ions = dice.sample(list(CHARGES), dice.randint(2, 7))
        found.append(({ion: 10 ** dice.uniform(-3, 0.3) for ion in ions}, dice.uniform(273.15, 333.15)))
    return found


@pytest.mark.parametrize(("m", "t"), random_mixtures(40))
def test_osmotic_coefficient_is_the_derivative_of_the_gibbs_energy(m: dict[str, float], t: float) -> None:
    """Any ions in any amounts; neutrality plays no part in the equations."""
    total, _ = of(*m, temperature=t).osmolality(list(m.values()))
    assert total == pytest.approx(from_gibbs(m, t), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize(("m", "t"), random_mixtures(25))
def test_derivatives_against_differences_of_the_oracle(m: dict[str, float], t: float) -> None:
    _, gradient = of(*m, temperature=t).osmolality(list(m.values()))
    for ion, slope in zip(m, gradient, strict=True):
        step = 2e-3 * m[ion]
        near, far = (from_gibbs(m | {ion: m[ion] + k * step}, t) - from_gibbs(m | {ion: m[ion] - k * step}, t)
                     for k in (1, 2))  # fmt: skip
        assert slope == pytest.approx((8 * near - far) / (12 * step), rel=3e-8, abs=3e-9)


def test_an_ion_that_is_not_there_plays_no_part() -> None:
    few, _ = of("Na+", "Cl-").osmolality([0.7, 0.7])
    many, gradient = of(*CHARGES).osmolality([0.7 if ion in ("Na+", "Cl-") else 0.0 for ion in CHARGES])
    assert many == few
    one = dict.fromkeys(CHARGES, 0.0) | {"Na+": 0.7, "Cl-": 0.7}
    for ion, slope in zip(CHARGES, gradient, strict=True):
        if one[ion] == 0.0:  # and yet it would, if it were: from the right
            more = from_gibbs(one | {ion: 1e-7}, T) - many
            assert slope == pytest.approx(more / 1e-7, rel=1e-5)


def test_the_order_of_ions_plays_no_part() -> None:
    m = {"Na+": 0.5, "Mg2+": 0.1, "Ca2+": 0.05, "Cl-": 0.6, "SO42-": 0.1}
    expected, slopes = of(*m).osmolality(list(m.values()))
    for names in itertools.islice(itertools.permutations(m), 0, 120, 17):
        total, gradient = of(*names).osmolality([m[name] for name in names])
        assert total == pytest.approx(expected, rel=1e-14)
        assert gradient == pytest.approx([slopes[list(m).index(name)] for name in names], rel=1e-13)


# -- unsymmetrical mixing ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("x", [1e-3, 0.05, 0.5, 2.0, 10.0, 60.0])
def test_mixing_function_and_its_derivatives(x: float) -> None:
    step = 1e-30
    first, second = pitzer._mixing(x)
    assert first == pytest.approx(x * (j(x + 1j * step) / step).imag, rel=1e-13)
    ahead, behind = (pitzer._mixing(x * (1 + d))[0] for d in (1e-6, -1e-6))
    assert second == pytest.approx((ahead - behind) / 2e-6, rel=1e-8)


@pytest.mark.parametrize("x", [0.5, 2.0, 10.0])
def test_mixing_function_is_the_integral_it_stands_for(x: float) -> None:
    """``J = x/4 − 1 + (1/x) ∫ [1 − exp(−(x/y) e^−y)] y² dy``, which the formula approximates."""
    integral, _ = quad(lambda y: -math.expm1(-x / y * math.exp(-y)) * y * y, 0, 60, epsabs=1e-13, limit=200)
    assert j(x).real == pytest.approx(x / 4 - 1 + integral / x, rel=0.02)


def test_no_unsymmetrical_mixing_of_equal_charges() -> None:
    assert pitzer._unsymmetrical(debye_hueckel(T), 1.0, 1.0, 0.7) == (0.0, 0.0)


# -- limits and constants ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("salt", [{"Na+": 1, "Cl-": 1}, {"Ca2+": 1, "Cl-": 2}, {"Mg2+": 1, "SO42-": 1}])
def test_debye_hueckel_limit(salt: dict[str, int]) -> None:
    """``φ − 1 → −A |z+ z−| √I``: Σm φ − Σm = −2 A I^1.5."""
    molality = 1e-10
    strength = 0.5 * molality * sum(count * CHARGES[ion] ** 2 for ion, count in salt.items())
    particles = molality * sum(salt.values())
    expected = -2 * debye_hueckel(T) * strength**1.5 / particles
    assert phi(salt, molality) - 1 == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("amount", [0.0, 1e-320, 1e-300, 1e-200, 1e-100, 1e-40, 1e-30])
def test_next_to_nothing_is_ideal(amount: float) -> None:
    total, gradient = of("Na+", "Mg2+", "Cl-", "SO42-").osmolality([amount] * 4)
    assert total == pytest.approx(4 * amount, rel=1e-12)
    assert gradient == pytest.approx([1.0] * 4, abs=1e-13)


@pytest.mark.parametrize(
    ("celsius", "moller", "clegg"),
    [
        (0, 0.37670, 0.37642),
        (10, 0.38209, 0.38207),
        (25, 0.39148, 0.39148),
        (40, 0.40230, 0.40228),
        (60, 0.41901, 0.41892),
    ],
)
def test_debye_hueckel_slope(celsius: float, moller: float, clegg: float) -> None:
    """Møller 1988 (doi:10.1016/0016-7037(88)90354-7) and Clegg et al. 1994 (doi:10.1039/FT9949001875), computed with
    the functions Aosm_M88 and Aosm_CRP94 of the Python package pytzer 0.6.0."""
    slope = debye_hueckel(celsius + 273.15)
    assert slope == pytest.approx(moller, abs=5e-5)
    assert slope == pytest.approx(clegg, abs=4e-4)


def test_constants() -> None:
    assert scipy.constants.e == pitzer._ELEMENTARY_CHARGE
    assert pytest.approx(scipy.constants.epsilon_0, rel=3e-10) == pitzer._VACUUM_PERMITTIVITY  # CODATA 2018 or 2022
    assert 78.2 < dielectric_constant(298.15) < 78.5
    assert np.all(np.diff([dielectric_constant(t) for t in (273.15, 298.15, 323.15, 373.15)]) < 0)


def test_temperature_dependence_is_that_of_the_file() -> None:
    assert pitzer._at([1.0], 350.0) == 1.0
    coefficients = [0.1, 2.0, 3.0, 4e-3, 5e-6, 6e3]
    assert pitzer._at(coefficients, 310.0) == pytest.approx(at({"x": coefficients}, "x", 310.0), rel=1e-15)
    assert pitzer._at(coefficients, 298.15) == 0.1


# -- compiled ---------------------------------------------------------------------------------------------------------
def test_compiled_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    fast, dice = compiled(pitzer.sum_with_slopes), random.Random(2)
    mixtures = random_mixtures(40) + [(dict.fromkeys(CHARGES, amount), T) for amount in (0.0, 1e-300, 1e-30, 1e-6)]
    for m, t in mixtures:
        ions = of(*m, temperature=t)
        molality = np.array([x * dice.choice([0.0, 1.0]) for x in m.values()])
        quick = np.empty(len(molality))
        total = fast(np.array(ions.numbers), 0, molality, quick)
        expected, slopes = ions.osmolality(molality.tolist())
        assert total == pytest.approx(expected, rel=1e-14, abs=0)
        assert quick.tolist() == pytest.approx(slopes, rel=1e-14, abs=1e-14)
