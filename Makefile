PYTHON ?= python3
PORT ?= 8080
DIR ?=
ARGS ?=
JOBS ?= 2

.PHONY: run test test-standards soak bench lint types clean environment test-environment

run: environment  ## set up and run the whole platform on one machine: http://localhost:$(PORT)
	@exec .venv/bin/ansinh up --port $(PORT)

test: test-environment  ## set up and run every test; needs Java 17, Maven, Chromium and Caddy too
	@.venv/bin/python -m pytest -n $(JOBS) --dist loadfile --ignore=tests/standards --ignore=tests/bench $(ARGS)

test-standards: test-environment  ## hold our messages against the official schemas in DIR
	@.venv/bin/python -m deploy.standards "$(DIR)"
	@ANSINH_STANDARDS_DIR="$(DIR)" .venv/bin/python -m pytest tests/standards $(ARGS)

soak: test-environment  ## the same tests at full size
	@ANSINH_SOAK=1 .venv/bin/python -m pytest --ignore=tests/standards --ignore=tests/bench $(ARGS)

bench: test-environment  ## print figures, each beside the raw limit of the same run; ARGS="--full search": a province
	@.venv/bin/python -m tests.bench $(ARGS)

lint: test-environment  ## ruff, mypy strict, and the direction of imports
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

environment:
	@$(PYTHON) deploy/environment.py

test-environment:
	@$(PYTHON) deploy/environment.py --test

clean:  ## forget the environment; the platform's data in .ansinh stay
	rm -rf .venv .venv-uv
