"""The parts of a case: one pydantic model for each table of a case file, whose fields are the table's keys.

A new key is a field here, a reader in `values` if it is written in a new way, and a check in `checks` of what it
combines with.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from membrane_pde.input.boundaries import BOUNDARIES, WITHOUT_LAYER_IF_STIRRED, Kind
from membrane_pde.input.titles import LONGEST
from membrane_pde.input.values import (
    Applied,
    Backflow,
    Density,
    Diffusivity,
    Fed,
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
    Ratio,
    Solubility,
    Temperature,
    Time,
    Virial,
    Volume,
    WaterPermeability,
)

MAX_OUTPUTS = 100_000
SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


def field(description: str, default: Any = ..., **more: Any) -> Any:
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
    without = {"boundary": {"enum": sorted(WITHOUT_LAYER_IF_STIRRED)}, "stirred": {"const": True}}
    schema["if"] = {"properties": without, "required": list(without)}
    schema["else"] = {"required": ["length"]}


def _kinds_in_words() -> str:
    *others, last = (boundary.words for boundary in BOUNDARIES.values())
    return f"{', '.join(others)}, or {last}"


STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def one_line(text: str, longest: int) -> str:
    """Read what tables and pictures are headed with."""
    if len(text) > longest:
        raise ValueError(f"{len(text)} characters; expected at most {longest}")
    if not text.isprintable():
        raise ValueError("expected one line, without line breaks and control characters")
    return text


class General(BaseModel):
    """The keys of the whole case, which stand above the first table."""

    model_config = STRICT

    title: str = field("One line that says what the case shows.", "")
    phase: Literal["liquid", "gas"] = field(
        "What fills the compartments. A gas: no membrane, rigid ends, absolute pressure; mole fractions that "
        "add up to less than 1 leave the rest to a gas that is not followed.",
        "liquid",
    )
    temperature: Temperature = field(
        "Temperature, the same everywhere; a liquid is water between 0 and 100 degC. Inside: K.", "25 degC"
    )
    osmotic_model: Literal["ideal", "virial", "pitzer"] = field(
        "How osmotic pressure follows from concentration. `ideal`: π = ν R T c; `virial`: with the solutes' virial "
        "coefficients; `pitzer`: real solutions, salts by Pitzer's equations, molecules by their osmotic coefficient.",
        "ideal",
    )
    geometry: Literal["planar"] = field("Shape of the membrane.", "planar")
    transport: Literal["fick"] = field("How solutes move in the solutions.", "fick")

    @field_validator("title")
    @classmethod
    def _short(cls, title: str) -> str:
        return one_line(title, LONGEST)


class Solute(BaseModel):
    """A dissolved substance. What stands in the library under its name need not be given, and may be overridden."""

    model_config = ConfigDict(**STRICT, json_schema_extra=_optional)

    molar_mass: MolarMass | None = field(
        "Molar mass, needed where a concentration is a mass per volume, for densities, and for the diffusivity of two "
        "gases. Inside: kg/mol.",
        None,
    )
    diffusivity: OwnDiffusivity = field(
        "Diffusion coefficient, at the case's temperature unless `reference_temperature` is given. "
        "From the library if it is there, else required. Of two gases it follows from their molar masses and diffusion "
        "volumes (Fuller) unless given. Inside: m^2/s."
    )
    diffusion_volume: MolarVolume | None = field(
        "Diffusion volume of a gas, for Fuller's diffusivity of two gases. Inside: m^3/mol.", None
    )
    dissociation: float = field("Particles per formula unit (van 't Hoff factor): 1 for sugar, 2 for NaCl.", 1.0, gt=0)
    radius: Length | None = field(
        "Radius of the molecule or particle: what decides if it passes a membrane given by its pores. Inside: m.", None
    )
    charge: int | None = field(
        "Charge number of an ion given singly; used to warn of an imbalance.", None, ge=-10_000, le=10_000
    )
    ions: dict[str, int] | None = field(
        'Ions a formula unit makes, for `pitzer`, of those the library has data of: { "Na+" = 1, "Cl-" = 1 }.', None
    )
    osmotic_coefficient: Numbers | None = field(
        "Of a molecule, for `pitzer`: a₁, a₂, … of φ = 1 + a₁ m + a₂ m² + …, m in mol/kg.", None
    )
    virial: Virial | None = field(
        "For `virial`: B, or B and C, of π = ν R T c (1 + B c + C c²). Inside: m^3/mol, m^6/mol^2.", None
    )
    apparent_volume: Volume | None = field(
        "Apparent volume in solution, for `pitzer` and for concentrations per mass (mol/kg, ppm, %): a volume per "
        "amount or per mass, or the five coefficients of Laliberté and Cooper.",
        None,
    )
    max_molality: Molality | None = field(
        "Molality up to which the osmotic data hold; beyond it a run says so. Inside: mol/kg.", None
    )
    solubility: Solubility | None = field(
        "Molality of the saturated solution, or a list of temperatures and molalities. With the apparent volume it "
        "says how much can dissolve: a higher concentration is an error, and a run that goes beyond says so. Inside: "
        "K, mol/kg.",
        None,
    )
    density: Density | None = field(
        "Density of the pure substance, which no concentration can pass; for % v/v. Inside: kg/m^3.", None
    )
    solid: bool = field("The pure substance is a solid: % v/v of it is refused.", False)
    reference_temperature: Temperature | None = field(
        "Temperature at which `diffusivity` holds; it is then scaled to the case's: with T over the viscosity of "
        "water, in a gas with T^1.75. Inside: K.",
        None,
    )


class Compartment(BaseModel):
    """The solution (or gas) on one side of the membrane."""

    model_config = ConfigDict(**STRICT, json_schema_extra=_length_unless_without_layer)

    label: str = field("What tables and figures call this side. Default: left or right.", "")
    boundary: Kind = field(
        f"What the far end is: {_kinds_in_words()}. A gas has rigid ends, by default.",
        "piston",
    )
    length: Length = field(
        "Initial length, which is the volume per membrane area; for a reservoir, a bath or an outflow the thickness of "
        "the unstirred layer. A stirred bath or reservoir has no layer and needs no length. Inside: m."
    )
    stirred: bool = field(
        "Perfectly mixed: one cell and no resistance at the wall. A stirred reservoir or bath has no layer in front "
        "of it.",
        False,
    )
    pressure: Applied = field(
        "Applied gauge pressure; a schedule of steps or ramps; a mean with an oscillation, a sine or a pulse (high for "
        "the first half of each period, or the share `duty`); or the water flux out of this side into the membrane, "
        "which is then held and the pressure computed. In a gas the absolute pressure. Not for `rigid`. Inside: Pa, or "
        "m/s for a flux.",
        "0 bar",
    )
    concentration: dict[str, Initial] = field(
        "Initial concentration of every solute: an amount, mass, number or osmoles per volume, a molality, an "
        "osmolality, or a mass fraction (%, ‰, ppm, ppb, % w/w, g/kg); % w/v is g in 100 mL, % v/v needs the "
        "density of the pure solute, a liquid. In a gas a mole fraction "
        "(%, ppm, mol%, vol%). Osmoles count particles: they are divided by `dissociation`. Or a profile by the "
        "distance from the membrane. Inside: mol/m^3.",
        {},
    )
    diffusivity: dict[str, Diffusivity] = field(
        "Diffusion coefficients that differ on this side (a gel, a tissue). Inside: m^2/s.", {}
    )
    tube_area: Ratio = field("Area of the standing tube per membrane area. `standpipe` only.", 1.0)
    modulus: Modulus | None = field(
        "Modulus of an elastic wall: the rise of the pressure for a gain of volume equal to the initial one. The wall "
        "presses and does not pull: the pressure on the liquid is never below 0 (gauge). `elastic` only, and required "
        "there. Inside: Pa.",
        None,
    )
    volume: Length | None = field(
        "Volume of the bath per membrane area, at the start; the layer not included. `bath` only, and required there. "
        "Inside: m.",
        None,
    )
    feed: Fed | None = field(
        "What flows into the bath. A concentration for every solute: a make-up feed, which holds the volume; with a "
        "`flow` beside `concentration` a constant one. `bath` only; without it nothing flows in. Inside: mol/m^3, m/s.",
        None,
    )
    bleed: Flux = field(
        "What is drawn out of the bath, per membrane area. A bath with a make-up feed overflows besides, where water "
        "enters through the membrane. `bath` only. Inside: m/s.",
        "0 m/s",
    )
    backflow: Backflow | None = field(
        'What is drawn in when liquid comes back: a concentration for every solute, or "last", what just left. '
        "Without it the run stops there. `outflow` only. Inside: mol/m^3.",
        None,
    )

    drawing: Literal["tank", "tube", "cell", "plant-cell"] | None = field(
        "What pictures show this side as: an open tank, a standing tube, a cell in the liquid of the other side, or a "
        "plant cell with its wall. It changes no number. Default: `tube` for a `standpipe`, which alone takes it, else "
        "`tank`. A gas is drawn as a gas.",
        None,
    )

    @field_validator("label")
    @classmethod
    def _short(cls, label: str) -> str:
        return one_line(label, 60)

    @model_validator(mode="before")
    @classmethod
    def _without_layer(cls, written: Any) -> Any:
        """A stirred bath or reservoir has no layer, so that its length may be left out.

        That of a bath becomes its volume (`complete_side`). In front of a reservoir one cell stands that always has the
        reservoir's concentrations, so that its length changes nothing.
        """
        if not isinstance(written, dict) or written.get("stirred") is not True:
            return written
        return {"length": "1 mm"} | written if written.get("boundary") in WITHOUT_LAYER_IF_STIRRED else written

    @property
    def has_length(self) -> bool:
        """False for a stirred bath or reservoir, which has no layer."""
        return not (self.stirred and self.boundary in WITHOUT_LAYER_IF_STIRRED)

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

    model_config = ConfigDict(**STRICT, json_schema_extra=_optional)

    permeability: Permeability = field(
        "Solute permeability P; 0 for a solute that is held back. Follows from the pores, if there are any and it is "
        "not given. Inside: m/s."
    )
    reflection: float = field(
        "Reflection coefficient σ, 0 to 1. Required, but for `solution-diffusion` (where it is 1), without water "
        "permeability (where it plays no part), and with pores (which it follows from).",
        1.0,
        ge=0,
        le=1,
        json_schema_extra=_no_default,
    )
    partition: float = field(
        "Concentration on the right over that on the left at equilibrium, K. Other than 1 only without water "
        "permeability.",
        1.0,
        gt=0,
    )
    activation_energy: MolarEnergy | None = field(
        "How P follows the temperature: exp(−E/(R T)), from `reference_temperature` to the case's. Inside: J/mol.", None
    )
    reference_temperature: Temperature | None = field(
        "Temperature at which `permeability` holds. Default: that of the membrane; without either it holds at the "
        "temperature of the library's number that it replaces, or else at the case's. Inside: K.",
        None,
    )


class Membrane(BaseModel):
    """What stands between the two sides."""

    model_config = ConfigDict(**STRICT, json_schema_extra=_optional)

    type: str | None = field(
        '"ideal" (holds every solute back, 1 L/m^2/hour/bar unless given), "none" (the partition is removed), a '
        "membrane of the library, or left out with all numbers below given.",
        None,
        examples=["ideal", "none"],
    )
    flux_law: Literal["solution-diffusion", "kedem-katchalsky", "spiegler-kedem"] = field(
        "How solutes pass.", "spiegler-kedem"
    )
    water_permeability: WaterPermeability = field(
        "Water permeability L_p (A of reverse osmosis); 0 lets no water through. Required without a type or pores. "
        "Inside: m/s/Pa."
    )
    activation_energy: MolarEnergy | None = field(
        "How L_p follows the temperature: exp(−E/(R T)), from `reference_temperature` to the case's. Inside: J/mol.",
        None,
    )
    reference_temperature: Temperature | None = field(
        "Temperature at which the numbers given beside it hold, those of the solutes included; without it a number "
        "holds at the temperature of the library's that it replaces, or else at the case's. Inside: K.",
        None,
    )
    pore_radius: Length | None = field(
        "Radius of the pores: L_p follows from it (Poiseuille), and P and σ of every solute from its `radius` "
        "(hindered transport; what is wider than a pore is held back), unless given. Inside: m.",
        None,
    )
    porosity_over_thickness: InverseLength | None = field(
        "The pores' share of the membrane's area over their length. Beside `pore_radius`. Inside: 1/m.", None
    )
    solutes: dict[str, MembraneSolute] = field("Numbers for every solute; they override those of the type.", {})

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

    model_config = STRICT

    cells: int | None = field(
        "Cells in each compartment. Default: as many as it takes to grow by 1.5 % from the one at the membrane.",
        None,
        ge=1,
    )
    finest: Length | None = field(
        "Width of the cell at the membrane; they grow outwards. Default: 0.7 % of what diffuses in the whole time, or "
        "3 % of the layer that the fastest water flux piles up, whichever is less. Inside: m.",
        None,
    )


class Run(BaseModel):
    """How long, and how."""

    model_config = STRICT

    duration: Time = field("Time to simulate; with another `until` the upper limit. Inside: s.")
    until: Literal["duration", "equilibrium", "steady"] = field(
        "When to stop. `steady`: when no number of the summary would change any more by over a hundredth of `rtol` of "
        "its largest value (but for what flows on between open sides). Under an oscillating pressure nothing comes to "
        "rest: `duration` only.",
        "duration",
    )
    outputs: int = field("Stored times.", 200, ge=2, le=MAX_OUTPUTS)
    rtol: float = field(
        "Relative tolerance of a time step; a typical run is then within 1e-4, `--check-accuracy` estimates the error "
        "of each number. Until equilibrium or steady a tighter one is used (not with fipy), to see "
        "the end.",
        1e-6,
        ge=1e-12,
        le=1e-2,
    )
    solver: Literal["rosenbrock", "cvode", "fipy"] = field(
        "Time integrator: a Rosenbrock method that knows the problem's structure (fast); SUNDIALS' CVODE, to check it "
        "with another method and program, whose steps are held to a hundredth of rtol or less; or FiPy's own terms as "
        "a rough cross-check.",
        "rosenbrock",
    )
