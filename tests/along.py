"""Cases with [module] for tests: a vessel of seven elements of seawater reverse osmosis."""

from __future__ import annotations

VESSEL = """
title = "Seven elements in a vessel"
temperature = "18 degC"
osmotic_model = "pitzer"
[solutes.NaCl]
[left]
label = "feed"
concentration = { NaCl = "32000 ppm" }
pressure = { recovery = "45 %" }
[left.channel]
flow = "8 m^3/h"
height = "0.71 mm"
spacer_porosity = 0.9
walls = 2
mass_transfer = "schock-miquel"
pressure_drop = { friction = [0.0, 6.23, 0.3] }
[right]
label = "permeate"
pressure = "0.5 bar"
[membrane]
water_permeability = "1.0 L/m^2/hour/bar"
flux_law = "solution-diffusion"
[membrane.solutes.NaCl]
permeability = "1.5e-8 m/s"
reflection = 1.0
[module]
elements = 7
vessels = 10
interconnector = "0.05 bar"
area = "37 m^2"
length = "0.96 m"
[energy]
pump = "85 %"
pressure_exchanger = { efficiency = "95 %", mixing = "3 %" }
"""
