"""The kinds of boundary at the far end of a compartment, one row each, with what the input needs to know.

A new kind is a name in `Kind`, a row in `BOUNDARIES`, and a field of `parts.Compartment` for each key of its own. Its
class in `membrane_pde.model.ports` says what it does to pressure and volume, and which liquid passes it. Other modules
ask for these facts (`Compartment.far_end`), not for the name of the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["piston", "standpipe", "elastic", "rigid", "reservoir", "bath", "outflow"]


@dataclass(frozen=True)
class Key:
    """A key of a compartment that one kind of boundary alone takes.

    Parameters
    ----------
    name : str
        The field of `parts.Compartment`.
    meaning, example : str
        What a message says if the key is missing; "" if it is optional.
    """

    name: str
    meaning: str = ""
    example: str = ""


@dataclass(frozen=True)
class Boundary:
    """One kind of boundary.

    Parameters
    ----------
    words : str
        What it is, for the documentation of the key `boundary`.
    keys : tuple of Key
        Keys that it alone takes.
    layer : bool
        `length` is the thickness of an unstirred layer, through which liquid passes to what stands outside. False: it
        is the depth of all liquid, and the far wall moves with it.
    layer_unless_stirred : bool
        If the compartment is stirred, there is no layer and no length.
    fixed_volume : bool
        No water can flow: the pressure is computed, and none is given.
    endless : bool
        What stands outside holds its concentrations for ever.
    tank : bool
        What stands outside is a stirred volume of liquid, the key `volume`, which counts as a part of the side; liquid
        enters and leaves the side through its feed and its bleed alone.
    drains : bool
        Liquid leaves as it is at the far end, and may flow back.
    needs_membrane : bool
        It makes no sense without a membrane, where no water flows.
    size : str
        The key that says how much liquid there is, which a message recommends to enlarge.
    when_dry : str
        How much liquid is left when a run stops because the side runs dry.
    drawing : str
        How a picture draws the side by default.
    caption : str
        What a picture calls it; "" where its shape says it.
    one_side_only : str
        Why both compartments cannot have it; "" if they can. Two rigid ones can if the membrane lets no water through.
    """

    words: str
    keys: tuple[Key, ...] = ()
    layer: bool = False
    layer_unless_stirred: bool = False
    fixed_volume: bool = False
    endless: bool = False
    tank: bool = False
    drains: bool = False
    needs_membrane: bool = False
    size: str = "length"
    when_dry: str = "0.1 % of its liquid"
    drawing: str = "tank"
    caption: str = ""
    one_side_only: str = ""


BOUNDARIES: dict[Kind, Boundary] = {
    "piston": Boundary("a free piston"),
    "standpipe": Boundary("an open standing tube", (Key("tube_area"),), needs_membrane=True, drawing="tube"),
    "elastic": Boundary(
        "an elastic wall", (Key("modulus", "the modulus of the elastic wall", "10 bar"),), needs_membrane=True
    ),
    "rigid": Boundary(
        "a rigid wall (its pressure is computed)",
        fixed_volume=True,
        one_side_only="the pressures would not be determined (unless membrane.water_permeability is 0)",
    ),
    "reservoir": Boundary(
        "a reservoir that holds the concentration",
        layer=True,
        layer_unless_stirred=True,
        endless=True,
        caption="reservoir",
    ),
    "bath": Boundary(
        "a well-stirred bath of finite volume",
        (Key("volume", "the volume of the bath ÷ membrane area", "10 mm"), Key("feed"), Key("bleed")),
        layer=True,
        layer_unless_stirred=True,
        tank=True,
        size="volume",
        when_dry="a millionth of its volume",
        caption="stirred bath",
    ),
    "outflow": Boundary(
        "a free outflow",
        (Key("backflow"),),
        layer=True,
        drains=True,
        needs_membrane=True,
        caption="outflow",
        one_side_only="nothing would be left to flow out",
    ),
}

OWN_KEYS: tuple[tuple[Kind, Key], ...] = tuple(
    (kind, key) for kind, boundary in BOUNDARIES.items() for key in boundary.keys
)
WITHOUT_LAYER_IF_STIRRED = tuple(kind for kind, boundary in BOUNDARIES.items() if boundary.layer_unless_stirred)

# What can stand inside a curved membrane, and around one.
CURVED_BOUNDARIES: dict[str, list[Kind]] = {
    "left": ["piston", "elastic", "rigid"],
    "right": ["piston", "rigid", "reservoir", "bath"],
}


def listed(kinds: list[Kind]) -> str:
    """Kinds as a message lists them: "piston", "rigid" or "bath", each in quotes."""
    *others, last = (f'"{kind}"' for kind in kinds)
    return f"{', '.join(others)} or {last}" if others else last
