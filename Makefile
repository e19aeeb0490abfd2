# The commands of 109; `make help` lists them. All of them stand on infra/local/stack109 (standard library only).
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed and was not found: apt-get install python3.11)
endif
STACK := PYTHONPATH="$(CURDIR)/infra/local" $(PYTHON) -m stack109
VENV := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: run up down status env token sim test check bench logs clean help tenants

run: ## set up what is missing and run everything in the foreground; Ctrl-C ends it
	@$(STACK) run
up: ## the same in the background; returns when ready
	@$(STACK) up
down: ## end it
	@$(STACK) down
status: ## a line per part; exit 0 only when all are healthy
	@$(STACK) status
env: ## KEY=value lines of the running stack
	@$(STACK) env
token: ## PERSON=operator.petropavl, operator.103@hub, service-103: an access token
	@$(STACK) token "$(PERSON)"
tenants: ## take over what changed under tenants/ (a new district) without a restart
	@$(STACK) tenants
sim: ## SERVICE=103 BEHAVIOUR=prompt MODE=live: play the machine of a desk; also slow, silent, refuses, garbage
	@$(STACK) with -- $(VENV) -m hub112.simulator --service $(or $(SERVICE),103) \
		--behaviour $(or $(BEHAVIOUR),prompt) --mode $(or $(MODE),live) --memory .local/sim
test: ## ARGS=…: all tests on a stack of their own
	@$(STACK) --instance test against -- $(VENV) -m pytest $(ARGS)
check: ## formatting, lint, types, imports, tests
	@$(STACK) setup
	$(VENV) -m ruff format --check .
	$(VENV) -m ruff check .
	$(VENV) -m mypy
	$(VENV) -c 'from importlinter.cli import lint_imports_command as run; run()'
	@$(MAKE) --no-print-directory test
bench: ## ONLY=name: figures, also in .local/bench/latest.json
	@$(STACK) --instance bench against -- $(VENV) -m tests.bench $(if $(ONLY),--only $(ONLY))
logs: ## follow all logs
	@$(STACK) logs
clean: ## remove all data (asks; YES=1 does not; ALL=1 takes downloads and .venv too)
	@$(STACK) clean $(if $(YES),--yes) $(if $(ALL),--everything)
help: ## this list
	@sed -n 's/^\([a-z]*\): ## /  make \1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'
