# Needs python3 (3.11 or later) with pip, make and git. `PYTHON=python3.12 make install`
# takes another Python.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: install demo test lint long corpus docs lock clean

install: $(INSTALLED)

# --without-pip, then the system's pip on the new environment: works where Debian keeps
# ensurepip out of python3, and inside an environment PEP 668 does not apply. The project
# itself is not installed: scrapy.cfg and pytest's `pythonpath` find it from this folder.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: $(PYTHON) is not Python 3.11 or later; try PYTHON=python3.12 make install" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || \
		{ echo "make: $(PYTHON) has no pip (Debian, Ubuntu: apt-get install python3-pip)" >&2; exit 1; }
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@touch $@

demo: install
	$(BIN)/scrapy demo

# Most tests wait for crawls in processes of their own: three at a time keep two cores at work. The
# tests of a file stay together, for their fixtures.
test: lint
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --durations 20

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# What the shorter tests leave out for want of time.
long: install
	$(BIN)/python -m pytest -m long --numprocesses 3 --dist loadfile --durations 20

corpus: install
	$(BIN)/python -m pytest -m corpus -rP

# What is told of the code's own definitions.
docs: install
	$(BIN)/python -m cablecrawl.export.data_format >DATA_FORMAT.md.new && mv DATA_FORMAT.md.new DATA_FORMAT.md

# Newest versions that pyproject.toml allows; needs uv.
lock:
	uv lock --upgrade
	uv export --quiet --no-hashes --no-emit-project --no-annotate --no-header --output-file requirements.lock

clean:
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
