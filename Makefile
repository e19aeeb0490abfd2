# The commands of 109; `make help` lists them. All of them stand on infra/local/stack109 (standard library only).
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed and was not found: apt-get install python3.11)
endif
STACK := PYTHONPATH="$(CURDIR)/infra/local" $(PYTHON) -m stack109
VENV := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: run up down status env token sim test check bench prove audit backup restore logs clean help tenants

run: ## set up what is missing and run everything in the foreground; Ctrl-C ends it
	@$(STACK) run
up: ## the same in the background; returns when ready
	@$(STACK) up
down: ## end it
	@$(STACK) down
status: ## a line per part; exit 0 only when all are healthy
	@$(STACK) status
env: ## KEY=value lines of the running stack; FOR=dispatch (hub, region): as on a server, secrets in files
	@$(STACK) env $(if $(FOR),--for $(FOR))
token: ## PERSON=operator.petropavl, region.command, operator.103@hub, service-103: an access token
	@$(STACK) token "$(PERSON)"
tenants: ## take over what changed under tenants/ (a new district) without a restart
	@$(STACK) tenants
sim: ## SERVICE=103 BEHAVIOUR=prompt MODE=live: play the machine of a desk; also slow, silent, refuses, garbage
	@$(STACK) with -- $(VENV) -m hub112.simulator --service $(or $(SERVICE),103) \
		--behaviour $(or $(BEHAVIOUR),prompt) --mode $(or $(MODE),live) --memory .local/sim
test: ## all tests on a stack of their own, group beside group; ARGS=…: one pytest for a part
	@$(STACK) --instance test against -- $(VENV) -m $(if $(strip $(ARGS)),pytest $(ARGS),tests)
check: ## formatting, lint, types, imports, tests
	@$(STACK) setup
	$(VENV) -m ruff format --check .
	$(VENV) -m ruff check .
	$(VENV) -m mypy
	$(VENV) -c 'from importlinter.cli import lint_imports_command as run; run()'
	@$(MAKE) --no-print-directory test
bench: ## ONLY=name: figures, also in .local/bench/latest.json
	@$(STACK) --instance bench against -- $(VENV) -m tests.bench $(if $(ONLY),--only $(ONLY))
prove: ## ONLY=isolation SEED=109: attacks and breakage at full size, figures in .local/prove/latest.json (docs/security.md)
	@$(STACK) --instance prove against -- $(VENV) -m tests.prove $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))
backup: ## TO=folder KEEP=7: a whole copy of the running stack, and from then on all that follows
	@$(STACK) backup $(if $(TO),--to "$(TO)") $(if $(KEEP),--keep $(KEEP))
restore: ## FROM=folder AT=2026-11-28T12:34:00Z: bring the empty stack to that moment; REPLACE=1 empties it
	@$(STACK) restore --from "$(FROM)" $(if $(AT),--at "$(AT)") $(if $(REPLACE),--replace)
audit: ## known holes in what we depend on, asked of the registries' own services (docs/supply.md)
	@$(STACK) setup
	$(VENV) -m uv tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r requirements.lock
	npm audit
logs: ## follow all logs
	@$(STACK) logs
clean: ## remove all data (asks; YES=1 does not; ALL=1 takes downloads and .venv too)
	@$(STACK) clean $(if $(YES),--yes) $(if $(ALL),--everything)
help: ## this list
	@sed -n 's/^\([a-z]*\): ## /  make \1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'
