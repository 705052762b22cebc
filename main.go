// Command oneactor runs ComfyUI workflows with consistent characters. See README.md.
package main

import (
	"context"
	"io"
	"os"
	"runtime"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/cli"
	"github.com/oneactor/oneactor/workflows"
)

// version is set by release builds: -ldflags "-X main.version=…".
var version = "0.1.0-dev"

// heapFloor is memory that is reserved and never touched: the collector counts it as live, so that it first runs when as much has been
// allocated, not at every 4 MB. Commands that end in milliseconds then end before it does; large heaps do not notice.
const heapFloor = 48 << 20

func main() {
	floor := make([]byte, heapFloor)
	p := program(os.Stdin, os.Stdout, os.Stderr, openHost)
	p.LongLived = func() { floor = nil }
	code := cli.Main(context.Background(), p, os.Args[1:])
	runtime.KeepAlive(floor)
	os.Exit(code)
}

// program joins the command line, the nodes and the runtime.
func program(in io.Reader, out, err io.Writer, open func(frontend.Settings) (frontend.Host, error)) cli.Program {
	found := &foundNodes{}
	return cli.Program{
		Version:   version,
		Nodes:     found.classes,
		Close:     found.close,
		Open:      open,
		Bench:     benchmarks{},
		Templates: workflows.Templates(),
		Canvas:    frontend.Canvas(),
		In:        in, Out: out, Err: err,
	}
}
