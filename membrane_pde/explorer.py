"""explore(case) in Jupyter: a slider for every number that matters, and a picture that follows.

A drag sends value after value. The browser holds back what comes while one is being worked on, but for the newest, and
so does the explorer where Jupyter hands each slider's values to a thread of its own: where a case takes long to solve,
frames are left out, never late.
"""

from __future__ import annotations

import html
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from membrane_pde import presets, report
from membrane_pde.case import SIDES, Case, CaseError, Membrane, MembraneSolute, at_reference
from membrane_pde.casefile import as_case
from membrane_pde.live import DPI, WIDTH, Live
from membrane_pde.simulate import RunError, run
from membrane_pde.values import Pressure, Profile

if TYPE_CHECKING:
    from membrane_pde.result import Result

LEADING = 3  # solutes that have sliders, the most concentrated
ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
DECADE = 10.0  # sliders of a logarithmic scale reach so far down and up


@dataclass(frozen=True)
class Control:
    """A slider: one number of a case.

    Attributes
    ----------
    path : str
        Of the key.
    label : str
        What it is, with its unit.
    unit : str
        As it is written in a case file.
    read : callable
        The number that a case has, in this unit.
    low, high : float
        What the slider reaches, in this unit.
    logarithmic : bool
    """

    path: str
    label: str
    unit: str
    read: Callable[[Case], float]
    low: float
    high: float
    logarithmic: bool

    @property
    def step(self) -> float:
        """Of the number, or of its decimal logarithm."""
        return 0.01 if self.logarithmic else 10.0 ** math.floor(math.log10((self.high - self.low) / 100.0) + 1e-9)

    def of(self, case: Case) -> float:
        """Where the slider stands for a case."""
        return float(f"{min(max(self.read(case), self.low), self.high):.12g}")  # 60 bar in Pa and back is a bit more

    def at(self, value: float, case: Case) -> bool:
        """Whether a value is the case's own: the browser puts a slider that it shows on its nearest step."""
        own = self.of(case)
        if self.logarithmic:
            value, own = math.log10(value), math.log10(own)
        return abs(value - own) <= 0.501 * self.step

    def written(self, value: float) -> str:
        """The number as it stands in a case file."""
        return f"{value:.6g} {self.unit}"


def controls(case: Case, start: Result) -> list[Control]:
    """The sliders of a case: of those that a person would turn, the numbers that it has.

    Parameters
    ----------
    case : Case
    start : Result
        Of the case, whose osmotic pressures at the start say how far a pressure should reach.

    Returns
    -------
    list of Control
        Constant pressures (or water fluxes that are held), level concentrations, permeabilities or the pore radius,
        lengths, temperature and duration.
    """
    return [
        *_pressures(case, start),
        *_concentrations(case),
        *_permeabilities(case),
        *_lengths(case),
        _temperature(case),
        _duration(case),
    ]


def explore(case: Case | str | Path) -> Explorer:
    """Explore a case in Jupyter: sliders, and a picture of the run that follows them.

    Parameters
    ----------
    case : Case, str or Path
        From `load_case`, or what it takes.

    Returns
    -------
    Explorer
        Shown by a notebook where it is the last line of a cell.

    Raises
    ------
    CaseError
        If ipywidgets is not installed.
    """
    return Explorer(as_case(case))


