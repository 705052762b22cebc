package ort

import (
	"errors"
	"strings"
	"testing"
)

// Messages of onnxruntime 1.31's CUDA provider.
func TestExplainMemory(t *testing.T) {
	gpu, cpu := &Runtime{device: Device{CUDA: true}}, &Runtime{}
	full := errors.New("Non-zero status code returned while running Conv node. Failed to allocate memory for requested buffer of size 4294967296")
	if err := gpu.explain(full); !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "smaller batch") || !strings.Contains(err.Error(), "4294967296") {
		t.Errorf("got %v", err)
	}
	for _, err := range []error{gpu.explain(errors.New("CUDA failure 700: an illegal memory access")), cpu.explain(full)} {
		if errors.Is(err, ErrMemory) {
			t.Errorf("%v is no shortage of a GPU's memory", err)
		}
	}
}

func TestMissingCUDA(t *testing.T) {
	there := Attempt{Path: "/cuda/libcudart.so.13"}
	for want, attempts := range map[string][]Attempt{
		"":                 {there},
		"no NVIDIA driver": {{Path: cudaDriver, Problem: "no such file"}, there},
		"make cuda":        {there, {Path: "libcudnn.so.9", Problem: "no such file"}},
	} {
		err := missingCUDA(attempts)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", attempts, err, want)
		}
	}
}
