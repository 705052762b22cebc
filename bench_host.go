package main

import (
	"context"
	"fmt"
	"io"

	"github.com/oneactor/oneactor/bench"
	"github.com/oneactor/oneactor/frontend"
)

// benchmarks is package bench as the command line sees it.
type benchmarks struct{}

func (benchmarks) WriteWeights(ctx context.Context, path, dtype string, seed uint64) error {
	switch dtype {
	case "float16", "float32":
		return bench.WriteWeights(ctx, path, bench.WeightsOptions{Seed: seed, Float32: dtype == "float32"})
	default:
		return fmt.Errorf("--dtype %q: use float16 or float32", dtype)
	}
}

func (benchmarks) Parts() []string { return bench.Parts() }

func (benchmarks) Measure(ctx context.Context, o frontend.BenchOptions, out io.Writer) error {
	return bench.Run(ctx, bench.Options{
		Checkpoint: o.Checkpoint, Python: o.Peers, Rounds: o.Rounds, Only: o.Only, Threads: o.Threads, Library: o.Library,
	}, out)
}
