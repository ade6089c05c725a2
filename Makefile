# Everything here makes its own environment in .venv; it needs Python 3.11 or later and make.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install
TARGET ?= duckdb
export TUTORMAX_TARGET := $(TARGET)
export DO_NOT_TRACK := 1

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-17s %s\n", $$1, $$2}'

# On PostgreSQL the server is the one that TUTORMAX_PG_HOST names, or a private one under data/postgres.
SERVER := :
ifeq ($(TARGET),postgres)
SERVER := $(BIN)/tutormax postgres start && eval "$$($(BIN)/tutormax postgres env)" \
	&& $(BIN)/tutormax postgres migrate
endif

# Spark runs in this machine's own Java; what it holds stays under data/spark, or TUTORMAX_SPARK_DIR.
BUILD_STAMP := $(VENV)/run.stamp
ifeq ($(TARGET),spark)
SERVER := $(BIN)/tutormax spark check
BUILD_STAMP := $(VENV)/spark.stamp
export SPARK_LOCAL_IP ?= 127.0.0.1
# Hive litters the working directory if this is relative.
export TUTORMAX_SPARK_DIR ?= $(CURDIR)/data/spark
endif

# The sample is synthetic; a few rows are spoiled on purpose, to show what is refused and why.
.PHONY: build
build: $(BUILD_STAMP) ## Set up, load a synthetic sample if raw is empty, dbt build [TARGET=postgres|spark SAMPLE="--days 20"]
	@$(SERVER) && $(BIN)/tutormax sample $(SAMPLE) && $(BIN)/dbt build && $(BIN)/tutormax summary

.PHONY: test
test: $(VENV)/dev.stamp ## Set up and run every test: about 21 minutes [WORKERS=2]
	$(BIN)/python -m pytest $(ON_WORKERS)

.PHONY: test-deep
test-deep: $(VENV)/dev.stamp ## Run what make test leaves out as too long, some hours; goes on where it was interrupted
	$(BIN)/python -m pytest --deep $(ON_WORKERS)

ON_WORKERS := --numprocesses $(or $(WORKERS),2) --no-loadscope-reorder

.PHONY: lint
lint: export TUTORMAX_UNIT_TESTS := 1
lint: $(VENV)/dev.stamp ## Check style and types; needs no warehouse
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@echo "mypy, half a minute if it has no cache:"
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	@# Warnings of the engine's bindings at exit are noise; they are shown if there is a finding.
	@echo "sqlfluff, dbt and dbt-bouncer, about a minute:"
	TUTORMAX_DUCKDB_PATH=:memory: DBT_TARGET_PATH=target/lint \
		$(BIN)/sqlfluff lint models tests/dbt 2> $(VENV)/sqlfluff.log || { cat $(VENV)/sqlfluff.log; exit 1; }
	TUTORMAX_DUCKDB_PATH=:memory: DBT_TARGET_PATH=target/lint $(BIN)/dbt --quiet run-operation check_recompute
	$(BIN)/python docs/lineage.py target/lint/manifest.json --check
	$(BIN)/python docs/your_data.py target/lint/manifest.json --check
	COLUMNS=160 $(BIN)/dbt-bouncer run

.PHONY: contracts
contracts: $(VENV)/run.stamp ## Write the contracts of the published models to contracts/
	@$(BIN)/tutormax contracts

