"""The kinds of boundary at the far end of a compartment, one row each, with what the input needs to know.

A new kind is a name in `Kind`, a row in `BOUNDARIES`, and a field of `parts.Compartment` for each key of its own. Its
class in `membrane_pde.model.ports` says what it does to pressure and volume.
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
    needs_membrane : bool
        It makes no sense without a membrane, where no water flows.
    caption : str
        What a picture calls it; "" where its shape says it.
    one_side_only : str
        Why both compartments cannot have it; "" if they can. Two rigid ones can if the membrane lets no water through.
    """

    words: str
    keys: tuple[Key, ...] = ()
    layer: bool = False
    layer_unless_stirred: bool = False
    needs_membrane: bool = False
    caption: str = ""
    one_side_only: str = ""


BOUNDARIES: dict[Kind, Boundary] = {
    "piston": Boundary("a free piston"),
    "standpipe": Boundary("an open standing tube", (Key("tube_area"),), needs_membrane=True),
    "elastic": Boundary(
        "an elastic wall", (Key("modulus", "the modulus of the elastic wall", "10 bar"),), needs_membrane=True
    ),
    "rigid": Boundary(
        "a rigid wall (its pressure is computed)",
        one_side_only="the pressures would not be determined (unless membrane.water_permeability is 0)",
    ),
    "reservoir": Boundary(
        "a reservoir that holds the concentration", layer=True, layer_unless_stirred=True, caption="reservoir"
    ),
    "bath": Boundary(
        "a well-stirred bath of finite volume",
        (Key("volume", "the volume of the bath ÷ membrane area", "10 mm"), Key("feed"), Key("bleed")),
        layer=True,
        layer_unless_stirred=True,
        caption="stirred bath",
    ),
    "outflow": Boundary(
        "a free outflow",
        (Key("backflow"),),
        layer=True,
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
