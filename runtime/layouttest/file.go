package layouttest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// Naming chooses the name of a tensor.
type Naming func(Tensor) string

// LDM names a tensor as checkpoints do, Diffusers as folders of the diffusers library do.
func LDM(t Tensor) string       { return "model.diffusion_model." + t.LDM }
func Diffusers(t Tensor) string { return t.Diffusers }

// Mark is a number beside the weights that says what a model predicts.
type Mark struct {
	Name  string
	Value float32
}

// Save writes the tensors with random values, the same under either naming, and marks.
func Save(t testing.TB, path string, list []Tensor, name Naming, marks ...Mark) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var entries []weights.Entry
	for _, item := range list {
		entries = append(entries, weights.Float16Entry(name(item), item.random(r)))
	}
	for _, m := range marks {
		entries = append(entries, weights.Float32Entry(m.Name, tensor.Full(m.Value, 1)))
	}
	if err := weights.Save(context.Background(), path, nil, entries); err != nil {
		t.Fatal(err)
	}
}

// random keeps activations near 1: matrices by their inputs, norms near 1, biases small.
func (t Tensor) random(r *rand.Rand) *tensor.Tensor {
	out := tensor.New(t.Shape...)
	mean, deviation := 0.0, 0.1
	switch inputs := out.Len() / t.Shape[0]; {
	case inputs > 1:
		deviation = 1 / math.Sqrt(float64(inputs))
	case strings.HasSuffix(t.LDM, ".weight"):
		mean = 1
	}
	for i := range out.Data {
		out.Data[i] = float32(mean + deviation*r.NormFloat64())
	}
	return out
}

// SaveSparse writes a file of float16 zeros as long as the tensors are, which takes no room on the disk.
func SaveSparse(t testing.TB, path string, list []Tensor, name Naming) {
	t.Helper()
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	header, at := map[string]entry{}, int64(0)
	for _, item := range list {
		end := at + 2*int64(tensor.Size(item.Shape))
		header[name(item)] = entry{"F16", item.Shape, [2]int64{at, end}}
		at = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	front := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, front, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(front))+at); err != nil {
		t.Fatal(err)
	}
}
