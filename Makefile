# The commands of a working copy; `make help` lists them. Nothing here needs a GPU.
PYTHON ?=
IMAGE ?= paddleocr-watcher
BASE_IMAGE ?=
SEEDS ?= 10000
BENCH ?=
BIN := .venv/bin

# A recipe that installs never runs beside one that uses what it installs.
.NOTPARALLEL:
.PHONY: help run test check bench sim chaos fuzz image image-test docs pictures venv deps run-deps
.DEFAULT_GOAL := help

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: run-deps venv ## Read three sample documents in ./data and go on watching ./data/incoming (Ctrl-C ends it)
	@bash scripts/run.sh

test: deps venv ## Run all tests
	@status=0; $(BIN)/python -m pytest || status=$$?; bash scripts/paddle.sh test || status=$$?; exit $$status

check: venv ## Lint, format, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: deps venv ## Measure the daemon against plain alternatives, five pairs a row (BENCH='--rows folder --pairs 7')
	@PYTHONPATH=tests:. $(BIN)/python -m benchmarks $(BENCH)

sim: venv ## Run replicas through SEEDS=10000 seeded histories of faults, and check that nothing is lost or doubled
	@PYTHONPATH=tests:. $(BIN)/python -m simulation --seeds $(SEEDS)

chaos: deps venv ## Kill, freeze and cut off replicas on a real S3 server (CHAOS_SECONDS=300 CHAOS_DOCUMENTS=500 CHAOS_SEED=1)
	@PYTHONPATH=tests:. $(BIN)/python -m chaos

fuzz: venv ## Fuzz what reads hostile bytes, coverage-guided, FUZZ_SECONDS=60 in all; what is found is kept under tests/fuzz/corpus
	@PYTHONPATH=tests:. $(BIN)/python -m fuzz

image: ## Build the container image (BASE_IMAGE=... for another GPU)
	@bash scripts/image.sh '$(IMAGE)' '$(BASE_IMAGE)'

image-test: deps venv ## Build the image on a stand-in for its base and run it, without a container engine (as root)
	@$(BIN)/python -m pytest tests/image

docs: venv ## Build the pages as a site in build/site (with Python 3.11 or newer); a broken link fails
	@test -x $(BIN)/mkdocs || { echo "make docs needs .venv with Python 3.11 or newer: remove .venv, then make docs PYTHON=python3.11" >&2; exit 1; }
	@$(BIN)/python scripts/site_pages.py build/site-pages
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Open build/site/index.html; for the search: $(BIN)/python -m http.server --bind 127.0.0.1 --directory build/site 8000"

pictures: deps venv ## Make the pictures of the README anew, from real runs on the samples
	@PYTHONPATH=tests:. $(BIN)/python -m docs.pictures

venv: .venv/.installed ## Make .venv with the pinned packages (PYTHON=python3.12 chooses the interpreter)

.venv/.installed: pyproject.toml constraints.txt
	@bash scripts/venv.sh '$(PYTHON)'
	@touch $@

deps: run-deps ## Install the system packages and servers that `run` and `test` use, where they are missing
	@bash scripts/deps.sh test
	@bash scripts/swift.sh
	@bash scripts/paddle.sh

run-deps:
	@bash scripts/deps.sh run
