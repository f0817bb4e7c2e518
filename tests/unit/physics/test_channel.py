"""Geometry and laws of channels: limits known by hand, and the exact entrance of a crossflow channel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from membrane_pde.physics import channel, crossflow

# c_w/c_0 − 1 at a channel's entrance for full rejection, both walls, by ξ = v_w³ x H/(3 U_0 D²), H half the gap: exact
# (an independent solution of the thin-layer equations, as in `verify`), of ξ → 0 1.536 ξ^(1/3)
EXACT_ENTRANCE = {1e-6: 0.0154657843385721, 1e-5: 0.0335823420912143, 1e-4: 0.0735854356664636}


def test_hydraulic_diameter() -> None:
    assert channel.hydraulic_diameter(1e-3, 1.0) == pytest.approx(2e-3)  # a wide slit: twice its height
    assert channel.hydraulic_diameter(1e-3, 0.85) == pytest.approx(4 * 0.85e-3 / (2 + 8 * 0.15))


def test_cross_sections() -> None:
    flat = channel.flat(length=2.0, width=3.0, height=1e-3, porosity=0.8, walls=2)
    assert (flat.section, flat.open_area) == (pytest.approx(3e-3), pytest.approx(2.4e-3))
    tubes = channel.lumens(length=2.0, count=100, diameter=2e-4)
    assert tubes.open_area == pytest.approx(100 * math.pi * 1e-8)
    assert tubes.width == pytest.approx(100 * math.pi * 2e-4)  # area of the membrane ÷ length
    assert tubes.hydraulic_diameter == 2e-4


def test_reynolds_number_is_that_of_the_open_area() -> None:
    flat = channel.flat(length=1.0, width=1.0, height=1e-3, porosity=0.5, walls=1)
    number = channel.reynolds(flat, np.array([-1e-4, 0.0, 2e-4]), 1000.0, 1e-3)
    expected = 1000.0 * (1e-4 / 5e-4) * flat.hydraulic_diameter / 1e-3
    np.testing.assert_allclose(number, [expected, 0.0, 2 * expected])


@pytest.mark.parametrize(
    ("shape", "shear"), [(channel.SLIT_ONE_WALL, 12.0), (channel.SLIT_TWO_WALLS, 12.0), (channel.TUBE, 8.0)]
)
def test_leveques_coefficient(shape: channel.Shape, shear: float) -> None:
    """Similarity solution: ``k = D/(∫ exp(−η³) dη) (γ/(9 D x))^(1/3)``, with the shear rate γ = 12 u/d_h or 8 u/d_h."""
    integral, _ = quad(lambda eta: math.exp(-(eta**3)), 0.0, 20.0)
    assert shape.entrance == pytest.approx((shear / 9.0) ** (1 / 3) / integral, rel=1e-10)
    assert 1.5 * shape.entrance == pytest.approx(1.849 if shear == 12.0 else 1.615, abs=1e-3)


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.3), (0.3, 0.31), (0.5, 0.5 + 1e-9)])
def test_mean_of_the_inverse_cube_root(start: float, end: float) -> None:
    mean = float(channel.mean_inverse_cube_root(start, end))
    exact, _ = quad(lambda x: x ** (-1 / 3), start, end)
    assert mean == pytest.approx(exact / (end - start), rel=1e-7)


def test_means_of_stations_add_up_to_that_of_the_whole() -> None:
    edges = np.linspace(0.0, 1.0, 8)
    parts = channel.mean_inverse_cube_root(edges[:-1], edges[1:])
    assert np.mean(parts) == pytest.approx(1.5)


@pytest.mark.parametrize("xi", EXACT_ENTRANCE)
def test_entrance_against_the_exact_solution(xi: float) -> None:
    """Film theory with Lévêque's coefficient against the exact polarization at the entrance of a channel.

    The coefficient is that of a uniform concentration at the wall, ``D/Γ(4/3) (γ/(9 D x))^(1/3)``. A permeable wall has
    nearly a uniform flux through it, for which the coefficient is ``D Γ(2/3) (γ/(9 D x))^(1/3)``: film theory lies
    above the exact polarization, by the factor ``Γ(2/3) Γ(4/3) = 1.2092`` as ξ → 0.
    """
    diffusivity, half_gap, velocity, distance = 1.5e-9, 5e-4, 0.1, 0.05
    suction = (xi * 3.0 * velocity * diffusivity**2 / (distance * half_gap)) ** (1 / 3)
    flat = channel.flat(length=1.0, width=1.0, height=2 * half_gap, porosity=1.0, walls=2)
    re_sc = velocity * flat.hydraulic_diameter / diffusivity
    local = flat.shape.entrance * (re_sc * flat.hydraulic_diameter / distance) ** (1 / 3)
    film = math.expm1(suction * flat.hydraulic_diameter / (local * diffusivity))
    ratio = math.gamma(2 / 3) * math.gamma(4 / 3)
    assert film / EXACT_ENTRANCE[xi] == pytest.approx(ratio, rel=0.3 * xi ** (1 / 3) + 1e-4)


def test_correlation_and_friction_as_the_equations_use_them() -> None:
    """The laws of a name, put into the kernels of the equations: hand values of WaterTAP's correlations."""
    flat = channel.flat(length=8.0, width=6.25, height=1e-3, porosity=0.85, walls=1)
    law = channel.mass_transfer_law("guillen-hoek", math.nan, ())
    density, viscosity, diffusivity, flow = 1000.0, 1e-3, 1.5e-9, 1e-3
    re = float(channel.reynolds(flat, flow, density, viscosity))
    sc = viscosity / (density * diffusivity)
    k, *_ = crossflow.film_coefficient(
        crossflow.CORRELATION, law.a, law.b, law.c, flat.shape.developed, flat.open_area, flat.hydraulic_diameter,
        flow, density, viscosity, diffusivity,
    )  # fmt: skip
    assert k == pytest.approx(0.46 * (re * sc) ** 0.36 * diffusivity / flat.hydraulic_diameter, rel=1e-12)
    drop = channel.pressure_drop_law("guillen-hoek", flat.shape, flat.length, math.nan, (), (math.nan,) * 3)
    assert (drop.f0, drop.f1, drop.n) == (0.42, 189.3, 1.0)


