# One command each; every one sets up what it needs. Needs Python >= 3.11 and make, nothing else.
PYTHON ?= python3
BUDGET ?= 3m
OUT ?= runs/demo
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up

.PHONY: setup check test demo bench docs clean
.DELETE_ON_ERROR:

setup: $(STAMP) ## make .venv with everything in it

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Diascope needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment; some systems bring that in a package of its own (python3-venv)."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0 -e ".[train,demo,dev]"
	@touch $@

check: $(STAMP) ## style, layers, types, sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/contract/test_sizes.py

test: $(STAMP) ## every test that needs nothing special
	$(BIN)/python -m pytest -q $(TESTS)

demo: $(STAMP) ## the main job on data that need no download
	$(BIN)/diascope demo --budget $(BUDGET) --out $(OUT)

bench: $(STAMP) ## the measures, kept under benchmarks/
	$(BIN)/python benchmarks/run.py $(MEASURES)

docs: $(STAMP) ## run what the documentation shows
	$(BIN)/python -m pytest -q tests/contract/test_docs.py tests/e2e/test_tutorial.py

clean: ## remove what the other commands made, .venv and runs apart
	rm -rf build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
