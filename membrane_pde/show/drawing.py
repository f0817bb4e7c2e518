"""Elements of the pictures: named lines, texts, arrows and areas of an Axes, limits, colours.

A thing with a name that is there already gets new data instead of a second one beside it. So a picture drawn again into
the axes that it returned follows its numbers, as a live one must; what has no more data vanishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input import titles
from membrane_pde.show import formatting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, and viridis for time: they stay apart for the colour-blind
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
LEFT, RIGHT, OSMOTIC = COLOURS[:3]
SIDE_COLOURS = {"left": LEFT, "right": "#B84A00"}  # colours of texts and curves on a page, dark enough on white
HYDROSTATIC, WATER = "#333333", "#000000"
CASES = COLOURS[2:]
FAILED = "#B03A00"  # colour of crosses and texts for failed runs
WATER_ARROW = "#0B3C5D"
MEMBRANE, MEMBRANE_WIDTH = "#777777", 6.0  # width in points: a membrane is too thin to be drawn to scale
HATCHED: dict[str, Any] = {"facecolor": "0.88", "hatch": "/////", "lw": 0.6}
SUPPORT: dict[str, Any] = {"hatch": "...", "edgecolor": "0.6", "lw": 0.0}  # its pores contain the solution behind it

SPARE = 0.3  # space beyond the curves ÷ their range, in a redraw that changes the limits
_FILLED = 0.35  # filled fraction of an axis below which a redraw changes its limits


def figure(width: float, height: float, layout: str | None = "constrained") -> Figure:
    """A new Figure, in inches, that is not registered with pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]


def headline(figure: Figure, title: str) -> None:
    """Put a title above a figure, in as many lines as necessary (a character is about a tenth of an inch wide)."""
    figure.suptitle(titles.in_lines(title, int(10.0 * figure.get_figwidth())), fontsize=12)


def as_array(axes: Any) -> np.ndarray:
    """One Axes or several, as an array of them."""
    return axes if isinstance(axes, np.ndarray) else np.array(axes if isinstance(axes, list | tuple) else [axes])


def start_redraw(ax: Axes) -> bool:
    """Start to redraw an Axes: hide all named artists except legends; True if nothing was drawn before."""
    first = ax.get_gid() not in ("new", "drawn again", "held", "fit")
    if not first:
        for artist in movable_artists(ax):
            artist.set_visible(False)
    if ax.get_gid() not in ("held", "fit"):
        ax.set_gid("new" if first else "drawn again")
    return first


def freeze_limits(ax: Axes) -> None:
    """Freeze the limits and the kinds of scales of an Axes for all later drawings."""
    ax.set_gid("held")


def release_limits(ax: Axes) -> None:
    """Release the limits of an Axes: the next drawing sets new ones, with a margin around the curves."""
    ax.set_gid("fit")


def limits_frozen(ax: Axes) -> bool:
    """True if the limits of an Axes are frozen; see `freeze_limits`."""
    return bool(ax.get_gid() == "held")


def visible_artists(ax: Axes) -> list[Any]:
    """The visible named artists, from back to front."""
    seen = [artist for artist in ax.get_children() if artist.get_gid() and artist.get_visible()]
    return sorted(seen, key=lambda artist: artist.get_zorder())


def movable_artists(ax: Axes) -> list[Any]:
    """The visible named artists that are not part of a legend (whose names begin with "key")."""
    return [artist for artist in visible_artists(ax) if not artist.get_gid().startswith("key")]


def _find(ax: Axes, name: str) -> Any:
    found = next((artist for artist in ax.get_children() if artist.get_gid() == name), None)
    if found is not None:
        found.set_visible(True)
    return found


def line(ax: Axes, name: str, x: Any, y: Any, **style: Any) -> Any:
    """Draw or update the line with this name."""
    found = _find(ax, name)
    if found is None:
        return ax.plot(x, y, gid=name, **style)[0]
    found.set_data(x, y)
    found.set(**style)
    return found


def zero(ax: Axes) -> None:
    """Draw a thin line at 0."""
    if _find(ax, "zero") is None:
        ax.axhline(0, color="0.7", lw=0.8, gid="zero")


