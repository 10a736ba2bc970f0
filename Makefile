# SPDX-License-Identifier: MIT
# Everything there is to run. Needs Python 3.11 or newer, make and git; `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
LOCKED := --require-hashes --no-deps --only-binary :all:
CHECKS := check-format check-lint check-types check-templates check-rules
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
ARGS :=
STORIES := 50000

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run setup test postgresql nodes model check format fuzz mutants bench growth screenshots reference lock clean programs $(CHECKS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: setup ## set everything up and serve a demo on http://127.0.0.1:8019 (data in ./var)
	@exec $(BIN)/ccm demo

setup: $(STAMPS)/run ## make the virtual environment with .venv/bin/ccm

test: programs $(STAMPS)/dev ## set up what the tests need and run all of them, on SQLite and on PostgreSQL (some: make test ARGS=tests/unit)
	TMPDIR="$$(tools/test-folder)" $(PYTEST) $(ARGS)
	@$(MAKE) --no-print-directory postgresql

postgresql: programs $(STAMPS)/dev ## run the second half of make test alone: all tests that a database can change, on PostgreSQL
	TMPDIR="$$(tools/test-folder)" $(PYTEST) --database=postgresql $(ARGS) || [ $$? = $(if $(ARGS),5,0) ]

nodes: programs $(STAMPS)/dev ## run the functional and hostile tests on two nodes behind nginx on PostgreSQL, and lose the database for 30 seconds
	$(BIN)/python -m pytest -n 2 --dist loadscope --database=postgresql --nodes=2 --absence=30 tests/functional tests/hostile tests/nodes $(ARGS)

model: programs $(STAMPS)/dev ## tell the model of the sign-in 50,000 random stories (fewer: make model STORIES=1000)
	TMPDIR="$$(tools/test-folder)" MODEL_STORIES=$(STORIES) $(PYTEST) -x -rP -o faulthandler_timeout=0 tests/model/test_stories.py $(ARGS)

check: $(CHECKS) ## check format, lint, types, templates and import rules (all of them: make -k check)

format: $(STAMPS)/dev ## format the code and mend what the linter can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/djlint --reformat --quiet templates plugins || true

fuzz: $(STAMPS)/fuzz ## fuzz every parser for a minute, guided by coverage (see make fuzz ARGS=--help)
	$(BIN)/python -m tests.hostile.fuzz $(ARGS)

mutants: programs $(STAMPS)/mutants ## change what must never be wrong, thousands of times, and see that tests fail (hours; again: only what is new)
	$(BIN)/mutmut run --max-children 2 $(ARGS)
	@$(BIN)/python tools/mutants.py
	cd plugins/twofactor && ../../$(BIN)/mutmut run --max-children 2
	@cd plugins/twofactor && ../../$(BIN)/python ../../tools/mutants.py

bench: $(STAMPS)/dev ## measure time per request, memory and start, against one password hash
	$(BIN)/python -m bench $(ARGS)

growth: programs $(STAMPS)/dev ## compare requests at a million users with those at a thousand (half an hour, 15 GB; less: make growth ARGS="--scale 0.01")
	$(BIN)/python -m bench.growth $(ARGS)
	$(BIN)/python -m bench.plugins
	$(BIN)/python -m bench.plugins --database postgresql

screenshots: programs $(STAMPS)/dev ## take the pictures of the manual anew
	$(BIN)/python -m pytest --quiet tests/browser/test_story.py
	$(BIN)/python tools/pictures.py

reference: $(STAMPS)/dev ## write docs/plugin-reference.md from the code
	@PYTHONPATH=. $(BIN)/python tools/reference.py

lock: ## write requirements/*.txt from the pyproject files (newest versions: make lock ARGS=--upgrade)
	@python="$$(tools/find-python)" && "$$python" tools/lock.py $(ARGS)

clean: ## remove what make has made; the data in ./var stays
	rm -rf $(VENV) .programs build dist plugins/*/dist test-results mutants plugins/*/mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(CHECKS): $(STAMPS)/dev
check-format:
	$(BIN)/ruff format --check --quiet
check-lint:
	$(BIN)/ruff check --quiet
check-types:
	$(BIN)/mypy
check-templates:
	$(BIN)/djlint --check --lint templates plugins
check-rules:
	$(BIN)/python -m pytest --quiet tests/test_architecture.py

programs:
	@tools/test-programs

# A virtual environment holds its own path, so a checkout that was moved gets a new one.
ifneq ($(shell cat $(STAMPS)/place 2>/dev/null),$(CURDIR))
.PHONY: $(STAMPS)/place
endif
$(STAMPS)/place:
	@python="$$(tools/find-python)" && "$$python" -m venv --clear $(VENV)
	@mkdir -p $(STAMPS) && printf '%s\n' "$(CURDIR)" > $@

# Build isolation would fetch a build backend that no lock names; hatchling is in the lock instead.
$(STAMPS)/run: $(STAMPS)/place requirements/run.txt $(PROJECTS)
	@echo "Installing the locked dependencies …"
	@$(PIP) install $(LOCKED) -r requirements/run.txt
	@$(PIP) install --no-index --no-deps --no-build-isolation $(patsubst %pyproject.toml,-e ./%,$(PROJECTS))
	@touch $@

$(STAMPS)/dev: $(STAMPS)/run requirements/dev.txt
	@echo "Installing the locked development tools …"
	@$(PIP) install $(LOCKED) -r requirements/dev.txt
	@touch $@

$(STAMPS)/fuzz $(STAMPS)/mutants: $(STAMPS)/%: $(STAMPS)/dev requirements/%.txt
	@echo "Installing the locked tools for make $* …"
	@$(PIP) install $(LOCKED) -r requirements/$*.txt
	@touch $@
