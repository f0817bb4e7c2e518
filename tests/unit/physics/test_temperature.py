from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from membrane_pde.physics.temperature import (
    arrhenius_scaling,
    diffusivity_scaling,
    stokes_diffusivity,
    water_density,
    water_viscosity,
)
from membrane_pde.reference import table

# degC: kg/m^3. Tanaka et al., Metrologia 38 (2001) 301, as tested in chempy 0.10.2
# (tests/test_water_density_tanaka_2001.py), which was read. At 101.325 kPa: 0.0006 kg/m^3 more than at 0.1 MPa.
TANAKA = {0: 999.8395, 4: 999.9720, 10: 999.7026, 15: 999.1026, 20: 998.2071, 22: 997.7735, 25: 997.0479, 30: 995.6502}
# degC: kg/m^3, the table of water.lsbu.ac.uk/water/data1.html, which was read
TABULATED = {40: 992.2, 50: 988.0, 60: 983.2, 70: 977.8, 80: 971.8, 90: 965.4, 100: 958.4}
# degC: mPa s. Korson, Drost-Hansen & Millero, J. Phys. Chem. 73 (1969) 34, Table II as tested in chempy 0.10.2
# (tests/test_water_viscosity_korson_1969.py), which was read
KORSON = {
    0: 1.7916,
    5: 1.5192,
    10: 1.3069,
    20: 1.0020,
    25: 0.8903,
    30: 0.7975,
    40: 0.6532,
    50: 0.5471,
    60: 0.4666,
    70: 0.4039,
    80: 0.3538,
    90: 0.3128,
    100: 0.2783,
}


@pytest.mark.parametrize(("celsius", "expected"), TANAKA.items())
def test_density_below_40_degrees(celsius: float, expected: float) -> None:
    assert water_density(celsius + 273.15) == pytest.approx(expected, abs=4e-3)


@pytest.mark.parametrize(("celsius", "expected"), TABULATED.items())
def test_density_above_40_degrees(celsius: float, expected: float) -> None:
    assert water_density(celsius + 273.15) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(("celsius", "expected"), KORSON.items())
def test_viscosity(celsius: float, expected: float) -> None:
    rel = 2e-3 if celsius <= 80 else 1.3e-2  # the older measurements are that much lower near boiling
    assert 1e3 * water_viscosity(celsius + 273.15) == pytest.approx(expected, rel=rel)


def test_the_implementation_whose_coefficients_these_are() -> None:
    # printed by iapws 1.5.5, _iapws._Liquid(T)["rho"], ["mu"]
    for t, rho, mu in [
        (273.15, 999.842383245155, 0.0017917824298341759),
        (298.15, 997.0470133997646, 0.000889996773678783),
        (373.15, 958.3483835924421, 0.0002815810630719923),
    ]:
        assert water_density(t) == pytest.approx(rho, rel=1e-13)
        assert water_viscosity(t) == pytest.approx(mu, rel=1e-13)


def test_sucrose_cooled_to_one_degree() -> None:
    sucrose = {row["T_C"]: float(row["value"]) for row in table("diffusion_water") if row["system"] == "sucrose"}
    scaled = sucrose["25"] * diffusivity_scaling(274.15, 298.15)
    assert scaled == pytest.approx(sucrose["1"], rel=0.03)


@pytest.mark.parametrize("ion", ["Na+", "Cl-", "Ca2+"])
@pytest.mark.parametrize("celsius", [0, 5, 15, 30])
def test_ions_follow_the_linear_fits_of_boudreau(ion: str, celsius: float) -> None:
    row = next(r for r in table("diffusion_water") if r["system"] == ion and r["T_C"] == "0-30")
    constant, slope = (float(text) for text in row["value"].removesuffix("*t").split("+"))
    expected = (constant + slope * celsius) / (constant + slope * 25)
    assert diffusivity_scaling(celsius + 273.15, 298.15) == pytest.approx(expected, rel=0.06)


def test_stokes_einstein() -> None:
    # glucose, urea and the bacterium of the library: radius, diffusivity
    for radius, diffusivity in [(0.365e-9, 6.73e-10), (0.178e-9, 1.382e-9), (0.620e-6, 3.96e-13)]:
        assert stokes_diffusivity(radius, 298.15) == pytest.approx(diffusivity, rel=4e-3)
    both = stokes_diffusivity([1e-9, 2e-9], 310.15)
    assert both[0] == pytest.approx(2 * both[1], rel=1e-14)
    assert both[0] / stokes_diffusivity(1e-9, 298.15) == pytest.approx(diffusivity_scaling(310.15, 298.15), rel=1e-14)


def test_arrhenius() -> None:
    # the maker of the library's elements divides the flow at 15 degC by 1.422, which is 3020 K
    energy = 3020 * 8.31446261815324
    assert 1 / arrhenius_scaling(288.15, 298.15, energy) == pytest.approx(1.422, rel=2e-3)
    assert arrhenius_scaling(298.15, 298.15, 5e4) == 1.0
    assert arrhenius_scaling(320.0, 298.15, 0.0) == 1.0
    there, back = arrhenius_scaling(320.0, 298.15, 5e4), arrhenius_scaling(298.15, 320.0, 5e4)
    assert there > 1.0 > back
    assert there * back == pytest.approx(1.0, rel=1e-14)
    with pytest.raises(OverflowError):
        arrhenius_scaling(373.15, 273.15, 1e9)


def test_arrays_and_no_scaling_at_the_same_temperature() -> None:
    t = np.array([[280.0, 300.0, 320.0]])
    assert water_density(t).shape == water_viscosity(t).shape == diffusivity_scaling(t, 298.15).shape == (1, 3)
    assert np.all(diffusivity_scaling(t, t) == 1.0)
    assert water_viscosity(t)[0, 1] == water_viscosity(300.0)


@pytest.mark.parametrize("function", [water_density, water_viscosity, lambda t: diffusivity_scaling(298.15, t)])
@pytest.mark.parametrize("temperature", [273.14, 373.16, -5.0, float("nan"), [300.0, 400.0]])
def test_outside_liquid_water(function: Callable[[Any], Any], temperature: Any) -> None:
    with pytest.raises(ValueError, match="liquid water"):
        function(temperature)