class Explorer:
    """A case, its sliders and its picture.

    Attributes
    ----------
    case : Case
        As the sliders have it; what fails stays out.
    result : Result
        Its run, which the picture shows.
    sliders : dict
        The ipywidgets by path of their key; ``value`` is in the unit of the label.
    moment : FloatSlider
        The time that the schematic shows, in % of the run.
    message : HTML
        What happened, or why the run failed.
    picture : Image
    widget : VBox
        All of it.
    frames : int
        How often the picture was drawn.
    """

    def __init__(self, case: Case) -> None:
        widgets = _ipywidgets()
        self.start, self.case = case, case
        self.frames, self._live = 0, Live()
        self._busy, self._wanted, self._done = threading.RLock(), 0, 0  # one at a time; numbers of changes
        self.result, failure = _solved(case)
        self._full_flux = report.peak(self.result.arrays["water_flux_m_per_s"]) or 1.0
        self.controls = {control.path: control for control in controls(case, self.result)}
        self._changes: dict[str, float] = {}
        self._followed = case
        self.sliders = {path: _slider(widgets, control, case) for path, control in self.controls.items()}
        self.moment = widgets.FloatSlider(
            value=_flowing(self.result), max=100.0, step=0.5, readout_format=".3", **_look("time shown (% of the run)")
        )
        self.back = widgets.Button(description="back to the start", tooltip="all numbers as the case has them")
        self.message, self.picture = widgets.HTML(), widgets.Image(format="jpeg")
        self.picture.layout = widgets.Layout(width=f"{WIDTH * DPI:.0f}px", max_width="100%", align_self="flex-start")
        box = widgets.Layout(display="flex", flex_flow="row wrap", align_items="center")
        self.widget = widgets.VBox(
            [widgets.Box([*self.sliders.values(), self.moment, self.back], layout=box), self.message, self.picture]
        )
        for path, slider in self.sliders.items():
            slider.observe(lambda change, path=path: self._turned(path, change["new"]), names="value")
        self.moment.observe(lambda change: self._draw(), names="value")
        self.back.on_click(lambda button: self.reset())
        self._draw()
        self._say(f"The run failed; the picture shows how far it came. {failure}" if failure else "")

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def reset(self) -> None:
        """Back to the numbers of the case."""
        self._changes = {}
        self._solve()

    def png(self) -> bytes:
        """The picture as a PNG, to be kept."""
        with self._busy:
            return self._live.png()

    def _turned(self, path: str, value: float) -> None:
        """A slider was moved, by a person or by a program."""
        if path in self._changes or not self.controls[path].at(value, self._followed):
            self._changes = self._changes | {path: value}
            self._solve()

    def _solve(self) -> None:
        """Solve the case as the sliders have it, and draw it; the last picture stays if that fails."""
        self._wanted = mine = self._wanted + 1
        with self._busy:
            if mine <= self._done:  # while this one waited, its change was solved with a later one
                return
            self._done, changes = self._wanted, self._changes
            try:
                case = self.start.with_values(
                    {path: self.controls[path].written(value) for path, value in changes.items()}
                )
                self._follow(case, changes)
                result = run(case)
            except (CaseError, RunError) as error:
                self._say(f"No new picture. {error}")
                return
            self.case, self.result = case, result
            self._draw()
            self._say("")

    def _follow(self, case: Case, changes: dict[str, float]) -> None:
        """Put the sliders that nobody moved where the case has their numbers: some follow the temperature."""
        self._followed = case
        for path, slider in self.sliders.items():
            if path not in changes and not math.isclose(slider.value, self.controls[path].of(case), rel_tol=1e-9):
                slider.value = self.controls[path].of(case)

    def _draw(self) -> None:
        with self._busy:
            end = float(self.result.arrays["time"][-1])
            self._live.show(self.result, 0.01 * self.moment.value * end, self._full_flux)
            self.picture.value = self._live.jpeg()
            self.frames += 1

    def _say(self, failure: str) -> None:
        """What the run says of itself, or why there is none, and the change of the case as Python."""
        if failure:
            text = f'<span style="color: #B03A00">{html.escape(failure)}</span>'
        else:
            text = html.escape(report.sentence(self.result.summary, report.labels_of(self.case)))
        if self._changes:
            changes = ", ".join(
                f'"{path}": "{self.controls[path].written(value)}"' for path, value in self._changes.items()
            )
            text += f"<br><code>case.with_values({{{html.escape(changes)}}})</code>"
        self.message.value = text


