# Two commands do everything on a machine with Python (3.11 or newer) and make:
#   make run    sets up and runs the main job: osmosis and reverse osmosis, compared
#   make test   sets up and passes the tests
# And one to play: make lab, which sets up and opens the explorer in JupyterLab
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: compiled run test test-slow test-oldest lint lab notebooks check-notebooks docs site bench clean

run: $(VENV)/installed
	$(BIN)/membrane-pde compare osmosis reverse_osmosis --out results/compare

test: compiled
	$(BIN)/python -m pytest -q -n auto -m "not slow"

test-slow: compiled
	$(BIN)/python -m pytest -q -m slow

# the everyday tests with the oldest versions that pyproject.toml allows, in an environment of their own
test-oldest:
	$(PYTHON) -m venv .venv-oldest
	$(PYTHON) tests/oldest.py test > .venv-oldest/constraints.txt
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-oldest/constraints.txt -e '.[test]'
	MEMBRANE_PDE_COMPILE=0 .venv-oldest/bin/python -m pytest -q -m "not slow" -W ignore::DeprecationWarning

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(VENV)/installed-notebooks compiled
	$(BIN)/jupyter lab notebooks/04_explorer.ipynb

# the notebooks, written back with their outputs
notebooks: $(VENV)/installed-notebooks compiled
	$(BIN)/python notebooks/execute.py

# copies of them: no error, no warning, and what the committed ones show
check-notebooks: $(VENV)/installed-notebooks compiled
	$(BIN)/python notebooks/execute.py --check

# the schema and the page of the case file, from the models; the pictures
docs: $(VENV)/installed
	$(BIN)/python docs/generate.py --pictures
	$(BIN)/membrane-pde compare osmosis reverse_osmosis --out results/compare > /dev/null
	cp results/compare/comparison.png docs/comparison.png

# the documentation site, in build/site: pages, notebooks with their stored outputs, and the verification manual computed
# anew. A warning, a broken link or anything loaded from elsewhere is an error. Needs no network once it is installed
site: $(VENV)/installed-docs compiled
	$(BIN)/python -m docs.building

# us and the peers on one problem: tables and plots into benchmarks/
bench: $(VENV)/installed-bench compiled
	$(BIN)/python benchmarks/run.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "membrane_pde needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-notebooks: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[notebooks]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@ $(VENV)/installed

# machine code of the solver, in the user's cache: two minutes when its sources have changed, else two seconds; where the
# cache cannot be written this says so (exit status 2), and plain Python solves
compiled: $(VENV)/installed-test
	$(BIN)/membrane-pde compile || [ $$? -eq 2 ]

clean:
	rm -rf $(VENV) .venv-oldest results build dist .pytest_cache .mypy_cache .ruff_cache
