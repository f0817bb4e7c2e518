"""`Case`, what a case file says: read into SI numbers, checked, documented. Text becomes a `Case` in `casefile`.

In this order: the models, whose fields are the keys of a case file; checks that concern several parts; warnings; the
JSON schema. A new key is a field of a model here, a reader in `values` if it is written in a new way, and a check of
what it combines with.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from membrane_pde.input.titles import LONGEST
from membrane_pde.input.units import cut
from membrane_pde.input.values import (
    SAME,
    Applied,
    Backflow,
    Density,
    Diffusivity,
    Fed,
    Feed,
    Flux,
    Initial,
    InverseLength,
    Length,
    Modulus,
    Molality,
    MolarEnergy,
    MolarMass,
    MolarVolume,
    Numbers,
    OwnDiffusivity,
    Permeability,
    Pressure,
    Profile,
    Ratio,
    Solubility,
    Temperature,
    Time,
    Virial,
    Volume,
    WaterPermeability,
    alike,
    interpolate,
    key_text,
    nearest,
)
from membrane_pde.physics.constants import AVOGADRO, GAS_CONSTANT

MAX_UNKNOWNS = 1_000_000
MAX_OUTPUTS = 100_000
MAX_PERIODS = 100_000  # of an oscillating pressure in a run

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


class CaseError(Exception):
    """The user's input is wrong; the message says where, what was expected and what is near, in one or two lines."""


NOT_YET = "not available in this version"

# Keys that the design foresees and this version does not have; sides are written "side", solutes "*".
PLANNED_KEYS = {
    "flow",
    "side.flow",
    "side.support",
    "membrane.fixed_charge",
}


def misplaced(loc: list[str]) -> str | None:
    """The message for a key that landed in the wrong table, as TOML has no end of a table.

    Parameters
    ----------
    loc : list of str
        The key's path.

    Returns
    -------
    str or None
        None if the key is neither one of the whole case nor one of the side around its table.
    """
    if len(loc) < 2:
        return None
    *tables, key = loc
    path = cut(".".join(loc), 120)
    field = Case.model_fields.get(key)
    if field and (field.annotation in (str, float) or "Literal" in str(field.annotation)):
        return f"{path}: {key} belongs to the whole case; move it above the first [table]"
    if len(tables) > 1 and tables[0] in SIDES and key in Compartment.model_fields:
        return f"{path}: {key} belongs to [{tables[0]}]; move it above [{'.'.join(tables)}]"
    return None


# ---------------------------------------------------------------------------------------------------------------
# A case and its parts.


def _field(description: str, default: Any = ..., **more: Any) -> Any:
    """A field whose default is written as in a case file and read like a value from one."""
    return Field(default, description=description, validate_default=default is not None, **more)


def _optional(schema: dict[str, Any]) -> None:
    """Keys that the library or a membrane type may supply are not required of the file."""
    schema.pop("required", None)


def _no_default(schema: dict[str, Any]) -> None:
    """A default that holds under conditions is told in words."""
    schema.pop("default", None)


def _length_unless_without_layer(schema: dict[str, Any]) -> None:
    """A stirred bath or reservoir has no layer and so no length; all else needs one."""
    schema["required"].remove("length")
    without = {"boundary": {"enum": ["bath", "reservoir"]}, "stirred": {"const": True}}
    schema["if"] = {"properties": without, "required": list(without)}
    schema["else"] = {"required": ["length"]}


_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _one_line(text: str, longest: int) -> str:
    """Read what tables and pictures are headed with."""
    if len(text) > longest:
        raise ValueError(f"{len(text)} characters; expected at most {longest}")
    if not text.isprintable():
        raise ValueError("expected one line, without line breaks and control characters")
    return text


class Solute(BaseModel):
    """A dissolved substance. What stands in the library under its name need not be given, and may be overridden."""

    model_config = ConfigDict(**_STRICT, json_schema_extra=_optional)

    molar_mass: MolarMass | None = _field(
        "Molar mass, needed where a concentration is a mass per volume, for densities, and for the diffusivity of two "
        "gases. Inside: kg/mol.",
        None,
    )
    diffusivity: OwnDiffusivity = _field(
        "Diffusion coefficient, at the case's temperature unless `reference_temperature` is given. "
        "From the library if it is there, else required. Of two gases it follows from their molar masses and diffusion "
        "volumes (Fuller) unless given. Inside: m^2/s."
    )
    diffusion_volume: MolarVolume | None = _field(
        "Diffusion volume of a gas, for Fuller's diffusivity of two gases. Inside: m^3/mol.", None
    )
    dissociation: float = _field("Particles per formula unit (van 't Hoff factor): 1 for sugar, 2 for NaCl.", 1.0, gt=0)
    radius: Length | None = _field(
        "Radius of the molecule or particle: what decides if it passes a membrane given by its pores. Inside: m.", None
    )
    charge: int | None = _field(
        "Charge number of an ion given singly; used to warn of an imbalance.", None, ge=-10_000, le=10_000
    )
    ions: dict[str, int] | None = _field(
        'Ions a formula unit makes, for `pitzer`, of those the library has data of: { "Na+" = 1, "Cl-" = 1 }.', None
    )
    osmotic_coefficient: Numbers | None = _field(
        "Of a molecule, for `pitzer`: a₁, a₂, … of φ = 1 + a₁ m + a₂ m² + …, m in mol/kg.", None
    )
    virial: Virial | None = _field(
        "For `virial`: B, or B and C, of π = ν R T c (1 + B c + C c²). Inside: m^3/mol, m^6/mol^2.", None
    )
    apparent_volume: Volume | None = _field(
        "Apparent volume in solution, for `pitzer` and for concentrations per mass (mol/kg, ppm, %): a volume per "
        "amount or per mass, or the five coefficients of Laliberté and Cooper.",
        None,
    )
    max_molality: Molality | None = _field(
        "Molality up to which the osmotic data hold; beyond it a run says so. Inside: mol/kg.", None
    )
    solubility: Solubility | None = _field(
        "Molality of the saturated solution, or a list of temperatures and molalities. With the apparent volume it "
        "says how much can dissolve: a higher concentration is an error, and a run that goes beyond says so. Inside: "
        "K, mol/kg.",
        None,
    )
    density: Density | None = _field(
        "Density of the pure substance, which no concentration can pass; for % v/v. Inside: kg/m^3.", None
    )
    solid: bool = _field("The pure substance is a solid: % v/v of it is refused.", False)
    reference_temperature: Temperature | None = _field(
        "Temperature at which `diffusivity` holds; it is then scaled to the case's: with T over the viscosity of "
        "water, in a gas with T^1.75. Inside: K.",
        None,
    )


