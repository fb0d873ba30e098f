# Two commands: `make up` and `make test`. The others are parts of them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help up test check setup schema lock

# The first Python that is new enough; `make PYTHON=/path/to/python3 up` chooses another.
PYTHON ?= $(shell for one in python3 python3.13 python3.12 python3.11; do \
	$$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$one && break; done)
TRAIN ?= 1
comma := ,
EXTRAS := server$(if $(filter 0,$(TRAIN)),,$(comma)train)
VARIORUM_PORT ?= 8080
VENV := .venv/bin

# Python compiles what it uses when it first uses it; compiling all of torch beforehand takes half a minute.
define ready
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found. Install it, for example: apt-get install python3 python3-venv"; exit 1; }
	@PIP_NO_COMPILE=1 $(PYTHON) -I platform/variorum/bootstrap.py --extras $(1)
endef

help: ## list what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'
	@echo
	@echo "make up TRAIN=0          leaves the training packages (torch, transformers, peft) out"
	@echo "VARIORUM_PORT=9000 make up   takes another port; docs/operations.md lists every setting"

up: ## install, build and start everything; Ctrl-C stops it
	$(call ready,$(EXTRAS) --port $(VARIORUM_PORT))
	@exec $(VENV)/python -m variorum.up

test: ## install, then run everything that CI runs
	$(call ready,$(EXTRAS)$(comma)dev)
	@exec .ci/steps all

check: ## format, lint, types, contracts, migrations, page checks
	$(call ready,$(EXTRAS)$(comma)dev)
	@exec .ci/steps static

setup: ## install and build, start nothing; EXTRAS_TOO=s3test adds an extra
	$(call ready,$(EXTRAS)$(comma)dev$(addprefix $(comma),$(EXTRAS_TOO)))

schema: ## write frontend/openapi.json and the page's types from the code
	$(call ready,$(EXTRAS)$(comma)dev)
	@$(VENV)/python manage.py spectacular --fail-on-warn --format openapi-json --file frontend/openapi.json
	@cd frontend && npm run --silent schema

lock: ## write requirements/constraints.txt: the newest versions that pyproject.toml allows
	$(call ready,$(EXTRAS)$(comma)dev)
	@.venv/bin/python .ci/lock
