# The verbs of this project. Each sets up what it needs first; see scripts/setup.sh.
.DEFAULT_GOAL := help
.PHONY: help setup serve run format check test test-all bench screenshots lock clean

PY := .venv/bin/python
# Parallel test processes.
WORKERS ?= 2
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist worksteal
# Further arguments for `serve`, `test`, `test-all` and `bench`.
ARGS ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## .venv with the pinned dependencies and .venv/bin/byteward
	@scripts/setup.sh runtime

serve: setup ## run the server on the embedded defaults
	@.venv/bin/byteward serve $(ARGS)

run: serve ## the same as serve

format: ## rewrite the code as ruff wants it
	@scripts/setup.sh dev
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

check: ## formatting, lint, types, direction of imports
	@scripts/setup.sh dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

test: check ## every test that gates a merge
	@scripts/setup.sh tests
	$(PYTEST) $(ARGS)

test-all: check ## test, plus what takes longer
	@scripts/setup.sh tests
	BYTEWARD_HYPOTHESIS=long $(PYTEST) -m "" $(ARGS)

bench: ## run the benchmarks and print ratios
	@scripts/setup.sh bench
	$(PY) -m tests.bench $(ARGS)

screenshots: ## pictures of every page of the dashboard, into docs/screenshots
	@scripts/setup.sh tests
	$(PY) -m tests.browser.screenshots

lock: ## resolve pyproject.toml into requirements/ (UPGRADE=1: newest versions)
	@scripts/setup.sh runtime
	scripts/lock.sh

clean: ## remove what the other verbs made, except data
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	rm -rf dist tests/node/node_modules dashboard/node_modules src/byteward/http/dashboard/static
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
