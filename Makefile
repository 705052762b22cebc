# The two commands of a fresh machine are `make demo` and `make test`; each does its own set-up.

GO       ?= go
WEB      := frontend/web
# onnxruntime ships inside this npm package; its install script, which would download more, never runs.
ORT      := $(WEB)/node_modules/onnxruntime-node/package.json
SOURCES  := $(shell find . -name node_modules -prune -o \( -name '*.go' -o -name '*.gz' -o -name '*.s' \) -print) go.mod go.sum
PAGE_SOURCES := $(shell find frontend/web/src -type f) $(WEB)/index.html $(WEB)/vite.config.ts
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

E2E      := $(WEB)/e2e

.PHONY: demo test build bench check setup cuda e2e chaos fuzz clean

demo: setup bin/oneactor ## base set, tuning, six scenes, contact sheet; prints scores and the path of the sheet
	bin/oneactor run workflows/demo.json

test: setup ## every test, with onnxruntime; golden fixtures are read from ../shared/golden where it is there
	@ONEACTOR_REQUIRE_ORT=1 $(GO) test -timeout 20m -json ./... ./.ci/summary | $(GO) run ./.ci/summary

build: bin/oneactor

# The page is built when its sources have changed.
PAGE     := $(WEB)/dist/index.html

bin/oneactor: $(SOURCES) $(PAGE)
	CGO_ENABLED=1 $(GO) build -trimpath -tags nomsgpack -o $@ .

bench: setup bin/oneactor ## Go benchmarks, then the models (add PEERS=1 to measure PyTorch in the same run)
	$(GO) test -run '^$$' -bench . ./...
	bin/oneactor bench $(if $(PEERS),--peers)
	bin/oneactor bench serve

check: setup ## formatting, vet, staticcheck; types, rules and tests of the page
	cd $(WEB) && npm run --silent check
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./... ./.ci/summary
	$(GO) run $(STATICCHECK) ./... ./.ci/summary

e2e: setup bin/oneactor $(E2E)/.venv/ready $(E2E)/node_modules/ready ## clients and front ends of others, and pages, in a browser (Debian's chromium)
	cd $(E2E) && npm test

$(E2E)/.venv/ready: $(E2E)/requirements.txt
	python3 -m venv $(E2E)/.venv
	$(E2E)/.venv/bin/pip install --quiet --disable-pip-version-check -r $(E2E)/requirements.txt
	@touch $@

$(E2E)/node_modules/ready: $(E2E)/package.json $(E2E)/package-lock.json
	cd $(E2E) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

cuda: bin/oneactor ## for an NVIDIA GPU: onnxruntime-gpu and what is missing of CUDA 13 and cuDNN 9, beside the binary (2 GB)
	$(GO) run ./deploy/cuda bin
	bin/oneactor doctor --device cuda

fuzz: setup ## every fuzz target of the repository, FUZZTIME each (60s)
	@set -e; for p in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do \
	  for t in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "== $$p $$t"; $(GO) test -run '^$$' -fuzz "^$$t$$" -fuzztime $(or $(FUZZTIME),60s) $$p; \
	  done; \
	done

chaos: bin/oneactor ## kill -9 of servers and workers while jobs come (CHAOS="--jobs 200 --kills 10" is the short form)
	bin/oneactor bench chaos $(CHAOS)
	bin/oneactor bench chaos --workers 2 $(CHAOS)

$(PAGE): $(ORT) $(PAGE_SOURCES)
	cd $(WEB) && npm run --silent build

setup: $(ORT)

$(ORT): $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

clean:
	rm -rf bin $(WEB)/node_modules $(WEB)/dist/assets $(PAGE) $(E2E)/node_modules $(E2E)/.venv $(E2E)/artefacts
