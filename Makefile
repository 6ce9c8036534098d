# Needs Python 3.11 to 3.13, git and make; sets up the rest by itself.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
READY := .venv/.ready
PORT ?= 5000

# What .venv/bin/dvc or mlflow starts is this python too, where nobody has activated the environment.
ACTIVATED := import os, sys; os.environ['PATH'] = os.pathsep.join((os.path.join(sys.prefix, 'bin'), os.environ.get('PATH', os.defpath)))

.PHONY: setup repro quick test audit bench ui clean

setup: $(READY)

# pip compiles the byte code of what it installs, also where PYTHONDONTWRITEBYTECODE is set.
$(READY): requirements.lock
	@test -n "$(PYTHON)" || { echo "error: Python: expected 3.11 to 3.13 with venv, found none on PATH; set PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --no-user --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@echo "$(ACTIVATED)" > "$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/activated.pth"
	@touch $@

# What DVC takes from its cache has recorded nothing: in a fresh clone the networks and the page are logged here.
repro: $(READY)
	dvc repro
	@python -m pipeline sync --quick
	@python -m pipeline summary

quick: $(READY)
	python -m pipeline quick

# Two processes at a time, each with one thread for its arithmetic; the longest tests first.
test: $(READY)
	ruff check
	ruff format --check
	mypy
	OPENBLAS_NUM_THREADS=1 python -m pytest -n 2

# Known faults of the locked packages, asked of PyPI's advisories; what is let pass belongs in docs/security.md.
# Strict: a package that could not be looked up is no clean one. In an environment of its own: it is no part of ours.
audit: $(READY)
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.venv/audit/bin/pip-audit --strict --disable-pip --progress-spinner=off --requirement requirements.lock

# Needs the prepared data (make repro); half an hour or more. BENCH_JSON=path writes the figures there.
bench: $(READY)
	python -m benchmarks

# PORT=5001 where 5000 is taken.
ui: $(READY)
	python -m pipeline ui --port $(PORT)

# What the other targets make again. The history stays: MLflow's store and DVC's cache.
clean:
	rm -rf .venv .quick .stability .studies data results .pytest_cache .ruff_cache .mypy_cache .hypothesis
