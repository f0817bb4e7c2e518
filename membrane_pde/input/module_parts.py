"""Parts of a case about the direction along the membrane: channels, elements, vessels, stages, energy, properties."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from membrane_pde.input.fields import STRICT, field, optional
from membrane_pde.input.module_values import (
    CycleEnd,
    DensityOfW,
    DiffusivityOfW,
    Drop,
    Elements,
    Flow,
    OsmoticCoefficientOfW,
    Transfer,
    ViscosityOfW,
)
from membrane_pde.input.readers import (
    Area,
    Dispersion,
    GaugePressure,
    Length,
    Mixing,
    PumpEfficiency,
    Recovery,
    Share,
    Velocity,
)


class Fibres(BaseModel):
    """Hollow fibres: the liquid of this side flows in their lumens."""

    model_config = STRICT

    count: int = field("Number of fibres in one element.", ge=1, le=10_000_000)
    inner_diameter: Length = field("Inner diameter of a fibre. SI unit: m.")


class Channel(BaseModel):
    """The channel through which the liquid of one side flows along the membrane."""

    model_config = ConfigDict(**STRICT, json_schema_extra=optional)

    flow: Flow | None = field(
        "Flow per vessel of the first stage, on this side: constant, or a schedule, which may reach 0. In "
        "counter-current the other side's liquid, as much in all, enters the last stage. Exactly one of `flow`, "
        "`velocity` and `recovery`. SI unit: m^3/s.",
        None,
    )
    velocity: Velocity | None = field(
        "Superficial velocity where this side's liquid enters: flow ÷ (height · width), ÷ `cross_section`, or ÷ the "
        'area of the lumens. "0 m/s" is a dead end, on the receiving side only. SI unit: m/s.',
        None,
    )
    recovery: Recovery | None = field(
        "Permeate ÷ feed of the whole module, at the given pressure; the flow is computed.", None
    )
    height: Length | None = field("Height of a flat channel, from wall to wall. SI unit: m.", None)
    hydraulic_diameter: Length | None = field(
        "Hydraulic diameter of a channel that is not flat, such as the space around fibres. Give `cross_section`, too. "
        "SI unit: m.",
        None,
    )
    cross_section: Area | None = field(
        "Open area of a channel that is not flat. Give `hydraulic_diameter`, too. SI unit: m^2.", None
    )
    fibres: Fibres | None = field("Hollow fibres; this side's liquid flows inside them.", None)
    spacer_porosity: float = field(
        "Porosity ε of a flat channel with a spacer; 1 without one. d_h = 4ε/(2/h + 8(1 − ε)/h).", 1.0, gt=0, le=1
    )
    walls: int = field(
        "Number of walls of a flat channel that are membranes, 1 or 2. The feed channel of an element has 2.",
        1,
        ge=1,
        le=2,
    )
    mass_transfer: Transfer = field(
        "Mass-transfer coefficient k: `leveque` or `graetz` (developing along each element, slit or tube), "
        "`guillen-hoek` (Sh = 0.46 (Re Sc)^0.36) or `schock-miquel` (Sh = 0.065 Re^0.875 Sc^0.25) for spacers, "
        "{ sherwood = [a, b, c] } (Sh = a Re^b Sc^c), a number, or `none` (no concentration polarization). Default: "
        "`guillen-hoek` with a spacer, `leveque` without. Never below the Sherwood number of developed flow. SI unit: "
        "m/s.",
        "leveque",
        json_schema_extra=lambda schema: schema.pop("default"),
    )
    pressure_drop: Drop = field(
        "Pressure drop: `laminar` (Darcy friction factor 96/Re in a slit, 64/Re otherwise), `guillen-hoek` (0.42 + "
        "189.3/Re), { friction = [f0, f1, n] } (f0 + f1/Re^n), a gradient, `none`, or that of one element at a flow: "
        "{ at = …, drop = …, exponent = … }. SI unit: Pa/m.",
        "laminar",
    )
    dispersion: Dispersion = field("Axial dispersion coefficient. SI unit: m^2/s.", "0 m^2/s")


class Stage(BaseModel):
    """Equal vessels in parallel. The brine of one stage feeds the next one; the permeates are collected."""

    model_config = STRICT

    vessels: int | None = field("Vessels in parallel. Default: `module.vessels`.", None, ge=1, le=1_000_000)
    elements: Elements | None = field(
        "Elements in series in each vessel: a number, or their names in order. Default: `module.elements`.", None
    )
    boost: GaugePressure = field("Pressure that a pump adds at this stage's feed. SI unit: Pa.", "0 bar")
    element: str | None = field("Element of the library in this stage. Default: `membrane.element`.", None)


class Cycle(BaseModel):
    """Closed-circuit operation of a tank: the bleed is closed until a recovery is reached, then all is flushed."""

    model_config = STRICT

    until: CycleEnd = field('When to flush: "recovery = 85 %", permeate ÷ feed since the flush before.')
    flush: float = field("Volume of a flush ÷ volume of channel and tank together.", 1.0, gt=0, le=100)


class Module(BaseModel):
    """Elements along the membrane: size, number in series and in parallel, and directions of flow."""

    model_config = ConfigDict(**STRICT, json_schema_extra=optional)

    area: Area | None = field(
        "Membrane area of one element, = walls · width · length with the feed's walls; give exactly two of `area`, "
        "`length` and `width`; an element of the library has them all. With fibres give exactly one of `area` and "
        "`length`: area = π · inner_diameter · count · length. SI unit: m^2.",
        None,
    )
    length: Length | None = field("Length of one element's membrane along the flow. SI unit: m.", None)
    width: Length | None = field("Width of the unrolled feed channel, across the flow. SI unit: m.", None)
    direction: Literal["co-current", "counter-current"] = field(
        "Whether the liquids of the two sides flow in the same or in opposite directions.", "co-current"
    )
    stations: int | None = field(
        "Number of grid points along each element. Default: as many as needed for an error of 0.02 % in fluxes and "
        "concentrations.",
        None,
        ge=1,
        le=10_000,
    )
    elements: Elements = field("Elements in series in a vessel: a number, or their names in order.", 1)
    vessels: int = field("Vessels in parallel.", 1, ge=1, le=1_000_000)
    interconnector: GaugePressure = field("Pressure lost between two elements. SI unit: Pa.", "0 bar")
    stage: tuple[Stage, ...] = field(
        "Stages in series, each a table [[module.stage]].", [], max_length=20, strict=False
    )
    cycle: Cycle | None = field(
        'Closed-circuit operation of a "bath": { until = "recovery = 85 %", flush = 1.0 }.', None
    )


class PressureExchanger(BaseModel):
    """A device that transfers the pressure of the brine to the feed."""

    model_config = STRICT

    efficiency: Share = field("Share of the brine's pressure energy that reaches the feed.", 0.0)
    mixing: Mixing = field(
        "Share m by which brine mixes into the feed: c_in = c + m (Q_brine/Q_feed)(c_brine − c). `concentration` is "
        "the one before the exchanger.",
        0.0,
    )


class Energy(BaseModel):
    """Efficiencies of the pumps and of the recovery of pressure energy."""

    model_config = STRICT

    pump: PumpEfficiency = field("Efficiency of the pumps.", 1.0)
    pressure_exchanger: PressureExchanger = field(
        "Recovery of the brine's pressure: { efficiency = …, mixing = … }. Default: none.", {}
    )


class Properties(BaseModel):
    """Properties of the solution as polynomials in the mass fraction of its one solute.

    Each replaces what the model computes, everywhere in the case: the density also in conversions (ppm, mol/kg); the
    osmotic coefficient replaces `osmotic_model`. A property that is left out is computed by the model.
    """

    model_config = STRICT

    density: DensityOfW = field("Density. SI unit: kg/m^3.", {})
    viscosity: ViscosityOfW = field("Dynamic viscosity. Default: that of water. SI unit: Pa s.", {})
    diffusivity: DiffusivityOfW = field("Diffusion coefficient of the solute. SI unit: m^2/s.", {})
    osmotic_coefficient: OsmoticCoefficientOfW = field(
        'Osmotic coefficient φ, with unit = "": π = φ ν m R T ρ_w, ρ_w that of pure water.', {}
    )

    @property
    def given(self) -> tuple[str, ...]:
        """The properties that are given."""
        return tuple(name for name in type(self).model_fields if getattr(self, name).polynomial)
