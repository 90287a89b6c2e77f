# make demo   a live simulated trading system with the exporter in front of it
# make test   every test, on real servers; installs what it needs into .venv and .servers
# make check  format, lint and types: seconds
# make bench  a scrape beside redis_exporter's and the least possible; ARGS="--all", see benchmarks/README.md
# make soak   a day of scrapes in minutes, with memory, threads and open files before and after
# make fuzz   what reads strangers' bytes, fuzzed for minutes; ARGS="parser --minutes 10"
# make audit  holes that are known in the locked packages, as PyPI tells them
# make generate  everything written anew that is committed and has a source: grafana/, deploy/kubernetes/
# make dashboards          grafana/ alone
# make dashboards-preview  pictures of the dashboards, drawn by Grafana's components
# make bench-dashboards    what the dashboards ask of Prometheus, with 5,000 streams
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench soak fuzz audit bench-dashboards generate dashboards dashboards-preview format lock clean

demo: $(VENV)/.installed
	$(BIN)/streamgauge demo $(ARGS)

test: $(VENV)/.installed .servers/.installed
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.installed .servers/.installed
	$(BIN)/python benchmarks/compare.py $(ARGS)

soak: $(VENV)/.installed .servers/.installed
	$(BIN)/python benchmarks/soak.py $(ARGS)

# Only this needs atheris, which is not built for every platform.
fuzz: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python benchmarks/fuzz.py $(ARGS)

# Asks PyPI's advisories, which few mirrors have: a package that cannot be asked for is an error. In a
# place of its own, so that what the audit itself needs changes nothing that is locked.
audit:
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/runtime.txt

bench-dashboards: $(VENV)/.installed .servers/.installed
	$(BIN)/python benchmarks/dashboards.py $(ARGS)

# The manifests hold the dashboards, and the rules of alerts/.
generate: dashboards
	$(BIN)/python deploy/kubernetes/generate.py

# The dashboards are committed: afterwards `git diff --exit-code` tells whether they were up to date.
dashboards: $(VENV)/.installed
	$(BIN)/python grafana/build.py

# Pictures of them, drawn by Grafana's own components from a live system in trouble; see grafana/preview.
dashboards-preview: $(VENV)/.installed .servers/.installed
	$(BIN)/python grafana/preview/preview.py $(ARGS)

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The locks carry hashes and no index address, so that any mirror serves them.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(VENV)/.installed
	$(BIN)/pip install --quiet uv
	$(COMPILE) --extra demo --group dev pyproject.toml --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/runtime.txt
	$(COMPILE) --group build --constraint requirements/dev.txt --output-file requirements/build.txt

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("streamgauge needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

.servers/.installed: tests/servers.txt tests/install-servers
	tests/install-servers
	touch $@

clean:
	rm -rf $(VENV) .servers .preview dist .coverage* .mypy_cache .ruff_cache .pytest_cache
