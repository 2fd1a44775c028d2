PYTHON ?= python3
BIN := .venv/bin

demo: .venv/ready  ## set up, then run the whole example without a key
	@"$(BIN)/judgekit" demo .judgekit/demo
test: .venv/ready  ## the default suite, on two cores
	@"$(BIN)/python" -m pytest -q -n 2 -m "not slow and not browser and not ray"
check: .venv/ready  ## format, lint, types
	@"$(BIN)/ruff" format --check . && "$(BIN)/ruff" check . && "$(BIN)/mypy"
oracles: .venv/ready  ## our statistics beside the reference packages, in environments of their own
	@for kind in oracles oracles-irrcac oracles-evaluation; do pip=".judgekit/$$kind/bin/python -m pip install -q --disable-pip-version-check"; \
	  alone="tests/oracles/$$kind.alone.txt"; test -e ".judgekit/$$kind/ready" || ("$(PYTHON)" -m venv ".judgekit/$$kind" \
	  && $$pip -r "tests/oracles/$$kind.txt" && (! test -e "$$alone" || $$pip --no-deps -r "$$alone") \
	  && touch ".judgekit/$$kind/ready") || exit 1; done
	@"$(BIN)/python" -m tests.oracles.run
ray: .venv/ready  ## runs spread over real Ray, in an environment of its own that borrows the rest from .venv
	@test -e .judgekit/ray/ready || ("$(BIN)/python" -m venv .judgekit/ray && .judgekit/ray/bin/python -c 'import sysconfig; from pathlib import Path; \
	  own = sysconfig.get_path("purelib"); lent = own.replace("/.judgekit/ray/", "/.venv/"); \
	  Path(own, "lent.pth").write_text(f"import site; site.addsitedir({lent!r})")' \
	  && .judgekit/ray/bin/python -m pip install -q --disable-pip-version-check 'ray[data]>=2.52,<3' && touch .judgekit/ray/ready)
	@.judgekit/ray/bin/python -m pytest -q -m ray tests/cli/test_cli_ray.py
.venv/ready: requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit("judgekit needs Python 3.11 to 3.13: make PYTHON=python3.12 ..." if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	@"$(PYTHON)" -m venv .venv && "$(BIN)/python" -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@"$(BIN)/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . && touch .venv/ready
.PHONY: demo test check oracles ray
