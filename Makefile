# `make repro` runs the pipeline, `make test` the checks, `make review` opens the findings in FiftyOne.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.12 || command -v python3.11 || command -v python3)
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
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || \
	  { echo "error: $(PYTHON) is not Python 3.11 or 3.12; name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	"$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[dev]"
	$(BIN)/python -m dataprep.review.mongod
	@touch $@

repro: setup
	$(BIN)/dvc repro
	@$(BIN)/dataprep summary

review: setup
	$(BIN)/dataprep review

test: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest
