"""A film of one run or of several side by side: vessels, concentrations, arrows and pressures, over time.

The axes stay as they are over the whole film, and so do the scales of the arrows and the colours of the solutions: what
moves is what changes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input import titles
from membrane_pde.input.errors import CaseError
from membrane_pde.show import curves, drawing, filmfile, plot, readings, sketch, timeline
from membrane_pde.show.readings import stored

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

SECONDS, RATE = 8.0, 12  # length of a film, s; pictures per second
MOST_CASES = 4
WIDE, STACKED = (9.8, 5.6), (5.0, 8.4)  # inches: for one case, side by side; for each of several cases, stacked
DEFAULT_DPI = 100
HELD = 1.0  # s for which the last picture is shown in a film of 4 s or more; in a shorter film a quarter of its length
AT_REST = 0.998  # fraction of the total change after which a film jumps to the end
SOLUTES = 3  # curves of a profile
_LOOK: Any = {"text.hinting": "force_autohint"}  # takes half the time of the hints in the fonts


def animate(
    shown: Result | Sequence[Result],
    path: str | Path,
    seconds: float = SECONDS,
    size: tuple[int, int] | None = None,
    rate: int = RATE,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Write a film of one run, or of several side by side.

    Each has its vessels, with the levels or cells, the arrows of what passes the membrane and its numbers, its
    concentration profiles, and its pressures over time. Of several, all show the same time; a run that is over stays
    at its end. Time goes evenly, or as on the time axis of `plot.history` where that is logarithmic, up to when all has
    come to rest. A stored time is drawn that is nearest: more of them (`run.outputs`) make a smoother film.

    Parameters
    ----------
    shown : Result or sequence of Result
        At most four.
    path : path
        Where to: a ``.gif`` or ``.webp``, or an ``.mp4`` where the program ffmpeg is installed.
    seconds : float
        Length of the film; at most 120 s. It begins again when it is over (an ``.mp4`` as its player has it).
    size : (int, int), optional
        Width and height in pixels; by default 980 x 560 of one case, 500 a case x 840 of several.
    rate : int
        Pictures a second, at most 50.
    progress : callable, optional
        Gets the share that is done.

    Returns
    -------
    Path
        The film.

    Raises
    ------
    CaseError
        If there can be no such film, of cases with [module] for one, or it cannot be written; nothing half-written is
        left.

    Examples
    --------
    >>> import membrane_pde as mp
    >>> mp.animate([mp.run(mp.load_case(name)) for name in ("osmosis", "reverse_osmosis")], "osmosis.gif")
    """
    results = list(shown) if isinstance(shown, Sequence) else [shown]
    check_cases([result.case for result in results])
    size = size or default_size(len(results))
    filmfile.check(path, seconds, size, rate)
    for result in results:
        if len(result.arrays.get("time", ())) < 2:
            raise CaseError(f"{result.case.name}: one stored time makes no film; store more (run.outputs)")
    film = Film(results, size)
    frames = round(seconds * rate)
    moving = max(frames - round(rate * min(HELD, 0.25 * seconds)), 1)
    clock = film.clock(moving)
    order = [min(frame, moving - 1) for frame in range(frames)]

    def pictures() -> Iterator[np.ndarray]:
        for done, frame in enumerate(order):
            if progress:
                progress(done / frames)
            yield film.picture(clock[frame])

    sample = [film.picture(clock[i]) for i in np.unique(np.linspace(0, moving - 1, 9).astype(int))]
    return filmfile.write(path, filmfile.Pictures(pictures(), frames, sample, size, rate))


def default_size(count: int) -> tuple[int, int]:
    """Width and height, in pixels, of a film of so many cases."""
    width, height = WIDE if count == 1 else (count * STACKED[0], STACKED[1])
    return round(width * DEFAULT_DPI), round(height * DEFAULT_DPI)


def check_cases(cases: Sequence[Any]) -> None:
    """Refuse cases that cannot be shown in a film.

    Raises
    ------
    CaseError
        If there are none or too many, or one has [module].
    """
    if not 0 < len(cases) <= MOST_CASES:
        raise CaseError(f"a film shows one to {MOST_CASES} cases, got {len(cases)}")
    for case in cases:
        if case.module is not None:
            raise CaseError(
                f"{case.name}: a film shows two compartments, and this case has [module]; `membrane-pde run` draws it "
                "along the membrane (along.png, vessel.png) and, if it runs in time, over time (history.png)"
            )


