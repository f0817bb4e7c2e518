"""Elements of the library: each has its sources, is read, and does at its test what its data sheet says."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde import library
from membrane_pde.input import units
from membrane_pde.input.casefile import parse_case
from membrane_pde.input.properties import solution_of
from membrane_pde.physics.temperature import water_viscosity

ELEMENTS = library.elements()


def case_of(name: str, solute: str = "") -> Any:
    test = ELEMENTS[name]["test"]
    solute = solute or test["solute"]
    flow = units.parse(test["permeate_flow"], "flow") / units.parse(test["recovery"], "share")
    return parse_case(f"""
temperature = "{test["temperature"]}"
osmotic_model = "pitzer"
[solutes.{solute}]
[left]
concentration = {{ {solute} = "{test["concentration"]}" }}
pressure = "{test["pressure"]}"
[left.channel]
flow = "{flow!r} m^3/s"
[membrane]
element = "{name}"
[module]
""")


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_value_has_a_source(name: str) -> None:
    entry = ELEMENTS[name]
    assert set(entry) == {"name", "area", "length", "membrane", "feed", "test", "limits"}
    assert "." not in name
    tables = [entry["feed"], entry["limits"], {"area": entry["area"], "length": entry["length"]}]
    tables += [{k: v for k, v in entry["membrane"].items() if k not in ("flux_law", "solutes")}]
    tables += list(entry["membrane"]["solutes"].values())
    for table in tables:
        for key, each in table.items():
            assert set(each) <= {"value", "temperature", "source"}, key
            assert each["source"].strip()
            assert "reference/" not in each["source"]
    assert entry["test"]["source"].strip()
    assert entry["test"]["solute"] in entry["membrane"]["solutes"]


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_element_stands_in_a_case(name: str) -> None:
    for solute in ELEMENTS[name]["membrane"]["solutes"]:
        (element,) = case_of(name, solute).plant.stages[0].elements
        assert element.name == name
        assert element.left.width * element.left.length * 2 == pytest.approx(element.area)
        assert element.limits.pressure > 0.0
        assert element.left.hydraulic_diameter < 2e-3


def marched(case: Any, steps: int = 40) -> tuple[float, float]:
    """Permeate flow (m^3/s) and its concentration over that of the feed, by the midpoint rule along the element.

    Written anew, without the package's equations for stations: film theory with ``Sh = 0.46 (Re Sc)^0.36``, the Darcy
    friction factor ``0.42 + 189.3/Re``, solution-diffusion, the permeate at 0 bar.
    """
    ((solute, known),) = case.solutes.items()
    (element,) = case.plant.stages[0].elements
    channel, solution = element.left, solution_of(case)
    a, b = element.membrane.water_permeability, element.membrane.solutes[solute].permeability
    viscosity = float(water_viscosity(case.temperature))

    def density(c: float) -> float:
        told = mp.osmotic_pressure({solute: f"{c!r} mol/m^3"}, temperature=f"{case.temperature!r} K")
        return float(told["density_kg_per_m3"])

    rho_0, rho_1 = density(0.0), density(case.left.concentration[solute])
    rise = (rho_1 - rho_0) / case.left.concentration[solute]

    def local(flow: float, c: float, pressure: float) -> tuple[float, float, float]:
        rho = rho_0 + rise * c
        u = flow / channel.open_area
        re, sc = rho * u * channel.hydraulic_diameter / viscosity, viscosity / rho / known.diffusivity
        k = max(0.46 * (re * sc) ** 0.36, 7.5407) * known.diffusivity / channel.hydraulic_diameter

        def permeate(flux: float) -> tuple[float, float]:
            thrown = math.exp(flux / k)
            across = c * thrown / (1.0 + b / flux * thrown)  # wall less permeate
            return across + b * across / flux, b * across / flux

        def balance(flux: float) -> float:
            wall, behind = permeate(flux)
            return flux - a * (pressure - solution.pressure([wall])[0] + solution.pressure([behind])[0])

        flux = brentq(balance, 1e-9, a * pressure)
        fall = (0.42 + 189.3 / re) * rho * u * u / (2.0 * channel.hydraulic_diameter)
        return flux, permeate(flux)[1], fall

    flow, c, pressure = case.plant.flow["left"].values[0], case.left.concentration[solute], case.left.pressure.values[0]
    fed, area, length = c, element.area / steps, element.length / steps
    water = salt = 0.0
    for _ in range(steps):
        flux, behind, fall = local(flow, c, pressure)
        halfway = flow - 0.5 * flux * area
        flux, behind, fall = local(
            halfway, (flow * c - 0.5 * flux * behind * area) / halfway, pressure - 0.5 * fall * length
        )
        after = flow - flux * area
        c, pressure, flow = (flow * c - flux * behind * area) / after, pressure - fall * length, after
        water, salt = water + flux * area, salt + flux * behind * area
    return water, salt / water / fed


@pytest.mark.parametrize("name", ELEMENTS)
def test_element_does_what_its_data_sheet_says(name: str) -> None:
    test = ELEMENTS[name]["test"]
    flow, passage = marched(case_of(name))
    assert flow == pytest.approx(units.parse(test["permeate_flow"], "flow"), rel=2e-3)
    assert 1.0 - passage == pytest.approx(units.parse(test["rejection"], "share"), abs=1e-4)


def test_nanofiltration_holds_back_half_of_the_salt() -> None:
    case = case_of("NF270-4040", "NaCl")
    assert marched(case)[1] == pytest.approx(0.5, abs=2e-3)


def test_what_is_written_in_a_case_counts_before_the_library() -> None:
    base = case_of("SW30HR-380")
    other = base.with_values({"membrane.water_permeability": "2 L/m^2/hour/bar", "module.area": "20 m^2"})
    (element,) = other.plant.stages[0].elements
    assert element.area == pytest.approx(20.0)
    assert element.length == pytest.approx(1.016)
    assert element.membrane.water_permeability == pytest.approx(2.0 / 3.6e11)
    assert base.with_values({"left.channel.height": "1 mm"}).plant.stages[0].elements[0].left.section == pytest.approx(
        1e-3 * 35.3 / 2.0 / 1.016
    )


def test_two_elements_in_one_vessel() -> None:
    case = case_of("SW30HR-380").with_values({"module.elements": ["SW30HR-LE-400", "SW30HR-380"]})
    first, second = case.plant.stages[0].elements
    assert (first.name, second.name) == ("SW30HR-LE-400", "SW30HR-380")
    assert (first.area, second.area) == (pytest.approx(37.2), pytest.approx(35.3))
    assert case.membrane.element == "SW30HR-LE-400"


def test_what_an_element_does_not_know_is_asked_for() -> None:
    text = 'SW30HR-380" has no numbers for it; give its permeability and reflection'
    with pytest.raises(mp.CaseError, match=text):
        parse_case("""
[solutes.urea]
[left]
concentration = { urea = "1 g/L" }
[left.channel]
flow = "8 m^3/h"
[membrane]
element = "SW30HR-380"
[module]
""")
    with pytest.raises(
        mp.CaseError, match=r'membrane\.pore_radius: membrane\.element = "SW30HR-380" has its own values'
    ):
        case_of("SW30HR-380").with_values({"membrane.pore_radius": "1 nm"})


def test_unknown_element() -> None:
    with pytest.raises(mp.CaseError, match=r'membrane\.element = "SW30HR-LE400".*did you mean "SW30HR-LE-400"'):
        case_of("SW30HR-380").with_values({"membrane.element": "SW30HR-LE400"})
