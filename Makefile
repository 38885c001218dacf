# make run: the whole service on this machine. make test, make check, make bench: see README.md.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
RUN := .venv/.installed
DEV := .venv/.installed-dev
# one more at a time than there are cores: many tests wait for processes that they have started
PYTEST_ARGS ?= -n $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores < 8 ? cores + 1 : 8)))

.PHONY: run test check bench chaos soak fuzz lock clean

run: $(RUN)
	@$(BIN)/headroom up

test: $(DEV)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

bench: $(DEV)
	$(BIN)/python -m benchmarks

# Real processes, real signals: one installation a row, a minute each. One row: make chaos ROW=f03. CHAOS_LEADS=6000 CHAOS_LONG=1: the long forms.
chaos: $(DEV)
	$(BIN)/python -m pytest -m chaos tests/chaos $(if $(ROW),-k "$(ROW)")

MINUTES ?= 10
SEED ?= 1
soak: $(DEV)
	$(BIN)/python -m tests.chaos.soak --minutes $(MINUTES) --seed $(SEED)

# Hostile requests to every source and to the API, many more and other ones than in `make test`. A failure comes again with its seed.
FUZZ ?= 1500
fuzz: $(DEV)
	FUZZ_SEED=$(SEED) FUZZ_EXAMPLES=$(FUZZ) FUZZ_API_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/webhooks/test_fuzz.py tests/console/test_api_fuzz.py

# The newest versions that pyproject.toml allows, written down. Commit the result.
lock: $(DEV)
	$(PIP) install pip-tools
	$(BIN)/pip-compile --quiet --upgrade --extra dev --strip-extras --allow-unsafe --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock pyproject.toml

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Headroom needs Python 3.11 or newer. Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Making .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "No virtual environment could be made. On Debian or Ubuntu: apt-get install python3-venv"; exit 2; }

# The lock file holds back every version (-c); only what is asked for is installed.
$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Headroom needs ..."
	@$(PIP) install --no-compile -c requirements.lock setuptools
	@$(PIP) install --no-compile -c requirements.lock --no-build-isolation -e .
	@touch $@

$(DEV): $(RUN)
	@echo "Installing what the tests need ..."
	@$(PIP) install --no-compile -c requirements.lock --no-build-isolation -e ".[dev]"
	@touch $@
