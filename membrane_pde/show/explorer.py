"""explore(case) in Jupyter: a slider for every number that matters, and a picture that follows.

The axes stay as they are while a slider is dragged, so that what changes is seen, until they are fitted by a button.

A drag sends value after value. The browser holds back what comes while one is being worked on, but for the newest, and
so does the explorer where Jupyter hands each slider's values to a thread of its own: where a case takes long to solve,
frames are left out, never late.
"""

from __future__ import annotations

import html
import json
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case
from membrane_pde.input.errors import CaseError
from membrane_pde.runs import RunError, run
from membrane_pde.show import drawing, readings, sentences, sketch
from membrane_pde.show.controls import Control, controls, without_slider
from membrane_pde.show.live import Live

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

# The sliders stand beside the picture where there is room, on a narrow page above it, so that both are seen together.
# Each slider has its name above it and the whole width; the numbers are measured from words of 13 pixels. The height of
# the sentence is fixed, so that nothing below it moves while a slider is dragged.
STYLE = """<style>
.membrane-pde {container-type: inline-size; width: 100%}
.membrane-pde > .membrane-pde-page {display: grid; gap: 2px 10px; width: 100%; overflow: visible; margin: 0 auto;
  grid-template: "message message message" auto "controls schematic history" auto "controls profiles history" 1fr
  / minmax(230px, 300px) minmax(0, 1fr) minmax(0, 1fr); max-width: min(1500px, calc((100vh - 78px) * 1.405 + 310px))}
.membrane-pde-controls {grid-area: controls; display: flex; flex-flow: column; overflow: hidden; margin: 0;
  max-height: min(calc(100vh - 78px), 790px)}
.membrane-pde-top {flex: none; display: block; overflow: hidden; padding: 0 6px 2px 0}
.membrane-pde-groups {flex: 0 1 auto; display: block; overflow: hidden auto; padding-right: 6px; margin: 0}
.membrane-pde-message {grid-area: message; height: 3.3em; margin: 0; overflow: hidden auto; line-height: 1.3}
.membrane-pde-message .widget-html-content {line-height: 1.3}
.membrane-pde-schematic {grid-area: schematic} .membrane-pde-profiles {grid-area: profiles}
.membrane-pde-history {grid-area: history}
.membrane-pde img {width: 100%; height: auto; max-width: none; margin: 0; align-self: start}
.membrane-pde-controls .widget-hslider {flex-wrap: wrap; height: auto; width: 100%; margin: 0 0 2px 0}
.membrane-pde-controls .widget-hslider > label {flex: 1 0 100%; width: 100%; text-align: left; line-height: 1.35;
  height: auto; white-space: normal; overflow: visible}
.membrane-pde-controls .slider-container {flex: 1 1 120px; min-width: 120px}
.membrane-pde-controls .widget-box {overflow: hidden; margin: 0}
.membrane-pde-controls .membrane-pde-fold {width: 100%; margin: 2px 0; text-align: left; font-weight: bold;
  background: #eef2f5; box-shadow: none}
@container (max-width: 880px) {
  .membrane-pde > .membrane-pde-page {grid-template: "message message" auto "controls schematic" auto
    "controls profiles" auto "controls history" auto / minmax(200px, 260px) minmax(0, 1fr)}
  .membrane-pde-controls {position: sticky; top: 0; align-self: start}}
@container (max-width: 600px) {
  .membrane-pde > .membrane-pde-page {grid-template: "message" auto "controls" auto "schematic" auto "profiles" auto
    "history" auto / minmax(0, 1fr)}
  .membrane-pde-message {height: 5.4em}
  .membrane-pde-controls {position: static; max-height: min(46vh, 380px); border: 1px solid #ddd; padding: 4px}}
</style>"""
OPEN = 7  # number of sliders that are visible at first; the following groups are folded
PLAYED = 200, 100  # number of steps in a run; milliseconds between two steps


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
        If ipywidgets is not installed, or for a case with [module].
    """
    known = as_case(case)
    check(known)
    return Explorer(known)


def check(case: Case) -> None:
    """Refuse a case that the explorer does not know.

    Raises
    ------
    CaseError
        For a case with [module].
    """
    if case.module is not None:
        raise CaseError(
            f"{case.name}: the explorer shows two compartments, and this case has [module]; `membrane-pde run` draws "
            "it along the membrane, `membrane-pde sweep` over the values of a number; in Python plot.along(run(case))"
        )


def warm_up(case: Case) -> None:
    """Solve and draw a case once, so that nothing has to be loaded when it is explored next."""
    result, live = run(case), Live()
    _ipywidgets()
    live.show(result, float(result.arrays["time"][-1]), sketch.scales([result]))
    live.jpegs()


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
    play : Play
        Moves it on.
    folds : dict
        The buttons that unfold the groups of sliders, by name.
    fit : Button
        Gives the axes, which stay otherwise, limits that fit the curves.
    message : HTML
        What happened, or why the run failed.
    pictures : dict
        Of Image: the schematic, the profiles and the history.
    picture : Image
        The first of them.
    widget : Box
        All of it.
    frames : int
        How often the picture was drawn.
    """

    def __init__(self, case: Case) -> None:
        widgets = _ipywidgets()
        self.start, self.case = case, case
        self.frames, self._live, self._failure = 0, Live(), ""
        self._busy, self._wanted, self._done = threading.RLock(), 0, 0  # one at a time; numbers of changes
        self.result, failure = _solved(case)
        self._scales = sketch.scales([self.result])  # of the start: what is drawn later can be compared with it
        self.controls = {control.path: control for control in controls(case, self.result)}
        self._changes: dict[str, float] = {}
        self.folds: dict[str, Any] = {}
        self._followed = case
        self.sliders = {path: _slider(widgets, control, case) for path, control in self.controls.items()}
        self.moment = widgets.FloatSlider(
            value=_flowing(self.result), max=100.0, step=0.5, readout_format=".3", **_look("time shown (% of the run)")
        )
        self.play = widgets.Play(max=PLAYED[0], interval=PLAYED[1], tooltip="let the time run")
        shown = (lambda moment: round(0.01 * PLAYED[0] * moment), lambda step: 100.0 * step / PLAYED[0])
        widgets.link((self.moment, "value"), (self.play, "value"), transform=shown)
        self.back = widgets.Button(description="back to the start", tooltip="set all numbers back to those of the case")
        self.fit = widgets.Button(description="fit the axes", tooltip="limits of the axes that fit the curves")
        self.message = widgets.HTML()
        self.pictures = {name: widgets.Image(format="jpeg") for name in ("schematic", "profiles", "history")}
        self.picture = self.pictures["schematic"]
        self.widget = self._page(widgets)
        for path, slider in self.sliders.items():
            slider.observe(lambda change, path=path: self._turned(path, change["new"]), names="value")
        self.moment.observe(lambda change: self._draw(), names="value")
        self.back.on_click(lambda button: self.reset())
        self.fit.on_click(lambda button: self.fit_axes())
        self._draw()
        self._say(f"The run failed; the picture shows how far it came. {failure}" if failure else "")

    def _page(self, widgets: Any) -> Any:
        """The whole page, with elements side by side if there is space."""
        absent = "; ".join(without_slider(self.start, list(self.controls.values())))
        note = widgets.HTML(
            f'<small style="line-height: 1.3; display: block">No slider: {html.escape(absent)}.</small>'
        )
        top = widgets.Box([widgets.HBox([self.fit, self.back]), self.play, self.moment])
        below: list[Any] = []
        count = 0
        for group in dict.fromkeys(control.group for control in self.controls.values()):
            sliders = [self.sliders[path] for path, control in self.controls.items() if control.group == group]
            count += len(sliders)
            self.folds[group] = widgets.ToggleButton(value=not below or count <= OPEN, description=group)
            below += [self.folds[group], _folded(widgets, self.folds[group], sliders)]
        groups = widgets.Box([*below, note])
        column = widgets.Box([top, groups])
        parts = {"message": self.message, "controls": column, "top": top, "groups": groups, **self.pictures}
        for name, part in parts.items():
            part.add_class(f"membrane-pde-{name}")
        page = widgets.Box([column, self.message, *self.pictures.values()])
        page.add_class("membrane-pde-page")
        outer = widgets.Box([widgets.HTML(STYLE), page], layout=widgets.Layout(display="block", overflow="visible"))
        outer.add_class("membrane-pde")
        return outer

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def reset(self) -> None:
        """Reset the sliders to the values of the case, and fit the axes."""
        self._changes = {}
        self._solve()
        self.fit_axes()

    def fit_axes(self) -> None:
        """Fit the limits of axes and arrows to the present picture; they are kept when sliders move."""
        with self._busy:
            self._scales = sketch.scales([self.result])
            self._live.fit()
            self._draw()
            self._say(self._failure)

    def png(self) -> bytes:
        """The picture as a PNG, for downloading."""
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
        """Move untouched sliders to the values of the case, because some depend on the temperature."""
        self._followed = case
        for path, slider in self.sliders.items():
            if path not in changes and not math.isclose(slider.value, self.controls[path].of(case), rel_tol=1e-9):
                slider.value = self.controls[path].of(case)

    def _draw(self) -> None:
        with self._busy:
            end = float(self.result.arrays["time"][-1])
            self._live.show(self.result, 0.01 * self.moment.value * end, self._scales)
            for name, tile in self._live.jpegs().items():
                self.pictures[name].value = tile
            self.fit.button_style = "warning" if self._live.outside() else ""
            self.frames += 1

    def _say(self, failure: str) -> None:
        """Sentences of the run, or the reason why there is none, and the change of the case as Python code."""
        self._failure = failure
        if failure:
            text = f'<span style="color: {drawing.FAILED}">{html.escape(failure)}</span>'
        else:
            text = html.escape(sentences.sentence(self.result.summary, readings.labels_of(self.case)))
            if self.fit.button_style:
                text += " <b>A curve leaves its axes: press “fit the axes”.</b>"
        if self._changes:
            changes = ", ".join(
                f'"{path}": {_python(self.controls[path].written(value))}' for path, value in self._changes.items()
            )
            text += f"<br><code>case.with_values({{{html.escape(changes)}}})</code>"
        self.message.value = text