class Compartment(BaseModel):
    """The solution (or gas) on one side of the membrane."""

    model_config = ConfigDict(**_STRICT, json_schema_extra=_length_unless_without_layer)

    label: str = _field("What tables and figures call this side. Default: left or right.", "")
    boundary: Literal["piston", "standpipe", "elastic", "rigid", "reservoir", "bath", "outflow"] = _field(
        "What the far end is: a free piston, an open standing tube, an elastic wall, a rigid wall (its pressure is "
        "computed), a reservoir that holds the concentration, a well-stirred bath of finite volume, or a free outflow. "
        "A gas has rigid ends, by default.",
        "piston",
    )
    length: Length = _field(
        "Initial length, which is the volume per membrane area; for a reservoir, a bath or an outflow the thickness of "
        "the unstirred layer. A stirred bath or reservoir has no layer and needs no length. Inside: m."
    )
    stirred: bool = _field(
        "Perfectly mixed: one cell and no resistance at the wall. A stirred reservoir or bath has no layer in front "
        "of it.",
        False,
    )
    pressure: Applied = _field(
        "Applied gauge pressure; a schedule of steps or ramps; a mean with an oscillation, a sine or a pulse (high for "
        "the first half of each period, or the share `duty`); or the water flux out of this side into the membrane, "
        "which is then held and the pressure computed. In a gas the absolute pressure. Not for `rigid`. Inside: Pa, or "
        "m/s for a flux.",
        "0 bar",
    )
    concentration: dict[str, Initial] = _field(
        "Initial concentration of every solute: an amount, mass, number or osmoles per volume, a molality, an "
        "osmolality, or a mass fraction (%, ‰, ppm, ppb, % w/w, g/kg); % w/v is g in 100 mL, % v/v needs the "
        "density of the pure solute, a liquid. In a gas a mole fraction "
        "(%, ppm, mol%, vol%). Osmoles count particles: they are divided by `dissociation`. Or a profile by the "
        "distance from the membrane. Inside: mol/m^3.",
        {},
    )
    diffusivity: dict[str, Diffusivity] = _field(
        "Diffusion coefficients that differ on this side (a gel, a tissue). Inside: m^2/s.", {}
    )
    tube_area: Ratio = _field("Area of the standing tube per membrane area. `standpipe` only.", 1.0)
    modulus: Modulus | None = _field(
        "Modulus of an elastic wall: the rise of the pressure for a gain of volume equal to the initial one. The wall "
        "presses and does not pull: the pressure on the liquid is never below 0 (gauge). `elastic` only, and required "
        "there. Inside: Pa.",
        None,
    )
    volume: Length | None = _field(
        "Volume of the bath per membrane area, at the start; the layer not included. `bath` only, and required there. "
        "Inside: m.",
        None,
    )
    feed: Fed | None = _field(
        "What flows into the bath. A concentration for every solute: a make-up feed, which holds the volume; with a "
        "`flow` beside `concentration` a constant one. `bath` only; without it nothing flows in. Inside: mol/m^3, m/s.",
        None,
    )
    bleed: Flux = _field(
        "What is drawn out of the bath, per membrane area. A bath with a make-up feed overflows besides, where water "
        "enters through the membrane. `bath` only. Inside: m/s.",
        "0 m/s",
    )
    backflow: Backflow | None = _field(
        'What is drawn in when liquid comes back: a concentration for every solute, or "last", what just left. '
        "Without it the run stops there. `outflow` only. Inside: mol/m^3.",
        None,
    )

    drawing: Literal["tank", "tube", "cell", "plant-cell"] | None = _field(
        "What pictures show this side as: an open tank, a standing tube, a cell in the liquid of the other side, or a "
        "plant cell with its wall. It changes no number. Default: `tube` for a `standpipe`, which alone takes it, else "
        "`tank`. A gas is drawn as a gas.",
        None,
    )

    @field_validator("label")
    @classmethod
    def _short(cls, label: str) -> str:
        return _one_line(label, 60)

    @model_validator(mode="before")
    @classmethod
    def _without_layer(cls, written: Any) -> Any:
        """A stirred bath or reservoir has no layer, so that its length may be left out.

        That of a bath becomes its volume (`_with_amounts`). In front of a reservoir one cell stands that always has the
        reservoir's concentrations, so that its length changes nothing.
        """
        open_end = isinstance(written, dict) and written.get("boundary") in ("bath", "reservoir")
        return {"length": "1 mm"} | written if open_end and written.get("stirred") is True else written

    @property
    def without_end(self) -> bool:
        """A stirred reservoir: its liquid has no volume."""
        return self.boundary == "reservoir" and self.stirred

    @property
    def volume_per_area(self) -> float:
        """Volume at the start per membrane area, a bath included, m."""
        layered = self.boundary == "bath" and not self.stirred
        return self.length + (self.volume or 0.0) if layered else self.length


class MembraneSolute(BaseModel):
    """How one solute passes the membrane."""

    model_config = ConfigDict(**_STRICT, json_schema_extra=_optional)

    permeability: Permeability = _field(
        "Solute permeability P; 0 for a solute that is held back. Follows from the pores, if there are any and it is "
        "not given. Inside: m/s."
    )
    reflection: float = _field(
        "Reflection coefficient σ, 0 to 1. Required, but for `solution-diffusion` (where it is 1), without water "
        "permeability (where it plays no part), and with pores (which it follows from).",
        1.0,
        ge=0,
        le=1,
        json_schema_extra=_no_default,
    )
    partition: float = _field(
        "Concentration on the right over that on the left at equilibrium, K. Other than 1 only without water "
        "permeability.",
        1.0,
        gt=0,
    )
    activation_energy: MolarEnergy | None = _field(
        "How P follows the temperature: exp(−E/(R T)), from `reference_temperature` to the case's. Inside: J/mol.", None
    )
    reference_temperature: Temperature | None = _field(
        "Temperature at which `permeability` holds. Default: that of the membrane; without either it holds at the "
        "temperature of the library's number that it replaces, or else at the case's. Inside: K.",
        None,
    )


class Membrane(BaseModel):
    """What stands between the two sides."""

    model_config = ConfigDict(**_STRICT, json_schema_extra=_optional)

    type: str | None = _field(
        '"ideal" (holds every solute back, 1 L/m^2/hour/bar unless given), "none" (the partition is removed), a '
        "membrane of the library, or left out with all numbers below given.",
        None,
        examples=["ideal", "none"],
    )
    flux_law: Literal["solution-diffusion", "kedem-katchalsky", "spiegler-kedem"] = _field(
        "How solutes pass.", "spiegler-kedem"
    )
    water_permeability: WaterPermeability = _field(
        "Water permeability L_p (A of reverse osmosis); 0 lets no water through. Required without a type or pores. "
        "Inside: m/s/Pa."
    )
    activation_energy: MolarEnergy | None = _field(
        "How L_p follows the temperature: exp(−E/(R T)), from `reference_temperature` to the case's. Inside: J/mol.",
        None,
    )
    reference_temperature: Temperature | None = _field(
        "Temperature at which the numbers given beside it hold, those of the solutes included; without it a number "
        "holds at the temperature of the library's that it replaces, or else at the case's. Inside: K.",
        None,
    )
    pore_radius: Length | None = _field(
        "Radius of the pores: L_p follows from it (Poiseuille), and P and σ of every solute from its `radius` "
        "(hindered transport; what is wider than a pore is held back), unless given. Inside: m.",
        None,
    )
    porosity_over_thickness: InverseLength | None = _field(
        "The pores' share of the membrane's area over their length. Beside `pore_radius`. Inside: 1/m.", None
    )
    solutes: dict[str, MembraneSolute] = _field("Numbers for every solute; they override those of the type.", {})

    def sieving(self, radius: float, temperature: float, water_flux: float) -> tuple[float, float]:
        """What the pores hold back of a sphere of any size, pressed through with pure solvent drawn off behind.

        Parameters
        ----------
        radius : float
            Of the sphere, m; in water it diffuses as Stokes and Einstein say.
        temperature : float
            K.
        water_flux : float
            J_v, m/s.

        Returns
        -------
        tuple of float
            Reflection coefficient, which is the rejection at an endless flux, and the rejection at this flux.
        """
        from membrane_pde.physics import fluxes, hindered
        from membrane_pde.physics.temperature import stokes_diffusivity

        if self.pore_radius is None or self.porosity_over_thickness is None:
            raise ValueError("the membrane has no pores")
        permeability, reflection = hindered.pore_transport(
            radius, self.pore_radius, self.porosity_over_thickness, float(stokes_diffusivity(radius, temperature))
        )
        return reflection, fluxes.rejection(permeability, reflection, water_flux)


class Mesh(BaseModel):
    """How space is cut up."""

    model_config = _STRICT

    cells: int | None = _field(
        "Cells in each compartment. Default: as many as it takes to grow by 1.5 % from the one at the membrane.",
        None,
        ge=1,
    )
    finest: Length | None = _field(
        "Width of the cell at the membrane; they grow outwards. Default: 0.7 % of what diffuses in the whole time, or "
        "3 % of the layer that the fastest water flux piles up, whichever is less. Inside: m.",
        None,
    )


