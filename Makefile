# Everything here makes its own environment in .venv; it needs Python 3.11 or later and make.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
TARGET ?= duckdb
export TUTORMAX_TARGET := $(TARGET)
export DO_NOT_TRACK := 1

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-11s %s\n", $$1, $$2}'

# On PostgreSQL the server is the one that TUTORMAX_PG_HOST names, or a private one under data/postgres.
SERVER := :
ifeq ($(TARGET),postgres)
SERVER := $(BIN)/tutormax postgres start && eval "$$($(BIN)/tutormax postgres env)" \
	&& $(BIN)/tutormax postgres migrate
endif

# The sample is synthetic; a few rows are spoiled on purpose, to show what is refused and why. Unit tests
# have fixed inputs and belong to `make test`; every data test runs.
.PHONY: build
build: $(VENV)/run.stamp ## Set up, load a synthetic sample if raw is empty, dbt build [TARGET=postgres]
	@$(SERVER) && $(BIN)/tutormax sample && $(BIN)/dbt build --exclude-resource-type unit_test \
		&& $(BIN)/tutormax summary

.PHONY: test
test: $(VENV)/dev.stamp ## Set up and run every test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style and types; needs no warehouse
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	@# Warnings of the engine's bindings at exit are noise; they are shown if there is a finding.
	TUTORMAX_DUCKDB_PATH=:memory: DBT_TARGET_PATH=target/lint \
		$(BIN)/sqlfluff lint models tests 2> $(VENV)/sqlfluff.log || { cat $(VENV)/sqlfluff.log; exit 1; }

.PHONY: docs
docs: build ## Write the documentation as one HTML file: target/static_index.html
	$(BIN)/dbt docs generate --static
	@echo "The documentation is in target/static_index.html."

# Masked, tutors go by their keys; with names, the pages are for operations. Data of the sample are called so.
.PHONY: reports
reports: $(VENV)/extras.stamp ## Write pages to target/reports/index.html [TARGET=postgres NAMES=1 LABEL="..."]
	@$(SERVER) && $(BIN)/tutormax reports $(if $(NAMES),--names) --label "$(LABEL)"

LABEL = $(shell ls data/raw/*.parquet > /dev/null 2>&1 && echo Synthetic sample data)

.PHONY: lineage
lineage: $(VENV)/run.stamp ## Draw docs/images/lineage.svg anew
	@$(BIN)/dbt parse --quiet && $(BIN)/python docs/lineage.py target/manifest.json docs/images/lineage.svg

.PHONY: bench
bench: $(VENV)/run.stamp ## Measure loads and builds of synthetic data [CASES="duckdb:90 postgres:730"]
	$(BIN)/python benchmarks/bench.py $(CASES)

.PHONY: bench-churn
bench-churn: $(VENV)/run.stamp ## Measure the churn model on generated data it never saw
	$(BIN)/python benchmarks/churn.py

.PHONY: lock
lock: ## Write the lock files anew from pyproject.toml; needs uv
	uv pip compile pyproject.toml --group build --output-file requirements.lock $(LOCK_OPTIONS)
	uv pip compile pyproject.toml --all-extras --group build --output-file requirements-extras.lock \
		$(LOCK_OPTIONS)
	uv pip compile pyproject.toml --all-extras --group dev --output-file requirements-dev.lock \
		$(LOCK_OPTIONS)

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

.PHONY: clean
clean: ## Remove what was made: environment, sample, warehouse, dbt's files
	rm -rf $(VENV) data target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with make PYTHON=python3.12." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# pip compiles what it installs; without bytecode every start of dbt takes a second longer.
$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV): a minute or two, once."
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# What validation and the pages need beyond a build.
$(VENV)/extras.stamp: requirements-extras.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV): a minute or two, once."
	$(PIP) --require-hashes --requirement requirements-extras.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/run.stamp $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV): a minute or two, once."
	$(PIP) --require-hashes --requirement requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/run.stamp $(VENV)/extras.stamp $@
