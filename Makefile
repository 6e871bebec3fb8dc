# One Window (一窗). `make` explains; on a fresh machine `make run` and `make test` do all the set-up they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

STATE ?= state
SHEETS ?=
SECOND_LOOK ?=
RESIDENTS ?= 60
MINUTES ?= 10
WORKERS ?= 2
DEVICES ?=

VENV := .venv
BIN := $(VENV)/bin
STAMPS := .run
PACKAGES := broker firmware edge central provisioning
READY := $(VENV)/.ready
COMMA := ,
EDITABLE := $(foreach package,$(PACKAGES),-e ./$(package)$(if $(filter firmware,$(package)),[simulators$(COMMA)drivers])$(if $(filter central,$(package)),[postgresql$(COMMA)second-look]))

define HELP
One Window (一窗): a service hall on one machine.

  make run                 Set up what is missing, make the demonstration hall, start it, print its addresses.
                           Ctrl-C stops it. What it knows stays in ./state and is there again at the next start.
      SHEETS=folder        … with your own photographs as what lies under the cameras
      SECOND_LOOK=yes      … and central reads the pages by machine (0.9 GB of memory more)
      STATE=folder         … with another state folder (the same for visit, day and forget)
  make visit               While it runs: send one resident through it, told line by line with times.
  make day RESIDENTS=60    While it runs: a mixed day at many times real speed, and the hall's figures at its end.
  make forget              Throw the demonstration hall away: its papers, its ledger, its keys.

  make test                Set up what is missing and run all tests (WORKERS=2 at a time).
  make test-devices        The drivers on real kernel devices, without a Pi: in a Debian root and an emulated machine.
                           As root. Quicker the second time; DEVICES=--from-nothing makes all anew, --help tells more.
  make check               Style, types, import rules, and all tests.
  make bench               How fast it is, beside the floor of the same run; also written to bench.json.
  make soak MINUTES=10     Kill edge, broker and central at random while packets pass; count what is lost.

  make lock                Remake requirements.lock from the five folders and the tools.
  make clean               Remove the virtual environment and the caches; ./state stays.
endef
export HELP

.PHONY: help run visit day forget test test-devices check bench soak lock clean

help:
	@echo "$$HELP"

run: $(STAMPS)/packages-run $(READY)
	@exec $(BIN)/onewindow-provision run --state '$(STATE)' $(if $(SHEETS),--sheets '$(SHEETS)') $(if $(SECOND_LOOK),--second-look)

visit: $(READY)
	@exec $(BIN)/onewindow-provision visit --state '$(STATE)'

day: $(READY)
	@exec $(BIN)/onewindow-provision day --state '$(STATE)' --residents '$(RESIDENTS)'

forget: $(READY)
	@exec $(BIN)/onewindow-provision forget --state '$(STATE)'

test: $(STAMPS)/packages-test $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-devices: $(STAMPS)/packages-devices $(READY)
	@exec $(BIN)/python -m tests.devices $(DEVICES)

check: $(STAMPS)/packages-test $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict $(PACKAGES) tests
	$(BIN)/lint-imports
	$(MAKE) test

bench: $(STAMPS)/packages-test $(READY)
	$(BIN)/python -m tests.bench

soak: $(STAMPS)/packages-run $(READY)
	$(BIN)/python -m tests.soak --minutes '$(MINUTES)'

lock: $(READY)
	python3 -m venv $(STAMPS)/uv
	$(STAMPS)/uv/bin/pip install -q uv
	$(STAMPS)/uv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    $(foreach package,$(PACKAGES),--no-emit-package onewindow-$(package)) \
	    --group pyproject.toml:dev requirements.in -o requirements.lock
	rm -rf $(STAMPS)/uv

clean:
	rm -rf $(VENV) $(STAMPS) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: done once, and again when what it rests on has changed --------------------------------------------------

$(STAMPS)/packages-run $(STAMPS)/packages-test $(STAMPS)/packages-devices: $(STAMPS)/packages-%: provisioning/system-packages.sh
	@mkdir -p $(STAMPS)
	@provisioning/system-packages.sh $*
	@touch $@

$(READY): requirements.lock $(PACKAGES:%=%/pyproject.toml) | $(STAMPS)/packages-run
	@provisioning/python-environment.sh $(VENV)
	@echo 'Installing the Python packages of requirements.lock: a few minutes, without a word unless something is wrong'
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation $(EDITABLE)
	@touch $@