class Run(BaseModel):
    """How long, and how."""

    model_config = _STRICT

    duration: Time = _field("Time to simulate; with another `until` the upper limit. Inside: s.")
    until: Literal["duration", "equilibrium", "steady"] = _field(
        "When to stop. `steady`: when no number of the summary would change any more by over a hundredth of `rtol` of "
        "its largest value (but for what flows on between open sides). Under an oscillating pressure nothing comes to "
        "rest: `duration` only.",
        "duration",
    )
    outputs: int = _field("Stored times.", 200, ge=2, le=MAX_OUTPUTS)
    rtol: float = _field(
        "Relative tolerance of a time step; a typical run is then within 1e-4, `--check-accuracy` estimates the error "
        "of each number. Until equilibrium or steady a tighter one is used (not with fipy), to see "
        "the end.",
        1e-6,
        ge=1e-12,
        le=1e-2,
    )
    solver: Literal["rosenbrock", "cvode", "fipy"] = _field(
        "Time integrator: a Rosenbrock method that knows the problem's structure (fast); SUNDIALS' CVODE, to check it "
        "with another method and program, whose steps are held to a hundredth of rtol or less; or FiPy's own terms as "
        "a rough cross-check.",
        "rosenbrock",
    )


@dataclass(frozen=True)
class Origin:
    """Where a case comes from: its name, what was written, and the way from there to a changed case.

    `source_ranges`: temperatures (K) between which values from the library hold, by the path of the key. `start`: the
    case that this one is a change of, and `changes` the keys that were given other values.
    """

    name: str
    written: dict[str, Any]
    change: Callable[[Case, Mapping[str, object]], Case]
    source_ranges: dict[str, tuple[float, float]]
    start: Case | None = None
    changes: tuple[str, ...] = ()


class Case(BaseModel):
    """A case: two solutions, the membrane between them, and what to do. Frozen; all numbers SI.

    Made by `load_case` and `parse_case`; changed copies by `with_values`. Equal if all that decides the answer is.
    """

    model_config = _STRICT

    title: str = _field("One line that says what the case shows.", "")
    phase: Literal["liquid", "gas"] = _field(
        "What fills the compartments. A gas: no membrane, rigid ends, absolute pressure; mole fractions that "
        "add up to less than 1 leave the rest to a gas that is not followed.",
        "liquid",
    )
    temperature: Temperature = _field(
        "Temperature, the same everywhere; a liquid is water between 0 and 100 degC. Inside: K.", "25 degC"
    )
    osmotic_model: Literal["ideal", "virial", "pitzer"] = _field(
        "How osmotic pressure follows from concentration. `ideal`: π = ν R T c; `virial`: with the solutes' virial "
        "coefficients; `pitzer`: real solutions, salts by Pitzer's equations, molecules by their osmotic coefficient.",
        "ideal",
    )
    geometry: Literal["planar"] = _field("Shape of the membrane.", "planar")
    transport: Literal["fick"] = _field("How solutes move in the solutions.", "fick")
    solutes: dict[str, Solute] = _field(
        "The solutes by name, each a table, empty if the library has all of it. A name with a sign is "
        'quoted: [solutes."Na+"].',
        min_length=1,
    )
    left: Compartment = _field("The left side. Fluxes are positive from left to right.")
    right: Compartment = _field("The right side.")
    membrane: Membrane = _field("What stands between the sides.")
    mesh: Mesh = Field(default_factory=Mesh, description="How space is cut up; may be left out.")
    run: Run = _field("How long to run, and how.")

    # set by `casefile.build`, the one maker of cases; without a default pydantic would copy what stands for none
    _origin: Origin = PrivateAttr(default=None)  # type: ignore[assignment]

    @property
    def name(self) -> str:
        """File stem or name of the shipped case."""
        return self._origin.name

    @property
    def source(self) -> str:
        """The case as written, overrides included, as TOML (`to_toml`)."""
        return self.to_toml()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is legitimate but may not be meant."""
        return tuple(_warnings(self)) + self.away_from_source

    @property
    def away_from_source(self) -> tuple[str, ...]:
        """Those of the warnings that tell of values used at another temperature; a run's message has them, too."""
        return tuple(_away_from_source(self))

    @property
    def source_ranges(self) -> dict[str, tuple[float, float]]:
        """Temperatures (K) between which values from the library hold, by the path of the key."""
        return self._origin.source_ranges

    def __repr__(self) -> str:
        """One line: name, title and solutes."""
        title = f": {self.title}" if self.title else ""
        return f"<Case {self.name}{title}; solutes {', '.join(self.solutes)}>"

    __str__ = __repr__

    def to_toml(self) -> str:
        """The case as written, overrides included, as the text of a case file; comments are lost."""
        import tomli_w

        return tomli_w.dumps(self._origin.written)

    def with_values(self, values: Mapping[str, object]) -> Case:
        """A copy of the case with some values changed.

        Parameters
        ----------
        values : mapping of str to str, bool, int, float, list or dict
            By the path of the key, for example ``{"left.pressure": "50 bar", "mesh.cells": 50}``, as written in a
            case file. The declared type of the key decides how a text is read: "50" is a number for `mesh.cells`,
            and ``{…}`` and ``[…]`` are TOML where a table or a list is possible.

        Returns
        -------
        Case
            Validated anew; library values follow a changed temperature. Its title says what was changed, unless the
            title is among the values.

        Raises
        ------
        CaseError
            An unknown path, or a case that is wrong with these values.
        """
        return self._origin.change(self, values)

    def _key(self) -> str:
        return self.model_dump_json(exclude={"title"})  # which a change marks

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    # What needs another part of the case: pydantic hands over the fields declared (and validated) before this one, and
    # as context the parts that stand already in the case that this one is a change of.

    @field_validator("title")
    @classmethod
    def _short(cls, title: str) -> str:
        return _one_line(title, LONGEST)

    @field_validator("solutes")
    @classmethod
    def _at_case_temperature(cls, solutes: dict[str, Solute], info: ValidationInfo) -> dict[str, Solute]:
        temperature = info.data.get("temperature")
        if temperature is None or "phase" not in info.data or _stands(info):
            return solutes
        _check_temperature(temperature, info.data["phase"])
        return {name: _scaled(name, each, temperature, info.data["phase"]) for name, each in solutes.items()}

    @field_validator("left", "right")
    @classmethod
    def _in_si(cls, side: Compartment, info: ValidationInfo) -> Compartment:
        if not {"temperature", "phase", "solutes"} <= info.data.keys() or _stands(info):
            return side
        return _with_amounts(side, str(info.field_name), info.data)

    @field_validator("membrane")
    @classmethod
    def _complete(cls, membrane: Membrane, info: ValidationInfo) -> Membrane:
        if not {"temperature", "phase", "solutes"} <= info.data.keys() or _stands(info):
            return membrane
        return _completed(membrane, info.data)

    def model_post_init(self, context: Any) -> None:
        """Check what concerns several parts at once."""
        if self.phase == "gas":
            # frozen, but not made yet: the pressure, which a gas's diffusivity depends on, is read after the solutes
            object.__setattr__(self, "solutes", _diffusing(self))
            _check_gas(self)
        _check_together(self)


# ---------------------------------------------------------------------------------------------------------------
# Steps and checks that concern several parts of a case.


def _stands(info: ValidationInfo) -> bool:
    """The part was taken over from another case, complete."""
    kept: dict[str, Any] = info.context or {}
    return info.field_name in kept


_Part = TypeVar("_Part", bound=BaseModel)


def _put(part: _Part, **values: Any) -> _Part:
    """Put into a part what follows from others: frozen, but nobody has it yet, and a copy takes long."""
    part.__dict__.update(values)
    part.model_fields_set.update(values)
    return part


def with_parts(case: Case, parts: Mapping[str, Compartment | Mesh | Run | Pressure]) -> Case:
    """A copy of the case of a liquid with other sides, as they were read, other pressures, or another mesh or run.

    Raises
    ------
    CaseError
        A part that is wrong, or does not go with the others.
    """
    data = {"temperature": case.temperature, "phase": case.phase, "solutes": case.solutes}
    other = case.model_copy()
    for name, part in parts.items():
        if isinstance(part, Compartment):
            _with_amounts(part, name, data)
        other.__dict__[name] = _put(copy(getattr(case, name)), pressure=part) if isinstance(part, Pressure) else part
    _check_together(other)
    return other


