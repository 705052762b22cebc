// Command oneactor runs ComfyUI workflows with consistent characters. See README.md.
package main

import (
	"os"

	"github.com/oneactor/oneactor/frontend/cli"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/nodes"
)

// version is set by release builds: -ldflags "-X main.version=…".
var version = "0.1.0-dev"

func main() {
	os.Exit(cli.Main(cli.Program{
		Version: version,
		Nodes:   func() (*graph.Registry, error) { return graph.New(nodes.Builtin()...) },
		Open:    openHost,
		Bench:   benchmarks{},
		In:      os.Stdin, Out: os.Stdout, Err: os.Stderr,
	}, os.Args[1:]))
}
