# Everything a newcomer needs. Each target does its own set-up, from a clean clone on.
#   make run     a living space in the browser          make test    every test
#   make build   .venv with the arengo command          make check   linters, types, boundaries, advisories
#   make sound   what an ear hears, beside LiveKit
#   make bench   Arengo beside other servers            make wheel   a wheel that needs neither Rust nor Node
# Needs Python 3.11 or newer, Rust, Node 20 or newer, a C compiler and make.
# `make test` also needs Debian packages and installs them itself (tests/debian-packages.txt).

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust/crates -name '*.rs' -o -name Cargo.toml)
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/e2e -prune -o -path web/test-results -prune -o -type f -print)
PACKAGES := tests/debian-packages.txt

CARGO_DENY := 0.20.2

.PHONY: build run test check audit bench bench-peers bench-channel soak-attack sound bench-livekit wheel clean test-rust test-python test-web test-e2e packages lock

build: $(STAMPS)/core $(STAMPS)/web

$(STAMPS)/venv: requirements.lock
	test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Arengo needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

$(STAMPS)/core: $(STAMPS)/venv pyproject.toml $(RUST_SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin develop --release --locked
	touch $@

$(STAMPS)/node: web/package-lock.json $(STAMPS)/venv
	cd web && npm ci --no-audit --no-fund
	touch $@

$(STAMPS)/web: $(STAMPS)/node $(WEB_SOURCES)
	cd web && npm run --silent build
	touch $@

# PHONE=1 also serves https for phones on the same network, with a code to scan.
run: build
	$(BIN)/arengo demo --port $${PORT:-8000} $(if $(PHONE),--tls-local)

# ---- proof ---------------------------------------------------------------------------------

test: test-rust test-python test-web test-e2e

test-rust:
	cargo test --locked --workspace --exclude arengo-py

test-python: build wheel $(STAMPS)/dev packages
	$(BIN)/python -m pytest

test-web: $(STAMPS)/node
	cd web && npm test

test-e2e: build $(STAMPS)/dev packages
	cd web && npm run e2e

check: build $(STAMPS)/dev
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(BIN)/ruff format --check src tests benches
	$(BIN)/ruff check src tests benches
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run check
	$(MAKE) --no-print-directory audit

# Known weaknesses of what we build on, in all three languages; says so where no registry answers.
audit: $(STAMPS)/dev $(STAMPS)/node
	@$(MAKE) --no-print-directory $(STAMPS)/cargo-deny-$(CARGO_DENY) || echo "cargo-deny could not be installed."
	$(BIN)/python -m tests.audit

$(STAMPS)/cargo-deny-$(CARGO_DENY):
	cargo install --quiet --locked --root $(VENV) --version $(CARGO_DENY) cargo-deny
	touch $@

# Arengo beside other servers and beside the floor, in one run; as root, for a network of its own. What cannot be built
# here is named in the results. QUICK=1: three minutes. MINUTES=45: no new step after so long. PARTS=storm: that part alone.
# SOAK=1: twenty minutes of Arengo alone. SYSTEMS=arengo,floor: these alone.
bench: build bench-peers
	cargo build --locked --release -p arengo-bench
	$$([ "$$(id -u)" = 0 ] || echo sudo -E) target/release/arengo-bench
	$(if $(QUICK)$(MINUTES)$(SOAK)$(SYSTEMS)$(PARTS),,$(MAKE) bench-channel && target/release/arengo-bench page)

bench-peers:
	sh benches/peers/build.sh

# The space channel of a real server, with up to 10,000 readers; takes five minutes.
bench-channel: build
	cargo run --locked --release -p arengo-bench-channel -- $(CURDIR)/$(BIN)/arengo

# What an ear hears of Arengo, LiveKit and a direct connection side by side in one Chromium, under loss and without; half
# an hour. ROWS=0,15 SEEDS=1: a quick look, which is only printed. TREE=path: the server and the app of another tree.
# BEFORE=1: what later runs are compared with.
sound: build bench-livekit $(STAMPS)/sound packages
	$(BIN)/python -m benches.sound

bench-livekit:
	sh benches/peers/build.sh livekit

$(STAMPS)/sound: benches/sound/requirements.txt benches/sound/package-lock.json $(STAMPS)/dev $(STAMPS)/node
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benches/sound/requirements.txt
	cd benches/sound && npm ci --no-audit --no-fund
	touch $@

# Every attack of docs/threat-model.md at once against a server with people in it, on loopback; as root, for forged
# source addresses. Ten minutes. SECONDS=60: a minute. ROWS=1,3: these attacks alone.
soak-attack: build
	cargo build --locked --release -p arengo-bench-attack
	$$([ "$$(id -u)" = 0 ] || echo sudo) env ROWS=$(ROWS) SECONDS=$(SECONDS) target/release/arengo-bench-attack $(CURDIR)/$(BIN)/arengo

wheel: $(STAMPS)/web
	$(BIN)/maturin build --release --locked --out dist

# Debian packages that only tests use; nothing to do where they are there.
packages: $(PACKAGES)
	@missing=$$(for p in $$(grep -v '^#' $(PACKAGES)); do dpkg-query -W -f='$${Status}' "$$p" 2>/dev/null | grep -q 'ok installed' || echo "$$p"; done); \
	if [ -n "$$missing" ]; then \
	  run() { if [ "$$(id -u)" = 0 ]; then "$$@"; else sudo "$$@"; fi; }; \
	  echo "Installing for the tests:" $$missing; \
	  run env DEBIAN_FRONTEND=noninteractive apt-get update -qq; \
	  run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

# Write the lock files again after pyproject.toml changed.
lock: $(STAMPS)/dev
	$(BIN)/python -m piptools compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra build -o requirements.lock pyproject.toml
	$(BIN)/python -m piptools compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra build --extra dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) target dist web/node_modules src/arengo/web/static