class Film:
    """The pictures of a film.

    Parameters
    ----------
    results : sequence of Result
    size : (int, int)
        In pixels.

    Attributes
    ----------
    backgrounds : int
        How often what stands still (axes, ticks, labels) was drawn.
    """

    def __init__(self, results: Sequence[Result], size: tuple[int, int]) -> None:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.results, self.size, self.backgrounds = list(results), size, 0
        self._scales = sketch.scales(self.results)
        count = len(self.results)
        beside = count == 1 and size[0] >= 1.25 * size[1]
        width, height = WIDE if beside else (count * STACKED[0], STACKED[1])
        dpi = min(size[0] / width, size[1] / height)
        # a millionth more: the canvas cuts off what is less than a pixel
        self.figure = drawing.figure((size[0] + 1e-6) / dpi, (size[1] + 1e-6) / dpi, layout=None)
        self.figure.set_dpi(dpi)
        self.canvas = FigureCanvasAgg(self.figure)
        self._background: Any = None
        self._per_metre: list[float] = []  # numbers of the unit of each position axis in one metre
        with rc_context(_LOOK):
            self.columns = [self._column(i, beside) for i in range(count)]
            self._limit()
        self.axes = [ax for column in self.columns for ax in column]

    def _column(self, place: int, beside: bool) -> tuple[Any, Any, Any]:
        """Axes of the vessels, the profiles and the pressures of one case, with all static artists."""
        result = self.results[place]
        wide, high = self.figure.get_size_inches()
        left, width = place * wide / len(self.results), wide / len(self.results)
        title = titles.short(result.case.title, result.case.name)
        if beside:
            title = textwrap.shorten(titles.parts(result.case.title)[0] or title, int(9.5 * wide), placeholder=" …")

        def axes(x0: float, y0: float, x1: float, y1: float) -> Any:
            """Add axes in a rectangle that is given in inches."""
            return self.figure.add_axes((x0 / wide, y0 / high, (x1 - x0) / wide, (y1 - y0) / high))

        below = high - 0.12 - 0.24 * (1 + title.count("\n"))
        look: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 13, "weight": "bold"}
        self.figure.text((left + 0.5 * width) / wide, 1.0 - 0.1 / high, title, **look)
        if beside:
            at, half = left + 0.53 * width, 0.5 * below
            places = (
                (0.05, 0.05, at - 0.1, below),
                (at + 0.75, half + 0.55, wide - 0.15, below - 0.25),
                (at + 0.75, 0.48, wide - 0.15, half - 0.42),
            )
        else:
            each = 0.24 * high
            x0, x1 = left + 0.75, left + width - 0.15
            places = (
                (left + 0.05, 2 * each + 0.05, left + width - 0.05, below),
                (x0, each + 0.5, x1, 2 * each - 0.22),
                (x0, 0.48, x1, each - 0.35),
            )
        vessels, profiles, pressures = (axes(*each) for each in places)
        self._per_metre.append(curves.position_axis(profiles, result))
        drawing.supports(profiles, result.case, self._per_metre[place])
        curves.side_names(profiles, result.case)
        self._profiles(place, profiles, 0, "start", alpha=0.5, lw=1.2)
        found = timeline.panels(result)
        timeline.panel("pressure" if "pressure" in found else found[0], pressures, result)
        _small(profiles, sum(len(name) for name in readings.labels_of(result.case).values()))
        _small(pressures)
        return vessels, profiles, pressures

    def _profiles(self, place: int, ax: Any, index: int, name: str, **look: Any) -> None:
        """Concentrations of the leading solutes at a stored time, each in its colour; a single one is black."""
        result = self.results[place]
        chosen = self._solutes(result)
        unit, factor = readings.concentration_unit(result.case, chosen, max(sketch.largest(result, s) for s in chosen))
        for solute in chosen:
            dye = self._scales.dyes.get(solute)
            colour = dye.arrow if dye and len(chosen) > 1 else "0.1"
            words = f"{name} {solute}", result, solute, index, self._per_metre[place], factor[solute]
            curves.profile(ax, *words, color=colour, label=solute, **look)
        if name == "start":
            drawing.labels(ax, y=f"{chosen[0] if len(chosen) == 1 else 'concentration'} ({unit})")
            if len(chosen) > 1:
                drawing.legend(ax, fontsize=8)

    def _solutes(self, result: Result) -> list[str]:
        return sketch.leading(result, SOLUTES)

    def _limit(self) -> None:
        """Set limits for the whole film, the same ones for the same quantity."""
        tops: dict[str, float] = {}
        for (_, profiles, _), result in zip(self.columns, self.results, strict=True):
            chosen = self._solutes(result)
            _, factor = readings.concentration_unit(result.case, chosen, max(sketch.largest(result, s) for s in chosen))
            highest = max(
                max(float(sketch.cells(result, s).max()), float(curves.walls(result, s).max())) * factor[s]
                for s in chosen
            )
            label = profiles.get_ylabel()
            tops[label] = max(tops.get(label, 0.0), 1.1 * highest)
        several: dict[str, list[Any]] = {}
        for _, profiles, pressures in self.columns:
            top = tops[profiles.get_ylabel()] or 1.0
            profiles.set_ylim(-0.02 * top, top)
            several.setdefault(pressures.get_ylabel(), []).append(pressures)
        for same in several.values():
            lows, highs = zip(*(ax.get_ylim() for ax in same), strict=True)
            for ax in same:
                ax.set_ylim(min(lows), max(highs))

    def clock(self, count: int) -> np.ndarray:
        """The time (s) of each moving picture; the last one is the end of the longest run."""
        ends = [float(stored(result, "time")[-1]) for result in self.results]
        rest = max(_at_rest(result) for result in self.results)
        longest = self.results[int(np.argmax(ends))]
        chosen = next(
            (i for i, column in enumerate(self.columns) if column[2].get_xscale() != "linear"),
            self.results.index(longest),
        )
        per_second = timeline.per_second(self.results[chosen])
        even = self.columns[chosen][2].xaxis.get_transform()
        first, last = even.transform(np.array([0.0, rest * per_second]))
        times = np.asarray(even.inverted().transform(np.linspace(first, last, count))) / per_second
        times[-1] = max(ends)
        return times

    def picture(self, time: float) -> np.ndarray:
        """The picture at a time (s), as an array of bytes (height, width, 3)."""
        from matplotlib import rc_context

        with rc_context(_LOOK):
            self._update(time)
            named = [(ax, self._moving(ax)) for ax in self.axes]
            for _, artists in named:
                for artist in artists:
                    if not artist.get_animated():
                        artist.set_animated(True)
            images = [image for ax in self.axes for image in ax.images if image.get_animated()]
            if self._background is None or self.figure.stale:
                for image in images:
                    image.set_visible(False)  # matplotlib 3.10 draws images though they are animated
                self.canvas.draw()
                self._background = self.canvas.copy_from_bbox(self.figure.bbox)
                self.backgrounds += 1
                for image in images:
                    image.set_visible(True)
            self.canvas.restore_region(self._background)
            for ax, artists in named:
                for artist in artists:
                    ax.draw_artist(artist)
        return np.asarray(self.canvas.buffer_rgba())[:, :, :3].copy()

    def _moving(self, ax: Any) -> list[Any]:
        """Artists that are redrawn in every picture: all artists of the vessels, and the time markers of other axes."""
        vessels = any(ax is column[0] for column in self.columns)
        return [
            each
            for each in drawing.movable_artists(ax)
            if vessels or each.get_gid().startswith(("now", "membrane", "partition"))
        ]

    def _update(self, time: float) -> None:
        """Update the moving artists to a time."""
        for place, ((vessels, profiles, pressures), result) in enumerate(zip(self.columns, self.results, strict=True)):
            times = stored(result, "time")
            index = int(np.argmin(np.abs(times - time)))
            plot.schematic(result, vessels, float(times[index]), scales=self._scales)
            curves.membrane(profiles, result, index)
            self._profiles(place, profiles, index, "now", lw=2.4, zorder=3)
            at = min(time, float(times[-1])) * timeline.per_second(result)
            look = {"transform": pressures.get_xaxis_transform(), "color": "0.2", "lw": 1.6, "zorder": 4}
            drawing.line(pressures, "now", [at, at], [0.0, 1.0], **look)


