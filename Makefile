# ask-notes: `make serve` and `make test` do all the set-up they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
NOTES ?= notes
DATA ?=
# On Linux, PyPI's torch brings gigabytes of CUDA. Without a GPU, install from PyTorch's CPU wheels:
#   make install TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

.DEFAULT_GOAL := help
.PHONY: help install install-dev serve ask test check format bench bench-search bench-generate lock clean

help:
	@echo "make serve        the chat page and the API on http://$(HOST):$(PORT)"
	@echo "make ask Q=\"...\"  one question on the terminal"
	@echo "make test         the tests"
	@echo "make check        lint and types"
	@echo "make bench        speed, side by side (DATA=folder of notes or KLUE-MRC rows)"
	@echo "make bench-search  speed of search as the notes grow (SIZES=\"10000 200000\")"
	@echo "make bench-generate  speed of local generators (MODEL=folder IR=folder DATA=folder of notes)"

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.lock requirements-openvino.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet torch==2.13.0 $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/pip install --quiet -r requirements.lock
	$(BIN)/pip install --quiet --only-binary :all: -r requirements-openvino.lock || echo "No OpenVINO wheel for this machine: models run on torch, slower."
	$(BIN)/pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(BIN)/pip install --quiet -r requirements-dev.lock
	@touch $@

# The sample notes are ingested where there is no index yet; yours: make serve NOTES=path/to/notes
.ask-notes/index/CURRENT: | $(VENV)/.installed
	$(BIN)/ask-notes ingest $(NOTES)

serve: install .ask-notes/index/CURRENT
	$(BIN)/ask-notes serve --host $(HOST) --port $(PORT)

ask: install .ask-notes/index/CURRENT
	@test -n "$(Q)" || { echo 'Ask something: make ask Q="LSTM의 게이트는 왜 필요한가?"'; exit 2; }
	@$(BIN)/ask-notes ask "$$Q"
ask: export Q := $(Q)

test: install-dev
	$(BIN)/pytest

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install-dev
	$(BIN)/python -m benchmarks.embedding $(or $(DATA),notes)

# SIZES: chunks of synthetic notes; a million takes long to build and some 10 GB of memory.
bench-search: install-dev
	$(BIN)/python -m benchmarks.search_growth $(or $(SIZES),10000 200000)
	$(BIN)/python -m benchmarks.vector_indexes $(or $(SIZES),10000 200000)

# MODEL: a folder with safetensors; IR: a folder with the same model for OpenVINO.
bench-generate: install-dev
	$(BIN)/python -m benchmarks.generate $(MODEL) $(addprefix --ir ,$(IR)) --data $(or $(DATA),notes)

# The lock files, from what a fresh environment resolves to today.
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet torch==2.13.0 $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	build/lock/bin/pip install --quiet .
	build/lock/bin/pip freeze --exclude ask-notes | sed 's/^torch==.*/torch==2.13.0/' > requirements.lock
	build/lock/bin/pip install --quiet '.[openvino]'
	build/lock/bin/pip freeze --exclude ask-notes | grep -vxFf requirements.lock | grep -v ^torch== > requirements-openvino.lock
	build/lock/bin/pip install --quiet '.[dev]'
	build/lock/bin/pip freeze --exclude ask-notes | grep -v ^torch== > build/all.lock
	grep -vxFf requirements.lock build/all.lock | grep -vxFf requirements-openvino.lock > requirements-dev.lock
	rm -rf build/lock build/all.lock build/lib build/bdist.* *.egg-info

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
