"""Base cases that several test modules change a little, as the texts of case files."""

# one salt, two sides of a millimetre, no pressure
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

# the table of the membrane in CASE
NUMBERS = CASE[CASE.index("[membrane]") : CASE.index("[run]")]

# a partition between two gases is taken out
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

# a stirred cell of the laboratory: fluxes and rejection at a pressure
STIRRED_CELL = """
title = "A stirred cell"
[solutes.NaCl]
[left]
boundary = "reservoir"
length = "1 mm"
stirred = true
pressure = "10 bar"
concentration = { NaCl = "2 g/L" }
[right]
boundary = "outflow"
length = "10 um"
stirred = true
concentration = { NaCl = "0 g/L" }
[membrane]
water_permeability = "3 L/m^2/hour/bar"
[membrane.solutes.NaCl]
permeability = "2e-7 m/s"
reflection = 1.0
[run]
duration = "5 min"
"""

# salt and sugar in two stirred sides
TWO_STIRRED = """
title = "two stirred sides"
[solutes.salt]
diffusivity = "1.5e-9 m^2/s"
dissociation = 2
[solutes.sugar]
diffusivity = "5e-10 m^2/s"
dissociation = 1
[left]
length = "1 mm"
stirred = true
concentration = { salt = "20 mmol/L", sugar = "0 mmol/L" }
[right]
length = "1 mm"
stirred = true
concentration = { salt = "100 mmol/L", sugar = "50 mmol/L" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.salt]
permeability = "1e-7 m/s"
reflection = 0.9
[membrane.solutes.sugar]
permeability = "0 m/s"
reflection = 1.0
[run]
duration = "1 min"
outputs = 3
"""

# salt water pressed through a membrane, both sides stirred
PRESSED = """
title = "Energy"
temperature = "298.15 K"

[solutes.salt]
diffusivity = "1.5e-9 m^2/s"
dissociation = 2

[left]
length = "2 mm"
pressure = "60 bar"
stirred = true
concentration = { salt = "600 mmol/L" }

[right]
length = "1 mm"
stirred = true
concentration = { salt = "0 mmol/L" }

[membrane]
flux_law = "spiegler-kedem"
water_permeability = "2 L/m^2/hour/bar"
[membrane.solutes.salt]
permeability = "0 m/s"
reflection = 1.0

[mesh]
cells = 16

[run]
duration = "10 min"
outputs = 12
"""


def edited(*pairs: tuple[str, str], text: str = CASE) -> str:
    """A base case with the first of each text replaced; each must be there."""
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text