def _check_together(case: Case) -> None:
    _check_boundaries(case)
    _check_osmotic_model(case)
    _check_oscillation(case)
    _check_size(case)


def _sides(case: Case) -> dict[str, Compartment]:
    return {"left": case.left, "right": case.right}


def _check_temperature(temperature: float, phase: str) -> None:
    from membrane_pde.physics.temperature import BOILING, FREEZING

    if phase == "liquid" and not FREEZING <= temperature <= BOILING:
        what = "water is frozen below 0 degC" if temperature < FREEZING else "water boils above 100 degC"
        raise CaseError(
            f"temperature = {temperature - FREEZING:.6g} degC: {what}; expected a temperature from 0 to 100 degC"
        )


def _scaled(name: str, solute: Solute, temperature: float, phase: str) -> Solute:
    """The solute with its diffusivity at the case's temperature."""
    from membrane_pde.physics.temperature import diffusivity_scaling

    reference = solute.reference_temperature
    if reference is None:
        return solute
    if phase == "gas":
        from membrane_pde.physics import gas

        factor = gas.diffusivity_scaling(temperature, reference)
    else:
        _check_reference(f"solutes.{name}", reference)
        factor = float(diffusivity_scaling(temperature, reference))
    return _put(solute, diffusivity=solute.diffusivity * factor)


def _check_reference(path: str, reference: float) -> None:
    from membrane_pde.physics.temperature import BOILING, FREEZING

    if not FREEZING <= reference <= BOILING:
        raise CaseError(
            f"{path}.reference_temperature: expected a temperature from 0 to 100 degC, where water is liquid"
        )


def _with_amounts(side: Compartment, name: str, data: Mapping[str, Any]) -> Compartment:
    """The compartment with its label, and with every concentration in mol/m^3."""
    solutes: dict[str, Solute] = data["solutes"]
    if data["phase"] == "gas":
        _check_gas_pressure(side, name)
    _check_boundary_keys(side, name)
    if side.boundary == "bath" and side.stirred:  # the one cell is the bath
        _put(side, length=side.volume)
    check_declared(side.concentration, solutes, f"{name}.concentration")
    check_declared(side.diffusivity, solutes, f"{name}.diffusivity")
    for solute in solutes:
        path = f"{name}.concentration.{solute}"
        if solute not in side.concentration:
            zero = "0 mol/mol" if data["phase"] == "gas" else "0 mol/L"
            raise CaseError(f'{path} is missing: every declared solute needs one, "{zero}" where there is none')
        written: Any = side.concentration[solute]  # what `_read_initial` made of it
        if not isinstance(written[1], str) and side.stirred:
            raise CaseError(f"{path}: a stirred side has one concentration, not a profile")
        if not isinstance(written[1], str) and written[0][-1] > side.length * (1 + SAME):
            raise CaseError(
                f"{path}: the profile's last distance, {written[0][-1]:.6g} m, is beyond {name}.length, "
                f"{side.length:.6g} m"
            )
    update: dict[str, Any] = {"label": side.label or name, "drawing": _drawing(side, name, data["phase"])}
    update["concentration"] = _initial(side.concentration, f"{name}.concentration", side, data)
    if isinstance(side.backflow, dict):
        update["backflow"] = _supplied(side.backflow, f"{name}.backflow", ', or backflow = "last"', side, data)
    if side.feed is not None:
        fed, flow = typing.cast(Any, side.feed)  # what `_read_feed` made of it
        update["feed"] = Feed(_supplied(fed, f"{name}.feed", ', "0 mol/L" where there is none', side, data), flow)
    return _put(side, **update)


def _supplied(
    written: Mapping[str, Any], where: str, instead: str, side: Compartment, data: Mapping[str, Any]
) -> dict[str, float]:
    """The concentrations (mol/m^3) of a solution that comes in from outside: every declared solute is needed."""
    check_declared(written, data["solutes"], where)
    for solute in data["solutes"]:
        if solute not in written:
            raise CaseError(f"{where}.{solute} is missing: give every declared solute{instead}")
    parts = {s: _part(written[s], f"{where}.{s}", s, side, data) for s in data["solutes"]}
    return _amounts(parts, where, data)


def _initial(
    written: Mapping[str, Any], where: str, side: Compartment, data: Mapping[str, Any]
) -> dict[str, float | Profile]:
    """Initial concentrations, numbers or profiles, in mol/m^3."""
    if all(isinstance(written[s][1], str) for s in data["solutes"]):
        levels = {s: _part(written[s], f"{where}.{s}", s, side, data) for s in data["solutes"]}
        return {**_amounts(levels, where, data)}
    parts: dict[str, tuple[tuple[float, ...], list[tuple[float, str]]]] = {}
    for s in data["solutes"]:
        level = isinstance(written[s][1], str)
        distances, values = ((0.0,), [written[s]]) if level else written[s]
        parts[s] = distances, [_part(each, f"{where}.{s}", s, side, data) for each in values]
        if len({kind for _, kind in parts[s][1]}) > 1:
            raise CaseError(f"{where}.{s}: a profile is either per volume, per mass of water or per mass of solution")
    points = sorted(set().union(*(distances for distances, _ in parts.values())))
    at = {}
    for x in points:
        there = {
            s: (interpolate(x, distances, tuple(number for number, _ in values)), values[0][1])
            for s, (distances, values) in parts.items()
        }
        at[x] = _amounts(there, where, data)
    concentration: dict[str, float | Profile] = {}
    for s, (distances, _) in parts.items():
        if not isinstance(written[s][1], str):
            concentration[s] = Profile(distances, tuple(at[x][s] for x in distances))
        elif len({amounts[s] for amounts in at.values()}) == 1:
            concentration[s] = at[0.0][s]
        else:  # a fraction or molality beside the profile of another solute
            concentration[s] = Profile(tuple(points), tuple(at[x][s] for x in points))
    return concentration


def _drawing(side: Compartment, name: str, phase: str) -> str:
    """What pictures show a side as."""
    if side.drawing == "tube" and side.boundary != "standpipe":
        raise CaseError(f'{name}.drawing = "tube": only a "standpipe" has a tube; {name}.boundary is "{side.boundary}"')
    if phase == "gas" and side.drawing not in (None, "tank"):
        raise CaseError(f'{name}.drawing = "{side.drawing}": a gas is drawn as a gas; leave the key out')
    return side.drawing or ("tube" if side.boundary == "standpipe" else "tank")


# Keys that only one boundary takes, and those of them that it needs, with an example.
_OWN_KEYS = {
    "tube_area": "standpipe",
    "modulus": "elastic",
    "volume": "bath",
    "feed": "bath",
    "bleed": "bath",
    "backflow": "outflow",
}
_NEEDED_KEYS = {"modulus": "10 bar", "volume": "10 mm"}


def _check_boundary_keys(side: Compartment, name: str) -> None:
    """The keys that only some boundaries take."""
    given = side.model_fields_set
    for key, boundary in _OWN_KEYS.items():
        if key in given and side.boundary != boundary:
            takes = "has one" if key == "tube_area" else "takes it"
            article = "an" if boundary[0] in "aeiou" else "a"
            raise CaseError(f'{name}.{key}: only {article} "{boundary}" {takes}; {name}.boundary is "{side.boundary}"')
        if key in _NEEDED_KEYS and side.boundary == boundary and getattr(side, key) is None:
            what = "the modulus of the elastic wall" if key == "modulus" else "that of the bath, per membrane area"
            raise CaseError(f'{name}.{key} is missing: {what}, for example {key} = "{_NEEDED_KEYS[key]}"')


