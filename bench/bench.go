package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

// Options of Run; the zero value measures everything on random weights, without PyTorch.
type Options struct {
	Checkpoint string   // of Stable Diffusion 1.5 size; empty: WriteWeights makes one in a temporary folder
	Python     string   // an interpreter that has PyTorch, to compare with; empty: none
	Rounds     int      // runs of each part; 0: 5
	Only       []string // names of parts; empty: all
	Threads    int      // of the wall-clock figures; 0: one per core
	Library    string   // onnxruntime, as ort.Options has it
	Program    string   // the oneactor program, for the cold start; empty: the running one
}

// Parts lists what Run can measure.
func Parts() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	for _, p := range controlParts {
		names = append(names, p.name)
	}
	for _, p := range loraParts {
		names = append(names, p.name)
	}
	return append(names, coldPart)
}

// Run measures and prints a table with a line per part: seconds of CPU with one thread, seconds of time with all, both as
// medians, the cost of loading, and memory. With Python each run is followed by one of PyTorch; a ratio is the median of
// the pairs, below 1 where oneactor is faster.
func Run(ctx context.Context, o Options, out io.Writer) error {
	o.Rounds = cmp.Or(o.Rounds, 5)
	if o.Rounds < 1 {
		return fmt.Errorf("bench: %d rounds; use 1 or more", o.Rounds)
	}
	for _, name := range o.Only {
		if !slices.Contains(Parts(), name) {
			return fmt.Errorf("bench: part %q is not known; use some of %s", name, strings.Join(Parts(), ", "))
		}
	}
	checkpoint, remove, err := o.openCheckpoint(ctx, out)
	if err != nil {
		return err
	}
	defer remove()
	runtime, err := ort.Open(ort.Options{Library: o.Library, Device: "cpu", Threads: o.Threads})
	if err != nil {
		return err
	}
	o.Threads = runtime.Threads()
	report := runtime.Report()
	fmt.Fprintf(out, "onnxruntime %s, %d threads, %d rounds, %s\n", report.Version, o.Threads, o.Rounds, o.Checkpoint)
	if o.Python != "" {
		version, err := torchVersion(ctx, o.Python)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "PyTorch %s, float32\n", version)
	}
	t := newTable(out, o)
	measure := func(name string, measure func() (line, error)) error {
		if len(o.Only) > 0 && !slices.Contains(o.Only, name) {
			return nil
		}
		l, err := measure()
		if err != nil {
			return fmt.Errorf("bench %s: %w", name, err)
		}
		t.add(l)
		return nil
	}
	for _, p := range parts {
		if err := measure(p.name, func() (line, error) { return p.measure(ctx, o, runtime, checkpoint) }); err != nil {
			return err
		}
	}
	for _, p := range controlParts {
		if err := measure(p.name, func() (line, error) { return measureControl(ctx, o, p.name, p.size) }); err != nil {
			return err
		}
	}
	for _, p := range loraParts {
		if err := measure(p.name, func() (line, error) { return measureLoRA(ctx, o, p.name, p.module) }); err != nil {
			return err
		}
	}
	return measure(coldPart, func() (line, error) { return measureCold(ctx, o) })
}

// openCheckpoint opens the checkpoint to measure, one of random weights where none is named; remove deletes that one.
func (o *Options) openCheckpoint(ctx context.Context, out io.Writer) (c *weights.Checkpoint, remove func(), err error) {
	remove = func() {}
	if o.Checkpoint == "" {
		if remove, err = o.makeCheckpoint(ctx, out); err != nil {
			return nil, nil, err
		}
	}
	o.Checkpoint = cmp.Or(absolute(o.Checkpoint), o.Checkpoint)
	if c, err = weights.OpenCheckpoint(o.Checkpoint); err != nil {
		err = fmt.Errorf("bench: %w", err)
	} else if c.UNet == nil || c.VAE == nil || c.Text == nil {
		err = fmt.Errorf("bench: %s has no UNet, VAE and text encoder together; use a checkpoint that has", o.Checkpoint)
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return c, remove, nil
}

// makeCheckpoint writes random weights; remove deletes them.
func (o *Options) makeCheckpoint(ctx context.Context, out io.Writer) (remove func(), err error) {
	dir, err := os.MkdirTemp("", "oneactor-bench-*")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	o.Checkpoint = filepath.Join(dir, "sd15-random.safetensors")
	fmt.Fprintf(out, "writing 2.1 GB of random weights to %s\n", o.Checkpoint)
	if err := WriteWeights(ctx, o.Checkpoint, WeightsOptions{}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return func() { _ = os.RemoveAll(dir) }, nil
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	return abs
}
