# Kindling. `make help` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PORT ?= 8000
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(name) 2>/dev/null)))
BIN := .venv/bin
FLASK := $(BIN)/python -m flask --app wsgi
DEMO := KINDLING_DEMO=1 PORT=$(PORT)
PINS := --allow-unsafe --generate-hashes --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --strip-extras
STYLES := portal/web/styles
TESTS ?= tests
JOBS ?= 2
SCALE ?= 1

.PHONY: help
help: ## list what make can do here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk 'BEGIN {FS = ":.*## "} {printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: run
run: .venv/.runs ## start the demo: web server and worker (PORT=8123, DATABASE_URL=postgresql://...); a second run keeps the data
	@$(DEMO) exec $(FLASK) serve

.PHONY: install
install: .venv/.runs ## make the environment in .venv, nothing else

.PHONY: test
test: .venv/.develops ## test in ten minutes; WHOLE=1 for every test on both engines, as CI does (TESTS=tests/ledger for some, JOBS=4)
	@$(BIN)/python -m pytest -n $(JOBS) $(TESTS)

.PHONY: lint
lint: .venv/.develops ## style, types, the direction of imports, known weaknesses
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -ll -r portal wsgi.py -c pyproject.toml

.PHONY: bench
bench: .venv/.develops ## measure against the bare limits of this machine, print ratios, write bench.json
	@$(BIN)/python -m tests.bench

.PHONY: demo-reset
demo-reset: .venv/.runs ## throw the demo's data away and fill it anew (SCALE=1 to 100)
	@$(DEMO) $(FLASK) demo --reset --scale $(SCALE)

.PHONY: lock
lock: .venv/.develops ## pin every dependency with its hashes, from pyproject.toml
	@$(BIN)/pip-compile -q $(PINS) --output-file=requirements.lock pyproject.toml
	$(BIN)/pip-compile -q $(PINS) --extra=dev --constraint=requirements.lock --output-file=requirements-dev.lock pyproject.toml

.PHONY: css
css: ## compile static/kindling.css (needs Node; the result is committed)
	@cd $(STYLES)
	npm ci --no-fund --no-audit
	npm run --silent build

.venv/bin/python:
	@case "$(PYTHON)" in "") echo "Kindling needs Python 3.11 or newer, and there is none here. Which one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1;; esac
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kindling needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1). Another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	"$(PYTHON)" -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make an environment: install its venv package (Debian: apt-get install python3-venv)" >&2; exit 1; }

.venv/.runs: .venv/bin/python requirements.lock
	@if [ .venv/.develops -nt requirements.lock ]; then touch $@; exit; fi
	echo "Installing what Kindling needs into .venv (once, about a minute) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

.venv/.develops: .venv/bin/python requirements-dev.lock
	@echo "Installing what the tests need into .venv (once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@
