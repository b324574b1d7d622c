# Every goal sets itself up: all it needs is make and Python 3.11 or later.
VENV ?= .venv
PYTHON ?= $(shell sh tools/pythons.sh | head -n 1 | cut -d ' ' -f 2-)
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PROJECTS := pyproject.toml constraints.txt examples/mgops_special/pyproject.toml

# The tests start many interpreters, which start quicker with compiled modules.
unexport PYTHONDONTWRITEBYTECODE

# A process a core, but two at least, as some tests wait, and four at most, as each takes a GB; one
# that has nothing left takes from the longest list, so that neighbours, which share what they make,
# stay together.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(max(2, len(os.sched_getaffinity(0))), 4))' 2>/dev/null || echo 2)
PYTEST := $(PY) -m pytest -n $(JOBS) --dist worksteal -q

.DEFAULT_GOAL := help
.PHONY: help demo test test-core campaign lint page docs release bench constraints clean

help: ## list the goals
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.installed ## train a net on the moons data; show its accuracy and a picture
	$(PY) examples/demo_moons.py

test: $(VENV)/.dev $(VENV)/.page ## run all tests
	$(PYTEST) tests examples/mgops_special

test-core: $(VENV)/.test ## run the tests of engine, ops, plugins and nets alone, without PyTorch
	$(PYTEST) $(wildcard tests/mgcore tests/mgops_* tests/plugins tests/mgnn) examples/mgops_special

SECONDS ?= 600
campaign: $(VENV)/.dev ## run random graphs against truth of their own, from a new seed: make campaign SECONDS=600
	PYTHONPATH=tests/campaign $(PY) -m campaign --seconds $(SECONDS)

lint: $(VENV)/.dev ## check style, types and the arrows of import
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

page: $(VENV)/.page ## check, test and build the code of mgview's pages; needs Node.js
	test -d page/node_modules/.bin || $(NODE_PACKAGES)
	npm --prefix page run check
	npm --prefix page run test
	npm --prefix page run build

docs: $(VENV)/.dev ## build the documentation site in build/site/html, without a network
	$(PY) tools/docs_site.py

release: $(VENV)/.dev ## build sdist and wheel in dist/, check them, install the wheel on the oldest and newest Python
	$(PY) tools/release_check.py

bench: $(VENV)/.bench ## run the benchmarks side by side with peers and write docs/benchmarks.md, accuracy.md, speed.md
	$(PY) benchmarks/run_all.py
	$(PY) benchmarks/accuracy.py --write
	$(PY) benchmarks/op_speed.py --write

constraints: ## write constraints.txt anew with the newest versions that fit together
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install --quiet --upgrade pip
	build/constraints/bin/python -m pip install --quiet --group dev '.[all]' -r benchmarks/requirements.txt torch==2.13.0
	build/constraints/bin/python -m pip install --quiet --no-deps -r benchmarks/tables.txt
	{ echo '# Versions that are known to work together; written by "make constraints".'; \
	  build/constraints/bin/python -m pip freeze --all | grep -v '^mgcore\|@' | sed 's/+[a-z0-9.]*$$//'; } > constraints.txt
	rm -rf build/constraints

clean: ## remove what the goals above have made
	rm -rf .venv .venv-* page/node_modules build dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Set-up, in layers: each is done once, and again only after a change of what it installs.

$(VENV)/.pip: constraints.txt
	@test -n '$(PYTHON)' || { echo 'No Python 3.11 or later was found; install one, or say make PYTHON=/path/to/python3'; exit 1; }
	@echo 'Setting up $(VENV) (once; takes a minute or two) ...'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade pip hatchling editables
	@touch $@

$(VENV)/.installed: $(VENV)/.pip $(PROJECTS)
	$(INSTALL) --no-build-isolation --editable '.[all]' --editable examples/mgops_special
	@touch $@

$(VENV)/.test: $(VENV)/.installed
	$(INSTALL) --group test
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(INSTALL) --group dev
	@touch $@

$(VENV)/.bench: $(VENV)/.installed benchmarks/requirements.txt benchmarks/tables.txt
	$(INSTALL) --requirement benchmarks/requirements.txt
	$(INSTALL) --no-deps --requirement benchmarks/tables.txt
	@touch $@

NODE_PACKAGES := npm ci --prefix page --no-audit --no-fund --loglevel=error

# What the browser tests need besides Python; without Node.js they are skipped and say so.
$(VENV)/.page: page/package-lock.json | $(VENV)/.pip
	if command -v npm >/dev/null; then $(NODE_PACKAGES) || \
	    echo 'The Node packages could not be had: tests that need them are left out'; fi
	@touch $@
