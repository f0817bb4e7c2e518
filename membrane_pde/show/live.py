"""One figure that follows the results it is shown, drawn many times a second: schematic, profiles, history.

It is cut into three tiles, one for each of them, which a page puts beside or below each other, as it has room.
"""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input import titles
from membrane_pde.show import drawing, plot
from membrane_pde.show.sketch import Scales, leading

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

FAST: Any = {"text.hinting": "force_autohint"}  # takes half the time of the hints in the fonts
WIDTH, HEIGHT, DPI = 10.4, 7.4, 90  # inches, pixels an inch
HALF, LOW = 5.2, 2.7  # inches: width of a tile, height of the profiles
TILES = {
    "schematic": (0.0, LOW, HALF, HEIGHT),
    "profiles": (0.0, 0.0, HALF, LOW),
    "history": (HALF, 0.0, WIDTH, HEIGHT),
}


class Live:
    """A figure whose artists are updated with each result, on axes with limits that are kept until they are fitted.

    An axis is fitted by itself only where it shows another quantity or unit than before. Axes, ticks and labels are
    drawn anew only if they change.

    Attributes
    ----------
    figure : Figure
    schematic, profiles : ndarray with one Axes
    history : (4, 1) ndarray of Axes
    backgrounds : int
        How often axes, ticks and labels were drawn, of all or some.
    """

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.figure = drawing.figure(WIDTH, HEIGHT, layout=None)
        self.figure.set_dpi(DPI)
        self.canvas = FigureCanvasAgg(self.figure)

        def grid(rows: int, left: float, bottom: float, right: float, top: float) -> Any:
            """In inches."""
            edges = {"left": left / WIDTH, "right": right / WIDTH, "bottom": bottom / HEIGHT, "top": top / HEIGHT}
            return self.figure.add_gridspec(rows, 1, hspace=0.12, **edges)

        self.schematic = drawing.as_array(self.figure.add_subplot(grid(1, 0.05, LOW + 0.05, 5.15, 6.95)[0]))
        self.profiles = drawing.as_array(self.figure.add_subplot(grid(1, 0.62, 0.62, 5.12, 2.42)[0]))
        stack = grid(4, HALF + 0.95, 0.52, WIDTH - 0.1, HEIGHT - 0.08)
        self.history = np.array([[self.figure.add_subplot(stack[i])] for i in range(4)])
        for ax in self.history[:-1, 0]:
            ax.tick_params(labelbottom=False)
        look: dict[str, Any] = {"fontsize": 11, "ha": "center", "va": "top", "animated": True}  # follows the sliders
        self._title = self.figure.text(0.5 * HALF / WIDTH, 0.993, "", **look)
        self.backgrounds = 0
        self._background: Any = None
        self._names: list[tuple[Any, ...]] = []  # what each axes shows, as it was fitted
        self._cells: list[tuple[Any, Any, list[Any]]] = []  # axes that may change, their empty place, what stands there

    @property
    def axes(self) -> list[Any]:
        """All that results are drawn into."""
        return [*self.schematic, *self.profiles, *self.history.flat]

    def show(self, result: Result, time: float, scales: Scales) -> None:
        """Draw a result and its state at a time (s); `scales` as in `plot.schematic`."""
        from matplotlib import rc_context

        with rc_context(FAST):
            self._show(result, time, scales)

    def fit(self) -> None:
        """Release the limits of all axes, so that the next result sets new ones."""
        for ax in self._graphs:
            drawing.release_limits(ax)

    def outside(self) -> bool:
        """True if a curve leaves its axes."""
        return any(_leaves(ax, line) for ax in self._graphs for line in ax.get_lines() if line.get_visible())

    @property
    def _graphs(self) -> list[Any]:
        """The axes with numbers."""
        return [*self.profiles, *self.history.flat]

    def _draw_curves(self, result: Result, time: float) -> None:
        plot.profiles(result, self.profiles, leading(result, 1)[0], time)
        plot.history(result, self.history, time)

    def _show(self, result: Result, time: float, scales: Scales) -> None:
        plot.schematic(result, self.schematic, time, scales=scales)
        self._draw_curves(result, time)
        if not self._names:
            self.fit()
            self._draw_curves(result, time)
        elif changed := [ax for ax, name in zip(self._graphs, self._names, strict=True) if _name(ax) != name]:
            if self.history[-1, 0] in changed:  # whose axis of time is that of the others
                changed = [*changed, *self.history.flat]
            for ax in changed:
                drawing.release_limits(ax)
            self._draw_curves(result, time)
        self._names = [_name(ax) for ax in self._graphs]
        for ax in self._graphs:
            drawing.freeze_limits(ax)
        self._title.set_text(_lines(result.case.title))
        moving = [(ax, drawing.movable_artists(ax)) for ax in self.axes]
        for ax in self.axes:
            for artist in ax.get_children():
                if (name := artist.get_gid()) and not name.startswith("key") and not artist.get_animated():
                    artist.set_animated(True)  # left out of the background, and no reason to draw it anew
        images = [image for image in self.schematic[0].images if image.get_animated()]
        for image in images:
            image.set_visible(False)  # matplotlib 3.10 draws images though they are animated
        if self._background is None:
            self._lay_out()
        self.canvas.restore_region(self._background)
        if self.figure.stale:
            self._draw_background()
        for image in images:
            image.set_visible(True)
        self.figure.draw_artist(self._title)
        for ax, artists in moving:
            for artist in artists:
                ax.draw_artist(artist)

    def jpegs(self) -> dict[str, bytes]:
        """The tiles of the picture as JPEGs, which take a fifth of the time of PNGs."""
        pixels, height = np.asarray(self.canvas.buffer_rgba()), round(HEIGHT * DPI)
        found = {}
        for name, (x0, y0, x1, y1) in TILES.items():
            rows = slice(height - round(y1 * DPI), height - round(y0 * DPI))
            tile = pixels[rows, round(x0 * DPI) : round(x1 * DPI)]
            found[name] = _packed(tile, "jpeg", {"quality": 95, "subsampling": 0})
        return found

    def png(self) -> bytes:
        """The whole picture as a PNG, without loss."""
        return _packed(np.asarray(self.canvas.buffer_rgba()), "png", {})

    def _lay_out(self) -> None:
        """Store the empty background of each axes with its ticks and labels, and draw everything once."""
        from matplotlib.transforms import Bbox

        self.figure.patch.draw(self.canvas.get_renderer())
        profiles, last = self.profiles[0], self.history[-1, 0]
        bars = [ax for ax in self.figure.axes if ax not in self.axes]  # of times, beside the profiles

        def empty(x0: float, y0: float, x1: float, y1: float) -> Any:
            """A place, in inches."""
            place = Bbox.from_extents(x0 / WIDTH, y0 / HEIGHT, min(x1 / WIDTH, 1.0), y1 / HEIGHT)
            return self.canvas.copy_from_bbox(place.transformed(self.figure.transSubfigure))

        size = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])
        beside = profiles.get_position().x1 * WIDTH + 0.06
        self._cells.append((self.schematic[0], empty(*TILES["schematic"]), [self.schematic[0]]))
        self._cells.append((profiles, empty(0.0, 0.0, HALF if bars else beside, LOW), [profiles, *bars]))
        for ax in self.history[:, 0]:
            _, y0, _, y1 = ax.get_position().extents * size
            below = y0 if ax is last else 0.06
            self._cells.append((ax, empty(HALF, y0 - below, WIDTH, y1 + 0.08), [ax]))
        for bar in bars:  # whose numbers change without those of the profiles
            x0, y0, _, y1 = bar.get_position().extents * size
            self._cells.append((bar, empty(x0 - 0.01, y0 - 0.13, HALF, y1 + 0.13), [bar]))
        self.canvas.draw()
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.backgrounds += 1

    def _draw_background(self) -> None:
        """Redraw only the axes whose limits, ticks or labels have changed."""
        renderer = self.canvas.get_renderer()
        for changed, empty, drawn in self._cells:
            if changed.stale:
                self.canvas.restore_region(empty)
                for ax in drawn:
                    ax.draw(renderer)
        self.figure.stale = False
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.backgrounds += 1


