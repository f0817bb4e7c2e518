"""Volumes and areas of spheres and cylinders, against the schoolbook formulas."""

import numpy as np
import pytest

from membrane_pde.physics.curvature import area_ratio, enclosed_volume, radius_ratio, shell_thickness, shell_volume


def whole(radius: float, geometry: str) -> tuple[float, float]:
    """Volume and area of a sphere, of a cylinder of length 1."""
    if geometry == "spherical":
        return 4.0 / 3.0 * np.pi * radius**3, 4.0 * np.pi * radius**2
    return np.pi * radius**2, 2.0 * np.pi * radius


@pytest.mark.parametrize("geometry", ["cylindrical", "spherical"])
def test_volumes_per_area(geometry):
    radius, thickness = 0.7, 0.4
    volume, area = whole(radius, geometry)
    assert enclosed_volume(radius, geometry) == pytest.approx(volume / area, rel=1e-14)
    around = (whole(radius + thickness, geometry)[0] - volume) / area
    assert shell_volume(radius, thickness, geometry) == pytest.approx(around, rel=1e-13)
    assert shell_thickness(radius, around, geometry) == pytest.approx(thickness, rel=1e-13)
    within = (volume - whole(radius - thickness, geometry)[0]) / area
    assert shell_volume(radius, -thickness, geometry) == pytest.approx(-within, rel=1e-13)


@pytest.mark.parametrize("geometry", ["cylindrical", "spherical"])
def test_a_thin_shell_keeps_its_digits(geometry):
    assert shell_volume(1.0, 1e-12, geometry) == pytest.approx(1e-12, rel=3e-12)
    np.testing.assert_allclose(shell_volume(1e9, np.array([1e-3, 1.0]), geometry), [1e-3, 1.0], rtol=1e-8)


@pytest.mark.parametrize("geometry", ["cylindrical", "spherical"])
def test_area_and_radius_follow_the_volume(geometry):
    before, after = 0.7, 1.1
    (v0, a0), (v1, a1) = whole(before, geometry), whole(after, geometry)
    assert radius_ratio(v1 / v0, geometry) == pytest.approx(after / before, rel=1e-14)
    assert area_ratio(v1 / v0, geometry) == pytest.approx(a1 / a0, rel=1e-14)


def test_a_planar_membrane_keeps_its_area():
    assert enclosed_volume(0.3, "planar") == shell_volume(1.0, 0.3, "planar") == 0.3
    np.testing.assert_array_equal(area_ratio(np.array([0.1, 1.0, 2.0]), "planar"), 1.0)
    np.testing.assert_array_equal(radius_ratio(np.array([0.1, 1.0, 2.0]), "planar"), 1.0)
