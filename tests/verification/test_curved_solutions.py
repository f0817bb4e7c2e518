"""Exact solutions of spheres and cylinders, by a second method each."""

import numpy as np
import pytest
import scipy

from membrane_pde import analytic
from membrane_pde.analytic.numerics import invert_laplace

GEOMETRIES = ["cylindrical", "spherical"]


def transformed(z, x, geometry, share):
    """Laplace transform of the concentration at x = r/a, from 1 inside at the start to 0 outside; D = a = 1.

    ``z c - 1 = (1/x^(d-1)) d/dx(x^(d-1) dc/dx)``, ``-dc/dx(1) = L c(1)``: with ``q = sqrt(z)`` it is
    ``(1 - L f(q x)/(q f'(q) + L f(q)))/z``, ``f = sinh(q x)/x`` or ``I_0(q x)``.
    """
    q = np.sqrt(z)[:, None]
    if geometry == "spherical":
        scale = np.exp(-q)  # of sinh q, which would overflow
        here = np.where(x > 0, 0.5 * (np.exp(q * (x - 1)) - np.exp(-q * (x + 1))) / np.where(x > 0, x, 1), q * scale)
        at_edge, slope = 0.5 * (1 - scale**2), q * 0.5 * (1 + scale**2) - 0.5 * (1 - scale**2)
    else:
        ive = scipy.special.ive
        here = ive(0, q * x) * np.exp(np.real(q) * (x - 1))
        at_edge, slope = ive(0, q), q * ive(1, q)
    return (1 - share * here / (slope + share * at_edge)) / z[:, None]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("share", [0.05, 1.0, 3.0, 80.0])
@pytest.mark.parametrize("spread", [0.002, 0.05, 0.7])
def test_series_is_the_inverse_of_the_laplace_transform(geometry, share, spread):
    x = np.array([0.0, 0.2, 0.77, 0.99, 1.0])
    radius, diffusivity = 0.3, 2e-3
    time = spread * radius**2 / diffusivity
    numbers = {"geometry": geometry, "radius": radius, "diffusivity": diffusivity}
    permeability = share * diffusivity / radius
    series = analytic.behind_membrane(x * radius, time, permeability=permeability, inside=5.0, outside=2.0, **numbers)
    inverse = invert_laplace(lambda z: transformed(z, x, geometry, share), spread)
    np.testing.assert_allclose(series, 2.0 + 3.0 * inverse, atol=1e-10)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_means_are_integrals_of_the_series(geometry):
    numbers = {"geometry": geometry, "radius": 1.5, "diffusivity": 0.4, "permeability": 0.9, "inside": 3.0}
    power, edges = (2 if geometry == "spherical" else 1), np.array([0.0, 0.4, 1.3, 1.5])
    means = analytic.behind_membrane_mean(edges[:-1], edges[1:], 0.6, **numbers)
    for low, high, mean in zip(edges[:-1], edges[1:], means, strict=True):
        held = scipy.integrate.quad(lambda r: float(analytic.behind_membrane(r, 0.6, **numbers)) * r**power, low, high)
        whole = (high ** (power + 1) - low ** (power + 1)) / (power + 1)
        assert mean == pytest.approx(held[0] / whole, rel=1e-11)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_an_almost_tight_membrane_leaves_the_inside_mixed(geometry):
    """The mean decays by ``exp(-d P t/a)``."""
    d, p, a = {"cylindrical": 2, "spherical": 3}[geometry], 1e-6, 0.1
    numbers = {"geometry": geometry, "radius": a, "diffusivity": 1.0, "permeability": p}
    mean = analytic.behind_membrane_mean(0.0, a, 0.5 * a / (d * p), **numbers)
    assert float(mean) == pytest.approx(np.exp(-0.5), rel=1e-6)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(("inside", "outside"), [(300.0, 200.0), (300.0, 20.0), (150.0, 300.0), (300.0, 0.0)])
def test_swelling_solves_its_equation(geometry, inside, outside):
    d, radius, rate = {"cylindrical": 2, "spherical": 3}[geometry], 6e-4, 4e-9
    whole = radius / (rate * inside)
    times = whole * np.array([0.0, 1e-6, 0.01, 0.1, 0.5, 2.0, 5.0])

    def slope(_, y):  # of V/V_0: A k (n/V - c)/V_0
        v = y[0]
        return [d / radius * v ** ((d - 1) / d) * rate * (inside / v - outside)]

    solved = scipy.integrate.solve_ivp(
        slope, (0.0, times[-1]), [1.0], method="DOP853", t_eval=times, rtol=1e-13, atol=1e-14
    )
    exact = analytic.swelling(times, geometry=geometry, radius=radius, inside=inside, outside=outside, rate=rate)
    np.testing.assert_allclose(exact, solved.y[0], rtol=1e-11)
    assert exact[0] == 1.0


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_swelling_ends_where_the_osmolarities_are_equal(geometry):
    numbers = {"geometry": geometry, "radius": 1e-3, "rate": 1e-9}
    assert float(analytic.swelling(1e9, inside=300.0, outside=100.0, **numbers)) == pytest.approx(3.0, rel=1e-12)
    np.testing.assert_array_equal(analytic.swelling([0.0, 1e9], inside=300.0, outside=300.0, **numbers), 1.0)
    with pytest.raises(ValueError, match="zero or more"):
        analytic.swelling(1.0, inside=300.0, outside=-1.0, **numbers)


def test_a_series_starts_after_zero():
    with pytest.raises(ValueError, match="above zero"):
        analytic.behind_membrane(0.5, 0.0, geometry="spherical", radius=1.0, diffusivity=1.0, permeability=1.0)