def _check_gas_pressure(side: Compartment, name: str) -> None:
    if side.pressure.flux:
        raise CaseError(f"{name}.pressure: a gas has no membrane that a water flux could pass; give its pressure")
    if len(side.pressure.times) > 1 or side.pressure.oscillates:
        what = "oscillation" if side.pressure.oscillates else "schedule"
        raise CaseError(f"{name}.pressure: a gas has one constant pressure, not a{'n' * (what[0] == 'o')} {what}")
    if side.pressure.values[0] <= 0:
        what = f"= {side.pressure.values[0]:.6g} Pa" if "pressure" in side.model_fields_set else "is missing"
        raise CaseError(f'{name}.pressure {what}: a gas needs its absolute pressure, above zero, for example "1 atm"')


def _amounts(parts: Mapping[str, tuple[float, str]], where: str, data: Mapping[str, Any]) -> dict[str, float]:
    """What `_part` made of the concentrations of one solution, in mol/m^3: a solution that can be."""
    amounts = _in_amounts(parts, where, data)
    if data["phase"] == "liquid":
        from membrane_pde.input import limits

        solutes: dict[str, Solute] = data["solutes"]
        volumes = {s: known_volume(solutes[s], data["temperature"]) for s in amounts}
        if found := limits.problem(amounts, solutes, volumes, data["temperature"]):
            raise CaseError(": ".join([f"{where}.{key_text(found[0])}" if found[0] else where, found[1]]))
    return amounts


def _in_amounts(parts: Mapping[str, tuple[float, str]], where: str, data: Mapping[str, Any]) -> dict[str, float]:
    needing = next((s for s, (number, kind) in parts.items() if kind != "amount" and number > 0), None)
    if needing is None:
        return {s: number for s, (number, _) in parts.items()}
    from membrane_pde.physics import density
    from membrane_pde.physics.temperature import water_density

    there = {s: part for s, part in parts.items() if part[0] > 0}
    solutes: dict[str, Solute] = {s: data["solutes"][s] for s in there}
    for s, solute in solutes.items():
        if problem := density_problem(key_text(s), solute):
            what = "per mass of water" if parts[needing][1] == "molality" else "a mass fraction"
            raise CaseError(
                f"{problem}: {where}.{needing} is {what}, which needs the solution's density; or give an amount or a "
                "mass per volume (mol/L, g/L)"
            )
    try:
        amounts = density.concentrations(
            list(there.values()),
            [apparent_volume(solute, data["temperature"]) for solute in solutes.values()],
            [solute.molar_mass or 0.0 for solute in solutes.values()],
            float(water_density(data["temperature"])),
        )
    except ValueError as error:
        raise CaseError(f"{where}: {error}") from None
    return dict.fromkeys(parts, 0.0) | dict(zip(there, amounts, strict=True))


def density_problem(path: str, solute: Solute) -> str:
    """What a solute (solutes.`path`) lacks for the density of its solution, or ""."""
    if solute.apparent_volume is None:
        return f'solutes.{path}.apparent_volume is missing (for example "20 cm^3/mol" or "0.7 mL/g")'
    if solute.apparent_volume.basis == "mass" and solute.molar_mass is None:
        return f'solutes.{path}.molar_mass is missing (for example "58.44 g/mol")'
    return ""


def apparent_volume(solute: Solute, temperature: float) -> tuple[float, float, float, float]:
    """The four numbers of `physics.density` for a solute without a `density_problem`."""
    from membrane_pde.physics import density

    assert solute.apparent_volume is not None
    scale = 1.0 if solute.apparent_volume.basis == "mole" else solute.molar_mass or 0.0
    return density.apparent_volume(solute.apparent_volume.coefficients, scale, temperature)


def known_volume(solute: Solute, temperature: float) -> tuple[float, float, float, float] | None:
    """The `apparent_volume` of a solute, or None where the case does not say it."""
    return None if density_problem("", solute) else apparent_volume(solute, temperature)


def _part(
    written: tuple[float, str], path: str, name: str, side: Compartment, data: Mapping[str, Any]
) -> tuple[float, str]:
    """A concentration of any kind as "amount" (mol/m^3), or in a liquid also "molality" or "mass fraction"."""
    number, kind = written
    solute: Solute = data["solutes"][name]
    fractions = ("mole fraction", "volume fraction", "mass fraction", "fraction")
    if kind in ("mass", "mass fraction", "fraction") and data["phase"] == "liquid" and solute.molar_mass is None:
        what = "mass per volume" if kind == "mass" else "mass fraction"
        raise CaseError(
            f'{path}: a {what} needs solutes.{name}.molar_mass, for example "58.44 g/mol"; or give an amount per '
            "volume (mol/L)"
        )
    if kind == "amount":
        return number, "amount"
    if kind == "mass" and solute.molar_mass is not None:
        return number / solute.molar_mass, "amount"
    if kind == "count":
        return number / AVOGADRO, "amount"
    if data["phase"] == "gas":
        if kind in fractions and kind != "mass fraction":
            return number * side.pressure.values[0] / (GAS_CONSTANT * data["temperature"]), "amount"
        what = {"mass": "a mass per volume", "osmoles": "an osmolarity", "osmolality": "an osmolality"}.get(
            kind, f"a {kind}"
        )
        raise CaseError(f'{path}: this is {what}; in a gas give a mole fraction, for example "0.5 mol/mol" or "20 %"')
    if kind in ("osmoles", "osmolality"):
        return number / solute.dissociation, "amount" if kind == "osmoles" else "molality"
    if kind == "volume fraction":
        if number >= 1.0:
            raise CaseError(f"{path}: a volume fraction of 1 or more leaves no water")
        if solute.solid:
            raise CaseError(
                f"{path}: a volume fraction is for a liquid, and pure {cut(name)} is a solid; give an amount or a mass "
                "per volume (mol/L, g/L, % w/v) or a mass fraction (% w/w)"
            )
        if solute.density is not None and solute.molar_mass is not None:
            return number * solute.density / solute.molar_mass, "amount"
        missing = "density" if solute.density is None else "molar_mass"
        example = "0.789 g/mL" if missing == "density" else "58.44 g/mol"
        raise CaseError(
            f"{path}: a volume fraction needs solutes.{key_text(name)}.{missing}, of the pure substance, for example "
            f'"{example}"; or give an amount or a mass per volume (mol/L, g/L, % w/v)'
        )
    if kind == "mole fraction":
        raise CaseError(
            f"{path}: a mole fraction is for a gas; in a liquid give an amount or a mass per volume (mol/L, g/L), a "
            "molality (mol/kg) or a mass fraction (ppm, g/kg)"
        )
    return number, "molality" if kind == "molality" else "mass fraction"


def check_declared(names: Iterable[str], solutes: Iterable[str], where: str) -> None:
    """Refuse numbers for a solute that is not declared.

    Parameters
    ----------
    names : iterable of str
        The keys of a table by solute.
    solutes : iterable of str
        The declared solutes.
    where : str
        The table's path, "left.concentration".

    Raises
    ------
    CaseError
        For the first name that is not declared.
    """
    for name in names:
        if name in solutes:
            continue
        if message := misplaced([*where.split("."), name]):
            raise CaseError(message)
        hint = nearest(name, solutes, substance=True) or f"; declare it with [solutes.{key_text(name)}]"
        raise CaseError(f'{where}.{cut(name)}: "{cut(name)}" is not a declared solute{hint}')