.PHONY: check-contracts
check-contracts: $(VENV)/dev.stamp ## Find stale, invalid and broken contracts, then test-contracts on DuckDB and PostgreSQL [BASE=origin/main]
	@$(BIN)/tutormax contracts --check $(if $(BASE),--against '$(BASE)')
	@for file in contracts/*.odcs.yaml; do \
		$(BIN)/datacontract lint $$file > $(VENV)/datacontract.log || { cat $(VENV)/datacontract.log; exit 1; }; \
	done
	@$(MAKE) --no-print-directory test-contracts TARGET=duckdb
	@# Always on the private server: where nothing is built, the sample is loaded.
	@env -u TUTORMAX_PG_HOST -u PGSERVICE $(MAKE) --no-print-directory test-contracts TARGET=postgres

# The CLI reads DuckDB with a version of its own, hence an environment of its own. It wants a password, even if the
# server does not.
CONTRACTS_VENV ?= $(VENV)/contracts
.PHONY: test-contracts
test-contracts: $(BUILD_STAMP) $(CONTRACTS_VENV)/done.stamp ## Test what is built against its contracts [TARGET=postgres]
	@$(SERVER) && { $(BIN)/tutormax summary > /dev/null 2>&1 || $(MAKE) --no-print-directory build; }
	@$(SERVER) && export DATACONTRACT_DUCKDB_DATABASE="$${TUTORMAX_DUCKDB_PATH:-data/warehouse.duckdb}" \
		DATACONTRACT_POSTGRES_HOST="$${TUTORMAX_PG_HOST:-127.0.0.1}" \
		DATACONTRACT_POSTGRES_PORT="$${TUTORMAX_PG_PORT:-5432}" \
		DATACONTRACT_POSTGRES_USERNAME="$${TUTORMAX_PG_USER:-postgres}" \
		DATACONTRACT_POSTGRES_PASSWORD="$${TUTORMAX_PG_PASSWORD:-none}" \
		DATACONTRACT_POSTGRES_DATABASE="$${TUTORMAX_PG_DATABASE:-postgres}"; \
	failed=0; for file in contracts/*.odcs.yaml; do \
		if $(CONTRACTS_VENV)/bin/datacontract test $$file --server $(TARGET) > $(CONTRACTS_VENV)/log 2>&1; \
		then echo "kept    $$file"; else cat $(CONTRACTS_VENV)/log; echo "broken  $$file"; failed=1; fi; \
	done; exit $$failed

$(CONTRACTS_VENV)/done.stamp: requirements-contracts.lock | $(VENV)/bin/python
	@$(VENV)/bin/python -m venv $(CONTRACTS_VENV)
	@$(CONTRACTS_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

# What BASE holds is built first, on small data; then, in schemas of its own, what differs from it. What does
# not differ is read from the build of BASE.
SLIM := $(CURDIR)/target/slim
.PHONY: ci-slim
ci-slim: export TUTORMAX_DUCKDB_PATH := $(SLIM)/warehouse.duckdb
ci-slim: export DBT_LOG_PATH := $(SLIM)/logs
ci-slim: export TUTORMAX_UNIT_TESTS := 1
ci-slim: $(VENV)/run.stamp ## Build and test on small data what differs from BASE [BASE=origin/main]
	@rm -rf $(SLIM) && mkdir -p $(SLIM)/base && git archive '$(or $(BASE),origin/main)' | tar -x -C $(SLIM)/base
	$(BIN)/tutormax generate --out $(SLIM)/raw --days 30 --tutors 40 --sessions-per-day 100 > $(SLIM)/log
	$(BIN)/tutormax load $(SLIM)/raw > $(SLIM)/log
	DBT_TARGET_PATH=$(SLIM)/state $(BIN)/dbt --quiet build $(WITHOUT_TESTS) \
		--project-dir $(SLIM)/base --profiles-dir $(SLIM)/base
	TUTORMAX_SCHEMA_PREFIX=ci_ DBT_TARGET_PATH=$(SLIM)/target $(BIN)/dbt build \
		--select state:modified+ --defer --state $(SLIM)/state
WITHOUT_TESTS := --exclude-resource-type test --exclude-resource-type unit_test

.PHONY: validate
validate: $(VENV)/extras.stamp ## Check what is built against declarations and earlier loads [TARGET=postgres]
	@$(SERVER) && $(BIN)/tutormax validate

.PHONY: faults
faults: $(VENV)/dev.stamp ## Inject every fault of the catalogue and print which check fired
	@PYTHONPATH=tests $(BIN)/python -m support.faults.print $(FAULTS)

.PHONY: docs
docs: $(VENV)/run.stamp ## Write the documentation as one HTML file: target/static_index.html
	@$(SERVER) && { $(BIN)/tutormax summary > /dev/null 2>&1 || $(MAKE) --no-print-directory build; }
	@$(SERVER) && $(BIN)/dbt docs generate --static
	@echo "The documentation is in target/static_index.html."

# Masked, tutors go by their keys; with names, the pages are for operations. Data of the sample are called so.
.PHONY: reports
reports: $(VENV)/extras.stamp ## Write pages to target/reports/index.html [TARGET=postgres NAMES=1 LABEL="..."]
	@$(SERVER) && $(BIN)/tutormax reports $(if $(NAMES),--names) $(if $(LABEL),--label "$(LABEL)")

.PHONY: lineage
lineage: $(VENV)/run.stamp ## Update the lineage in docs/architecture.md and docs/images/lineage.svg
	@$(BIN)/dbt parse --quiet && $(BIN)/python docs/lineage.py target/manifest.json

.PHONY: your-data
your-data: $(VENV)/run.stamp ## Update what docs/your-data.md and docs/privacy.md list
	@$(BIN)/dbt parse --quiet && $(BIN)/python docs/your_data.py target/manifest.json

.PHONY: bench
bench: $(VENV)/run.stamp ## Measure loads and builds of synthetic data [CASES="duckdb:90 postgres:730"]
	$(BIN)/python benchmarks/bench.py $(CASES)

.PHONY: bench-scale
bench-scale: $(VENV)/dev.stamp ## Measure how first builds grow [CASES="duckdb:100 postgres:10 spark:1@2" PLOT=file.svg]
	$(BIN)/python benchmarks/scale.py $(if $(PLOT),--plot $(PLOT)) $(CASES)

.PHONY: bench-alternatives
bench-alternatives: $(VENV)/run.stamp ## Measure the metrics made in other ways [SQLMESH=folder of its environment]
	$(BIN)/python benchmarks/compare.py $(if $(SQLMESH),--sqlmesh $(SQLMESH))

.PHONY: bench-many
bench-many: $(VENV)/run.stamp ## Measure a hundred small builds in a row [CASE="postgres 1 2 50 100": engine, builds to print]
	$(BIN)/python benchmarks/many.py $(CASE)

.PHONY: bench-churn
bench-churn: $(VENV)/run.stamp ## Measure the churn model on generated data it never saw
	$(BIN)/python benchmarks/churn.py

.PHONY: bench-real
bench-real: $(VENV)/dev.stamp ## Measure the churn model trained on real flights [WORLDS="flights open school weekday-school"]
	$(BIN)/python benchmarks/real.py $(WORLDS)

.PHONY: mutants
mutants: $(VENV)/dev.stamp ## Put faults into the SQL, see which test notices [MODELS="sessions" SINCE=main EVERY=10 RESUME=1]
	$(BIN)/python tests/mutants/mutants.py --models "$(MODELS)" --since "$(SINCE)" --every $(or $(EVERY),1) \
		$(if $(SURVIVORS),--survivors) $(if $(RESUME),--resume)

.PHONY: mutants-coverage
mutants-coverage: $(VENV)/dev.stamp ## Show which tests notice which of a sample of mutants [STAGES="unit data" FILES=tests/commands]
	$(BIN)/python tests/mutants/mutants_coverage.py $(if $(STAGES),--stages "$(STAGES)") \
		$(if $(SEEDS),--seeds "$(SEEDS)") $(if $(FILES),--files "$(FILES)") \
		$(if $(UNNOTICED),--unnoticed) $(if $(REPORT),--report) $(if $(BEFORE),--before $(BEFORE))

.PHONY: lock
lock: ## Write the lock files anew from pyproject.toml; needs uv
	uv pip compile --group pyproject.toml:contracts --output-file requirements-contracts.lock $(LOCK_OPTIONS)
	uv pip compile pyproject.toml --all-extras --group dev --output-file requirements-dev.lock \
		$(LOCK_OPTIONS)
	@# One environment serves all four, so all four hold the same versions.
	uv pip compile pyproject.toml --group build --output-file requirements.lock \
		--constraint requirements-dev.lock $(LOCK_OPTIONS)
	uv pip compile pyproject.toml --extra metrics --extra reports --extra validate --group build \
		--output-file requirements-extras.lock --constraint requirements-dev.lock $(LOCK_OPTIONS)
	uv pip compile pyproject.toml --extra spark --group build --output-file requirements-spark.lock \
		--constraint requirements-dev.lock $(LOCK_OPTIONS)

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

.PHONY: clean
clean: ## Remove what can be made again: environment, dbt's files, caches; data/ stays
	@$(STOP_SERVER)
	rm -rf $(VENV) target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: clean-data
clean-data: ## Remove data/ after a question: sample, warehouses, the private server [YES=1]
	@[ -e data ] || { echo "There is no data/ to remove."; exit 0; }; \
	du -sh data; \
	if [ -z "$(YES)" ]; then \
		[ -t 0 ] || { echo "Nobody can answer here: say make clean-data YES=1." >&2; exit 1; }; \
		read -r -p "Remove data/ with every warehouse in it? [y/N] " answer; \
		[[ $$answer == [yY]* ]] || { echo "Nothing was removed."; exit 0; }; \
	fi; \
	$(STOP_SERVER) && rm -rf data && echo "Removed data/."

# A server on data/postgres that lost its programs or its files would run on, of no use to anybody.
STOP_SERVER = if [ -e data/postgres/cluster/postmaster.pid ]; then \
	$(MAKE) --no-print-directory $(VENV)/run.stamp && $(BIN)/tutormax postgres stop; fi

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with make PYTHON=python3.12." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# pip compiles what it installs; without bytecode every start of dbt takes a second longer.
$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@$(call INSTALL,$<)
	@touch $@

# What validation and the pages need beyond a build.
$(VENV)/extras.stamp: requirements-extras.lock pyproject.toml | $(VENV)/bin/python
	@$(call INSTALL,$<)
	@touch $(VENV)/run.stamp $@

# dbt on Spark, and Spark itself: more than 400 MB.
$(VENV)/spark.stamp: requirements-spark.lock pyproject.toml | $(VENV)/bin/python
	@$(call INSTALL,$<)
	@touch $(VENV)/run.stamp $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@$(call INSTALL,$<)
	@touch $(VENV)/run.stamp $(VENV)/extras.stamp $(VENV)/spark.stamp $@

# One line for every 20 packages of the hundreds that pip prints; all of it is kept in $(VENV)/pip.log.
define INSTALL
	echo "Installing $(1) into $(VENV): two minutes or so, once."; \
	set -o pipefail; \
	$(PIP) --progress-bar off --require-hashes --requirement $(1) 2>&1 | tee $(VENV)/pip.log | awk ' \
		/^Collecting / && ++n % 20 == 0 { print "  " n " packages found"; fflush() } \
		/^Installing collected/ { print "  unpacking and compiling " n " packages: a minute or so"; fflush() }' \
		|| { tail -n 5 $(VENV)/pip.log >&2; exit 1; }; \
	$(PIP) --quiet --no-deps --no-build-isolation --editable .
endef
