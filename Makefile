# Everything starts from a Python (3.11 or newer) with venv, and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STATIC := $(shell find static -type f 2>/dev/null)
# One more than there are cores: tests wait for git and for browsers.
TESTERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# What runs on one database alone: pages in a browser, readers of outside services, and what is about git.
ON_SQLITE := tests/browser tests/sandbox tests/flinkci_dashboard/clients tests/sync/pulls/github \
	tests/sync/pulls/test_branches.py tests/sync/pulls/test_killed.py tests/sync/test_silent_git.py
DATA := $(or $(DATA_DIR),var)

.PHONY: demo run test lint suite bench walk chaos rehearse audit sbom lock clean screenshots

demo: $(DATA)/static/.done  ## The whole system over a sandbox, until Ctrl-C
	@exec $(BIN)/python -m flinkci_dashboard.demo

run: $(DATA)/static/.done  ## The real thing, from the environment alone
	@$(BIN)/python manage.py check --deploy
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py bootstrap
	@exec $(BIN)/python -m flinkci_dashboard.launch

test: lint suite  ## Static checks, then the suite on SQLite and on PostgreSQL

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/bandit -q -ll -r flinkci_dashboard sync labeler agents
	@mkdir -p var/lint
	DATA_DIR=var/lint $(BIN)/python manage.py check --fail-level WARNING
	DATA_DIR=var/lint $(BIN)/python manage.py makemigrations --check --dry-run

suite: $(VENV)/.dev
	$(BIN)/pytest -n $(TESTERS) --dist worksteal
	TEST_DATABASE=postgresql $(BIN)/pytest -n $(TESTERS) --dist worksteal $(ON_SQLITE:%=--ignore %)

bench: $(VENV)/.dev  ## Timings, as ratios, into docs/benchmarks.md; takes half an hour of an idle machine
	$(BIN)/python -m bench

walk: $(VENV)/.dev  ## Every page at every width, in both themes, as every role, in a browser; takes half an hour
	WALK=all $(BIN)/pytest -n $(TESTERS) tests/browser/test_walk.py

chaos: $(VENV)/.dev  ## Every job in a world that fails at random, on both databases, 2,000 passes each; takes twenty minutes
	$(BIN)/python -m tests.chaos --seeds 16 --passes 125 --page docs/chaos.md
	TEST_DATABASE=postgresql $(BIN)/python -m tests.chaos --seeds 16 --passes 125 --page docs/chaos.md

rehearse: $(VENV)/.dev  ## What operators will meet: two hosts, restarts, a full disk, a restore; needs root and redis-server for all of it
	$(BIN)/pytest tests/rehearsal

screenshots: $(VENV)/.dev  ## The README's pictures, from a demo; takes two minutes
	$(BIN)/python scripts/screenshots.py

audit: $(VENV)/.dev  ## Known holes in what we depend on; asks the package index
	$(BIN)/pip-audit --disable-pip --no-deps -r requirements.txt

sbom: $(VENV)/.dev  ## What we are built from, as var/sbom.json (CycloneDX)
	@mkdir -p var
	$(BIN)/python scripts/sbom.py > var/sbom.json

lock: $(VENV)/.dev  ## All that requirements.txt brings in, with hashes, for pip install --require-hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--output-file requirements.lock requirements.txt

clean:
	rm -rf $(VENV) var staticfiles

$(DATA)/static/.done: $(VENV)/.run $(STATIC)
	@$(BIN)/python manage.py collectstatic --no-input --clear --verbosity 0
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "This Python can't make virtual environments: install its venv module (Debian: python3-venv)."; exit 1; }

$(VENV)/.run: $(VENV)/bin/python requirements.txt
	@echo "Installing…"; $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
