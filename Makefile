# What a developer needs; `make run` first, then README.md.
PORT ?= 7071
# Processes of the app, which share the port and the storage.
INSTANCES ?= 1
# Processes that share the tests, each with an Azurite of its own; they wait more than they compute. Files keep their order: by their
# number of tests, the longest ones, which have few, would come last and find one process at work.
WORKERS ?= 3
VENV := .venv
PY := $(VENV)/bin/python
# For commands that install: Ctrl-C ends them, and make, without a word. They say themselves what is wrong otherwise.
QUIETLY := trap 'exit 0' INT;

.PHONY: run test browser pictures fuzz unit coverage mutants check format infra bench soak azurite page clean help

run: azurite page      ## start the app with Azurite, seeded, at http://localhost:$(PORT); Ctrl-C stops everything; INSTANCES=2 for two
	@PORT=$(PORT) INSTANCES=$(INSTANCES) exec $(PY) -m devhost.run

test: azurite page     ## all tests, those against the running app and in a browser included
	@$(PY) -m devhost.install tests
	@$(PY) -m tests.browser.chromium
	@$(PY) -m tests.receivers.mono
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not alone"
	@$(PY) -m pytest -m alone

browser: azurite page  ## the tests of the console alone: its JavaScript, and the page in Chromium, which is installed where it may be
	@$(PY) -m devhost.install tests
	@$(PY) -m tests.browser.chromium
	@$(PY) -m pytest -q tests/console tests/browser

pictures: azurite page ## draw the console for docs/images/ anew; ALL=folder draws every screen there, in each look, for the eye
	@$(PY) -m tests.browser.chromium
	@$(PY) -m tests.browser.pictures $(if $(ALL),--all $(ALL))

fuzz: azurite          ## drive the app by its own document, from seed after seed; MINUTES= for how long, SEED= to repeat one
	@$(PY) -m tests.e2e.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

unit: $(VENV)/.ready   ## the tests that need neither storage nor a host, in about a minute
	@$(PY) -m pytest -q -n $(WORKERS) -m "not service and not alone"

coverage: azurite page ## all tests but those that measure, with branch coverage of shared/: what no test reaches, and a limit
	@$(PY) -m devhost.install tests
	@$(PY) -m tests.browser.chromium
	@$(PY) -m tests.receivers.mono
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not alone" --cov --cov-report=term-missing:skip-covered

mutants: $(VENV)/.ready ## break the pure core in a thousand ways and name what no unit test notices; MODULE= for some of it
	@$(PY) -m tests.support.mutants $(MODULE)

check: $(VENV)/.ready  ## format check, lint, types, import contracts
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy .
	@$(VENV)/bin/lint-imports

format: $(VENV)/.ready ## write the format that `make check` wants
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

infra: $(VENV)/.ready  ## compile and lint infra/main.bicep, and say whether main.json is current; WRITE=1 writes it
	@$(PY) -m infra.compile $(if $(WRITE),--write)

bench: azurite         ## the benchmarks; prints a table
	@$(PY) -m bench

soak: azurite          ## events, receivers and faults at random, nothing lost; SEED=, EVENTS= and SECONDS= repeat one
	@$(PY) -m bench.soak $(if $(SEED),--seed $(SEED)) $(if $(EVENTS),--events $(EVENTS)) $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: scan lock package docs

scan: $(VENV)/.ready   ## workflows by actionlint and zizmor, the template of the infrastructure by checkov; installs them first
	@$(PY) -m deploy.scan

lock: $(VENV)/.ready   ## requirements.txt and the tools' lock files from their .in files; UPGRADE=1 takes the newest of what is not pinned there
	@$(PY) -m deploy.lock $(if $(UPGRADE),--upgrade)

package: page          ## what is deployed, as .local/package.zip; LOCAL_BUILD=1 with all packages in it, OFFLINE=1 asks no registry
	@$(PY) -m deploy.package $(if $(LOCAL_BUILD),--local-build) $(if $(OFFLINE),--offline)

docs: $(VENV)/.ready   ## the site of the documentation, below .local/site; a link that leads nowhere fails
	@$(PY) -m deploy.docs

azurite: $(VENV)/.ready
	@$(QUIETLY) $(PY) -m devhost.install

page: $(VENV)/.ready   ## the libraries of the console's page, from npm, checked by their hashes
	@$(QUIETLY) $(PY) -m page.install

$(VENV)/.ready: requirements.txt requirements-dev.txt
	@python=; for candidate in python3.13 python3 python; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo 'error: Python 3.13 is needed: install it from https://www.python.org/downloads/ or with "pyenv install 3.13"' >&2; \
	  exit 1; fi; \
	echo 'Installing the Python packages of the hub and its tools into $(VENV), once: this takes a minute or two'; \
	$(QUIETLY) $$python -m devhost.quietly $$python -m venv $(VENV)
	@$(QUIETLY) $(PY) -m devhost.quietly $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(QUIETLY) $(PY) -m devhost.quietly $(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:                 ## remove the environment, Azurite with its data, keys and caches; local.settings.json stays
	rm -rf $(VENV) .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:                  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' Makefile
