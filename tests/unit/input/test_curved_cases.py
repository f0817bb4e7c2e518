"""Cylindrical and spherical membranes as they are written: what is understood, and what is refused."""

import pytest
from jsonschema import Draft202012Validator

import membrane_pde as mp
from membrane_pde.input.errors import CaseError
from membrane_pde.input.number_at import number_at
from membrane_pde.input.properties import total_length, volumes_per_area
from membrane_pde.input.schema import json_schema
from membrane_pde.show.report_case import case_values
from tests.suggestions import check_suggestions

TEXT = """
geometry = "{geometry}"
[solutes.NaCl]
[left]
{left}
concentration = {{ NaCl = "9 g/L" }}
[right]
{right}
concentration = {{ NaCl = "4 g/L" }}
[membrane]
{membrane}
[run]
duration = "1 h"
"""
RADIUS, SHELL = 'radius = "0.6 mm"', 'length = "0.3 mm"'


def text(
    geometry: str = "spherical",
    left: str = RADIUS,
    right: str = SHELL,
    membrane: str = 'type = "ideal"',
    more: str = "",
) -> str:
    return more + TEXT.format(geometry=geometry, left=left, right=right, membrane=membrane)


def case(**parts: str) -> mp.Case:
    return mp.parse_case(text(**parts))


def message(**parts: str) -> str:
    with pytest.raises(CaseError) as error:
        case(**parts)
    found = str(error.value)
    assert len(found.splitlines()) <= 2
    check_suggestions(text(**parts), found)
    return found


# -- what is understood ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("geometry", "dimension"), [("cylindrical", 2), ("spherical", 3)])
def test_volumes_per_initial_membrane_area(geometry: str, dimension: int) -> None:
    r, h = 0.6e-3, 0.3e-3
    shell = ((r + h) ** dimension - r**dimension) / (dimension * r ** (dimension - 1))
    assert volumes_per_area(case(geometry=geometry)) == pytest.approx((r / dimension, shell), rel=1e-12)
    assert total_length(case(geometry=geometry)) == pytest.approx(r / dimension + shell)
    layered = 'boundary = "bath"\nlength = "0.3 mm"\nvolume = "5 mm"'
    assert volumes_per_area(case(geometry=geometry, right=layered)) == pytest.approx((r / dimension, shell + 5e-3))
    stirred = 'boundary = "bath"\nstirred = true\nvolume = "5 mm"'
    assert volumes_per_area(case(geometry=geometry, right=stirred)) == pytest.approx((r / dimension, 5e-3))
    reservoir = 'boundary = "reservoir"\nlength = "0.3 mm"'
    assert volumes_per_area(case(geometry=geometry, right=reservoir)) == pytest.approx((r / dimension, shell))


def test_the_radius_stands_in_place_of_the_length() -> None:
    found = case()
    assert found.left.radius == found.left.length == 0.6e-3
    assert found.right.radius is None
    assert number_at(found, "left.radius").value == 0.6e-3
    assert "length" not in case_values(found)["left"]
    assert case_values(found)["left"]["radius"] == 0.6e-3
    assert mp.parse_case(found.to_toml()) == found


@pytest.mark.parametrize("boundary", ["piston", "elastic", "rigid"])
@pytest.mark.parametrize("other", ["piston", "rigid", "reservoir", "bath"])
def test_boundaries_that_combine(boundary: str, other: str) -> None:
    if boundary == other == "rigid":
        pytest.skip("two rigid sides: the pressures would not be determined, in any geometry")
    left = f'{RADIUS}\nboundary = "{boundary}"' + ('\nmodulus = "6 bar"' if boundary == "elastic" else "")
    right = f'{SHELL}\nboundary = "{other}"' + ('\nvolume = "5 mm"' if other == "bath" else "")
    assert case(left=left, right=right).right.boundary == other


def test_without_a_membrane() -> None:
    found = case(membrane='type = "none"', right='boundary = "reservoir"\nlength = "0.3 mm"')
    assert found.membrane.water_permeability == 0.0


def test_a_profile_counts_its_charge_by_volume() -> None:
    """Linear from the surface to the centre of a sphere: the mean is 3/4 of the surface and 1/4 of the centre value."""
    ions = '[solutes."Na+"]\n[solutes."Cl-"]\n'
    profile = '{ profile = [["0 mm", "100 mmol/L"], ["0.6 mm", "20 mmol/L"]] }'

    def with_chloride(value: str) -> mp.Case:
        raw = text().replace("[solutes.NaCl]\n", ions)
        raw = raw.replace('{ NaCl = "9 g/L" }', f'{{ "Na+" = {profile}, "Cl-" = "{value}" }}')
        return mp.parse_case(raw.replace('{ NaCl = "4 g/L" }', '{ "Na+" = "1 mmol/L", "Cl-" = "1 mmol/L" }'))

    assert not any("balance" in each for each in with_chloride("80 mmol/L").warnings)
    assert any("balance" in each for each in with_chloride("60 mmol/L").warnings)


