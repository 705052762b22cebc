# The two commands of a fresh machine are `make demo` and `make test`; each does its own set-up.

GO       ?= go
WEB      := frontend/web
# onnxruntime ships inside this npm package; its install script, which would download more, never runs.
ORT      := $(WEB)/node_modules/onnxruntime-node/package.json
SOURCES  := $(shell find . -name node_modules -prune -o \( -name '*.go' -o -name '*.gz' -o -name '*.s' \) -print) go.mod go.sum
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: demo test build bench check setup clean

demo: setup bin/oneactor ## base set, tuning, six scenes, contact sheet; prints scores and the path of the sheet
	bin/oneactor run workflows/demo.json

test: setup ## every test, with onnxruntime; golden fixtures are read from ../shared/golden where it is there
	@ONEACTOR_REQUIRE_ORT=1 $(GO) test -timeout 20m -json ./... ./.ci/summary | $(GO) run ./.ci/summary

build: bin/oneactor

bin/oneactor: $(SOURCES)
	CGO_ENABLED=1 $(GO) build -trimpath -o $@ .

bench: setup bin/oneactor ## Go benchmarks, then the models (add PEERS=1 to measure PyTorch in the same run)
	$(GO) test -run '^$$' -bench . ./...
	bin/oneactor bench $(if $(PEERS),--peers)

check: ## formatting, vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./... ./.ci/summary
	$(GO) run $(STATICCHECK) ./... ./.ci/summary

setup: $(ORT)

$(ORT): $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

clean:
	rm -rf bin $(WEB)/node_modules $(WEB)/dist
