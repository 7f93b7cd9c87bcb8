# Each target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?=
ROLLOUTS ?= 50
RESTARTS ?= 10
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# --- what the rest stands on ---------------------------------------------------------------------
.venv/ready: requirements/dev.txt pyproject.toml
	@echo "Installing the locked Python packages into .venv (about a minute when nothing is cached) …"
	@$(PYTHON) -c 'import sys, venv; sys.exit("tcpaddon needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian, install the package python3-venv." >&2; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: venv
venv: .venv/ready ## Install the locked development dependencies into .venv

.PHONY: lock
lock: .venv/ready ## Pin every dependency anew, with hashes and without URLs
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml --output-file requirements/operator.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml --group pyproject.toml:dev --output-file requirements/dev.txt

# --- the main job --------------------------------------------------------------------------------
.PHONY: demo
demo: .venv/ready ## From nothing to an MQTT message through TCP_URL on a real kind cluster (WORKERS=2 for more nodes)
	@$(BIN)/python -m demo up $(if $(WORKERS),--workers $(WORKERS))

.PHONY: clean-demo
clean-demo: .venv/ready ## Take the demo's cluster away again
	@$(BIN)/python -m demo down

# --- tests ---------------------------------------------------------------------------------------
.PHONY: test
test: .venv/ready ## All tests: lint, unit, API, e2e on kind
	@$(BIN)/python -m cluster background $(if $(WORKERS),--workers $(WORKERS))
	@$(MAKE) --no-print-directory lint unit api e2e

.PHONY: lint
lint: .venv/ready ## Style, types, layers, drift of generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory check-generated

.PHONY: unit
unit: .venv/ready ## Tests without a cluster (seconds)
	@$(BIN)/pytest tests/unit

.PHONY: api
api: .venv/ready ## Tests against a real API server without nodes
	@$(BIN)/pytest tests/api

.PHONY: e2e
e2e: .venv/ready ## Tests on a real kind cluster (KEEP=1 keeps it afterwards, WORKERS=0 for one node)
	@$(BIN)/pytest tests/e2e --durations=15

.PHONY: format
format: .venv/ready ## Format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# --- generated files -------------------------------------------------------------------------------
GENERATORS := tcpaddon.api.generate tcpaddon.cli.conditions_page manifests

.PHONY: generate
generate: .venv/ready ## Write anew what is generated: CRD, chart's CRD and README, manifests, reference
	@for generator in $(GENERATORS) tests.unit.core.cases; do $(BIN)/python -m $$generator; done

.PHONY: check-generated
check-generated: .venv/ready
	@for generator in $(GENERATORS); do $(BIN)/python -m $$generator --check; done

# --- numbers ---------------------------------------------------------------------------------------
.PHONY: bench-quick
bench-quick: .venv/ready ## 2,000 addons against a real API server: requests, seconds, memory
	@PYTHONPATH=. $(BIN)/python bench/quick.py

.PHONY: bench-rollout
bench-rollout: .venv/ready ## Rollouts under 500 connections a second: what they lose (ROLLOUTS=50, KEEP=1)
	@PYTHONPATH=. $(BIN)/python bench/rollout.py --rollouts $(ROLLOUTS)

.PHONY: bench-databases
bench-databases: .venv/ready ## PostgreSQL and Redis through restarts: what their clients lose (RESTARTS=10, KEEP=1)
	@PYTHONPATH=. $(BIN)/python bench/databases.py --restarts $(RESTARTS)
