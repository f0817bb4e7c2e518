"""The driver: schedules, events, outputs, and why a run stops; against well-mixed references of our own."""

import itertools
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import membrane_pde as mp

Array = NDArray[np.float64]
RT = 8.31446261815324 * 298.15
LP = 1e-11  # m/s/Pa
LEFT, RIGHT = 1e-3, 2e-3  # m
SALT = (50.0, 200.0)  # mol/m^3, of one particle

TEXT = """
title = "{title}"
temperature = "298.15 K"
[solutes.S]
diffusivity = "1e-9 m^2/s"
dissociation = 1
[left]
length = "1 mm"
{left}
[right]
length = "2 mm"
{right}
[membrane]
flux_law = "{law}"
water_permeability = "{water} m/s/Pa"
[membrane.solutes.S]
permeability = "{permeability} m/s"
reflection = {sigma}
[mesh]
cells = {cells}
[run]
duration = "{duration} s"
{run}
"""


def case(**changes: Any) -> mp.Case:
    values: dict[str, Any] = {"title": "driver", "law": "spiegler-kedem", "water": LP, "permeability": 0, "sigma": 1.0}
    values |= {"cells": 20, "duration": 400, "run": "", "c": SALT, "left": "", "right": "", "stirred": True}
    values |= changes
    for name, c in zip(("left", "right"), values["c"], strict=True):
        values[name] += f'\nconcentration = {{ S = "{c} mol/m^3" }}\nstirred = {str(values["stirred"]).lower()}'
    text = TEXT if values["cells"] is not None else TEXT.replace("cells = {cells}\n", "")
    return mp.parse_case(text.format(**values))


def well_mixed(
    pressure: Callable[[float], float], kinks: Sequence[float], times: Array, c: tuple[float, float] = SALT
) -> tuple[Array, Array]:
    """Displaced volume of two stirred closed sides and an ideal membrane, and the work; split at the kinks by hand."""

    def rates(t: float, y: Array) -> list[float]:
        x = y[0]
        osmotic = RT * (c[0] * LEFT / (LEFT - x) - c[1] * RIGHT / (RIGHT + x))
        p = pressure(t)
        flux = LP * (p - osmotic)
        return [flux, p * flux]

    state, out = np.zeros(2), np.zeros((2, len(times)))
    for start, end in itertools.pairwise([0.0, *kinks, times[-1]]):
        inside = (times >= start) & (times <= end)
        # inside the stretch, so that a step is not seen from the wrong side
        solution = solve_ivp(
            lambda t, y, s=start, e=end: rates(min(max(t, s + 1e-9), e - 1e-9), y),
            (start, end),
            state,
            t_eval=np.unique(np.append(times[inside], end)),
            rtol=1e-11,
            atol=1e-16,
            method="DOP853",
        )
        out[:, inside] = solution.y[:, : inside.sum()]
        state = solution.y[:, -1]
    return out[0], out[1]


EVERY = ["rosenbrock", "cvode", pytest.param("fipy", marks=pytest.mark.slow)]


# -- schedules ------------------------------------------------------------------------------------------------------
STEP = '{ schedule = [["0 s","0 bar"],["97.3 s","30 bar"],["250 s","-5 bar"]], shape = "step" }'
RAMP = '{ schedule = [["50 s","1 bar"],["97.3 s","30 bar"],["250 s","-5 bar"]], shape = "ramp" }'


def stepped(t: float) -> float:
    return 0.0 if t < 97.3 else 30e5 if t < 250.0 else -5e5


def ramped(t: float) -> float:
    return float(np.interp(t, [50.0, 97.3, 250.0], [1e5, 30e5, -5e5]))


@pytest.mark.parametrize("solver", EVERY)
@pytest.mark.parametrize(
    ("schedule", "pressure", "kinks"),
    [(STEP, stepped, [97.3, 250.0]), (RAMP, ramped, [50.0, 97.3, 250.0])],
    ids=["step", "ramp"],
)
def test_kinks_of_a_schedule_are_hit(
    schedule: str, pressure: Callable[[float], float], kinks: list[float], solver: str
) -> None:
    rtol = {"rosenbrock": 1e-8, "cvode": 1e-9, "fipy": 1e-7}[solver]
    result = mp.run(case(left=f"pressure = {schedule}", run=f'rtol = {rtol}\noutputs = 41\nsolver = "{solver}"'))
    times = result.arrays["time"]
    displaced, work = well_mixed(pressure, kinks, times)
    close = 1e-6 if solver != "fipy" else 3e-5
    assert result.arrays["displaced_volume_m"] == pytest.approx(displaced, abs=close * np.abs(displaced).max())
    assert result.arrays["energy_J_per_m2"] == pytest.approx(work, abs=5 * close * np.abs(work).max())
    applied = np.array([pressure(t) for t in times])
    apart = ~np.isin(times, kinks)
    assert result.arrays["pressure_left_Pa"][apart] == pytest.approx(applied[apart], abs=1e-6 * 30e5)
    assert result.summary["amount_error"] < 1e-12