def _name(ax: Any) -> tuple[Any, ...]:
    """Labels of an Axes, and whether it is visible."""
    return ax.get_xlabel(), ax.get_ylabel(), ax.yaxis.get_visible()


def _leaves(ax: Any, line: Any) -> bool:
    """True if a curve leaves an Axes by more than a small tolerance; annotation lines are ignored."""
    if line.get_transform() is not ax.transData or not line.get_gid() or line.get_gid() == "zero":
        return False
    for values, (low, high) in ((line.get_xdata(), ax.get_xlim()), (line.get_ydata(), ax.get_ylim())):
        inside = np.asarray(values, dtype=float)
        inside = inside[np.isfinite(inside)]
        tolerance = 2e-3 * (high - low)
        if inside.size and (inside.min() < low - tolerance or inside.max() > high + tolerance):
            return True
    return False


def _lines(title: str) -> str:
    """A title in at most two lines that fit a tile; the second line names the changed values."""
    whole, mark = titles.parts(title)
    if mark and len(title) > 66:
        return "\n".join(textwrap.shorten(each, 66, placeholder=" …") for each in (f"{whole},", mark))
    return "\n".join(textwrap.wrap(title, 66, max_lines=2, placeholder=" …", break_long_words=True))


def _packed(pixels: np.ndarray, kind: str, how: dict[str, Any]) -> bytes:
    from matplotlib.image import imsave

    file = io.BytesIO()
    imsave(file, np.ascontiguousarray(pixels), format=kind, pil_kwargs=how)
    return file.getvalue()
