package bench

import (
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/oneactor/oneactor/runtime/tensor"
)

//go:embed peers_gpu.py
var gpuPeersSource string

// gpuReply is what peers_gpu.py prints.
type gpuReply struct {
	Seconds float64 `json:"seconds"` // median of a run
	MiB     int     `json:"mib"`     // highest memory of its allocator, weights included
	Differs float64 `json:"differs"` // of our result from PyTorch's in float32, relative L2; 0 where it was not asked for
	Own     float64 `json:"own"`     // of PyTorch's float16 result from its float32 one
}

// torch runs the part in PyTorch, in a process of its own.
func (b *gpuBench) torch(ctx context.Context, p gpuPart, weights string, in map[string]*tensor.Tensor, ours *tensor.Tensor, compile bool) (r gpuReply, err error) {
	dir, err := os.MkdirTemp("", "oneactor-peer-*")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	shapes := map[string][]int{}
	for name, t := range in {
		shapes[name] = t.Shape
		if err := writeFloats(filepath.Join(dir, name), t.Data); err != nil {
			return r, err
		}
	}
	if err := writeFloats(filepath.Join(dir, "ours"), ours.Data); err != nil {
		return r, err
	}
	sizes, err := json.Marshal(shapes)
	if err != nil {
		return r, err
	}
	mode := "eager"
	if compile {
		mode = "compile"
	}
	command := exec.CommandContext(ctx, b.o.Python, "-c", gpuPeersSource, p.net, weights, dir, string(sizes), mode, strconv.Itoa(b.o.Rounds))
	command.Stderr = os.Stderr
	answer, err := command.Output()
	if err != nil {
		return r, fmt.Errorf("PyTorch: %w", err)
	}
	return r, json.Unmarshal(answer, &r)
}

func writeFloats(path string, data []float32) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := binary.Write(file, binary.LittleEndian, data); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
