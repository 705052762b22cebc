package goldentest

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Tolerance is what unit/tolerances.json beside the fixtures allows for a file, relative to a tensor's largest
// absolute value; fallback is used for a file without an entry. file may be a path or a bare name.
func Tolerance(t testing.TB, file string, fallback float64) float64 {
	t.Helper()
	return TensorTolerance(t, file, "", fallback)
}

// TensorTolerance is Tolerance for one tensor. A file may have an entry per sampler; the longest that equals the
// tensor's name up to a dot (or its end) decides, and the file's own entry is used where there is none. A file with a
// list of its own, "<file>-tolerances.json" with an entry per tensor, has that read instead; file must be its path then.
func TensorTolerance(t testing.TB, file, name string, fallback float64) float64 {
	t.Helper()
	if own := strings.TrimSuffix(file, filepath.Ext(file)) + "-tolerances.json"; isFile(own) {
		return ownTolerance(t, own, name, fallback)
	}
	type tolerance struct {
		Tolerance *float64           `json:"tolerance"`
		BySampler map[string]float64 `json:"tolerance_by_sampler"`
	}
	var all map[string]tolerance
	folder := filepath.Dir(file)
	if folder == "." {
		folder = filepath.Join(root(t), "unit")
	}
	path := filepath.Join(folder, "tolerances.json")
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return fallback
	}
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatalf("golden tolerances %s: %v", path, err)
	}
	entry := all[filepath.Base(file)]
	longest := ""
	for prefix := range entry.BySampler {
		if len(prefix) > len(longest) && strings.HasPrefix(name+".", prefix+".") {
			longest = prefix
		}
	}
	if longest != "" {
		return entry.BySampler[longest]
	}
	if entry.Tolerance != nil {
		return *entry.Tolerance
	}
	return fallback
}

func ownTolerance(t testing.TB, path, name string, fallback float64) float64 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("golden tolerances %s: %v", path, err)
	}
	// Python writes the difference of tensors of zeros as NaN, which is no JSON.
	data = bytes.ReplaceAll(data, []byte("NaN"), []byte("null"))
	var all map[string]struct{ Tolerance *float64 }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatalf("golden tolerances %s: %v", path, err)
	}
	if v := all[name].Tolerance; v != nil {
		return *v
	}
	return fallback
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Close fails the test unless got has want's shape and every |got-want| <= relative * max|want|. A NaN matches a NaN
// and an infinity the same infinity; only finite values of want set the scale. It reports whether the two are close.
func Close(t testing.TB, name string, got, want *tensor.Tensor, relative float64) bool {
	t.Helper()
	if got == nil || want == nil {
		t.Errorf("%s: got %v, want %v", name, got, want)
		return false
	}
	if !slices.Equal(got.Shape, want.Shape) {
		t.Errorf("%s: shape is %v, want %v", name, got.Shape, want.Shape)
		return false
	}
	worst, at := worstDifference(got.Data, want.Data)
	scale := largest(want.Data)
	if worst <= relative*scale {
		return true
	}
	t.Errorf("%s: value %d is %v, want %v: off by %.3g of the largest value %v, tolerance %.3g",
		name, at, got.Data[at], want.Data[at], worst/scale, scale, relative)
	return false
}

// Difference is the largest |got-want| relative to max|want|, as Close compares it; infinite where one value is not
// finite and the other differs. The slices must have the same length.
func Difference(got, want []float32) float64 {
	worst, _ := worstDifference(got, want)
	if worst == 0 {
		return 0
	}
	return worst / largest(want)
}

func worstDifference(got, want []float32) (worst float64, at int) {
	for i, w := range want {
		g := float64(got[i])
		d := math.Abs(g - float64(w))
		switch {
		case got[i] == w, math.IsNaN(g) && math.IsNaN(float64(w)):
			continue
		case math.IsNaN(d):
			d = math.Inf(1)
		}
		if d > worst {
			worst, at = d, i
		}
	}
	return worst, at
}

func largest(values []float32) float64 {
	m := 0.0
	for _, v := range values {
		if a := math.Abs(float64(v)); a > m && !math.IsInf(a, 0) {
			m = a
		}
	}
	return m
}
