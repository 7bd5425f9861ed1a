# One environment, made once, from pinned versions (requirements.lock).
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint check format benchmark clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip<26"
	# torch first and by its exact version: a plain `torch` may bring gigabytes of CUDA packages.
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' requirements.lock)"
	$(BIN)/python -m pip install --quiet -c requirements.lock -e ".[dev]"
	@touch $(STAMP)

demo: $(STAMP) ## The main job on BANKING77 (four to five minutes on two cores)
	$(BIN)/undercut run src/undercut/assets/banking77/train.csv \
	    --test src/undercut/assets/banking77/test.csv --keep 0.99 --out out/demo

test: $(STAMP) ## The fast tests
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-slow: $(STAMP) ## Slow, load and GPU tests
	$(BIN)/python -m pytest -m "slow or load or gpu"

lint: $(STAMP) ## Format, lint, types, import contracts
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## Everything a change must pass

format: $(STAMP) ## Put the code in shape
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

benchmark: $(STAMP) ## Speed, latency, cost and accuracy of the usual ways, side by side
	$(BIN)/python benchmarks/main_job.py

clean: ## Remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
