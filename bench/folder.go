package bench

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
)

// modelFolder is a base directory with the checkpoint and, in another folder of models, a file of random weights; both are called
// bench.safetensors.
func modelFolder(ctx context.Context, o Options, kind string, weights []weight) (base string, err error) {
	if base, err = os.MkdirTemp("", "oneactor-bench-*"); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(base))
		}
	}()
	for _, dir := range []string{"checkpoints", kind} {
		if err := os.MkdirAll(filepath.Join(base, "models", dir), 0o755); err != nil {
			return "", err
		}
	}
	if err := os.Symlink(o.Checkpoint, filepath.Join(base, "models", "checkpoints", "bench.safetensors")); err != nil {
		return "", err
	}
	file, err := os.Create(filepath.Join(base, "models", kind, "bench.safetensors"))
	if err != nil {
		return "", err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	err = writeWeights(ctx, out, weights, WeightsOptions{Seed: 1})
	return base, errors.Join(err, out.Flush(), file.Close())
}
