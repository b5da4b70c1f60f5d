# make test    everything: system packages, virtualenv, lint, then the tests part by part
# make web     the pages that browsers are served (needs npm)
# make lint    ruff, mypy --strict, import contracts
# make project sources, documents, manifests and examples keep their shape
# make unit    the fast tests only (no libvirt needed)
# make laws    what holds whatever happens, tried on hundreds of random cases
# make bench   the benchmarks, one JSON line each
# make demo    machines from examples/ on real QEMU; make demo-down removes every trace

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -q -rs
# More workers than two cores: most of the time they wait, for servers. With a cluster they wait more, and most with libvirt and its guests.
BY_FILE := --dist loadfile --no-loadscope-reorder
SPREAD := -n 3 $(BY_FILE)
WAITING := -n 6 $(BY_FILE)
# Each worker has an API server of its own, which works for half a minute before the first test.
CLUSTERS := -n 5 $(BY_FILE)
IDLING := -n 8 $(BY_FILE)
# What depends on a browser most: keys, many tabs, large files, a screen.
FIREFOX := $(addprefix tests/page/test_,by_keyboard_alone.py one_stream_for_all_tabs.py an_image_is_uploaded.py) \
	tests/e2e/test_console_in_a_browser.py
# What of the API is tried over a cluster, too. Files are named, since each worker imports all that it is given.
OVER_A_CLUSTER := test_v* test_br* *json_patch* *marks_in_templates* *what_they_take*
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PINS   := pyproject.toml $(wildcard requirements/*.txt)
BENCHMARKS := converge guests restart idle heal edit list authz signin memory scale rollout probes kubernetes startup overlay snapshot upload attach contracts start webrtc page

# Python keeps what it compiles, whatever the environment says: without that each process of the tests compiles all of it, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: test web lint project unit laws accounts libvirt api page contracts kubernetes e2e bench demo demo-down system system-demo venv venv-demo
.NOTPARALLEL:

test: lint project unit laws accounts libvirt api page contracts kubernetes e2e
	@echo "== all passed"

# Says what is missing and why; installs it as root (or through sudo), and is silent when all is there.
system:
	@scripts/install-system

venv: system $(VENV)/.installed web/.built

# $(call install,LAYERS): the pinned packages of these files of requirements/, and this clone. pip checks each package's hash. What builds
# comes first, and builds without isolation: else pip would fetch builders that nothing pins. Python compiles what is imported, when it is;
# pip would compile the rest, too, for as long as it takes to install all of it.
define install
	@echo "== virtualenv: $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/build.txt
	$(PIP) --no-compile --require-hashes --no-build-isolation $(foreach layer,$(1),-r requirements/$(layer).txt)
	$(PIP) --no-compile --no-deps --no-build-isolation -e .
	@touch $@
endef

$(VENV)/.installed: $(PINS)
	$(call install,run kubernetes postgresql webrtc dev)

# The pages, with what they need of others (noVNC, xterm.js): each package by its hash.
web: web/.built

web/.built: scripts/build-web web/package.json web/package-lock.json web/build.mjs $(wildcard web/console/* web/viewer/* web/page/* web/page/*/*)
	@echo "== pages: api/homeostat_api/static/web"
	@scripts/build-web
	@touch $@

lint: venv web/.built
	@echo "== lint: ruff"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@echo "== lint: mypy"
	$(BIN)/mypy
	@echo "== lint: import contracts"
	$(BIN)/lint-imports --no-logo
	@echo "== lint: the page"
	cd web && npm run --silent lint && npm run --silent types

# $(call part,FOLDER,OPTIONS): the tests of one folder, announced; an empty folder says so.
define part
	@if find tests/$(1) -name 'test_*.py' 2>/dev/null | grep -q .; then \
		echo "== tests: $(1)"; $(PYTEST) $(2) tests/$(1); \
	else echo "== tests: $(1): none yet"; fi
endef

project: venv
	$(call part,project)

# Three processes, each with rooms of its own: the workers of xdist would each import and collect all of them. They are three for two
# processors since the first ones also wait, for files and programs. What those say comes last.
WAITING_ROOMS := $(addprefix tests/unit/,runtime store)
MIXED_ROOMS := $(addprefix tests/unit/,cli service consoles)
unit: venv
	@echo "== tests: unit, in three parts"
	@said=$$(mktemp -d); trap 'rm -rf "$$said"' EXIT; trap 'kill $$waiting $$mixed; exit 130' INT TERM; \
	$(PYTEST) $(WAITING_ROOMS) >"$$said/waiting" 2>&1 & waiting=$$!; \
	$(PYTEST) $(MIXED_ROOMS) >"$$said/mixed" 2>&1 & mixed=$$!; \
	failed=0; $(PYTEST) tests/unit $(addprefix --ignore=,$(WAITING_ROOMS) $(MIXED_ROOMS)) || failed=1; \
	wait $$waiting || failed=1; wait $$mixed || failed=1; cat "$$said/waiting" "$$said/mixed"; exit $$failed

laws: venv
	$(call part,laws,-n 2)

# In SQLite's file, then in a PostgreSQL of their own, which runs as a user without rights.
accounts: venv
	$(call part,accounts,-n 2 --ignore=tests/accounts/postgresql)
	@echo "== tests: accounts, once more in PostgreSQL, and what only a server does"
	@HOMEOSTAT_TEST_DATABASE=postgresql $(PYTEST) -n 2 tests/accounts $(addprefix --ignore=tests/accounts/,sqlite commands http)

libvirt: venv
	$(call part,libvirt,$(IDLING))

api: venv
	$(call part,api,$(WAITING))

# The page's own rules first, then the page in a browser.
page: venv
	@echo "== tests: page, without a browser"
	@cd web && npm run --silent test
	$(call part,page,$(SPREAD))
	@echo "== tests: page and a console, in Firefox"
	@HOMEOSTAT_BROWSER=firefox $(PYTEST) $(SPREAD) $(FIREFOX)

# One server for all tests of a contract: they stay together.
contracts: venv
	$(call part,contracts,-n 4 --dist loadgroup)

# The API server comes from KUBEBUILDER_ASSETS, or is built once into the cache, which the script announces.
kubernetes: venv
	@tests/rig/kubernetes/build-apiserver >/dev/null
	$(call part,kubernetes,$(CLUSTERS))
	@echo "== tests: api, over a cluster's resources: the contract once more"
	@HOMEOSTAT_TEST_MODE=kubernetes $(PYTEST) $(SPREAD) $(wildcard $(addprefix tests/api/,$(OVER_A_CLUSTER:=.py)))
	@echo "== tests: contracts, over a cluster's resources: of each some"
	@HOMEOSTAT_TEST_MODE=kubernetes $(PYTEST) -n 4 --dist loadgroup $(wildcard $(addprefix tests/contracts/*/test_,q08*.py l23*.py n43*.py s28*.py))

e2e: venv
	$(call part,e2e,$(IDLING))

bench: venv
	@set -e; for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks $$name; done

# Only what the demo needs: no compiler of the API server, no browser, no tools of the tests.
system-demo:
	@scripts/install-system demo

venv-demo: system-demo $(VENV)/.demo

$(VENV)/.demo: $(PINS)
	$(call install,run)

demo: venv-demo
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory web; else echo '== no npm: without it there is no page with a console'; fi
	@scripts/demo

demo-down:
	@scripts/demo down
