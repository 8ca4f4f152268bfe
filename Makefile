# One verb a line; `make` lists them. Every path is relative, so that any folder will do.
.DEFAULT_GOAL := help
SHELL := /bin/sh
# Compiled modules are kept beside their source: without them every start reads the whole house again.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONUTF8 := 1

BASE_PYTHON ?= python3
PYTHON := .venv/bin/python
CORE := .venv/.core-ready
DEV := .venv/.dev-ready
# A file of tests stays in one process, so that what its tests share is made once.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile
QUIET_PIP := -m pip install --quiet --disable-pip-version-check --no-warn-script-location -c constraints.txt

.PHONY: help setup run test check fix bench soak catalog clean

help: ## list the verbs
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(CORE) ## make .venv with everything a user needs

run: $(CORE) ## run index-timing --quick on the packaged NASDAQ series and say where the report is
	@$(PYTHON) -m tidegate run index-timing --quick

test: $(DEV) ## run the test suite
	@$(PYTHON) -m pytest -q $(PARALLEL)

check: $(DEV) ## format, lint, types, imports, catalog, tests, documentation: all that must hold
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/python -c "from importlinter.cli import lint_imports_command as c; c()"
	@$(PYTHON) -m pytest -q $(PARALLEL)

fix: $(DEV) ## format and mend what the linter can mend
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

catalog: $(CORE) ## write the catalog's index anew after adding a component
	@$(PYTHON) -m tidegate.catalog

bench: $(DEV) ## run every benchmark in turns with its rival and keep the figures
	@for file in benchmarks/*.py; do \
		needs=; set --; \
		case "$$file" in \
			*/soak_*) continue;; \
			*/real_market.py) needs="a folder of A shares (docs/a-share-panel.md): make bench PANEL=folder"; set -- $(PANEL);; \
			*/panel_limits.py) needs="an imported stock panel: make bench DATASET=name"; set -- $(DATASET);; \
			*/real_leaks.py) needs="an imported stock panel: make bench DATASET=name"; set -- $(if $(DATASET),study --dataset $(DATASET));; \
			*/whole_market.py) needs="an imported stock panel: make bench DATASET=name STORE=folder"; set -- $(if $(DATASET),$(if $(STORE),--store $(STORE) --dataset $(DATASET)));; \
			*/predict.py) needs="a run on an imported panel: make bench RUN=folder STORE=folder"; set -- $(if $(RUN),$(if $(STORE),$(RUN) --store $(STORE)));; \
		esac; \
		if [ -n "$$needs" ] && [ $$# -eq 0 ]; then echo "== $$file: skipped, it needs $$needs"; continue; fi; \
		echo "== $$file"; $(PYTHON) "$$file" "$$@" || exit 1; \
	done

soak: $(DEV) ## the long tests: mutated files by the thousand, kills by the hundred
	@for file in benchmarks/soak_*.py; do echo "== $$file"; $(PYTHON) "$$file" || exit 1; done

clean: ## remove what can be made again (runs and stores stay)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@echo "Making .venv"
	@$(BASE_PYTHON) -m venv .venv

$(CORE): pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing Tidegate and what it needs (a minute or two)"
	@$(PYTHON) $(QUIET_PIP) -e .
	@touch $(CORE)

$(DEV): $(CORE)
	@echo "Installing what the tests need"
	@$(PYTHON) $(QUIET_PIP) -e '.[dev]'
	@touch $(DEV)