def _python(written: Any) -> str:
    """A value of a case file in Python, texts in double quotes."""
    return json.dumps(written, ensure_ascii=False)


def _solved(case: Case) -> tuple[Result, str]:
    """The run of a case (after a failure, up to the failure), and the reason if it failed."""
    try:
        return run(case), ""
    except RunError as error:
        return error.result, str(error)


def _flowing(result: Result) -> float:
    """Time to show first, in % of the run: the end or, if the run is steady by then, a time with flow."""
    water = result.arrays["water_flux_m_per_s"]
    flux = abs(water) if readings.peak(water) > 0.0 else abs(result.arrays["solute_flux_mol_per_m2_s"]).max(axis=1)
    time = result.arrays["time"]
    strong = time[flux >= 0.1 * readings.peak(flux)]
    return 0.5 * round(200.0 * float(strong[-1] / time[-1])) if time[-1] > 0.0 else 100.0


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        raise CaseError('ipywidgets is not installed here: pip install "membrane-pde[notebooks]"') from None
    return ipywidgets


def _look(label: str) -> dict[str, Any]:
    return {"description": label, "style": {"description_width": "initial"}}


def _folded(widgets: Any, button: Any, sliders: list[Any]) -> Any:
    """A group of sliders that a button shows and hides."""
    box = widgets.VBox(sliders)

    def turn(change: Any = None) -> None:
        box.layout.display = "" if button.value else "none"
        button.icon = "caret-down" if button.value else "caret-right"

    button.add_class("membrane-pde-fold")
    button.observe(turn, names="value")
    turn()
    return box


def _slider(widgets: Any, control: Control, case: Case) -> Any:
    value, step = control.of(case), control.step
    look = {"value": value, "step": step, **_look(control.label)}
    if not control.logarithmic:
        return widgets.FloatSlider(min=control.low, max=control.high, readout_format=".4", **look)
    at = math.log10(value)  # so many steps above the lower end
    low = at - step * round((at - math.log10(control.low)) / step)
    return widgets.FloatLogSlider(base=10.0, min=low, max=math.log10(control.high), readout_format=".4", **look)
