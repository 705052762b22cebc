package ort

import (
	"errors"
	"fmt"
	"strings"
)

// ErrMemory is wrapped where a GPU has too little memory for a graph or its activations.
var ErrMemory = errors.New("out of memory")

// memoryMarks are how onnxruntime, CUDA, cuBLAS and cuDNN say it.
var memoryMarks = []string{"Failed to allocate memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "Available memory of"}

// explain says which memory did not suffice, and what to try; other errors are named onnxruntime's.
func (r *Runtime) explain(err error) error {
	isMemory := func(mark string) bool { return strings.Contains(err.Error(), mark) }
	if !r.device.CUDA {
		return fmt.Errorf("onnxruntime: %w", err)
	}
	for _, mark := range memoryMarks {
		if !isMemory(mark) {
			continue
		}
		free, total := r.DeviceMemory()
		return fmt.Errorf("%w on %s (%.1f of %.1f GB are free): use a smaller batch or picture, VAEDecodeTiled for large pictures, or stop other programs on the GPU; onnxruntime: %w",
			ErrMemory, r.device, float64(free)/1e9, float64(total)/1e9, err)
	}
	return fmt.Errorf("onnxruntime: %w", err)
}