def _small(ax: Any, beside: int = 0) -> None:
    """Reduce the space for text around an Axes: labels in at most two lines, the legend above it.

    Where so many letters stand beside it there and leave no room, the legend goes inside.
    """
    height = ax.get_position().height * ax.figure.get_figheight()
    name = " ".join(ax.get_ylabel().split()).replace(" − ", f"{sketch.NO_BREAK}−{sketch.NO_BREAK}")
    lines = textwrap.wrap(name, max(20, int(15.0 * height)), max_lines=2, placeholder=" …")
    ax.set_ylabel("\n".join(lines).replace(sketch.NO_BREAK, " "), fontsize=9)
    ax.xaxis.label.set_size(9)
    ax.xaxis.labelpad = 1.0
    ax.tick_params(labelsize=9)
    if (old := ax.get_legend()) is not None:
        handles, labels = old.legend_handles, [each.get_text() for each in old.get_texts()]
        look: dict[str, Any] = {"fontsize": 8.5, "frameon": False, "handlelength": 1.6, "columnspacing": 1.2}
        place: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 0.97), "borderaxespad": 0.0}
        width = ax.get_position().width * ax.figure.get_figwidth()
        fits = sum(0.067 * len(each) + 0.35 for each in labels) + 0.09 * beside < width + 0.15
        if beside and not fits:
            place = {"loc": "best"}
        ax.legend(handles, labels, ncols=len(handles) if fits else 1 + (len(handles) > 2), **place, **look)


def _at_rest(result: Result) -> float:
    """Time at which nearly the whole change has happened, s; the end of the run if that is close to it."""
    times = stored(result, "time")
    gone = curves.change(result, list(result.solutes))
    moved = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(stored(result, "displaced_volume_m"))))])
    shares = [gone / gone[-1]] if gone[-1] > 0.0 else []
    shares += [moved / moved[-1]] if moved[-1] > 0.0 else []
    if not shares:
        return float(times[-1])
    at = max(int(np.argmax(share >= AT_REST)) for share in shares)
    return float(times[at]) if times[at] < 0.6 * times[-1] else float(times[-1])