def _completed(membrane: Membrane, data: Mapping[str, Any]) -> Membrane:
    """The membrane with one entry a declared solute, in their order, and all numbers at the case's temperature."""
    solutes: dict[str, Solute] = data["solutes"]
    if membrane.type == "none":
        return _put(membrane, solutes={}, water_permeability=0.0)
    if data["phase"] == "liquid":
        membrane = _porous(membrane, solutes, data["temperature"])
    without_water = membrane.water_permeability == 0
    for solute in solutes:
        path = f"membrane.solutes.{solute}"
        if solute not in membrane.solutes:
            source = f'the library\'s "{membrane.type}" has no numbers for it; ' if membrane.type else ""
            raise CaseError(
                f'{path} is missing: {source}give its permeability and reflection, or the membrane type = "ideal"'
            )
        if without_water:
            continue
        numbers = membrane.solutes[solute]
        if membrane.flux_law == "solution-diffusion" and not alike(numbers.reflection, 1.0):
            raise CaseError(
                f"{path}.reflection = {numbers.reflection:g}: solution-diffusion means a reflection of 1; leave it "
                f'out, or take flux_law = "spiegler-kedem"'
            )
        if membrane.flux_law != "solution-diffusion" and "reflection" not in numbers.model_fields_set:
            raise CaseError(f"{path}.reflection is missing: {membrane.flux_law} needs it, from 0 to 1")
        if not alike(numbers.partition, 1.0):
            raise CaseError(
                f"{path}.partition = {numbers.partition:g}: other than 1 only with water_permeability = "
                f'"0 L/m^2/hour/bar"'
            )
        _put(numbers, partition=1.0)
        if membrane.flux_law == "solution-diffusion":
            _put(numbers, reflection=1.0)
    for name in solutes:
        numbers = membrane.solutes[name]
        _put(numbers, permeability=_at_temperature(numbers, "permeability", name, data))
    return _put(
        membrane,
        solutes={name: membrane.solutes[name] for name in solutes},
        water_permeability=_at_temperature(membrane, "water_permeability", None, data),
    )


def _porous(membrane: Membrane, solutes: Mapping[str, Solute], temperature: float) -> Membrane:
    """The membrane with what its pores say about water and solutes, where that is not given."""
    radius, porosity = membrane.pore_radius, membrane.porosity_over_thickness
    if radius is None and porosity is None:
        return membrane
    from membrane_pde.physics import hindered
    from membrane_pde.physics.temperature import water_viscosity

    if radius is None:
        raise CaseError('membrane.pore_radius is missing: porosity_over_thickness needs it, for example "0.5 nm"')
    if porosity is None:
        raise CaseError('membrane.porosity_over_thickness is missing: pore_radius needs it, for example "2e5 1/m"')
    if membrane.flux_law == "solution-diffusion":
        raise CaseError(
            'membrane.flux_law = "solution-diffusion": it means a reflection of 1, and pores have less; leave it out, '
            'or take flux_law = "spiegler-kedem"'
        )
    if membrane.water_permeability is None:
        viscosity = float(water_viscosity(temperature))
        _put(membrane, water_permeability=hindered.water_permeability(radius, porosity, viscosity))
    for name, numbers in membrane.solutes.items():
        given = {"reflection": numbers.reflection} if "reflection" in numbers.model_fields_set else {}
        if numbers.permeability is not None:
            given["permeability"] = numbers.permeability
        if len(given) == 2:
            continue
        size = solutes[name].radius
        if size is None:
            raise CaseError(
                f"solutes.{name}.radius is missing: it decides whether {name} fits through the pores, for example "
                f'"0.3 nm"; or give membrane.solutes.{name}.permeability and reflection'
            )
        permeability, reflection = hindered.pore_transport(size, radius, porosity, solutes[name].diffusivity)
        _put(numbers, **{"permeability": permeability, "reflection": reflection} | given)
    return membrane


def _at_temperature(
    numbers: Membrane | MembraneSolute, key: str, solute: str | None, data: Mapping[str, Any]
) -> float | None:
    """A permeability at the case's temperature."""
    value: float | None = getattr(numbers, key)
    reference, energy = numbers.reference_temperature, numbers.activation_energy
    if value is None or reference is None:
        return value
    path = "membrane" if solute is None else f"membrane.solutes.{solute}"
    _check_reference(path, reference)
    if energy is None:
        return value
    from membrane_pde.physics.temperature import arrhenius_scaling

    try:
        scaled = value * arrhenius_scaling(data["temperature"], reference, energy)
    except OverflowError:
        scaled = math.inf
    if not math.isfinite(scaled) or (scaled == 0) != (value == 0):
        raise CaseError(
            f"{path}.activation_energy = {energy:.6g} J/mol: no {key} can follow that from {reference:.6g} K to "
            f"{data['temperature']:.6g} K; is the unit right?"
        )
    return scaled


def at_reference(case: Case, solute: str | None = None) -> float:
    """A permeability of the membrane as it would be written: at its `reference_temperature`, if it has one.

    Parameters
    ----------
    case : Case
    solute : str, optional
        Whose permeability; without it that of water.

    Returns
    -------
    float
        m/s/Pa, or of a solute m/s.
    """
    numbers = case.membrane if solute is None else case.membrane.solutes[solute]
    value = numbers.water_permeability if isinstance(numbers, Membrane) else numbers.permeability
    reference, energy = numbers.reference_temperature, numbers.activation_energy
    if reference is None or energy is None:
        return value
    from membrane_pde.physics.temperature import arrhenius_scaling

    return value / arrhenius_scaling(case.temperature, reference, energy)


def _check_boundaries(case: Case) -> None:
    """DESIGN §3a, "Which boundaries combine", and the keys that only some boundaries take."""
    open_partition = case.membrane.type == "none"
    for name, side in _sides(case).items():
        if open_partition and side.boundary in ("standpipe", "elastic", "outflow"):
            raise CaseError(
                f'{name}.boundary = "{side.boundary}": without a membrane nothing flows; expected "piston", "rigid", '
                f'"reservoir" or "bath"'
            )
        if side.boundary == "bath" and case.run.solver == "fipy":
            raise CaseError(
                f'run.solver = "fipy" has no {name}.boundary = "bath"; expected "rosenbrock" or "cvode", or another '
                "boundary"
            )
        if side.boundary == "rigid" and not open_partition and "pressure" in side.model_fields_set:
            raise CaseError(f"{name}.pressure: a rigid side takes none, its pressure is computed; remove the key")
    _check_held_flux(case)
    if open_partition:
        left, right = case.left, case.right
        if not _same_pressure(left.pressure, right.pressure):
            raise CaseError(
                'left.pressure and right.pressure differ: with membrane.type = "none" nothing holds a difference; '
                "make them equal"
            )
        if left.stirred and right.stirred:
            raise CaseError(
                "left.stirred and right.stirred: two stirred sides without a membrane are one; expected stirred = false"
                " on at least one"
            )
    elif case.left.boundary == case.right.boundary == "rigid" and case.membrane.water_permeability == 0.0:
        pass  # no water flows, and both sides have the same pressure
    elif case.left.boundary == case.right.boundary and case.left.boundary in ("rigid", "outflow"):
        why = "nothing would be left to flow out"
        if case.left.boundary == "rigid":
            why = "the pressures would not be determined (unless membrane.water_permeability is 0)"
        raise CaseError(f'left.boundary and right.boundary are both "{case.left.boundary}": at most one may be, {why}')


def _check_osmotic_model(case: Case) -> None:
    """What `virial` and `pitzer` need of every solute, and that ions make a solution that is neutral."""
    for name, solute in case.solutes.items():
        if case.osmotic_model == "virial" and solute.virial is None:
            raise CaseError(
                f'solutes.{key_text(name)}.virial is missing: osmotic_model = "virial" needs it, for example '
                '["0.1 L/mol"]; ["0 L/mol"] for an ideal solute'
            )
        if case.osmotic_model == "pitzer" and (problem := density_problem(key_text(name), solute)):
            raise CaseError(f'{problem}: osmotic_model = "pitzer" needs it; "0 cm^3/mol" where it takes up no room')
    if case.osmotic_model == "pitzer" and (odd := next(_charge_imbalance(case), "")):
        raise CaseError(
            f'{odd}; osmotic_model = "pitzer" takes neutral solutions only: give the ion that is missing, or take '
            'osmotic_model = "ideal"'
        )


def _check_held_flux(case: Case) -> None:
    """DESIGN §3a, "Constant flux"."""
    held = [name for name, side in _sides(case).items() if side.pressure.flux]
    if not held:
        return
    path = f"{held[0]}.pressure.flux"
    if len(held) == 2:
        raise CaseError("left.pressure.flux and right.pressure.flux: at most one side may hold the flux")
    if case.membrane.type == "none":
        raise CaseError(f'{path}: with membrane.type = "none" no water flows; expected a pressure')
    if case.membrane.water_permeability == 0:
        raise CaseError(f"{path}: membrane.water_permeability is 0, no pressure drives water through; expected above 0")
    for name, side in _sides(case).items():
        if side.boundary == "rigid":
            raise CaseError(f'{path}: {name}.boundary = "rigid" lets no water flow; expected another boundary')


