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
	MiB     int     `json:"mib"`     // memory of the device that its process holds after the runs
	Differs float64 `json:"differs"` // of our result from PyTorch's in float32, relative L2; 0 where it was not asked for
	Own     float64 `json:"own"`     // of PyTorch's float16 result from its float32 one
}

// torch runs the part in PyTorch, in a process of its own.
func (b *gpuBench) torch(ctx context.Context, p gpuPart, in map[string]*tensor.Tensor, ours *tensor.Tensor, mode string) (gpuReply, error) {
	path, err := b.file(ctx, p.net)
	if err != nil {
		return gpuReply{}, err
	}
	return b.ask(ctx, p.net, path, in, ours, mode, b.o.Rounds)
}

// torchPicture is pictures in PyTorch; the decoder is the one of SD 1.5, as ours.
func (b *gpuBench) torchPicture(ctx context.Context, p gpuPart, in map[string]*tensor.Tensor, mode string) (gpuReply, error) {
	path, err := b.file(ctx, p.net)
	if err != nil {
		return gpuReply{}, err
	}
	vae, err := b.file(ctx, "vae")
	if err != nil {
		return gpuReply{}, err
	}
	return b.ask(ctx, p.net, path+","+vae, in, nil, mode, 3)
}

func (b *gpuBench) ask(ctx context.Context, net, weights string, in map[string]*tensor.Tensor, ours *tensor.Tensor, mode string, rounds int) (r gpuReply, err error) {
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
	if ours != nil {
		if err := writeFloats(filepath.Join(dir, "ours"), ours.Data); err != nil {
			return r, err
		}
	}
	sizes, err := json.Marshal(shapes)
	if err != nil {
		return r, err
	}
	command := exec.CommandContext(ctx, b.o.Python, "-c", gpuPeersSource, net, weights, dir, string(sizes), mode, strconv.Itoa(rounds))
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