def _solved(case: Case) -> tuple[Result, str]:
    """The run of a case, and why it failed, if it did, with everything up to then."""
    try:
        return run(case), ""
    except RunError as error:
        return error.result, str(error)


def _flowing(result: Result) -> float:
    """When to look first, in % of the run: the end or, where all has come to rest by then, while it still flows."""
    water = result.arrays["water_flux_m_per_s"]
    flux = abs(water) if report.peak(water) > 0.0 else abs(result.arrays["solute_flux_mol_per_m2_s"]).max(axis=1)
    time = result.arrays["time"]
    strong = time[flux >= 0.1 * report.peak(flux)]
    return 0.5 * round(200.0 * float(strong[-1] / time[-1])) if time[-1] > 0.0 else 100.0


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        raise CaseError('ipywidgets is not installed here: pip install "membrane-pde[notebooks]"') from None
    return ipywidgets


def _look(label: str) -> dict[str, Any]:
    return {"description": label, "style": {"description_width": "17em"}, "layout": {"width": "33em"}}


def _slider(widgets: Any, control: Control, case: Case) -> Any:
    value, step = control.of(case), control.step
    look = {"value": value, "step": step, **_look(control.label)}
    if not control.logarithmic:
        return widgets.FloatSlider(min=control.low, max=control.high, readout_format=".4", **look)
    at = math.log10(value)  # so many steps above the lower end
    low = at - step * round((at - math.log10(control.low)) / step)
    return widgets.FloatLogSlider(base=10.0, min=low, max=math.log10(control.high), readout_format=".3", **look)


