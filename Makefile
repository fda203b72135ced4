# `make repro` runs the pipeline, `make test` the checks, `make review` opens the findings in FiftyOne.
SHELL := /bin/bash
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do "$$p" -c '$(FITS)' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
# Nothing is written outside the repository, and nobody is told of its use.
export MPLCONFIGDIR := $(CURDIR)/.cache/matplotlib
export DVC_NO_ANALYTICS := 1
export FIFTYONE_DO_NOT_TRACK := true
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup repro review test
.DEFAULT_GOAL := repro

setup: .venv/.done

.venv/.done: pyproject.toml requirements.lock
	@"$(PYTHON)" -c '$(FITS)' 2>/dev/null || \
	  { echo "error: no Python 3.11 or 3.12 found; name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	"$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[dev]"
	$(BIN)/python -m dataprep.review.mongod
	$(BIN)/dvc config --quiet --local core.site_cache_dir "$(CURDIR)/.dvc/tmp/site"
	@touch $@

repro: setup
	@$(BIN)/dataprep check
	$(BIN)/dvc repro
	@$(BIN)/dataprep summary

review: setup
	$(BIN)/dataprep review

# Files of tests run side by side, with one thread each: processes that wait for each other's threads take twice as long.
test: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