# -- changes --------------------------------------------------------------------------------------------------------
def test_a_change_of_shape() -> None:
    """Radius and length: setting one removes the other, so that one line each way is enough."""
    found = case()
    flat = found.with_values({"geometry": "planar", "left.length": "0.2 mm"})
    assert (flat.left.radius, flat.left.length) == (None, 0.2e-3)
    back = flat.with_values({"left.radius": "0.6 mm", "geometry": "spherical"})
    assert back == found
    rod = found.with_values({"geometry": "cylindrical"})
    assert volumes_per_area(rod)[0] == pytest.approx(0.3e-3)
    larger = found.with_values({"left.radius": "0.9 mm"})
    assert volumes_per_area(larger)[1] == pytest.approx((1.2**3 - 0.9**3) / (3 * 0.9**2) * 1e-3)


def test_a_change_that_stands_in_place_of_another() -> None:
    """The title names what is changed now, not what was removed again."""
    flat = (
        case(more='title = "cell"\n')
        .with_values({"left.radius": "1 mm"})
        .with_values({"geometry": "planar", "left.length": "0.2 mm"})
    )
    assert flat.left.radius is None
    assert "left.length = 0.2 mm" in flat.title
    assert "radius" not in flat.title


def test_of_a_radius_and_a_length_set_together_the_last_counts() -> None:
    both = mp.load_case("swelling_sphere", {"left.length": "1 mm", "left.radius": "2 mm"})
    assert both.left.radius == 2e-3
    assert "radius" in both.title
    assert "length" not in both.title


def test_the_schema_takes_a_radius_or_a_length() -> None:
    judge = Draft202012Validator(json_schema())
    written = case()._origin.written
    judge.validate(written)
    assert not judge.is_valid(written | {"left": written["left"] | {"length": "1 mm"}})
    assert not judge.is_valid(written | {"left": {"concentration": written["left"]["concentration"]}})
    assert not judge.is_valid(written | {"geometry": "conical"})


# -- what is refused ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("parts", "start", "told"),
    [
        ({"left": 'length = "1 mm"'}, "left.length: ", 'with geometry = "spherical"'),
        ({"left": ""}, "left.radius is missing: ", 'radius = "0.5 mm"'),
        ({"left": f'{RADIUS}\nlength = "1 mm"'}, "left.length: ", "left.radius stands in its place"),
        ({"geometry": "planar"}, "left.radius: ", "give left.length"),
        ({"right": 'radius = "1 mm"'}, "right.radius: ", "give right.length"),
        ({"right": f'{SHELL}\nradius = "1 mm"'}, "right.radius: ", "give right.length"),
        ({"left": 'radius = "-1 mm"'}, "left.radius = ", "must be more than zero"),
        (
            {"left": f'{RADIUS}\nboundary = "reservoir"'},
            'left.boundary = "reservoir"',
            '"piston", "elastic" or "rigid"',
        ),
        ({"left": f'{RADIUS}\nboundary = "standpipe"'}, 'left.boundary = "standpipe"', "lies inside the membrane"),
        ({"right": f'{SHELL}\nboundary = "outflow"'}, 'right.boundary = "outflow"', '"reservoir" or "bath"'),
        ({"right": f'{SHELL}\nboundary = "standpipe"'}, 'right.boundary = "standpipe"', "lies around the membrane"),
        ({"right": f'{SHELL}\nsupport = {{ structural_parameter = "0.4 mm" }}'}, "right.support: ", "planar"),
        ({"geometry": "conical"}, 'geometry = "conical"', "did you mean"),
        # the boundary is what is wrong, not what it would need
        ({"right": 'boundary = "outflow"'}, 'right.boundary = "outflow"', '"reservoir" or "bath"'),
        ({"left": f'{RADIUS}\nboundary = "bath"'}, 'left.boundary = "bath"', '"piston", "elastic" or "rigid"'),
        ({"right": 'boundary = "piston"'}, "right.length is missing: ", "the thickness of the shell"),
    ],
)
def test_refused(parts: dict[str, str], start: str, told: str) -> None:
    found = message(**parts)
    assert found.startswith(start), found
    assert told in found


def test_a_profile_ends_at_the_centre() -> None:
    beyond = TEXT.replace(
        '{{ NaCl = "9 g/L" }}', '{{ NaCl = {{ profile = [["0 mm", "1 g/L"], ["0.7 mm", "2 g/L"]] }} }}'
    )
    with pytest.raises(CaseError, match=r"beyond left\.radius"):
        mp.parse_case(beyond.format(geometry="spherical", left=RADIUS, right=SHELL, membrane='type = "ideal"'))
