package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/weights"
)

// Parameter counts of Stable Diffusion 1.5 as published: UNet, autoencoder, CLIP ViT-L/14 text model.
func TestSD15Counts(t *testing.T) {
	want := map[string]int64{"model.diffusion_model.": 859_520_964, "first_stage_model.": 83_653_863, "cond_stage_model.": 123_060_480}
	got := map[string]int64{}
	seen := map[string]bool{}
	for _, w := range sd15() {
		if seen[w.name] {
			t.Errorf("%s twice", w.name)
		}
		seen[w.name] = true
		for prefix := range want {
			if strings.HasPrefix(w.name, prefix) && w.kind != positions {
				got[prefix] += w.count()
			}
		}
	}
	for prefix, n := range want {
		if got[prefix] != n {
			t.Errorf("%s has %d values; want %d", prefix, got[prefix], n)
		}
	}
}

// The parameter count of SDXL's UNet as published.
func TestSDXLCount(t *testing.T) {
	var got int64
	for _, w := range sdxlUNet() {
		got += w.count()
	}
	if want := int64(2_567_463_684); got != want {
		t.Errorf("%d values; want %d", got, want)
	}
}

// some weights of every kind, with lengths that do not fill whole words.
var some = []weight{
	{"a.weight", []int{30, 20, 3, 3}, matrix}, {"b.weight", []int{5}, gain}, {"b.bias", []int{7}, bias},
	{"c", []int{3, 1}, embedding}, {"d", []int{1, 5}, positions},
}

func TestWriteWeights(t *testing.T) {
	for name, float32s := range map[string]bool{"float16": false, "float32": true} {
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			var reported int64
			o := WeightsOptions{Seed: 1, Float32: float32s, Progress: func(done, _ int64) { reported = done }}
			if err := errors.Join(writeWeights(t.Context(), &first, some, o), writeWeights(t.Context(), &second, some, o)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Error("the same seed gave other bytes")
			}
			path := filepath.Join(t.TempDir(), "some.safetensors")
			if err := os.WriteFile(path, first.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := weights.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			var bytes int64
			for _, w := range some {
				bytes += w.bytes(float32s)
				info, ok := file.Info(w.name)
				if !ok || info.Bytes != w.bytes(float32s) || info.DType.String() != w.dtype(float32s) {
					t.Errorf("%s: %+v", w.name, info)
				}
			}
			if reported != bytes {
				t.Errorf("progress ended at %d bytes; want %d", reported, bytes)
			}
			a, err := file.Float32("a.weight")
			if err != nil {
				t.Fatal(err)
			}
			// 5400 values of variance 1/180: the variance of their mean square is small enough for 5 %.
			var sum, squares float64
			for _, v := range a.Data {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
			n := float64(len(a.Data))
			if mean, square := sum/n, squares/n*180; math.Abs(mean) > 0.005 || math.Abs(square-1) > 0.05 {
				t.Errorf("mean %g, variance %g of 1/180", mean, square)
			}
			if b, err := file.Float32("b.weight"); err != nil || !slices.Equal(b.Data, []float32{1, 1, 1, 1, 1}) {
				t.Errorf("gain %v, %v", b, err)
			}
		})
	}
}

// TestWriteWeightsBytes fixes the format for good: measurements quote a seed.
func TestWriteWeightsBytes(t *testing.T) {
	h := sha256.New()
	if err := writeWeights(t.Context(), h, some, WeightsOptions{}); err != nil {
		t.Fatal(err)
	}
	const want = "cfd6b7a68cc2f6e73176a4c4325d9b057f0d3a08b0464f290caea7204e22c825"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("hash %s; want %s", got, want)
	}
}

func TestWriteWeightsCancel(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	o := WeightsOptions{Progress: func(done, total int64) {
		if done > total/1000 {
			cancel()
		}
	}}
	if err := WriteWeights(ctx, filepath.Join(dir, "sd15.safetensors"), o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := WriteWeights(t.Context(), filepath.Join(dir, "no", "folder"), o); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestFloat16Bits(t *testing.T) {
	tests := map[float32]uint16{
		0: 0, 1: 0x3c00, -2: 0xc000, 65504: 0x7bff, 0.1: 0x2e66,
		5.9604645e-8: 1, 6.1035156e-5: 0x0400, 6.0975552e-5: 0x03ff, 1 + 1.0/2048: 0x3c00, 1 + 3.0/2048: 0x3c02,
	}
	for f, want := range tests {
		if got := float16Bits(f); got != want {
			t.Errorf("%g: %#04x; want %#04x", f, got, want)
		}
	}
}

func BenchmarkWeights(b *testing.B) {
	all := []weight{{"a", []int{1 << 12, 1 << 12}, matrix}}
	b.SetBytes(all[0].bytes(false))
	for b.Loop() {
		if err := writeWeights(b.Context(), io.Discard, all, WeightsOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