def test_laminar_pressure_drop_is_poiseuilles() -> None:
    """96/Re is 12 μ u/h² in a slit, 64/Re is 32 μ u/d² in a tube."""
    slit = channel.flat(length=1.0, width=1.0, height=1e-3, porosity=1.0, walls=1)
    tube = channel.lumens(length=1.0, count=1, diameter=1e-3)
    for geometry, poiseuille in ((slit, 12.0), (tube, 32.0)):
        law = channel.pressure_drop_law("laminar", geometry.shape, 1.0, math.nan, (), (math.nan,) * 3)
        flow, density, viscosity = 1e-6, 1000.0, 1e-3
        u = flow / geometry.open_area
        re = float(channel.reynolds(geometry, flow, density, viscosity))
        gradient = (law.f0 + law.f1 / re**law.n) * density * u * u / (2.0 * geometry.hydraulic_diameter)
        assert gradient == pytest.approx(poiseuille * viscosity * u / 1e-3**2, rel=1e-12)


def test_measured_drop_is_that_of_one_element() -> None:
    law = channel.pressure_drop_law("measured", channel.TUBE, 2.0, math.nan, (), (1e-3, 2e4, 1.5))
    assert law.gradient * 2.0 == pytest.approx(2e4)


def test_ranges() -> None:
    assert channel.range_remark("guillen-hoek", 50.0, 500.0) == ""
    assert "from 10 to 5000, and is used at 8" in channel.range_remark("guillen-hoek", 8.0, 500.0)
    assert "below 2000" in channel.range_remark("laminar", 100.0, 3000.0)
    assert channel.range_remark("", 0.0, 1e6) == ""
