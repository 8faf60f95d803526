# Two commands matter: `make run` (the main job) and `make test` (everything CI checks). Each sets itself up.
# Needed beforehand: Python 3.11 or newer, git, make, and a package registry. uv is used where it is there, pip where not.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
CODE := krimp tests docs $(wildcard benchmarks)

.PHONY: run test quick lint format docs picture bench golden lock clean

run: $(VENV)/installed
	$(BIN)/krimp run hegang --overwrite

test: lint
	$(BIN)/pytest -n 2 --dist loadfile

# The checks without the slow tests, for the minute before a commit.
quick: lint
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

lint: $(VENV)/installed
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: $(VENV)/installed
	$(BIN)/krimp bench

# Rewrites the golden baseline; say in CHANGELOG.md why results change.
golden: $(VENV)/installed
	$(BIN)/python tests/golden.py

# The README's picture, from a full run.
picture: run
	$(BIN)/python docs/picture.py runs/hegang-baseline-s1

# The documentation site, in site/.
docs: $(VENV)/docs-installed
	$(BIN)/zensical build --clean

# Both locks anew from pyproject.toml: every version and hash, no registry's address.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --extra dev --extra calibrate pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --extra docs -c requirements.lock pyproject.toml -o requirements-docs.lock

# Dependencies come from the lock with hashes; modules are byte-compiled once, so that every start is quick
# even where PYTHONDONTWRITEBYTECODE is set.
$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Krimp needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..." >&2; exit 1; }
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	UV_COMPILE_BYTECODE=1 $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
endif
	-@$(BIN)/python -m compileall -q $(VENV)/lib krimp >/dev/null 2>&1
	@touch $@

$(VENV)/docs-installed: $(VENV)/installed requirements-docs.lock
ifneq ($(UV),)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-docs.lock
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
endif
	@touch $@

clean:
	rm -rf $(VENV) build dist runs site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
