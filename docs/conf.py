"""How Sphinx builds the site; `docs/build_site.py` gathers the pages and calls it (`make site`)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from membrane_pde import __version__

project = "membrane_pde"
author = "The membrane_pde developers"
copyright = "The membrane_pde developers, MIT licence"
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.building.mathml"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
root_doc = "index"
nitpicky = True

# -- pages and notebooks --------------------------------------------------------------------------------------------
nb_execution_mode = "off"  # the notebooks are shown with the outputs that they were saved with
nb_ipywidgets_js = {}  # no script from elsewhere: a slider shows the picture that was saved
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_block", "attrs_inline"]
myst_heading_anchors = 4
myst_update_mathjax = False
html_math_renderer = "mathml"

# -- API: the docstrings, in NumPy style ----------------------------------------------------------------------------
autodoc_typehints = "none"  # the docstrings say what a parameter is
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
default_role = "py:obj"
# what stands in single quotes of a docstring is linked where it is part of the API and code where it is not
nitpick_ignore_regex = [("py:obj", ".*"), ("py:class", ".*")]

# -- looks ----------------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = f"membrane_pde {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"top_of_page_buttons": []}