def _check_oscillation(case: Case) -> None:
    """A bound on the periods, and what never comes to rest."""
    for name, side in _sides(case).items():
        if not side.pressure.oscillates:
            continue
        periods = case.run.duration / side.pressure.period
        if periods > MAX_PERIODS:
            raise CaseError(
                f"{name}.pressure: run.duration holds {periods:.3g} periods of {side.pressure.period:.6g} s; at most "
                f"{MAX_PERIODS}: give a shorter duration, or the mean alone"
            )
        if case.run.until != "duration":
            raise CaseError(
                f'run.until = "{case.run.until}": {name}.pressure oscillates, so that nothing ever comes to rest; '
                'expected until = "duration"'
            )


def _same_pressure(a: Pressure, b: Pressure) -> bool:
    """Equal at every time; between the times both are level or straight."""
    if a.oscillates or b.oscillates:
        numbers = ((*p.values, p.amplitude, p.period, p.duty) for p in (a, b))
        return a.shape == b.shape and all(alike(x, y) for x, y in zip(*numbers, strict=True))
    times = sorted({0.0, *a.times, *b.times})
    # two times in every interval, as a ramp is straight there; not of one that two spellings of a time make
    apart = [(s, t) for s, t in pairwise(times) if t - s > SAME * t]
    at = [times[-1] + 1.0, *(s + part * (t - s) for s, t in apart for part in (0.25, 0.75))]
    return all(abs(a.at(t) - b.at(t)) <= SAME * max(a.largest, b.largest) for t in at)


def _diffusing(case: Case) -> dict[str, Solute]:
    """The gases, each with the diffusivity of the pair: a given one, or Fuller's."""
    from membrane_pde.physics.gas import fuller_diffusivity

    known = [each.diffusivity for each in case.solutes.values() if each.diffusivity is not None]
    missing = [name for name, each in case.solutes.items() if each.diffusivity is None]
    if not missing:
        return case.solutes
    path = f"solutes.{missing[0]}"
    if len(case.solutes) != 2:
        raise CaseError(
            f"{path}.diffusivity is missing: it follows from the gases themselves only for two, not for "
            f'{len(case.solutes)}; give it, for example "2e-5 m^2/s"'
        )
    if known:
        common = known[0]
    else:
        for key, example in (("molar_mass", "28.014 g/mol"), ("diffusion_volume", "18.5 cm^3/mol")):
            without = next((name for name, each in case.solutes.items() if getattr(each, key) is None), None)
            if without is not None:
                raise CaseError(
                    f"solutes.{without}.{key} is missing: the diffusivity of two gases follows from their molar masses "
                    f'and diffusion volumes; give it, for example "{example}", or give the diffusivity'
                )
        first, second = case.solutes.values()
        common = fuller_diffusivity(
            case.temperature,
            case.left.pressure.values[0],
            (typing.cast(float, first.molar_mass), typing.cast(float, second.molar_mass)),
            (typing.cast(float, first.diffusion_volume), typing.cast(float, second.diffusion_volume)),
        )
    return {name: _put(each, diffusivity=common) for name, each in case.solutes.items()}


def _check_gas(case: Case) -> None:
    if case.membrane.type != "none":
        raise CaseError('membrane.type: a gas has no membrane here; expected type = "none"')
    used = [(each.diffusivity, f"solutes.{s}.diffusivity") for s, each in case.solutes.items()]
    for name, side in _sides(case).items():
        if side.boundary != "rigid":
            raise CaseError(
                f'{name}.boundary = "{side.boundary}": in a gas both ends are rigid, as the model moves no gas as a '
                'whole; expected "rigid"'
            )
        used += [(value, f"{name}.diffusivity.{s}") for s, value in side.diffusivity.items()]
        total = side.pressure.values[0] / (GAS_CONSTANT * case.temperature)
        profiles = [c for c in side.concentration.values() if isinstance(c, Profile)]
        for x in sorted({0.0, *(x for profile in profiles for x in profile.distance)}):
            fraction = sum(_at(c, x) for c in side.concentration.values()) / total
            if fraction > 1 + SAME:
                raise CaseError(
                    f"{name}.concentration: the mole fractions add up to {fraction:.6g}; expected at most 1"
                )
    for value, path in used:
        if not alike(value, used[0][0]):
            raise CaseError(f"{path} differs from {used[0][1]}: two gases have one common diffusivity; make them equal")


def _at(concentration: float | Profile, distance: float) -> float:
    return concentration.at(distance) if isinstance(concentration, Profile) else concentration


_USUAL_CELLS = 200  # about what the default mesh takes


def _check_size(case: Case) -> None:
    cells = case.mesh.cells
    unknowns = 2 * (cells or _USUAL_CELLS) * len(case.solutes)
    if unknowns > MAX_UNKNOWNS:
        raise CaseError(f"mesh.cells = {cells}: 2 x cells x solutes are {unknowns} unknowns; at most {MAX_UNKNOWNS}")
    for name, side in _sides(case).items():
        uniform = side.length / (cells or 1)
        if case.mesh.finest is not None and not side.stirred and case.mesh.finest > uniform * (1 + SAME):
            raise CaseError(
                f"mesh.finest = {case.mesh.finest:.6g} m is wider than {cells or 1} equal cells on the {name} "
                f"side, {uniform:.6g} m; expected at most that"
            )


# ---------------------------------------------------------------------------------------------------------------
# Warnings: what is legitimate but may not be meant.

# Known ranges, SI; a thousand times beyond them a value gets a warning. Water permeability: ro_elements.csv (from
# 0.45 L/m2/h/bar for seawater membranes to 7.4 for brackish water), which spans forward_osmosis.csv (0.55 to 5.81
# L/m2/h/bar) and the red cell of red_blood_cell.csv (1.8e-12 m/s/Pa). Permeability: from 2.3e-8 m/s
# (ro_elements.csv) to 0.88 L/m2/h (forward_osmosis.csv). Diffusivity in water: diffusion_water.csv, from haemoglobin
# to H+. All in the project's reference data.
_KNOWN_RANGES = {
    "water_permeability": (0.45 / 3.6e11, 7.4 / 3.6e11, "m/s/Pa"),
    "permeability": (2.3e-8, 0.88 / 3.6e6, "m/s"),
    "diffusivity": (6.9e-11, 9.311e-9, "m^2/s"),
}


def _warnings(case: Case) -> Iterator[str]:
    yield from _unused(case)
    yield from _unscaled(case)
    yield from _far_from_known(case)
    if case.phase == "liquid":
        yield from _assumed_dissociations(case)
        yield from _separated_charges(case)


def _unused(case: Case) -> Iterator[str]:
    unused = [key for key in case._origin.written.get("membrane", {}) if key != "type"]
    if case.membrane.type == "none" and unused:
        yield f'membrane.type is "none": {", ".join(unused)} not used'


def _permeabilities(case: Case) -> Iterator[tuple[str, str, float, Membrane | MembraneSolute]]:
    """Table, key and value of every permeability of the membrane, and what stands around it."""
    if case.membrane.type == "none":
        return
    yield "membrane", "water_permeability", case.membrane.water_permeability, case.membrane
    for name, numbers in case.membrane.solutes.items():
        yield f"membrane.solutes.{name}", "permeability", numbers.permeability, numbers


def _unscaled(case: Case) -> Iterator[str]:
    """What does not follow the temperature although one might think so."""
    for table, key, value, beside in _permeabilities(case):
        if value and beside.reference_temperature is None and beside.activation_energy is not None:
            yield f"{table}.activation_energy has no effect: no reference_temperature stands beside {table}.{key}"


