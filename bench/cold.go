package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// coldPart is a picture of coldSize² in coldSteps steps by a process that starts from nothing.
const (
	coldPart  = "cold-256"
	coldSize  = 256
	coldSteps = 4
)

// coldRun is what one process took.
type coldRun struct {
	times
	peak int64
}

// measureCold starts oneactor and, in turn, PyTorch. The file's pages are in memory after the first round, as after the
// parts before.
func measureCold(ctx context.Context, o Options) (line, error) {
	base, err := os.MkdirTemp("", "oneactor-bench-*")
	if err != nil {
		return line{}, err
	}
	defer os.RemoveAll(base)
	run, err := o.coldCommand(ctx, base)
	if err != nil {
		return line{}, err
	}
	l := line{part: coldPart}
	// Linux counts what the starting process held into the peak of the started one.
	if err := resetPeak(); err != nil {
		l.notes = append(l.notes, err.Error())
	}
	var all pairs
	for range o.Rounds {
		ours, err := run()
		if err != nil {
			return line{}, err
		}
		l.memory.Peak = max(l.memory.Peak, ours.peak)
		var theirs coldRun
		if o.Python != "" {
			source := []string{"-c", peersSource, "--weights", o.Checkpoint, "--threads", strconv.Itoa(o.Threads), "--cold", strconv.Itoa(coldSize), strconv.Itoa(coldSteps)}
			if theirs, err = execute(exec.CommandContext(ctx, o.Python, source...)); err != nil {
				return line{}, fmt.Errorf("PyTorch: %w", err)
			}
			l.torchPeak = max(l.torchPeak, theirs.peak)
		}
		all.add(ours.times, theirs.times)
	}
	// Both ran on all threads, where CPU time is a little higher than on one.
	l.cpu, l.wall = all.cpu(), all.wall()
	l.notes = append(l.notes, fmt.Sprintf("CPU seconds are those of %d threads", o.Threads))
	return l, nil
}

// coldCommand lays out a base directory with the checkpoint and a workflow, and returns a function that runs it.
func (o Options) coldCommand(ctx context.Context, base string) (func() (coldRun, error), error) {
	program := o.Program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	models := filepath.Join(base, "models", "checkpoints")
	if err := os.MkdirAll(models, 0o755); err != nil {
		return nil, err
	}
	if err := os.Symlink(o.Checkpoint, filepath.Join(models, "bench.safetensors")); err != nil {
		return nil, err
	}
	workflow := filepath.Join(base, "bench.json")
	text, err := json.Marshal(coldWorkflow())
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(workflow, text, 0o644); err != nil {
		return nil, err
	}
	arguments := []string{"run", workflow, "--base-directory", base, "--device", "cpu", "--threads", strconv.Itoa(o.Threads)}
	if o.Library != "" {
		arguments = append(arguments, "--onnxruntime", o.Library)
	}
	return func() (coldRun, error) { return execute(exec.CommandContext(ctx, program, arguments...)) }, nil
}

// coldWorkflow is the text-to-image workflow in API form.
func coldWorkflow() map[string]any {
	link := func(node string, output int) []any { return []any{node, output} }
	node := func(class string, inputs map[string]any) map[string]any {
		return map[string]any{"class_type": class, "inputs": inputs}
	}
	return map[string]any{
		"1": node("CheckpointLoaderSimple", map[string]any{"ckpt_name": "bench.safetensors"}),
		"2": node("CLIPTextEncode", map[string]any{"clip": link("1", 1), "text": "a photo of a hobbit"}),
		"3": node("CLIPTextEncode", map[string]any{"clip": link("1", 1), "text": ""}),
		"4": node("EmptyLatentImage", map[string]any{"width": coldSize, "height": coldSize, "batch_size": 1}),
		"5": node("KSampler", map[string]any{
			"model": link("1", 0), "positive": link("2", 0), "negative": link("3", 0), "latent_image": link("4", 0),
			"seed": 1, "steps": coldSteps, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
		}),
		"6": node("VAEDecode", map[string]any{"samples": link("5", 0), "vae": link("1", 2)}),
		"7": node("SaveImage", map[string]any{"images": link("6", 0), "filename_prefix": "bench"}),
	}
}

// execute runs a process to its end.
func execute(c *exec.Cmd) (coldRun, error) {
	var said strings.Builder
	c.Stdout, c.Stderr = io.Discard, &said
	start := time.Now()
	if err := c.Run(); err != nil {
		return coldRun{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	wall := time.Since(start).Seconds()
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return coldRun{times: times{Wall: wall}}, nil
	}
	return coldRun{times{usageSeconds(*usage), wall}, peakBytes(usage.Maxrss)}, nil
}