def test_what_is_stored_at_a_step_of_the_pressure_is_what_holds_from_then_on() -> None:
    result = mp.run(case(left=f"pressure = {STEP}", run="outputs = 41"))
    i = int(np.flatnonzero(result.arrays["time"] == 250.0)[0])
    assert result.arrays["pressure_left_Pa"][i - 1 : i + 2] == pytest.approx([30e5, -5e5, -5e5])


def test_both_sides_may_have_schedules() -> None:
    left = 'pressure = { schedule = [["0 s","0 bar"],["120 s","20 bar"]], shape = "step" }'
    right = 'pressure = { schedule = [["60 s","0 bar"],["200 s","10 bar"]], shape = "ramp" }'
    result = mp.run(case(left=left, right=right, run="rtol = 1e-8\noutputs = 21"))
    displaced, _ = well_mixed(
        lambda t: (20e5 if t >= 120 else 0.0) - float(np.interp(t, [60, 200], [0, 10e5])),
        [60.0, 120.0, 200.0],
        result.arrays["time"],
    )
    assert result.arrays["displaced_volume_m"] == pytest.approx(displaced, abs=1e-6 * np.abs(displaced).max())


def test_a_kink_after_the_end_or_before_the_start_changes_nothing() -> None:
    plain = mp.run(case(left='pressure = "3 bar"'))
    for schedule in (
        '[["0 s","3 bar"],["1000 s","40 bar"]], shape = "step"',
        '[["30 s","3 bar"],["90 s","3 bar"]], shape = "ramp"',
        '[["70 s","3 bar"]], shape = "step"',
    ):
        other = mp.run(case(left=f"pressure = {{ schedule = {schedule} }}"))
        gap = other.arrays["displaced_volume_m"] - plain.arrays["displaced_volume_m"]
        assert np.abs(gap).max() < 1e-4 * np.abs(plain.arrays["displaced_volume_m"]).max()


# -- a side runs dry ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("solver", EVERY)
@pytest.mark.parametrize("dry", ["left", "right"])
def test_a_side_that_runs_dry_stops_the_run(dry: str, solver: str) -> None:
    """No solute, constant pressure: the flux is L_p Δp, and 99.9 % of the side are gone at a known time."""
    sides = {dry: 'pressure = "20 bar"'}
    one = case(c=(0.0, 0.0), duration=4000, run=f'outputs = 51\nsolver = "{solver}"', **sides)
    with pytest.raises(mp.RunError) as caught:
        mp.run(one)
    length = {"left": LEFT, "right": RIGHT}[dry]
    expected = 0.999 * length / (LP * 20e5)
    result = caught.value.result
    assert result.summary["status"] == "failed"
    assert str(caught.value) == result.summary["message"]
    for word in (f"the {dry} side", "ran dry", f"{dry}.pressure"):
        assert word in str(caught.value)
    times = result.arrays["time"]
    assert result.summary["end_time_s"] == times[-1] == pytest.approx(expected, rel=1e-5)
    assert (np.diff(times) > 0).all()
    # everything up to then is there
    spacing = times[1]  # a run that ends early is stored more densely than one that lasts its whole duration
    assert spacing == pytest.approx((times[-1] if times[-1] < 2000 else 4000) / 50)
    assert times[:-1] == pytest.approx(np.arange(len(times) - 1) * spacing)
    assert times[-1] - times[-2] <= spacing * (1 + 1e-9)
    assert result.arrays[f"length_{dry}_m"][-1] == pytest.approx(1e-3 * length, rel=1e-3)
    for which in ("left", "right"):
        assert (result.arrays[f"length_{which}_m"] >= 0.0).all()