def _away_from_source(case: Case) -> Iterator[str]:
    """Values that do not follow the temperature, or only beyond what is known, or from another one than the case's."""
    yield from _replacing(case)
    yield from _fixed(case)
    held: dict[float, list[str]] = {}
    for table, key, value, beside in _permeabilities(case):
        reference = beside.reference_temperature
        if not value or reference is None or beside.activation_energy is not None:
            continue
        if not alike(reference, case.temperature):
            held.setdefault(reference, []).append(f"{table}.{key}")
    for reference, paths in held.items():
        yield (
            f"{', '.join(paths)}: no activation energy known; the value of {_celsius(reference)} is used at "
            f"{_celsius(case.temperature)}."
        )
    given = any("diffusivity" in each for each in case._origin.written.get("solutes", {}).values())
    if case.phase == "gas" and not given and not 273.15 <= case.temperature <= 673.15:
        yield "The two gases' diffusivity follows from Fuller's method, compared with measurements from 0 to 400 degC."


def _replacing(case: Case) -> Iterator[str]:
    """Numbers in place of the library's, at another temperature than those hold at."""
    written = case._origin.written.get("membrane", {})
    own: dict[float, list[str]] = {}
    for table, key, value, beside in _permeabilities(case):
        reference = beside.reference_temperature
        here = written if isinstance(beside, Membrane) else written.get("solutes", {}).get(table.rsplit(".", 1)[-1], {})
        if not value or reference is None or beside.activation_energy is None or key not in here:
            continue
        told = "reference_temperature" in here or "reference_temperature" in written
        if not told and abs(reference - case.temperature) > 1e-9:
            own.setdefault(reference, []).append(f"{table}.{key}")
    for reference, paths in own.items():
        yield (
            f"{', '.join(paths)}: taken at {_celsius(reference)}, like the library's value in its place, and scaled to "
            f"{_celsius(case.temperature)}; write reference_temperature beside it if it holds at another temperature."
        )


def _fixed(case: Case) -> Iterator[str]:
    """Numbers that stay what they were in the file, although its temperature was changed."""
    origin = case._origin
    if origin.start is None or abs(origin.start.temperature - case.temperature) <= 1e-9:
        return
    before, file = origin.start.temperature, origin.start._origin.written
    moving = [
        f"solutes.{key_text(name)}.diffusivity"
        for name, own in origin.written.get("solutes", {}).items()
        if "diffusivity" in own and "reference_temperature" not in own
    ]
    other = [f"{side}.diffusivity.{key_text(name)}" for side in SIDES for name in getattr(case, side).diffusivity]
    passing: list[str] = []
    unknown: list[str] = []
    for table, key, value, beside in _permeabilities(case):
        if value and beside.reference_temperature is None and case.membrane.pore_radius is None:
            (passing if _written(origin.written, f"{table}.{key}") else unknown).append(f"{table}.{key}")
    for paths, how in (
        (moving, "; with reference_temperature beside it, a diffusivity follows the temperature"),
        (other, ""),
        (
            passing,
            "; with reference_temperature and activation_energy beside it, a permeability follows the temperature",
        ),
    ):
        stay = [path for path in paths if _written(origin.written, path) == _written(file, path)]
        if stay:
            yield (
                f"{', '.join(stay)}: as written for {_celsius(before)}, although the temperature is now "
                f"{_celsius(case.temperature)}{how}."
            )
    if unknown and case.membrane.type != "ideal":
        yield (
            f"{', '.join(unknown)}: the same at {_celsius(case.temperature)} as at any temperature, as the source of "
            f"{case.membrane.type} does not say at which it was measured."
        )


def _written(raw: Mapping[str, Any], path: str) -> Any:
    """What stands in a case as written, or None; names of solutes may hold anything but dots."""
    here: Any = raw
    for part in path.split("."):
        here = here.get(part.strip('"')) if isinstance(here, Mapping) else None
    return here


def _celsius(temperature: float) -> str:
    return f"{temperature - 273.15:.6g} degC"


def _dimensionless(case: Case) -> bool:
    """The numbers are plainly those of a problem without units: lengths and diffusivities are about 1."""
    lengths = [side.length for side in _sides(case).values() if not side.without_end]
    diffusivities = [each.diffusivity for each in case.solutes.values()]
    return all(1e-2 <= each <= 1e3 for each in lengths) and all(1e-4 <= each <= 1e4 for each in diffusivities)


def _far_from_known(case: Case) -> Iterator[str]:
    if _dimensionless(case):
        return
    values = [(key, f"{table}.{key}", value) for table, key, value, _ in _permeabilities(case)]
    if case.membrane.pore_radius is not None:  # what follows from pores has no unit to be wrong
        values = []
    if case.phase == "liquid":
        values += [("diffusivity", f"solutes.{s}.diffusivity", each.diffusivity) for s, each in case.solutes.items()]
        for name, side in _sides(case).items():
            values += [("diffusivity", f"{name}.diffusivity.{s}", value) for s, value in side.diffusivity.items()]
    for kind, path, value in values:
        low, high, unit = _KNOWN_RANGES[kind]
        if value and not low / 1000 <= value <= high * 1000:
            yield (
                f"{path} is {value:.3g} {unit}, more than a thousand times beyond what is known ({low:.2g} to "
                f"{high:.2g} {unit}): is the unit right?"
            )


def _assumed_dissociations(case: Case) -> Iterator[str]:
    for name, solute in case.solutes.items():
        if case.membrane.water_permeability > 0 and "dissociation" not in solute.model_fields_set:
            yield f"solutes.{name}.dissociation is not given: 1 particle per formula unit is assumed"


def _separated_charges(case: Case) -> Iterator[str]:
    ions = {name: each.charge for name, each in case.solutes.items() if each.charge}
    passing = [name for name, numbers in case.membrane.solutes.items() if name in ions and numbers.permeability > 0]
    if passing:
        yield (
            f"{', '.join(passing)}: an ion that passes the membrane by itself separates charge, which this model "
            "does not see; give the salt instead"
        )
    if case.osmotic_model != "pitzer":  # there it is an error
        yield from _charge_imbalance(case)


def _charge_imbalance(case: Case) -> Iterator[str]:
    ions = {name: each.charge for name, each in case.solutes.items() if each.charge}
    for name, side in _sides(case).items():
        parts = [charge * _mean(side.concentration[ion], side.length) for ion, charge in ions.items()]
        positive, negative = sum(p for p in parts if p > 0), -sum(p for p in parts if p < 0)
        if abs(positive - negative) > 0.01 * max(positive, negative):
            yield (
                f"{name}.concentration: positive charges ({positive:.4g} mol/m^3) and negative ones "
                f"({negative:.4g} mol/m^3) do not balance"
            )


def _mean(concentration: float | Profile, length: float) -> float:
    """Volume mean over a compartment."""
    if not isinstance(concentration, Profile):
        return concentration
    points = [0.0, *(x for x in concentration.distance if 0 < x < length), length]
    return sum((b - a) * (concentration.at(a) + concentration.at(b)) / 2 for a, b in pairwise(points)) / length


# ---------------------------------------------------------------------------------------------------------------
# The JSON schema.


def json_schema() -> dict[str, Any]:
    """The JSON schema of a case file, for editors.

    Returns
    -------
    dict
        Draft 2020-12. The models' descriptions and defaults, and what each reader says of its values.
    """
    schema = typing.cast(dict[str, Any], _without_null(Case.model_json_schema()))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "membrane_pde case file"}


def _without_null(schema: Any) -> Any:
    """TOML has no null: a key is there or not."""
    if isinstance(schema, list):
        return [_without_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    clean = {k: _without_null(v) for k, v in schema.items() if not (k == "default" and v is None)}
    if "anyOf" in clean:
        options = [each for each in clean["anyOf"] if each != {"type": "null"}]
        if len(options) == 1:
            clean = {**{k: v for k, v in clean.items() if k != "anyOf"}, **options[0]}
        else:
            clean["anyOf"] = options
    if isinstance(clean.get("title"), str):  # pydantic's titles only repeat the key
        del clean["title"]
    return clean
