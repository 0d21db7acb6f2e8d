# make demo | make test | make bench: each installs what it needs into .venv first. Needed beforehand: Python, make, git.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO ?= demo-academy
WORKERS ?= 2
SHARED ?= ../shared/data

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types layers tests docs bench bench-large pins clean

help:
	@echo "make demo     invent an academy, run the night, serve it on 127.0.0.1:8000"
	@echo "make install  everything for development, into $(VENV)"
	@echo "make test     linters, types, layers and every test"
	@echo "make lint     the first three of them"
	@echo "make docs     write the pages that are generated from the code"
	@echo "make bench    the benchmarks; make bench-large: ten million members"

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; give one with: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is needed (on Debian: apt install python3-venv)"; exit 1; }
	@touch $@

# the demo and a server need this much and no more
$(VENV)/core: $(VENV)/made requirements/build.txt requirements/core.txt pyproject.toml
	@echo "installing what skillfirst needs into $(VENV) ..."
	@$(PIP) install -r requirements/build.txt -r requirements/core.txt
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev: $(VENV)/core requirements/dev.txt
	@echo "installing what its tests need into $(VENV) ..."
	@$(PIP) install -r requirements/dev.txt
	@touch $@

install: $(VENV)/dev

demo: $(VENV)/core
	$(BIN)/skillfirst demo --dir $(DEMO)

lint: $(VENV)/dev
	$(BIN)/ruff check --output-format concise .
	$(BIN)/mypy
	$(BIN)/lint-imports

tests: $(VENV)/dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not browser"
	$(BIN)/python -m pytest -q -m browser

test: lint tests

docs: $(VENV)/dev
	$(BIN)/python -m skillfirst.cli.docs docs

# what is measured, how, and on which machine: benchmarks/README.md. Real data is not part of the project; where the
# folder SHARED is there, the goals on it are recomputed as well.
bench: $(VENV)/dev
	$(BIN)/python benchmarks/kernel.py --extras --threads
	$(BIN)/python benchmarks/night.py --members 100000
	$(BIN)/python benchmarks/night.py --members 1000000
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/spark.py --members 200000
	$(BIN)/python benchmarks/stores.py ingest --rate 5000 --seconds 20
	$(BIN)/python benchmarks/stores.py read --events 1000000
	@if [ -d "$(SHARED)" ]; then for goals in experiments inference tagging; do \
		$(BIN)/python benchmarks/$${goals}_goals.py --shared "$(SHARED)" || exit 1; done; fi

bench-large: $(VENV)/dev
	$(BIN)/python benchmarks/night.py --members 10000000
	$(BIN)/python benchmarks/stores.py read --events 10000000

pins: $(VENV)/dev
	$(BIN)/python requirements/pin.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
