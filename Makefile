# Every target does its own set-up: `make demo` and `make test` need Python 3.11 to 3.14 with pip, git and make.
# Set-up is done once and remembered by stamp files in .venv; a changed lock file or pyproject.toml redoes it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9
UV_STAMP := $(VENV)/.uv-$(UV_VERSION)
WORKERS ?= 2
PYTEST_ARGS ?=
SOURCES := checks lambda_handler.py infra docs tests bench
ARCH ?= x86_64

# A virtual environment that happens to be active is not ours, and bytecode is worth 7 s at each start.
unexport VIRTUAL_ENV
unexport CONDA_PREFIX
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test coverage lint lint-types lint-python lint-infra format lock package deploy remove e2e architecture reference site setup clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.demo  ## print two days of reports over a lake that lives in this process
	@$(BIN)/checks demo

PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup
test: $(VENV)/.test  ## run the tests, in parallel
	$(PYTEST) $(PYTEST_ARGS)

coverage: $(VENV)/.test  ## the same, and show which lines they reach, which takes twice as long
	$(PYTEST) --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

lint: lint-python lint-infra  ## check style, types, layering and the deployment

lint-types: $(VENV)/.test  ## check types alone
	$(BIN)/mypy $(SOURCES)

lint-python: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-cache

# The deployment is checked wherever npm is; CI must not skip it. Takes the target, what else it needs, and the command.
define where_npm_is
@if command -v npm >/dev/null; then \
    $(MAKE) --no-print-directory --silent infra/node_modules/.installed $(2) && $(3); \
elif [ "$${CI:-}" = true ]; then \
    echo "$(1): npm is not installed, and in CI the deployment must be checked" >&2; exit 1; \
else \
    echo "$(1): skipped, npm is not installed (it needs Node.js 20.19 or newer)"; \
fi
endef

lint-infra: $(VENV)/.test
	$(call where_npm_is,lint-infra,build/scanner/.installed,$(BIN)/python -m infra.check)

format: $(VENV)/.test  ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

package: build/lambda-$(ARCH).zip  ## build the Lambda's package (ARCH=x86_64 or arm64), and tell its sizes

deploy: $(VENV)/.demo infra/node_modules/.installed  ## deploy to AWS (AWS_REGION, ALERT_EMAILS, CONFIG or TABLES; see infra/serverless.yml)
	@$(BIN)/python -m infra.deploy deploy

remove: $(VENV)/.demo infra/node_modules/.installed  ## remove what was deployed; the history is kept
	@$(BIN)/python -m infra.deploy remove

e2e: $(VENV)/.test  ## deploy to an emulator, let the schedule fire, read the report, remove it
	$(call where_npm_is,e2e,,$(BIN)/python -m infra.e2e.run)

architecture: $(VENV)/.test  ## draw docs/architecture.svg out of the code
	@$(BIN)/python docs/architecture.py

reference: $(VENV)/.test  ## write docs/config.md and docs/commands.md out of the code
	@$(BIN)/python docs/reference.py

site: build/site-tool/.installed  ## build the documentation as a site, build/site/docs/index.html
	@build/site-tool/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env --conf-dir docs/site . build/site
	@echo "built build/site/docs/index.html"

setup: $(VENV)/.test  ## only set up .venv

# The test lock is resolved first, and the others are held to its versions, so that what is tested is what runs.
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	--custom-compile-command "make lock" pyproject.toml
# Tools in venvs of their own, which share no version with the project.
APART = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
lock: $(UV_STAMP)  ## resolve the lock files anew (LOCK_ARGS=--upgrade takes newer versions)
	$(COMPILE) $(LOCK_ARGS) --extra demo --group test -o locks/test.txt
	$(COMPILE) --extra demo --group build -c locks/test.txt -o locks/demo.txt
	$(COMPILE) -c locks/test.txt -o locks/run.txt
	$(COMPILE) -c locks/test.txt -o locks/deploy.txt
	$(subst pyproject.toml,,$(COMPILE)) --group build -c locks/test.txt -o locks/build.txt
	$(APART) $(LOCK_ARGS) --python-version 3.13 --group pyproject.toml:emulator -o locks/emulator.txt
	$(APART) $(LOCK_ARGS) --python-version 3.11 --group pyproject.toml:scanner -o locks/scanner.txt
	$(APART) $(LOCK_ARGS) --python-version 3.11 --group pyproject.toml:site -o locks/site.txt

clean:  ## remove everything that make made
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    infra/node_modules infra/.serverless
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# The version is stated in the stamp's name: a new pin is a new target.
$(UV_STAMP):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 15) else \
	    f"$(PYTHON) is Python {v[0]}.{v[1]}; this needs 3.11 to 3.14: say which with make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear --without-pip $(VENV)
	$(PYTHON) -m pip --disable-pip-version-check --python $(BIN)/python install --quiet uv==$(UV_VERSION)
	@touch $@

INSTALL := $(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode
EDITABLE := $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .

$(VENV)/.test: $(UV_STAMP) locks/test.txt pyproject.toml
	$(INSTALL) -r locks/test.txt
	$(EDITABLE)
	@touch $(VENV)/.demo $@

$(VENV)/.demo: $(UV_STAMP) locks/demo.txt pyproject.toml
	$(INSTALL) -r locks/demo.txt
	$(EDITABLE)
	@touch $@

infra/node_modules/.installed: infra/package.json infra/package-lock.json
	npm ci --prefix infra --no-audit --no-fund --loglevel=error
	@touch $@

# What reads the template for what is unsafe has many dependencies, held to old versions: a place of its own.
build/scanner/.installed: $(UV_STAMP) locks/scanner.txt
	@$(UV) venv --quiet --clear --python $(BIN)/python build/scanner
	@$(UV) pip install --quiet --python build/scanner/bin/python --require-hashes -r locks/scanner.txt
	@touch $@

# What builds the site holds other versions of what the tests use.
build/site-tool/.installed: $(UV_STAMP) locks/site.txt
	@$(UV) venv --quiet --clear --python $(BIN)/python build/site-tool
	@$(UV) pip install --quiet --python build/site-tool/bin/python --require-hashes -r locks/site.txt
	@touch $@

# The wheel, what locks/deploy.txt names for the Lambda's machine, and the bytecode of both.
build/lambda-%.zip: lambda_handler.py pyproject.toml README.md LICENSE locks/deploy.txt \
    $(shell find checks infra/package -type f -not -name '*.pyc' 2>/dev/null) | $(VENV)/.test
	@$(BIN)/python -m infra.package --arch $* --output $@
