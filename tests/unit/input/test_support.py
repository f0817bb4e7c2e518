"""The support layer of a case: `[left.support]` and `[right.support]`."""

import pytest

from membrane_pde.input.casefile import parse_case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.number_at import number_at
from membrane_pde.input.parts import Support
from membrane_pde.input.properties import volumes_per_area
from membrane_pde.show.report_case import case_table
from tests.bases import CASE, GAS, edited

LAYER = '[right.support]\nthickness = "100 um"\nporosity = 0.5\ntortuosity = 1.5\n'
BY_ITSELF = '[right.support]\nstructural_parameter = "500 um"\n'


def support(text: str) -> Support:
    found = parse_case(CASE + text).right.support
    assert found is not None
    return found


def message(text: str) -> str:
    with pytest.raises(CaseError) as error:
        parse_case(text)
    return str(error.value)


def test_given_by_its_layer():
    layer = support(LAYER)
    assert (layer.thickness, layer.porosity, layer.tortuosity) == (pytest.approx(1e-4), 0.5, 1.5)
    assert layer.structural_parameter == pytest.approx(3e-4, rel=1e-14)
    assert layer.pore_volume == pytest.approx(5e-5, rel=1e-14)


def test_given_by_its_structural_parameter():
    layer = support(BY_ITSELF)
    assert (layer.thickness, layer.porosity, layer.tortuosity) == (pytest.approx(5e-4), 1.0, 1.0)
    assert layer.structural_parameter == layer.thickness


def test_without_one():
    case = parse_case(CASE)
    assert case.left.support is None
    assert case.left.pore_volume == 0.0


def test_solid_numbers_are_accepted():
    assert support(LAYER.replace("0.5", "1").replace("1.5", "1")).structural_parameter == pytest.approx(1e-4)


def test_pores_are_no_part_of_the_solution():
    assert volumes_per_area(parse_case(CASE + BY_ITSELF)) == volumes_per_area(parse_case(CASE))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[right.support]", ["right.support", "thickness is missing", "structural_parameter alone"]),
        (LAYER.replace("porosity = 0.5\n", ""), ["right.support", "porosity is missing", "structural_parameter alone"]),
        (LAYER.replace("tortuosity = 1.5\n", ""), ["tortuosity is missing"]),
        (f"{BY_ITSELF}porosity = 0.5", ["structural_parameter and porosity do not go together"]),
        (LAYER.replace("0.5", "1.2"), ["right.support.porosity = 1.2: expected a number above 0, at most 1"]),
        (LAYER.replace("0.5", "0"), ["right.support.porosity = 0", "above 0"]),
        (LAYER.replace("0.5", "nan"), ["right.support.porosity = nan", "finite"]),
        (LAYER.replace("0.5", '"50 %"'), ['right.support.porosity = "50 %"', "a number, without quotes"]),
        (LAYER.replace("1.5", "0.9"), ["right.support.tortuosity = 0.9: expected at least 1"]),
        (LAYER.replace("100 um", "0 um"), ['right.support.thickness = "0 um"', "more than zero"]),
        (LAYER.replace("100 um", "-1 um"), ['right.support.thickness = "-1 um"', "more than zero"]),
        (LAYER.replace('"100 um"', "100"), ["right.support.thickness = 100", "without a unit"]),
        (BY_ITSELF.replace("um", "s"), ["right.support.structural_parameter", "a length"]),
        (
            LAYER.replace("thickness", "thicknes"),
            ["right.support.thicknes: unknown key", 'did you mean "right.support.thickness"?'],
        ),
    ],
)
def test_bad_input(text, parts):
    found = message(CASE + text)
    for part in parts:
        assert part in found
    assert "more problem" not in found


def test_a_layer_supports_a_membrane():
    open_partition = CASE[: CASE.index("[membrane]")] + '[membrane]\ntype = "none"\n[run]\nduration = "1 h"\n'
    assert "right.support: membrane.type" in message(open_partition + BY_ITSELF)
    assert "right.support: a gas has no membrane" in message(GAS + BY_ITSELF)


@pytest.mark.parametrize("boundary", ["piston", "rigid", "reservoir", "outflow"])
@pytest.mark.parametrize("stirred", ["true", "false"])
def test_every_far_end_takes_one(boundary, stirred):
    side = f'[right]\nboundary = "{boundary}"\nstirred = {stirred}\n'
    assert parse_case(edited(("[right]\n", side)) + BY_ITSELF).right.support is not None


def test_set_from_outside():
    case = parse_case(CASE)
    changed = case.with_values({"right.support.structural_parameter": "500 um"})
    assert changed.right.support == support(BY_ITSELF)
    assert changed != case
    assert changed.with_values({"right.support.structural_parameter": "1 mm"}).right.support != changed.right.support
    layer = case.with_values({"left.support": '{ thickness = "100 um", porosity = 0.5, tortuosity = 1.5 }'})
    assert layer.left.support == support(LAYER)
    assert layer.with_values({"left.support.porosity": 0.25}).left.support.structural_parameter == pytest.approx(6e-4)
    thick = layer.with_values({"left.support.structural_parameter": "1 mm"})  # in place of the three numbers
    assert thick.left.support == support(BY_ITSELF.replace("500 um", "1 mm"))


def test_numbers_to_fit():
    case = parse_case(CASE + LAYER)
    number = number_at(case, "right.support.structural_parameter")
    assert (number.value, number.unit, number.low) == (pytest.approx(3e-4), "m", 0.0)
    porosity = number_at(case, "right.support.porosity")
    assert (porosity.value, porosity.low, porosity.high) == (0.5, 0.0, 1.0)
    assert number_at(case, "right.support.tortuosity").low == 1.0
    with pytest.raises(CaseError, match=r"left\.support\.porosity has no value"):
        number_at(case, "left.support.porosity")


@pytest.mark.parametrize(("written", "odd"), [("500 mm", True), ("50 nm", True), ("50 um", False), ("2 mm", False)])
def test_an_unusual_size_is_a_warning(written, odd):
    warnings = parse_case(CASE + BY_ITSELF.replace("500 um", written)).warnings
    assert any("right.support.structural_parameter" in warning for warning in warnings) is odd


def test_shown_as_understood():
    rows = {path: (value, unit) for path, value, unit in case_table(parse_case(CASE + LAYER))}
    assert rows["right.support.structural_parameter"] == ("0.0003", "m")
    assert rows["right.support.thickness"] == ("0.0001", "m")
    assert rows["right.support.porosity"] == ("0.5", "")
    assert not any(path.startswith("left.support") for path in rows)
