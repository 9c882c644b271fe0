# Everything runs in .venv, which is made and filled on first use; only Python 3.11 or newer must be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet

.PHONY: demo test bench check format clean

demo: $(VENV)/.app  ## the whole pipeline on this machine, with a sample day: three digests in demo/
	$(BIN)/digest demo --out demo

test: $(VENV)/.dev  ## all tests, in parallel
	@$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest -n auto

bench: $(VENV)/.dev  ## side by side with what you would pick instead, on the data in ../shared; prints ratios
	$(BIN)/python -m bench

check: $(VENV)/.dev  ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.app: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.app
	$(PIP) --group dev
	@touch $@
