# Needs Python 3.11 to 3.13, git and make; sets up the rest by itself.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
READY := .venv/.ready

.PHONY: setup repro quick test bench ui clean

setup: $(READY)

# pip compiles the byte code of what it installs, also where PYTHONDONTWRITEBYTECODE is set.
$(READY): requirements.lock
	@test -n "$(PYTHON)" || { echo "error: Python: expected 3.11 to 3.13 with venv, found none on PATH; set PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

repro: $(READY)
	dvc repro

quick: $(READY)
	python -m pipeline quick

test: $(READY)
	ruff check
	ruff format --check
	mypy
	python -m pytest

# Needs the prepared data (make repro); about 15 minutes. BENCH_JSON=path writes the figures there.
bench: $(READY)
	python -m benchmarks

ui: $(READY)
	python -m pipeline ui

# What the other targets make again. The history stays: MLflow's store and DVC's cache.
clean:
	rm -rf .venv .quick data results .pytest_cache .ruff_cache .mypy_cache .hypothesis