def test_dry_with_solute_in_unstirred_layers_leaves_a_result() -> None:
    one = case(stirred=False, c=(0.0, 300.0), left='pressure = "40 bar"', duration=20000)
    with pytest.raises(mp.RunError, match="ran dry") as caught:
        mp.run(one)
    a = caught.value.result.arrays
    assert a["length_left_m"][-1] == pytest.approx(1e-3 * LEFT, rel=1e-2)
    assert all(np.isfinite(a[key]).all() for key in ("water_flux_m_per_s", "concentration", "position"))
    assert caught.value.result.summary["amount_error"] < 1e-12


def test_a_side_that_only_nearly_runs_dry_goes_on() -> None:
    """The solute on the pressed side holds the rest: 0.5 % of its length at the end."""
    result = mp.run(case(c=(5.0, 0.0), left='pressure = "24.789 bar"', duration=20000))
    end = result.summary["equilibrium"]["length_left_m"]
    assert 2e-3 * LEFT < end < 1e-2 * LEFT
    assert result.summary["length_left_m"] == pytest.approx(end, rel=1e-3)


# -- an outflow turns round -----------------------------------------------------------------------------------------
FALLING = 'pressure = { schedule = [["0 s","20 bar"],["100 s","0 bar"]], shape = "ramp" }'


def draining(left: str, right: str = "", **more: Any) -> mp.Case:
    left = f'boundary = "reservoir"\n{left}'
    return case(left=left, right=f'boundary = "outflow"\n{right}', c=(100.0, 0.0), **({"duration": 120} | more))


@pytest.mark.parametrize("solver", EVERY)
def test_backflow_from_the_start_fails_at_once(solver: str) -> None:
    with pytest.raises(mp.RunError, match=r"right\.backflow") as caught:
        mp.run(draining("", run=f'solver = "{solver}"'))
    assert caught.value.result.summary["end_time_s"] == 0.0
    assert caught.value.result.arrays["water_flux_m_per_s"][0] == pytest.approx(-LP * RT * 100, rel=1e-12)


@pytest.mark.parametrize("solver", EVERY)
def test_backflow_fails_when_the_flow_turns(solver: str) -> None:
    """A stirred reservoir against pure water: the flow turns when the falling pressure passes R T c."""
    turning = 100.0 * (1 - RT * 100.0 / 20e5)
    with pytest.raises(mp.RunError, match=r"right\.backflow") as caught:
        mp.run(draining(FALLING, run=f'solver = "{solver}"\noutputs = 25'))
    result = caught.value.result
    assert result.summary["status"] == "failed"
    assert result.summary["end_time_s"] == pytest.approx(turning, rel=1e-6)
    assert result.arrays["time"][-1] == result.summary["end_time_s"]
    assert "backflow" in result.summary["message"]
    assert '"last"' in result.summary["message"]


def test_backflow_after_a_step_of_the_pressure_fails_at_the_step() -> None:
    left = 'pressure = { schedule = [["0 s","20 bar"],["40 s","0 bar"]], shape = "step" }'
    with pytest.raises(mp.RunError, match=r"right\.backflow") as caught:
        mp.run(draining(left))
    assert caught.value.result.summary["end_time_s"] == pytest.approx(40.0, rel=1e-12)


def test_backflow_on_the_left_names_the_left() -> None:
    one = case(left='boundary = "outflow"', right=f'boundary = "reservoir"\n{FALLING}', c=(0.0, 100.0), duration=120)
    with pytest.raises(mp.RunError, match=r"left\.backflow"):
        mp.run(one)


@pytest.mark.parametrize("solver", EVERY)
def test_known_backflow_is_drawn_in(solver: str) -> None:
    """Pure water through the membrane, so the stirred outflow cell only dilutes, then fills with what is drawn in."""
    right = 'backflow = { S = "30 mol/m^3" }'
    rtol = 1e-8 if solver != "fipy" else 1e-7
    run = f'solver = "{solver}"\nrtol = {rtol}\noutputs = 61'
    result = mp.run(draining(FALLING, right, run=run))
    times = result.arrays["time"]

    def rate(t: float, y: Array) -> list[float]:
        flux = LP * (20e5 * max(1 - t / 100, 0.0) - RT * (100.0 - y[0]))
        return [(-flux * y[0] if flux > 0 else -flux * 30.0) / RIGHT]

    parts = [solve_ivp(rate, (0, 100), [0.0], t_eval=times[times <= 100], rtol=1e-10, atol=1e-13, max_step=0.5)]
    parts.append(solve_ivp(rate, (100, 120), [parts[0].y[0, -1]], t_eval=times[times > 100], rtol=1e-10, atol=1e-13))
    expected = np.concatenate([part.y[0] for part in parts])
    assert expected[-1] > 5e-2
    close = 2e-5 if solver != "fipy" else 1e-3  # the solute's own scale is the reservoir's 100 mol/m^3
    got = result.arrays["concentration_right_mol_per_m3"][:, 0]
    assert got == pytest.approx(expected, abs=close)
    assert "changed direction" in result.summary["message"]
    assert result.summary["amount_error"] < 1e-12


@pytest.mark.parametrize("solver", EVERY)
def test_last_draws_in_what_just_left(solver: str) -> None:
    """Water alone passes the membrane: outwards it dilutes the stirred cell, ``c e^{−X/L}``; on backflow as much as it
    takes comes in with what left last, ``c (1 + |X|/L)``.
    """
    left = 'pressure = { schedule = [["0 s","20 bar"],["100 s","0 bar"],["200 s","20 bar"]], shape = "ramp" }'
    one = case(
        left=f'boundary = "reservoir"\n{left}',
        right='boundary = "outflow"\nbackflow = "last"',
        c=(100.0, 40.0),
        duration=200,
        run=f'solver = "{solver}"\noutputs = 401\nrtol = {1e-7}',
    )
    result = mp.run(one)
    flux, c = result.arrays["water_flux_m_per_s"], result.arrays["concentration_right_mol_per_m3"][:, 0]
    assert flux.min() < 0.0 < flux[-1]
    inside = flux < 0.0
    assert 10 < inside.sum() < 90
    x = result.arrays["displaced_volume_m"]
    first = int(np.flatnonzero(inside)[0])
    after = int(np.flatnonzero(inside)[-1])
    top, bottom = x[: after + 1].max(), x[first : after + 3].min()
    last = 40.0 * np.exp(-top / RIGHT)
    close = 2e-5 if solver != "fipy" else 2e-4
    assert c[:first] == pytest.approx(40.0 * np.exp(-x[:first] / RIGHT), rel=close)
    assert c[inside] == pytest.approx(last * (1 + (top - x[inside]) / RIGHT), rel=close)
    assert c[after] > c[first] * 1.005
    end = last * (1 + (top - bottom) / RIGHT) * np.exp(-(x[-1] - bottom) / RIGHT)
    assert c[-1] == pytest.approx(end, rel=close)
    assert result.summary["status"] == "completed"
    assert result.summary["amount_error"] < 1e-12


# -- outputs and stopping -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("outputs", [2, 3, 17, 200])
def test_outputs_are_evenly_spaced_and_include_both_ends(outputs: int) -> None:
    result = mp.run(case(run=f"outputs = {outputs}", stirred=False))
    assert result.arrays["time"] == pytest.approx(np.linspace(0.0, 400.0, outputs), rel=1e-13)
    assert result.arrays["time"][-1] == 400.0
    assert result.summary["status"] == "completed"
    assert result.summary["message"] == ""


def test_stored_states_do_not_depend_on_how_many_there_are() -> None:
    """Nor does the mesh that is chosen: the states are the same, to the last digits of the dense output."""
    for cells in (10, None):
        few, many = (mp.run(case(run=f"outputs = {n}", stirred=False, cells=cells)) for n in (5, 401))
        for key in ("displaced_volume_m", "wall_concentration_right_mol_per_m3"):
            scale = np.abs(many.arrays[key]).max()
            assert few.arrays[key] == pytest.approx(many.arrays[key][::100], abs=1e-12 * scale)


@pytest.mark.parametrize("stirred", [True, False])
def test_until_equilibrium(stirred: bool) -> None:
    result = mp.run(case(duration=1e7, run='until = "equilibrium"\noutputs = 60', stirred=stirred))
    s = result.summary
    assert s["status"] == "equilibrium"
    assert s["distance_to_equilibrium"] <= 1e-7
    assert 0 < s["end_time_s"] < 1e6
    # both sides as salty: V_L : V_R = 50·1 : 200·2
    whole = LEFT + RIGHT
    assert s["length_left_m"] == pytest.approx(whole / 9, rel=1e-6)
    times = result.arrays["time"]
    assert 20 <= len(times) <= 61
    assert times[0] == 0.0
    assert times[-1] == s["end_time_s"]
    assert (np.diff(times) > 0).all()
    # evenly spaced but for the last
    assert np.diff(times)[:-1] == pytest.approx(np.full(len(times) - 2, times[1]), rel=1e-9)


