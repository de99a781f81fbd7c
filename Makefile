# What one does here. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo network test check format lock openapi verifier vectors bench bench-peers bench-ledger fuzz prove conformance certify clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## make .venv and install what the lock file names

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: go
go: setup
	@command -v go >/dev/null || test -x $(BIN)/go || $(BIN)/python -m pip install --quiet --require-hashes --requirement go.lock

.PHONY: engine
engine: setup ## get the replicated ledger's engine, CometBFT, and check it
	@$(BIN)/tidegate ledger engine 2>/dev/null || { $(MAKE) --silent go && $(BIN)/tidegate ledger engine; }

.PHONY: chromium
chromium: setup
	@{ command -v chromium && $(BIN)/playwright --version; } >/dev/null 2>&1 || { test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium libatomic1 >/dev/null; } || { echo "Chromium, or what drives it, is missing: apt-get install chromium libatomic1 (as root)"; exit 1; }

.PHONY: strace
strace:
	@command -v strace >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq strace >/dev/null; } || { echo "strace is missing: apt-get install strace (as root)"; exit 1; }

demo: setup ## tell the whole story on this machine; files in build/demo/
	$(BIN)/tidegate demo --out build/demo

network: engine ## four organisations' nodes and two gateways on this machine, the story across them; build/network/
	$(BIN)/tidegate network demo --home build/network

.PHONY: nginx
nginx:
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light >/dev/null; } || { echo "nginx is missing: apt-get install nginx-light (as root)"; exit 1; }

.PHONY: clients
clients: setup
	@$(BIN)/python -m tests.clients

test: setup chromium strace nginx go engine clients ## run every test
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: setup ## format, lint, types, layers, drift of generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/tidegate openapi --check

format: setup ## rewrite the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve the dependencies anew into requirements.lock (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

openapi: setup ## write the OpenAPI documents
	$(BIN)/tidegate openapi

verifier: setup ## put the browser's verifier together from its parts
	$(BIN)/python -m gateway.verifier.build

vectors: setup ## make the vectors of evidence anew
	$(BIN)/python -m tests.vectors.make_evidence

bench: setup ## measure beside the baselines, for some minutes
	$(BIN)/python -m benchmarks

bench-peers: setup ## the same, beside an authorization and a resource server on Node too
	$(BIN)/python -m benchmarks --peers

bench-ledger: setup engine ## measure the replicated ledger beside the engine's key-value store
	$(BIN)/python -m benchmarks.ledger

FUZZ_SECONDS ?= 5

fuzz: setup ## fuzz every parser, each for FUZZ_SECONDS
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement tests/fuzz/requirements.txt 2>/dev/null || echo "No wheel of Atheris for this machine: inputs are mutated without regard to coverage"
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

KILLS ?= 500
RESTARTS ?= 50
SOAK_SECONDS ?= 600
NODE_KILLS ?= 100
CLAIMS ?= 1000
SEQUENCES ?= 100
PROOF_FUZZ_SECONDS ?= 60

prove: setup strace engine ## kill, restart, soak and fuzz at length; the report is docs/proof.md
	$(BIN)/python -m tests.prove --kills $(KILLS) --restarts $(RESTARTS) --soak-seconds $(SOAK_SECONDS) \
		--node-kills $(NODE_KILLS) --claims $(CLAIMS) --sequences $(SEQUENCES) --fuzz-seconds $(PROOF_FUZZ_SECONDS)

conformance: setup chromium nginx clients ## let a certified client go all the way, as make test does too
	$(BIN)/pytest -q tests/clients

certify: setup chromium nginx ## let the OpenID Foundation's conformance suite judge; SUITE=<folder of the suite, started>
	@test -n "$(SUITE)" || { echo "SUITE is missing: make certify SUITE=<folder of the suite>; see docs/conformance.md"; exit 1; }
	$(BIN)/python -m tests.conformance --suite $(SUITE)

clean: ## remove what was built, the virtual environment included
	rm -rf .venv build
