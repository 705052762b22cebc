package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/oneactor/oneactor/bench"
	"github.com/oneactor/oneactor/bench/chaos"
	"github.com/oneactor/oneactor/bench/load"
	"github.com/oneactor/oneactor/frontend"
)

// benchmarks is package bench as the command line sees it.
type benchmarks struct{}

func (benchmarks) WriteWeights(ctx context.Context, path, dtype, family string, seed uint64) error {
	if dtype != "float16" && dtype != "float32" {
		return fmt.Errorf("--dtype %q: use float16 or float32", dtype)
	}
	if family != "sd15" && family != "sdxl" {
		return fmt.Errorf("--family %q: use sd15 or sdxl", family)
	}
	return bench.WriteWeights(ctx, path, bench.WeightsOptions{Seed: seed, Float32: dtype == "float32", SDXL: family == "sdxl"})
}

func (benchmarks) GPUParts() []string { return bench.GPUParts() }

func (benchmarks) MeasureGPU(ctx context.Context, o frontend.GPUBenchOptions, out io.Writer) error {
	return bench.GPU(ctx, bench.GPUOptions{
		Folder: o.Folder, Python: o.Peers, Rounds: o.Rounds, Only: o.Only, Library: o.Library, Device: o.Device, CUDA: o.CUDA, Profile: o.Profile, Eager: o.Eager,
	}, out)
}

func (benchmarks) ServerParts() []string { return load.Parts() }

func (benchmarks) MeasureServer(ctx context.Context, o frontend.ServerBenchOptions, out io.Writer) error {
	return load.Run(ctx, load.Options{URL: o.URL, Clients: o.Clients, Rounds: o.Rounds, Only: o.Only}, out)
}

func (benchmarks) Chaos(ctx context.Context, o frontend.ChaosOptions, out io.Writer) error {
	return chaos.Run(ctx, chaos.Options{Jobs: o.Jobs, Clients: o.Clients, Kills: o.Kills, Workers: o.Workers, Seed: o.Seed}, out)
}

func (benchmarks) ActorRows() []string { return bench.ActorRows() }

func (benchmarks) MeasureTune(ctx context.Context, o frontend.BenchOptions, out io.Writer) error {
	return bench.Tune(ctx, bench.Options{Checkpoint: o.Checkpoint, Python: o.Peers, Rounds: o.Rounds, Only: o.Only, Library: o.Library}, out)
}

func (benchmarks) MeasureActor(ctx context.Context, s frontend.Settings, o frontend.ActorBenchOptions, out, log io.Writer) (err error) {
	// Trained embeddings get a folder of their own, so that the user's is left alone.
	dir, err := os.MkdirTemp("", "oneactor-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	config := filepath.Join(dir, "paths.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "bench:\n  embeddings: %q\n", dir), 0o600); err != nil {
		return err
	}
	s.ExtraModelPaths = append(slices.Clone(s.ExtraModelPaths), config)
	h, err := openHostOn(nil, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	return bench.RunActor(ctx, h.(host).Runtime, bench.ActorOptions{
		Checkpoint: o.Checkpoint, Projector: o.Projector, Targets: o.Targets, Only: o.Only, Steps: o.Steps, Rate: o.Rate, V: o.V,
		Embeddings: dir, JSON: o.JSON, Log: log,
	}, out)
}

func (benchmarks) PretrainProjector(ctx context.Context, s frontend.Settings, o frontend.ProjectorBenchOptions, log io.Writer) (name string, err error) {
	h, err := openHostOn(nil, s)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	rt := h.(host).Runtime
	return bench.RunProjector(ctx, rt, bench.ProjectorOptions{
		Checkpoint: o.Checkpoint, Name: o.Name, Clusters: o.Clusters, Steps: o.Steps, Rate: o.Rate, From: o.From,
		Folder: filepath.Join(rt.Folders.User(), "oneactor", "unfinished"), Log: log,
	})
}

func (benchmarks) Parts() []string { return bench.Parts() }

func (benchmarks) Measure(ctx context.Context, o frontend.BenchOptions, out io.Writer) error {
	return bench.Run(ctx, bench.Options{
		Checkpoint: o.Checkpoint, Python: o.Peers, Rounds: o.Rounds, Only: o.Only, Threads: o.Threads, Library: o.Library,
	}, out)
}
