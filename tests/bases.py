"""Base cases that several test modules change a little, as the texts of case files."""

CASE = """title = "test"
[solutes.NaCl]
diffusivity = "1.6e-9 m^2/s"
molar_mass = "58.44 g/mol"
dissociation = 2
[left]
length = "1 mm"
concentration = { NaCl = "35 g/L" }
[right]
length = "1 mm"
concentration = { NaCl = "0 g/L" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.NaCl]
permeability = "1e-8 m/s"
reflection = 0.99
[run]
duration = "1 h"
"""

GAS = """phase = "gas"
[solutes]
A = { diffusivity = "2e-5 m^2/s" }
B = { diffusivity = "2e-5 m^2/s" }
[left]
length = "10 cm"
pressure = "1 atm"
concentration = { A = "80 %", B = "0 mol/mol" }
[right]
length = "10 cm"
pressure = "1 atm"
concentration = { A = "0 mol/mol", B = "100 %" }
[membrane]
type = "none"
[run]
duration = "10 s"
"""
NUMBERS = CASE[CASE.index("[membrane]") : CASE.index("[run]")]
