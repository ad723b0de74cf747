# Everything from a fresh clone: python3 (3.11 or newer), git and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# What Django needs to be loaded by a check that touches no data.
OFFLINE := KUMOBAN_SECRET_KEY=check KUMOBAN_DATABASE_URL=sqlite:///:memory: DJANGO_SETTINGS_MODULE=kumoban.settings
# Tests wait much, so there are more processes than cores; a file runs in one of them, each has a database of its own.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(6, 1 + (os.cpu_count() or 1)))')
# Written bytecode halves what every one of these processes does before its first test (images for containers forbid it).
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help install demo test check lint types imports catalogues migrations templates lock-check locale lock clean
.DEFAULT_GOAL := help

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

install: $(VENV)/.installed ## everything needed, into .venv; quick when nothing changed
	@$(BIN)/python hatch_build.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Kumoban needs Python 3.11 or newer; name it: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No venv could be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.locked: requirements.lock | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed: pyproject.toml hatch_build.py $(VENV)/.locked
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## Kumoban with its practice AWS, on this machine
	$(BIN)/kumoban demo

test: install ## all tests: on SQLite, then those that touch the database on PostgreSQL
	@echo "== tests on SQLite"
	$(PYTEST)
	@echo "== tests of the database on PostgreSQL"
	KUMOBAN_TEST_DATABASE=postgresql $(PYTEST) -m "database or postgresql"

check: install lint types imports catalogues migrations templates lock-check ## everything that is not a test

lint types imports catalogues migrations templates lock-check: $(VENV)/.installed

lint:
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types:
	@echo "== mypy"
	@$(OFFLINE) $(BIN)/mypy

imports:
	@echo "== import-linter"
	@$(BIN)/lint-imports --no-cache

catalogues:
	@echo "== message catalogues"
	@$(BIN)/python tools/catalogues.py check

migrations:
	@echo "== migrations"
	@$(OFFLINE) $(BIN)/django-admin makemigrations --check --dry-run

templates:
	@echo "== cfn-lint"
	@$(OFFLINE) $(BIN)/python tools/templates.py

lock-check:
	@echo "== requirements.lock"
	@$(BIN)/python tools/lock.py check

locale: install ## bring new messages into the catalogues, compile them
	$(BIN)/python tools/catalogues.py update
	$(BIN)/python hatch_build.py

lock: install ## resolve requirements.lock anew (needs the network)
	$(BIN)/python tools/lock.py make

clean: ## remove what was made here, except var/ (the data of the demo)
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.mo' -delete
