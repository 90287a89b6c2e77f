# Each target makes what it needs: .venv, .servers, .peers. For another Python: make PYTHON=python3.13 ...
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# More than there are cores, because many tests wait for a server.
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadscope --no-loadscope-reorder
# The tests start the program thousands of times; without bytecode each start compiles all of it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo quick check test nightly lowest newest locks peers bench soak fuzz audit generate release-dry-run \
  dashboards dashboards-preview bench-dashboards format lock clean venv venv-demo servers python

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 20

demo: venv-demo  ## a live simulated system, the exporter in front, and its alerts; ARGS=--help
	PATH="$$PATH:$(CURDIR)/.peers" $(BIN)/streamgauge demo $(ARGS)

quick: check  ## in a minute: format, lint, types, unit tests
	$(PYTEST) tests/unit $(ARGS)

check: venv  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Unit tests come first: they need no server and find most mistakes.
test: venv  ## in minutes: what a change can break, on the oldest and the newest Redis
	$(PYTEST) tests/unit $(ARGS)
	tests/install-servers
	$(PYTEST) tests --ignore=tests/unit $(ARGS)

nightly: venv servers peers locks lowest newest  ## in an hour: everything, on every server and peer
	$(PYTEST) --nightly --cov --cov-report=term $(ARGS)
	$(BIN)/python benchmarks/soak.py
	$(MAKE) --no-print-directory fuzz

lowest: venv servers  ## unit tests and a few others with the lowest versions that pyproject.toml allows
	requirements/try-bounds lowest-direct

newest: venv servers  ## the same with the newest versions there are
	requirements/try-bounds highest

locks: venv  ## whether each lock installs as written, with the oldest and the newest pip
	$(BIN)/python requirements/try-locks

servers:  ## the Redis and Valkey servers of the tests, into .servers and from Debian
	tests/install-servers --nightly

peers:  ## the newest Prometheus, Alertmanager, helm, jsonnet and others, built by go into .peers
	tests/install-peers

bench: venv servers  ## a scrape beside redis_exporter's; ARGS=--all, see benchmarks/README.md
	$(BIN)/python benchmarks/compare.py $(ARGS)

soak: venv servers  ## a day of scrapes in minutes, with memory, threads and open files
	$(BIN)/python benchmarks/soak.py $(ARGS)

# Only this needs atheris, which is not built for every platform.
fuzz: venv  ## whatever reads strangers' bytes, fuzzed; ARGS="parser --minutes 10"
	$(BIN)/pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python benchmarks/fuzz.py $(ARGS)

# It has an environment of its own, so that its needs change nothing that is locked.
audit: python  ## known holes in the locked packages, by PyPI's advisories, which few mirrors have
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/runtime.txt

# The chart and the manifests hold the dashboards and the rules; helm renders the other manifests.
generate: dashboards  ## write what is committed and has a source: grafana/, deploy/
	tests/install-peers helm
	$(BIN)/python deploy/compose/generate.py
	$(BIN)/python deploy/kubernetes/generate.py $(wildcard .peers/helm-*)

release-dry-run: venv  ## what a release publishes, into dist/, each part installed and run
	$(BIN)/python deploy/release.py $(ARGS)

dashboards: venv  ## write grafana/ alone
	$(BIN)/python grafana/build.py

dashboards-preview: venv servers  ## pictures of the dashboards, drawn by Grafana's components
	$(BIN)/python grafana/preview/preview.py $(ARGS)

bench-dashboards: venv servers  ## what the dashboards ask of Prometheus, with 5,000 streams
	$(BIN)/python benchmarks/dashboards.py $(ARGS)

format: venv  ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The locks name extras, so that they are complete, and no index address, so that any mirror serves them.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
  --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
SMALLER := $(COMPILE) --constraint requirements/dev.txt

lock: venv  ## lock the newest versions of every dependency
	$(COMPILE) --extra demo --extra calendar --group dev pyproject.toml --output-file requirements/dev.txt
	$(SMALLER) --extra demo --group build pyproject.toml --output-file requirements/demo.txt
	$(SMALLER) pyproject.toml --output-file requirements/runtime.txt
	$(SMALLER) --group build --output-file requirements/build.txt

clean:  ## remove all that these targets made
	rm -rf $(VENV) .servers .peers .preview dist .coverage* .mypy_cache .ruff_cache .pytest_cache

venv: python
	@$(PYTHON) requirements/install $(VENV) dev

venv-demo: python
	@$(PYTHON) requirements/install $(VENV) demo

python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("streamgauge needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
