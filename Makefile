# The one door. `make demo` shows the main job, `make test` runs every test; both do their own set-up.
CARGO ?= cargo
OUT   ?= out
# Properties are tried on the same inputs in every run; another seed looks further.
export PROPTEST_RNG_SEED ?= 20261124

.PHONY: demo test check fmt fmt-check lint reference reference-check bench bench-guard counts fuzz setup-tests

demo: ## Build the release binary and scan an image made from examples/demo, offline.
	$(CARGO) build --release --quiet -p seawall -p seawall-testkit
	SEAWALL_BIN="$$($(CARGO) metadata --format-version 1 --no-deps --offline | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release" \
	  sh examples/demo/run.sh $(OUT)/demo

setup-tests: ## Install the Debian packages that tests need, or name what is missing.
	sh scripts/test-packages.sh

test: setup-tests ## Run every test.
	$(CARGO) test --workspace --quiet
	$(CARGO) test --release --quiet --manifest-path fuzz/Cargo.toml
	$(MAKE) --no-print-directory fuzz
	tests/conformance/formats.sh || [ $$? -eq 77 ]
	tests/conformance/alerts.sh || [ $$? -eq 77 ]

fuzz: ## Run every fuzz target for a short fixed number of iterations.
	$(CARGO) run --release --quiet --manifest-path fuzz/Cargo.toml -- --iterations 2000 --seed 1

check: fmt-check lint reference-check ## Format, lint and generated pages.

fmt:
	$(CARGO) fmt --all

fmt-check:
	$(CARGO) fmt --all -- --check

lint: ## Clippy without warnings.
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings

reference: ## Write the generated reference pages.
	$(CARGO) run --quiet -p seawall -- reference docs/reference

reference-check:
	$(CARGO) run --quiet -p seawall -- reference docs/reference --check

bench: ## Seawall beside its peers (docs/concepts/performance.md).
	bench/peers/run.sh

bench-guard: ## What the guard costs beside workloads (docs/concepts/performance.md).
	bench/guard/run.sh

counts: ## Instruction counts of fixed scans against bench/counts/baseline.txt.
	$(CARGO) build --release --quiet -p seawall -p seawall-testkit
	bench/counts/run.sh --check
