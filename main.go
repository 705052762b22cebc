// Command oneactor runs ComfyUI workflows with consistent characters. See README.md.
package main

import (
	"context"
	"io"
	"os"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/cli"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/nodes"
)

// version is set by release builds: -ldflags "-X main.version=…".
var version = "0.1.0-dev"

func main() {
	os.Exit(cli.Main(context.Background(), program(os.Stdin, os.Stdout, os.Stderr, openHost), os.Args[1:]))
}

// program joins the command line, the nodes and the runtime.
func program(in io.Reader, out, err io.Writer, open func(frontend.Settings) (frontend.Host, error)) cli.Program {
	return cli.Program{
		Version: version,
		Nodes:   func() (*graph.Registry, error) { return graph.New(nodes.Builtin()...) },
		Open:    open,
		Bench:   benchmarks{},
		In:      in, Out: out, Err: err,
	}
}
