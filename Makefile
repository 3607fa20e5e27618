.DEFAULT_GOAL := help
.PHONY: help install test docs dist demo demo-marks clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= runs/demo
JOBS ?= 2

help:
	@echo "make install   create $(VENV) and install chimerae with its tools"
	@echo "make test      everything CI runs: format, lint, types, tests (JOBS=$(JOBS) processes)"
	@echo "make docs      build the documentation site: build/site/index.html"
	@echo "make dist      build the wheel and the source archive into dist/, and check them"
	@echo "make demo      train VAE and AVAE on real digits, evaluate both, write one report (2 to 4 minutes)"
	@echo "make clean     remove $(VENV) and caches"

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "chimerae needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(STAMP)

test: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

docs: $(STAMP)
	$(BIN)/python -m website.stage build/pages
	$(BIN)/zensical build --clean --strict

dist: $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[release]'
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

demo-marks: demo
	CHIMERAE_DEMO=$(DEMO) $(BIN)/python -m pytest tests/test_demo.py

demo: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh $(DEMO)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .cache build dist