# -- what a case has ------------------------------------------------------------------------------------------------
def _round_up(value: float) -> float:
    """The next round number."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(each for each in ROUND if each >= value / power * (1.0 - 1e-12)) * power


def _around(path: str, label: str, unit: str, factor: float, read: Callable[[Case], float], case: Case) -> Control:
    """A logarithmic slider around the number of the case."""
    value = read(case) * factor
    return Control(path, label, unit, lambda other: read(other) * factor, value / DECADE, value * DECADE, True)


def _pressures(case: Case, start: Result) -> Iterator[Control]:
    if case.phase == "gas" or case.membrane.type == "none" or case.membrane.water_permeability == 0.0:
        return
    labels = report.labels_of(case)
    constant = [
        side
        for side in SIDES
        if getattr(case, side).boundary != "rigid"
        and len(getattr(case, side).pressure.times) == 1
        and not getattr(case, side).pressure.oscillates
    ]
    (pressure_text, per_pascal), (flux_text, per_si) = presets.unit("pressure"), presets.unit("water flux")
    units = presets.PRESETS[presets.in_use()]
    osmotic = [float(start.arrays[f"wall_osmotic_pressure_{side}_Pa"][0]) for side in SIDES]
    given = [abs(getattr(case, side).pressure.values[0]) for side in constant if not getattr(case, side).pressure.flux]
    highest = max([abs(osmotic[0] - osmotic[1]), *given]) or max(osmotic)
    for side in constant:
        pressure: Pressure = getattr(case, side).pressure
        value = pressure.values[0]
        if pressure.flux and value > 0.0:
            label = f"water held, out of {labels[side]} ({flux_text})"
            yield _around(f"{side}.pressure.flux", label, units["water flux"], per_si, _applied(side), case)
        elif not pressure.flux and highest > 0.0:
            top = _round_up(2.0 * highest * per_pascal)
            label, read = f"pressure, {labels[side]} ({pressure_text})", _applied(side, per_pascal)
            low = -top if value < 0.0 else 0.0
            yield Control(f"{side}.pressure", label, units["pressure"], read, low, top, False)


def _applied(side: str, factor: float = 1.0) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).pressure.values[0]) * factor


def _concentrations(case: Case) -> Iterator[Control]:
    if case.phase == "gas":  # mole fractions that must add up
        return
    labels = report.labels_of(case)
    for name in _leading(case):
        values = {side: getattr(case, side).concentration[name] for side in SIDES}
        level = {
            side: float(value)
            for side, value in values.items()
            if not isinstance(value, Profile) and getattr(case, side).boundary != "outflow"  # it takes what comes
        }
        highest = max(level.values(), default=0.0)
        if highest == 0.0:
            continue
        unit, factors = report.concentration_unit(case, [name], highest)
        factor, lowest = factors[name], min(level.values())
        logarithmic = 0.0 < lowest < highest / DECADE
        low = lowest / DECADE * factor if logarithmic else 0.0
        high = _round_up(2.0 * highest * factor)
        for side in level:
            read = _level(side, name, factor)
            label = f"{name}, {labels[side]} ({unit})"
            yield Control(f"{side}.concentration.{name}", label, unit, read, low, high, logarithmic)


def _level(side: str, name: str, factor: float) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).concentration[name]) * factor


def _leading(case: Case) -> list[str]:
    """The most concentrated solutes, in the order of the case."""

    def top(name: str) -> float:
        values = [getattr(case, side).concentration[name] for side in SIDES]
        return max(max(value.value) if isinstance(value, Profile) else value for value in values)

    ranked = sorted(case.solutes, key=lambda name: -top(name))[:LEADING]
    return [name for name in case.solutes if name in ranked]


def _permeabilities(case: Case) -> Iterator[Control]:
    membrane = case.membrane
    if membrane.type == "none":
        return
    if membrane.pore_radius is not None:  # all else follows from it
        label, nm = "pore radius (nm)", report.factor("nm")
        yield _around("membrane.pore_radius", label, "nm", nm, lambda c: float(c.membrane.pore_radius or 0.0), case)
        return
    if membrane.water_permeability > 0.0:
        label, unit = f"{_at(membrane) or 'water permeability'} (L/m²/h/bar)", "L/m^2/hour/bar"
        yield _around("membrane.water_permeability", label, unit, report.factor(unit), at_reference, case)
    for name in _leading(case):
        if membrane.solutes[name].permeability > 0.0:
            what = _at(membrane.solutes[name]) or "permeability"
            path, label = f"membrane.solutes.{name}.permeability", f"{what}, {name} (µm/s)"
            yield _around(path, label, "um/s", report.factor("um/s"), _permeability(name), case)


def _at(numbers: Membrane | MembraneSolute) -> str:
    """What to call a permeability that is read and written at a temperature of its own, or ""."""
    reference = numbers.reference_temperature
    return "" if reference is None else f"permeability at {reference - 273.15:.4g} °C"


def _permeability(name: str) -> Callable[[Case], float]:
    return lambda case: at_reference(case, name)


def _lengths(case: Case) -> Iterator[Control]:
    labels = report.labels_of(case)
    for side in SIDES:
        compartment = getattr(case, side)
        if compartment.stirred and compartment.boundary in ("reservoir", "bath"):
            continue
        layer = compartment.boundary in ("reservoir", "bath", "outflow")
        unit = report.length_unit(compartment.length)
        what = "layer at" if layer else "length,"
        label = f"{what} {labels[side]} ({unit.replace('u', 'µ')})"
        yield _around(f"{side}.length", label, unit, report.factor(unit), _length(side), case)


def _length(side: str) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).length)


def _temperature(case: Case) -> Control:
    def read(other: Case) -> float:
        return other.temperature - 273.15

    celsius = read(case)
    low, high = (celsius - 100.0, celsius + 100.0) if case.phase == "gas" else (0.0, 60.0 if celsius <= 50.0 else 100.0)
    return Control("temperature", "temperature (°C)", "degC", read, max(low, -250.0), high, False)


def _duration(case: Case) -> Control:
    unit, factor = report.time_unit(case.run.duration)
    return _around("run.duration", f"duration ({unit})", unit, factor, lambda c: float(c.run.duration), case)
