package actor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// small is a cluster of n pictures whose values differ.
func small(n int) Cluster {
	fill := func(shape ...int) *tensor.Tensor {
		t := tensor.New(shape...)
		for i := range t.Data {
			t.Data[i] = float32(i%97)/97 - 0.3
		}
		return t
	}
	return Cluster{
		Images: eightBit(runtime.Image{Tensor: fill(n, 16, 8, 3)}), Latents: fill(n, 4, 2, 1), H: fill(n, 6, 2, 1), Sigma: 0.0291675, Target: n - 1,
		Prompt: "a photo of a \"cat\"\n, ünïcode", Seed: 1<<64 - 1, Model: runtime.Identity{Family: weights.SD1, Fingerprint: "abc"},
	}
}

func encoded(t *testing.T, c Cluster) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Encode(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestClusterFile(t *testing.T) {
	c := small(3)
	path := filepath.Join(t.TempDir(), "c.safetensors")
	if err := os.WriteFile(path, encoded(t, c), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := LoadCluster(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]*tensor.Tensor{
		"images": {got.Images.Tensor, c.Images.Tensor}, "latents": {got.Latents, c.Latents}, "h": {got.H, c.H},
	} {
		if !tensor.SameShape(pair[0], pair[1]) || !slices.Equal(pair[0].Data, pair[1].Data) {
			t.Errorf("%s changed", name)
		}
	}
	got.Images, got.Latents, got.H, c.Images, c.Latents, c.H = runtime.Image{}, nil, nil, runtime.Image{}, nil, nil
	if got != c {
		t.Errorf("got %+v, want %+v", got, c)
	}
}

func TestClusterFileRefuses(t *testing.T) {
	whole := encoded(t, small(3))
	header := func(old, new string) []byte {
		n := int(binary.LittleEndian.Uint64(whole))
		head := strings.Replace(string(whole[8:8+n]), old, new, 1)
		if head == string(whole[8:8+n]) {
			t.Fatalf("header has no %q", old)
		}
		out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
		return append(append(out, head...), whole[8+n:]...)
	}
	tests := map[string]struct {
		data []byte
		says string
	}{
		"empty":                {nil, "c.safetensors"},
		"cut off":              {whole[:len(whole)-9], "c.safetensors"},
		"text":                 {[]byte("not a cluster, a text"), "c.safetensors"},
		"another kind of file": {header(clusterKind, "oneactor actor"), "no cluster"},
		"a newer format":       {header(`"format":"1"`, `"format":"7"`), `"7"`},
		"target out of range":  {header(`"target":"2"`, `"target":"3"`), "target 3 of 3"},
		"target no number":     {header(`"target":"2"`, `"target":"x"`), "damaged"},
		"another name":         {header(`"latents"`, `"lastents"`), "latents"},
		"pictures of floats":   {header(`"images":{"dtype":"U8"`, `"images":{"dtype":"I8"`), "images"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.safetensors")
			if err := os.WriteFile(path, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadCluster(path)
			if !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v; want a format error that says %q", err, tt.says)
			}
		})
	}
	for name, c := range map[string]Cluster{"one picture": small(1), "no number": func() Cluster { c := small(2); c.H.Data[0] /= 0 * c.H.Data[0]; return c }()} {
		if err := c.Encode(t.Context(), new(bytes.Buffer)); err == nil {
			t.Errorf("%s was saved", name)
		}
	}
}

func FuzzReadCluster(f *testing.F) {
	var b bytes.Buffer
	if err := small(2).Encode(f.Context(), &b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "c.safetensors")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadCluster(path)
		if err == nil && (c.Len() < 2 || c.Target >= c.Len() || c.Images.Dim(0) != c.Len()) {
			t.Errorf("accepted %d pictures with target %d", c.Len(), c.Target)
		}
	})
}
