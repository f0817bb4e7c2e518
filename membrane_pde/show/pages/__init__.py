"""Pages of runs that a browser opens without network or server: one HTML file with everything in it.

============== ===========================================================================
Module         Contents
============== ===========================================================================
`making`       page(cases, sliders): computes, and writes the file
`plan`         what is kept of every run: times, places, units, scales
`record`       one run, reduced to what a page shows of it
`along`        the same for a case with [module]
`packing`      many records as a few strings
`panels`       which curves are drawn, and on which axes
`words`        the question, the inputs with their sources, accuracy
`assets/`      the template, its style and scripts, and Vega, which draws the curves
============== ===========================================================================
"""
