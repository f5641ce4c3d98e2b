# quickstart   install into .venv and run sweeps/quickstart.yaml
# test         install the development tools, then check and run the tests
# check        formatting, lint, types and import rules only
# chaos        run SWEEPS simulated sweeps under faults, from seed FIRST on, then those on real clusters
# nightly      what takes too long for every change: the wheel, PostgreSQL, the whole stack
# coverage     the tests again, with the share of lines and branches that they run
# docs         build the documentation into build/docs, with warnings as errors
# stack        the service of deploy/compose.yaml on this machine without Docker, until Ctrl-C
# stack-test   the same, with a sweep on it whose machines are drained, killed and replaced
# clean        remove what these made, but never a sweep's results
#
# Everything is installed into .venv beside this file. Choose another interpreter with: make PYTHON=python3.12 quickstart

PYTHON ?= python3
SWEEPS ?= 1000
FIRST ?= 0
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Stamps say what has been installed; a change of the files after the colon installs again.
VENV_READY := $(VENV)/.ready
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev

.PHONY: quickstart test check chaos nightly coverage stack stack-test docs clean
.DEFAULT_GOAL := quickstart
.DELETE_ON_ERROR:

quickstart: $(RUN_READY)
	@$(BIN)/dreamsweep run sweeps/quickstart.yaml

test: check
	@$(BIN)/python -m pytest

check: $(DEV_READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

chaos: $(DEV_READY)
	@PYTHONPATH=.:tests nice $(BIN)/python -m chaos.run --first $(FIRST) --sweeps $(SWEEPS)
	@nice $(BIN)/python -m pytest -q tests/chaos/test_real_clusters.py

nightly: $(DEV_READY)
	@nice $(BIN)/python -m pytest -q -ra -m nightly

coverage: $(DEV_READY)
	@$(BIN)/python -m pytest -q --cov=dreamcore --cov=pipeline --cov-branch --cov-report=term:skip-covered

docs: $(DEV_READY)
	@$(BIN)/python -m sphinx -q -W -n --keep-going -c docs -b html -d build/doctrees . build/docs
	@echo "open build/docs/index.html"

stack: $(DEV_READY)
	@$(BIN)/python -m deploy.stack

stack-test: $(DEV_READY)
	@PYTHONPATH=.:tests $(BIN)/python -m stack.scenario

$(VENV_READY):
	@command -v $(PYTHON) >/dev/null || { \
	  echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
	  exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version 2>&1): dreamsweep needs 3.11 or newer. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  exit 1; } >&2
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module. On Debian or Ubuntu: apt install python3-venv"; \
	  exit 1; } >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(RUN_READY): $(VENV_READY) pyproject.toml constraints.txt
	@echo "Installing dreamsweep into $(VENV): several minutes the first time."
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(DEV_READY): $(RUN_READY)
	@echo "Installing the development tools into $(VENV)."
	@$(PIP) install --constraint constraints.txt --group dev
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find dreamcore pipeline tests -name __pycache__ -type d -prune -exec rm -rf {} +
