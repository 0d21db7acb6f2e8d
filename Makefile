# make demo | make test | make bench: each installs what it needs into .venv first. Needed beforehand: Python, make, git.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO ?= demo-academy
WORKERS ?= 2
RESULTS ?= build/bench

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types layers tests docs bench bench-peers bench-large bench-goals bench-report pins clean

help:
	@echo "make demo     invent an academy, run the night, serve it on 127.0.0.1:8000"
	@echo "make install  everything for development, into $(VENV)"
	@echo "make test     linters, types, layers and every test"
	@echo "make lint     the first three of them"
	@echo "make docs     write the pages that are generated from the code"
	@echo "make bench    the benchmarks, half an hour; make bench-large: ten million members"

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
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

tests: $(VENV)/dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not browser"
	$(BIN)/python -m pytest -q -m browser

test: lint tests

docs: $(VENV)/dev
	$(BIN)/python -m skillfirst.cli.docs docs

# What is measured, how, and on which machine: benchmarks/README.md. Tables are kept in RESULTS; with
# RESULTS=benchmarks/results, `make bench-report` writes them into the README. bench is sized for half an hour on two
# cores; the README names the longer runs.
bench: $(VENV)/dev
	$(BIN)/python benchmarks/guard.py --out $(RESULTS)/guard.json
	$(BIN)/python benchmarks/kernel.py --rounds 3 --out $(RESULTS)/kernel.json
	$(BIN)/python benchmarks/scaling.py --rounds 3 --members 100000 400000 --out $(RESULTS)/scaling.json
	$(BIN)/python benchmarks/night.py --members 100000 1000000 --out $(RESULTS)/night.json
	$(BIN)/python benchmarks/night.py --members 50000 --turns 2 --out $(RESULTS)/night_workers.json
	$(BIN)/python benchmarks/serving.py --seconds 5 --soak 30 --out $(RESULTS)/serving.json
	$(BIN)/python benchmarks/spark.py --members 100000 --out $(RESULTS)/spark.json
	$(BIN)/python benchmarks/peers.py --sets invented --members 5000 --courses 2000 --out $(RESULTS)/peers.json
	$(BIN)/python benchmarks/stores.py --out $(RESULTS)/stores_ingest.json ingest --rate 5000 --seconds 20
	$(BIN)/python benchmarks/stores.py --out $(RESULTS)/stores_read.json read --events 1000000
	$(BIN)/python benchmarks/report.py --results $(RESULTS) --print

# the libraries that peers.py and kernel.py compare with, below the user's cache; without them they are left out
bench-peers: $(VENV)/dev
	$(BIN)/python benchmarks/peers.py --install

# ten million members
bench-large: $(VENV)/dev
	$(BIN)/python benchmarks/scaling.py --only members --large --out $(RESULTS)/scaling_large.json
	$(BIN)/python benchmarks/night.py --members 10000000 --out $(RESULTS)/night_large.json
	$(BIN)/python benchmarks/stores.py --out $(RESULTS)/stores_large.json read --events 10000000

# how good, not how fast: goals on real data, which is not part of the project; skipped where it is not there
bench-goals: $(VENV)/dev
	$(BIN)/python benchmarks/experiments_goals.py
	$(BIN)/python benchmarks/inference_goals.py
	$(BIN)/python benchmarks/tagging_goals.py

bench-report:
	$(BIN)/python benchmarks/report.py

pins: $(VENV)/dev
	$(BIN)/python requirements/pin.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