def test_until_steady() -> None:
    """A film in front of an open end: steady long before the duration, and really so."""
    one = case(
        stirred=False,
        left='boundary = "reservoir"\npressure = "10 bar"',
        right='boundary = "outflow"',
        c=(100.0, 0.0),
        duration=1e7,
        run='until = "steady"',
    )
    result = mp.run(one)
    assert result.summary["status"] == "steady"
    assert result.summary["end_time_s"] < 1e6
    # film theory: J_v = L_p (Δp − π_b exp(J_v l/D))
    flux = result.summary["water_flux_m_per_s"]
    assert flux == pytest.approx(LP * (10e5 - RT * 100.0 * np.exp(flux * 1e-3 / 1e-9)), rel=1e-6)


def test_until_steady_waits_for_the_schedule() -> None:
    ends = []
    for schedule in ('"10 bar"', '{ schedule = [["0 s","10 bar"],["400000 s","11 bar"]], shape = "step" }'):
        one = case(
            stirred=False,
            left=f'boundary = "reservoir"\npressure = {schedule}',
            right='boundary = "outflow"',
            c=(100.0, 0.0),
            duration=1e7,
            run='until = "steady"',
        )
        result = mp.run(one)
        assert result.summary["status"] == "steady"
        ends.append(result.summary["end_time_s"])
    assert ends[0] < 400000.0 < ends[1]
    flux = result.summary["water_flux_m_per_s"]
    assert flux == pytest.approx(LP * (11e5 - RT * 100.0 * np.exp(flux * 1e-3 / 1e-9)), rel=1e-6)


@pytest.mark.parametrize("until", ["equilibrium", "steady"])
def test_duration_reached_first(until: str) -> None:
    result = mp.run(case(duration=30, run=f'until = "{until}"'))
    assert result.summary["status"] == "completed"
    assert result.summary["end_time_s"] == result.arrays["time"][-1] == 30.0
    assert "run.duration" in result.summary["message"]


def test_equilibrium_is_not_claimed_before_the_last_step_of_the_pressure() -> None:
    """The final pressure is that of the start: the end state is passed through before the schedule is over."""
    left = 'pressure = { schedule = [["0 s","0 bar"],["50000 s","3 bar"],["60000 s","0 bar"]], shape = "step" }'
    result = mp.run(case(left=left, duration=1e7, run='until = "equilibrium"'))
    assert result.summary["status"] == "equilibrium"
    assert result.summary["end_time_s"] > 60000.0


def test_step_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from membrane_pde.solvers import integrate

    monkeypatch.setattr(integrate, "MAX_STEPS", 25)
    with pytest.raises(mp.RunError, match="more than 25 steps") as caught:
        mp.run(case(stirred=False))
    result = caught.value.result
    assert result.summary["status"] == "failed"
    assert result.summary["steps"] == 25
    assert 0.0 < result.summary["end_time_s"] < 400.0
    assert result.arrays["time"][-1] == result.summary["end_time_s"]


