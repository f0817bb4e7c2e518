"""From the boundary that a case file names to the port that the model solves with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.input.boundaries import BOUNDARIES
from membrane_pde.input.properties import is_closed
from membrane_pde.model.ports import (
    IS_BATH,
    IS_CLOSED,
    IS_OUTFLOW,
    IS_RESERVOIR,
    PORTS,
    Bath,
    ElasticWall,
    Outflow,
    Port,
    Reservoir,
    Standpipe,
)
from membrane_pde.runs import build
from membrane_pde.runs.build import model_of

OSMOSIS = mp.load_case("osmosis")


def port_of(**side: Any) -> Port:
    case = OSMOSIS.with_values({f"left.{key}": value for key, value in side.items()})
    return model_of(case).system().ports[0]


def test_every_boundary_of_the_input_has_a_port_and_both_agree_on_what_it_is() -> None:
    assert list(PORTS) == list(BOUNDARIES)
    for name, port in PORTS.items():
        written = BOUNDARIES[name]
        assert (port.kind != IS_CLOSED) is written.layer
        assert port.layer_unless_stirred is written.layer_unless_stirred
        assert port.fixed_volume is written.fixed_volume
        assert (port.kind == IS_RESERVOIR) is written.endless
        assert (port.kind == IS_BATH) is written.tank
        assert (port.kind == IS_OUTFLOW) is written.drains


def test_streams_are_what_passes_the_far_end() -> None:
    inwards, carried, span = np.array([[2e-6, -1e-6]]), np.array([[[3.0], [-1.0]]]), np.array([1.0, 2.0])
    ends = {name: port_of(boundary=name) for name in ("piston", "rigid", "reservoir", "outflow")}
    bath = {"boundary": "bath", "volume": "2 mm"}
    ends["bath"] = port_of(**bath, bleed="1e-6 m/s")
    ends["made up"] = port_of(**bath, feed={name: "7 mol/m^3" for name in OSMOSIS.solutes})
    found = {name: port.streams(inwards, carried, span) for name, port in ends.items()}
    for name in ("piston", "rigid", "reservoir"):
        assert not any(each.any() for each in found[name])
    assert [each.tolist() for each in found["outflow"]] == [[[2e-6, 0.0]], [[0.0, 1e-6]], [[[3.0], [0.0]]]]
    entering, leaving, brought = found["bath"]
    assert (entering.any(), brought.any()) == (False, False)
    assert leaving == pytest.approx(np.array([[1e-6, 2e-6]]))
    entering, leaving, brought = found["made up"]  # it holds its volume
    assert entering - leaving == pytest.approx(inwards)
    assert brought == pytest.approx(7.0 * entering[..., None])


def test_stiffness_of_a_standing_tube_and_of_an_elastic_wall() -> None:
    tube = port_of(boundary="standpipe", tube_area=0.5)
    assert isinstance(tube, Standpipe)
    assert tube.stiffness == pytest.approx(997.047 * 9.80665 / 0.5, rel=1e-6)  # water at 25 degC
    wall = port_of(boundary="elastic", modulus="10 bar")
    assert isinstance(wall, ElasticWall)
    assert wall.stiffness == 10e5 / OSMOSIS.left.length
    assert wall.slackens


def test_an_elastic_wall_around_a_sphere_stretches_by_volume() -> None:
    sphere = mp.parse_case(
        'geometry = "spherical"\n[solutes.S]\ndiffusivity = "1e-9 m^2/s"\ndissociation = 1\n[left]\nradius = "0.6 mm"\n'
        'boundary = "elastic"\nmodulus = "6 bar"\nconcentration = { S = "9 mol/m^3" }\n[right]\nlength = "0.3 mm"\n'
        'concentration = { S = "4 mol/m^3" }\n[membrane]\ntype = "ideal"\n[run]\nduration = "1 h"'
    )
    assert build._port(sphere, 0).stiffness == pytest.approx(6e5 / 0.2e-3)  # its depth is a third of the radius


def test_a_bath_has_its_own_cell_behind_a_layer_alone() -> None:
    for stirred in (False, True):
        bath = port_of(boundary="bath", volume="2 mm", stirred=stirred)
        assert isinstance(bath, Bath)
        assert (bath.adds_cell, bath.one_cell) == (not stirred, stirred)
        assert bath.bath.present
        assert bath.held == pytest.approx(bath.concentration * 2e-3)
        assert bath.outside is None
    fed = port_of(boundary="bath", volume="2 mm", feed={name: "7 mol/m^3" for name in OSMOSIS.solutes})
    assert fed.outside == pytest.approx(np.full(len(OSMOSIS.solutes), 7.0))
    with pytest.raises(TypeError, match="piston"):
        port_of().held  # noqa: B018


def test_only_a_stirred_reservoir_is_endless() -> None:
    for stirred in (False, True):
        reservoir = port_of(boundary="reservoir", stirred=stirred)
        assert isinstance(reservoir, Reservoir)
        assert reservoir.infinite is reservoir.one_cell is stirred


def test_what_one_run_draws_in_is_unknown_to_the_next_one_of_the_same_model() -> None:
    case = OSMOSIS.with_values({"left.boundary": "outflow", "left.length": "1 mm"})
    model = model_of(case)
    assert model_of(case) is model
    one, other = model.system(), model.system()
    one.draw_in(0, np.full(one.solutes, 3.0))
    assert isinstance(one.ports[0], Outflow)
    assert one.ports[0].outside == pytest.approx(np.full(one.solutes, 3.0))
    assert one.numbers.known[0]
    assert other.ports[0].outside is None
    assert not other.numbers.known[0]
    assert not other.numbers.outside.any()
    assert not model.system().numbers.known[0]


def test_a_held_flux_keeps_the_membrane_on_an_elastic_wall() -> None:
    """What holds the flux takes up the pull, so that there is no plasmolysis to report."""
    wall = {"boundary": "elastic", "modulus": "10 bar", "pressure": {"flux": "1e-7 m/s"}}
    case = OSMOSIS.with_values({f"left.{key}": value for key, value in wall.items()} | {"run.duration": "100 s"})
    assert not model_of(case).system().ports[0].slackens
    summary = mp.run(case).summary
    assert summary["pressure_left_Pa"] < 0.0
    assert "plasmolysis" not in summary["message"]


def test_closed_is_what_has_no_layer_and_a_bath_through_which_nothing_flows() -> None:
    closed = [name for name, boundary in BOUNDARIES.items() if not boundary.layer]
    assert closed == ["piston", "standpipe", "elastic", "rigid"]
    bath = OSMOSIS.with_values({"left.boundary": "bath", "left.volume": "2 mm"})
    assert is_closed(bath.left)
    assert not is_closed(bath.with_values({"left.bleed": "1e-6 m/s"}).left)
