# The two commands of the README: `make serve` and `make test`. Both make their own virtual environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
HOST ?= 127.0.0.1
DATA ?= data
WORKERS ?= 2

.PHONY: serve test lint bench guards schema explorer clean lock

serve: $(VENV)/serve
	$(BIN)/wikibase-graph serve --host $(HOST) --port $(PORT) --data $(DATA) --samples

test: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# All of it takes most of an hour; `make bench PARTS="http targets"` measures parts.
bench: $(VENV)/test
	$(BIN)/python -m tests.benchmarks $(PARTS)

# Removes each guard of the write flow in turn and shows the test that turns red.
guards: $(VENV)/test
	$(BIN)/python -m tests.guards

# Writes the schema down, so that a change of it is seen in review; a test holds the file to the code.
schema: $(VENV)/test
	$(BIN)/python -m graph.printed > schemas/schema.graphql

# Builds the page at /graphql anew from its sources, with node and npm; a test holds the files to this.
explorer:
	cd app/explorer/source && npm ci && npm run build

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis app/explorer/source/node_modules

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5) and "wikibase-graph needs Python 3.11.5 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/serve: $(BIN)/python requirements/runtime.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/test: $(BIN)/python requirements/dev.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Pins the dependencies anew, with hashes and without naming where they come from.
lock: $(VENV)/test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet pyproject.toml --extra install --generate-hashes --no-header --no-annotate \
	  --no-emit-find-links --python-version 3.11.5 --output-file requirements/runtime.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra install --extra dev --constraint requirements/runtime.txt \
	  --generate-hashes --no-header --no-annotate --no-emit-find-links --python-version 3.11.5 \
	  --output-file requirements/dev.txt
	printf 'ariadne-codegen\nhttpx\nwebsockets\n' | $(BIN)/uv pip compile --quiet --generate-hashes --no-header \
	  --no-annotate --no-emit-find-links --python-version 3.11.5 --output-file requirements/clients.txt -
	printf 'ariadne\n' | $(BIN)/uv pip compile --quiet --constraint requirements/runtime.txt --generate-hashes --no-header \
	  --no-annotate --no-emit-find-links --python-version 3.11.5 --output-file requirements/bench.txt -
