# make demo | test | lint | docs | gpu | clean
#
# Each target makes the virtual environment .venv on its first call and installs what it needs there.
# Needs only make and Python 3.11 or newer: `make test PYTHON=python3.12` picks another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
CUDA ?= 13

# The extras of pyproject.toml that each target installs.
extras_demo := plot,progress
extras_test := test
extras_lint := lint,plot
extras_docs := docs
extras_gpu12 := test,bench-gpu,cuda12
extras_gpu13 := test,bench-gpu,cuda13

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint docs gpu card clean distclean
.NOTPARALLEL:

help:
	@echo "make demo       train and tune on the digits data; a PNG goes to demo_output/"
	@echo "make test       the whole test suite; ARGS='-k adam' picks tests"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make docs       HTML in docs/_build/html"
	@echo "make gpu        tests and times on an NVIDIA GPU, in gpu_report/; CUDA=12 for an older driver"
	@echo "make clean      remove what the other targets wrote; 'make distclean' removes $(VENV) too"

demo: $(VENV)/.installed-demo
	$(BIN)/python examples/quickstart.py

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/.installed-docs
	@rm -rf docs/generated
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

gpu: card $(VENV)/.installed-gpu$(CUDA)
	$(BIN)/python benchmarks/gpu_report.py $(ARGS)

# Asked before anything is installed.
card:
	@nvidia-smi --list-gpus 2>/dev/null | grep -q . || \
		{ echo "There is no GPU: nvidia-smi lists none"; exit 1; }

# One stamp per set of extras: a second call is quick, a changed pyproject.toml installs again.
$(VENV)/.installed-%: pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing '.[$(extras_$*)]' into $(VENV) (the first time takes a few minutes)"
	$(BIN)/python -m pip install --quiet --editable '.[$(extras_$*)]'
	@touch $@

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "'$(PYTHON)' is not a Python of 3.11 or newer: make PYTHON=/path/to/one"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

clean:
	rm -rf demo_output gpu_report docs/_build docs/generated docs/auto_examples build dist
	rm -rf examples/demo_output
	rm -rf .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name $(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)
