# Two commands matter: `make run` (the main job) and `make test` (everything CI checks). Each sets itself up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

.PHONY: run test format lint docs bench golden clean

run: $(VENV)/installed
	$(BIN)/krimp run hegang --overwrite -o runs/hegang
	$(BIN)/krimp report runs/hegang

test: $(VENV)/installed
	$(BIN)/ruff format --check krimp tests benchmarks
	$(BIN)/ruff check krimp tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile

format: $(VENV)/installed
	$(BIN)/ruff format krimp tests benchmarks
	$(BIN)/ruff check --fix krimp tests benchmarks

bench: $(VENV)/installed
	$(BIN)/krimp bench

# Rewrites the golden baseline; say in CHANGELOG.md why results change.
golden: $(VENV)/installed
	$(BIN)/python -m tests.golden

# Dependencies come from the lock with hashes; the modules are byte-compiled once so that every start is quick.
$(VENV)/installed: requirements.lock pyproject.toml
ifdef UV
	uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	UV_COMPILE_BYTECODE=1 uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	uv pip install --quiet --python $(BIN)/python --no-deps -e .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	-$(BIN)/python -m compileall -q $(VENV)/lib >/dev/null 2>&1
endif
	touch $(VENV)/installed

clean:
	rm -rf $(VENV) build dist runs