def text(ax: Axes, name: str, x: float, y: float, words: str, **style: Any) -> Any:
    """Draw or update the text with this name."""
    found = _find(ax, name)
    if found is None:
        return ax.text(x, y, words, gid=name, **style)
    found.set(position=(x, y), text=words, **style)
    return found


def between(ax: Axes, name: str, x: Any, lower: Any, upper: Any, **style: Any) -> None:
    """Draw or update the area with this name, between two curves."""
    found = _find(ax, name)
    if found is None:
        ax.fill_between(x, lower, upper, gid=name, **style)
    else:
        found.set_data(x, lower, upper)


def arrow(ax: Axes, name: str, start: tuple[float, float], end: tuple[float, float], width: float, **style: Any) -> Any:
    """Draw or update the block arrow with this name, along one axis, with a given shaft width."""
    from matplotlib.patches import FancyArrow

    (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    shape = {"width": width, "head_width": 2.2 * width, "head_length": style.pop("head")}
    found = _find(ax, name)
    if found is None:
        patch = FancyArrow(x, y, dx, dy, length_includes_head=True, gid=name, **shape, **style)
        return ax.add_patch(patch)
    found.set_data(x=x, y=y, dx=dx, dy=dy, **shape)
    return found


def rectangle(ax: Axes, name: str, corner: tuple[float, float], width: float, height: float, **style: Any) -> Any:
    """Draw or update the rectangle with this name."""
    from matplotlib.patches import Rectangle

    found = _find(ax, name)
    if found is None:
        return ax.add_patch(Rectangle(corner, width, height, gid=name, **style))
    found.set(xy=corner, width=width, height=height, **style)
    return found


def shading(ax: Axes, name: str, colours: np.ndarray, extent: tuple[float, float, float, float], **style: Any) -> Any:
    """Draw or update the image with this name: a row of colours (points, 3), left to right, in ``(x0, x1, y0, y1)``."""
    found = _find(ax, name)
    row = np.round(255.0 * colours[None, :, :]).astype(np.uint8)
    limits = ax.get_xlim(), ax.get_ylim()
    if found is None:
        found = ax.imshow(row, aspect="auto", interpolation="bilinear", gid=name, **style)
    found.set_data(row)
    if tuple(found.get_extent()) != extent:
        found.set_extent(extent)
    if (ax.get_xlim(), ax.get_ylim()) != limits:
        ax.set(xlim=limits[0], ylim=limits[1])
    return found


def shape(ax: Axes, name: str, x: Any, y: Any, **style: Any) -> Any:
    """Draw or update the closed polygon with this name."""
    from matplotlib.patches import Polygon

    points, found = np.column_stack([x, y]), _find(ax, name)
    if found is None:
        return ax.add_patch(Polygon(points, closed=True, gid=name, **style))
    found.set_xy(points)
    found.set(**style)
    return found


def dots(ax: Axes, name: str, x: Any, y: Any, colours: Any, **style: Any) -> Any:
    """Draw or update the dots with this name, each with a colour."""
    found = _find(ax, name)
    if found is None:
        return ax.scatter(x, y, c=colours, gid=name, **style)
    found.set_offsets(np.column_stack([x, y]))
    found.set_facecolor(colours)
    return found


def membrane(ax: Axes, case: Any) -> None:
    """A hatched band of fixed width at 0, or a dashed line where the partition was."""
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    if case.membrane.type == "none":
        place = blended_transform_factory(ax.transData, ax.transAxes)
        style: dict[str, Any] = {"color": MEMBRANE, "lw": 1.2, "ls": (0, (4, 3)), "zorder": 0}
        line(ax, "partition", [0, 0], [0, 1], transform=place, **style)
        return
    if _find(ax, "membrane") is not None:
        return
    # width in points, place in data: the band keeps its width whatever the lengths are
    points = ax.figure.dpi_scale_trans + ScaledTranslation(0, 0, ax.transData)  # type: ignore[arg-type]
    corner, width = (-0.5 * MEMBRANE_WIDTH / 72, -50), MEMBRANE_WIDTH / 72
    band = Rectangle(corner, width, 100, transform=points, edgecolor="0.55", zorder=0, gid="membrane", **HATCHED)
    ax.add_artist(band)
    band.set_clip_path(ax.patch)


def supports(ax: Axes, case: Any, scale: float) -> None:
    """A dotted band with its name for each support layer, from the membrane at 0 as far as it reaches."""
    from matplotlib.transforms import blended_transform_factory

    place = blended_transform_factory(ax.transData, ax.transAxes)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        layer = getattr(case, side).support
        if layer is None:
            continue
        reach = sign * layer.thickness * scale
        look: dict[str, Any] = SUPPORT | {"facecolor": "0.95", "edgecolor": "0.85", "zorder": -1, "transform": place}
        rectangle(ax, f"{side} support", (min(reach, 0.0), 0.0), abs(reach), 1.0, **look)
        words: dict[str, Any] = {"va": "top", "fontsize": 8, "color": "0.3", "transform": place, "zorder": 4}
        words["bbox"] = {"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 1.5}
        beside = {"left": ("right", "support   "), "right": ("left", "   support")}[side]  # clear of the membrane
        text(ax, f"{side} support name", 0.0, 0.985, beside[1], ha=beside[0], **words)


def legend(ax: Axes, handles: list[Any] | None = None, **style: Any) -> None:
    """A legend of these handles, none if there are none; by default of every line to be seen that has a label."""
    if handles is None:
        handles = [each for each in ax.get_lines() if each.get_visible() and not str(each.get_label()).startswith("_")]
    labels, old = [str(each.get_label()) for each in handles], ax.get_legend()
    if old is not None and [each.get_text() for each in old.get_texts()] != labels:
        old.remove()
        old = None
    if handles and old is None:
        ax.legend(handles, labels, frameon=False, **style)


def labels(ax: Axes, x: str | None = None, y: str | None = None) -> None:
    """Set the labels of the axes; unchanged labels are not set again, so that nothing has to be redrawn."""
    if x is not None and ax.get_xlabel() != x:
        ax.set_xlabel(x)
    if y is not None and ax.get_ylabel() != y:
        ax.set_ylabel(y)


def span(ax: Axes, first: float, last: float) -> None:
    """Set the limits of the horizontal axis; in a redraw they are kept as long as the curves fill it."""
    if not kept(ax, ax.get_xlim(), first, last):
        spare = SPARE * (last - first) if ax.get_gid() == "drawn again" else 0.0
        ax.set_xlim(first, last + spare)


def kept(ax: Axes, before: tuple[float, float], low: float, high: float) -> bool:
    """True if an axis may keep its limits: the data lie within them and fill them sufficiently."""
    inside = before[0] <= low and high <= before[1]
    if limits_frozen(ax):
        return True
    return ax.get_gid() == "drawn again" and inside and high - low > _FILLED * (before[1] - before[0])


def limits(
    ax: Axes, values: np.ndarray, *, lowest: float | None = None, flat: float | None = None, room: float = 0.06
) -> None:
    """Limits of the value axis that do not magnify round-off: a constant is drawn as a constant.

    `lowest` pins the lower end (0 for concentrations), `flat` is the half height around a curve of zeros. Drawn again,
    an axis stays as long as the curves fill it.
    """
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if lowest is not None:
        low = min(low, lowest) if low < -1e-6 * abs(high) else lowest
    largest, slack = max(abs(low), abs(high)), 0.0
    if largest == 0.0:
        low, high = (-flat, flat) if flat else (0.0, 1.0)
    elif high - low <= 1e-6 * largest:
        low, high = sorted((0.0, 1.3 * (high if abs(high) == largest else low)))
    else:
        extent, slack = high - low, 0.05 * (high - low)
        low, high = low if low == lowest else low - 0.06 * extent, high + room * extent
    low = low - 0.02 * high if low == lowest == 0.0 else low  # a curve at 0 stays visible
    if kept(ax, ax.get_ylim(), low if low == lowest else low + slack, high - slack):
        return
    if ax.get_gid() in ("drawn again", "fit"):  # some room, so that the next change need not move the axis again
        low, high = low if lowest is not None else low + SPARE * min(low, 0.0), high + SPARE * max(high, 0.0)
    ax.set_ylim(low, high)
    if 1e-3 < largest < 1e5 or largest == 0.0:
        from matplotlib.ticker import ScalarFormatter

        ax.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    else:  # each tick in full, not a power of ten above the axis
        ax.yaxis.set_major_formatter(lambda value, _: formatting.number(value, scale=largest))
