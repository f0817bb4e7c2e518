"""One figure that follows the results it is shown, drawn many times a second: schematic, profiles, history."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde import drawing, plot
from membrane_pde.sketch import leading

if TYPE_CHECKING:
    from membrane_pde.result import Result

FAST: Any = {"text.hinting": "force_autohint"}  # half the time of the fonts' own hints
WIDTH, HEIGHT, DPI = 13.5, 6.6, 80  # inches, pixels an inch


class Live:
    """A figure whose artists get the data of each result; axes, ticks and labels are drawn anew only if they change.

    Attributes
    ----------
    figure : Figure
    schematic, profiles : ndarray with one Axes
    history : (2, 2) ndarray of Axes
    backgrounds : int
        How often axes, ticks and labels were drawn, of all or some.
    """

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.figure = drawing.figure(WIDTH, HEIGHT, layout=None)
        self.figure.set_dpi(DPI)
        self.canvas = FigureCanvasAgg(self.figure)
        left = self.figure.add_gridspec(
            2, 1, left=0.05, right=0.46, top=0.94, bottom=0.085, hspace=0.16, height_ratios=[1.5, 1]
        )
        right = self.figure.add_gridspec(2, 2, left=0.53, right=0.992, top=0.94, bottom=0.085, wspace=0.37, hspace=0.1)
        self.schematic = drawing.as_array(self.figure.add_subplot(left[0]))
        self.profiles = drawing.as_array(self.figure.add_subplot(left[1]))
        self.history = np.array([[self.figure.add_subplot(right[i, j]) for j in range(2)] for i in range(2)])
        for ax in self.history[0]:
            ax.tick_params(labelbottom=False)
        self._title = self.figure.suptitle("", fontsize=12, y=0.99, animated=True)  # follows the sliders
        self.backgrounds = 0
        self._background: Any = None
        self._cells: list[tuple[Any, Any, list[Any]]] = []  # axes that may change, their empty place, what stands there

    @property
    def axes(self) -> list[Any]:
        """All that results are drawn into."""
        return [*self.schematic, *self.profiles, *self.history.flat]

    def show(self, result: Result, time: float, full_flux: float) -> None:
        """Draw a result, and what is at a time (s) of it; `full_flux` (m/s) as in `plot.schematic`."""
        from matplotlib import rc_context

        with rc_context(FAST):
            self._show(result, time, full_flux)

    def _show(self, result: Result, time: float, full_flux: float) -> None:
        plot.schematic(result, self.schematic, time, full_flux)
        plot.profiles(result, self.profiles, leading(result, 1)[0], time)
        plot.history(result, self.history, time)
        self._title.set_text(result.case.title)
        moving = [(ax, drawing.named(ax)) for ax in self.axes]
        for ax in self.axes:
            for artist in ax.get_children():
                if artist.get_gid() and not artist.get_animated():
                    artist.set_animated(True)  # left out of the background, and no reason to draw it anew
        for image in self.schematic[0].images:
            image.set_visible(False)  # matplotlib 3.10 draws images though they are animated
        if self._background is None:
            self._lay_out()
        self.canvas.restore_region(self._background)
        if self.figure.stale:
            self._draw_background()
        for image in self.schematic[0].images:
            image.set_visible(True)
        self.figure.draw_artist(self._title)
        for ax, artists in moving:
            for artist in artists:
                ax.draw_artist(artist)

    def jpeg(self) -> bytes:
        """What is shown, to be looked at for a moment: a PNG takes five times as long."""
        return self._packed("jpeg", {"quality": 95, "subsampling": 0})

    def png(self) -> bytes:
        """What is shown, without loss."""
        return self._packed("png", {})

    def _packed(self, kind: str, how: dict[str, Any]) -> bytes:
        from matplotlib.image import imsave

        file = io.BytesIO()
        imsave(file, np.asarray(self.canvas.buffer_rgba()), format=kind, pil_kwargs=how)
        return file.getvalue()

    def _lay_out(self) -> None:
        """Remember the empty place of each axes, with the numbers and names around it, and draw all once."""
        from matplotlib.transforms import Bbox

        self.figure.patch.draw(self.canvas.get_renderer())
        margins = {ax: (0.059, 0.025, 0.012) for ax in self.axes}  # left, below, above; shares of the figure
        margins |= {ax: (0.059, 0.085, 0.012) for ax in self.history[1]}
        margins[self.profiles[0]] = 0.05, 0.085, 0.04
        bars = [ax for ax in self.figure.axes if ax not in margins]  # of times, beside the profiles

        def empty(x0: float, y0: float, x1: float, y1: float) -> Any:
            place = Bbox.from_extents(x0, y0, min(x1, 1.0), y1)
            return self.canvas.copy_from_bbox(place.transformed(self.figure.transSubfigure))

        far = self.history[0, 0].get_position().x0 - 0.072
        for ax, (left, below, above) in margins.items():
            x0, y0, x1, y1 = ax.get_position().extents
            beside = bars if ax is self.profiles[0] else []
            place = empty(x0 - left, y0 - below, far if beside else x1 + 0.012, y1 + above)
            self._cells.append((ax, place, [ax, *beside]))
        for bar in bars:  # whose numbers change without those of the profiles
            x0, y0, _, y1 = bar.get_position().extents
            self._cells.append((bar, empty(x0 - 0.001, y0 - 0.018, far, y1 + 0.018), [bar]))
        self.canvas.draw()
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.backgrounds += 1

    def _draw_background(self) -> None:
        """Draw axes anew whose limits, ticks or labels have changed, and no other."""
        renderer = self.canvas.get_renderer()
        for changed, empty, drawn in self._cells:
            if changed.stale:
                self.canvas.restore_region(empty)
                for ax in drawn:
                    ax.draw(renderer)
        self.figure.stale = False
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.backgrounds += 1