def test_progress_is_told_and_never_goes_back() -> None:
    told: list[float] = []
    mp.run(case(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


# -- undershoots ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("law", ["spiegler-kedem", "kedem-katchalsky"])
@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
@pytest.mark.parametrize("pressure", ["0 bar", "10 bar"])
def test_concentrations_never_fall_below_ten_atol(law: str, rtol: float, pressure: str) -> None:
    """A sharp front into an empty side, with flow: atol is rtol times the solute's largest concentration."""
    one = case(
        stirred=False,
        law=law,
        sigma=0.6,
        permeability=1e-6,
        c=(200.0, 0.0),
        left=f'pressure = "{pressure}"',
        duration=60,
        run=f"rtol = {rtol}",
        cells=60,
    )
    result = mp.run(one)
    assert result.arrays["concentration"].min() >= -10 * rtol * 200.0
    assert result.arrays["wall_concentration_right_mol_per_m3"].min() >= -10 * rtol * 200.0
    assert result.arrays["concentration"][-1].max() > 100.0
    assert result.summary["amount_error"] < 1e-12


TRACE = """
title = "a trace of cells beside salt, between two fed baths"
temperature = "298.15 K"
[solutes.salt]
diffusivity = "1.6e-9 m^2/s"
dissociation = 2
[solutes.cells]
diffusivity = "4e-13 m^2/s"
dissociation = 1
[left]
boundary = "bath"
volume = "1 mm"
stirred = true
pressure = "5 bar"
bleed = "0.13 L/m^2/hour"
concentration = {{ salt = "0 mol/m^3", cells = "0 mol/m^3" }}
feed = {{ salt = "100 mol/m^3", cells = "{trace} mol/m^3" }}
[right]
boundary = "bath"
volume = "8 mm"
stirred = true
concentration = {{ salt = "500 mol/m^3", cells = "0 mol/m^3" }}
feed = {{ salt = "100 mol/m^3", cells = "{trace} mol/m^3" }}
[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.salt]
permeability = "1.5e-6 m/s"
reflection = 0.5
[membrane.solutes.cells]
permeability = "1.4e-8 m/s"
reflection = 1.0
[run]
duration = "8 h"
rtol = {rtol}
"""


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9])
def test_a_trace_is_conserved_beside_much_of_something_else(rtol: float) -> None:
    """Left to choose its pivots among mol/m^2 of salt and 1e-13 of cells, CVODE's linear solver lost 1e-6 of these."""
    result = mp.run(mp.parse_case(TRACE.format(trace=1.7e-10, rtol=rtol)))
    assert result.summary["concentration_left_mol_per_m3"]["cells"] > 1e-12
    assert result.summary["amount_error"] < 1e-13
    more = mp.run(mp.parse_case(TRACE.format(trace=1.7e-8, rtol=rtol)))  # it counts for nothing: in proportion
    ratio = more.arrays["concentration_left_mol_per_m3"][-1, 1] / result.arrays["concentration_left_mol_per_m3"][-1, 1]
    assert ratio == pytest.approx(100.0, rel=1e-6)


def test_a_thin_layer_in_a_run_for_a_year() -> None:
    """Its first steps are far shorter than 1e-14 of the year."""
    text = """
    [solutes.A]
    diffusivity = "1e-9 m^2/s"
    [left]
    boundary = "bath"
    length = "20 um"
    volume = "5 mm"
    concentration = { A = "100 mol/m^3" }
    [right]
    boundary = "piston"
    length = "1 um"
    concentration = { A = "10 mol/m^3" }
    [membrane]
    water_permeability = "1e-12 m/s/Pa"
    flux_law = "spiegler-kedem"
    [membrane.solutes.A]
    permeability = "1e-6 m/s"
    reflection = 0.9
    [run]
    duration = "3e7 s"
    until = "equilibrium"
    """
    result = mp.run(mp.parse_case(text))
    assert result.summary["status"] == "equilibrium"
    assert result.summary["amount_error"] < 1e-13


def test_an_outflow_that_turns_where_the_pressure_jumps_shows_the_flux_behind_the_jump() -> None:
    text = """
    [solutes.A]
    diffusivity = "1e-9 m^2/s"
    [left]
    boundary = "outflow"
    length = "1 cm"
    concentration = { A = "0 mol/m^3" }
    [right]
    boundary = "piston"
    length = "1 cm"
    concentration = { A = "0 mol/m^3" }
    pressure = { schedule = [["0 s", "1 bar"], ["100 s", "-1 bar"]], shape = "step" }
    [membrane]
    type = "ideal"
    water_permeability = "1 L/m^2/hour/bar"
    [run]
    duration = "1000 s"
    outputs = 11
    """
    with pytest.raises(mp.RunError) as caught:
        mp.run(mp.parse_case(text))
    result = caught.value.result
    assert result.summary["end_time_s"] == pytest.approx(100.0)
    assert result.summary["water_flux_m_per_s"] == pytest.approx(1e-3 / 3600)
    assert result.arrays["water_flux_m_per_s"][:-1] == pytest.approx(-1e-3 / 3600)
    assert len(result.arrays["time"]) == 11


def test_cvode_survives_a_jacobian_that_is_not_found() -> None:
    """In a process of its own: an error raised in the first call for it would end that one."""
    script = """
import gc
import membrane_pde as mp
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.system import System

real, calls = System.jacobian, []

def jacobian(*args):
    calls.append(None)
    if len(calls) == 1:
        raise NoSolution
    return real(*args)

System.jacobian = jacobian
print(mp.run(mp.load_case("osmosis").with_values({"run.solver": "cvode"})).summary["status"])
gc.collect()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout.strip()) == (0, "completed"), done.stderr
