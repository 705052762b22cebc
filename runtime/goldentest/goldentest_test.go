package goldentest

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

func safetensors(header string, body []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), body...)
}

func TestLoad(t *testing.T) {
	header := `{"__metadata__":{"seed":"7"},
		"f32":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
		"f16":{"dtype":"F16","shape":[3],"data_offsets":[8,14]},
		"i64":{"dtype":"I64","shape":[1],"data_offsets":[14,22]},
		"u8":{"dtype":"U8","shape":[1,2],"data_offsets":[22,24]},
		"none":{"dtype":"F32","shape":[0],"data_offsets":[24,24]},
		"short":{"dtype":"F32","shape":[9],"data_offsets":[0,8]},
		"odd":{"dtype":"Q4","shape":[1],"data_offsets":[0,1]}}`
	var body []byte
	le := binary.LittleEndian
	body = le.AppendUint32(body, math.Float32bits(1.5))
	body = le.AppendUint32(body, math.Float32bits(-2))
	for _, h := range []uint16{0x3c00, 0xc000, 0x0001} { // 1, -2, the smallest subnormal
		body = le.AppendUint16(body, h)
	}
	body = le.AppendUint64(body, uint64(1<<64-5))
	body = append(body, 0, 255)

	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := os.WriteFile(path, safetensors(header, body), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Load(t, path)
	if f.Metadata()["seed"] != "7" || len(f.Names()) != 7 || !f.Has("u8") || f.Has("f64") || f.DType("f16") != "F16" {
		t.Errorf("header: metadata %v, names %v", f.Metadata(), f.Names())
	}
	for name, want := range map[string][]float32{
		"f32": {1.5, -2}, "f16": {1, -2, 1.0 / (1 << 24)}, "i64": {-5}, "u8": {0, 255}, "none": {},
	} {
		got := f.Get(t, name)
		if Difference(got.Data, want) != 0 || len(got.Data) != len(want) {
			t.Errorf("%s: got %v, want %v", name, got.Data, want)
		}
	}
	for _, name := range []string{"short", "odd", "missing"} {
		if _, err := f.get(name); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLoadRejects(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty":            nil,
		"header too long":  {255, 0, 0, 0, 0, 0, 0, 0, '{', '}'},
		"not JSON":         safetensors("nope", nil),
		"tensor is a list": safetensors(`{"a":[]}`, nil),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.safetensors")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := load(path); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestTolerance(t *testing.T) {
	dir := t.TempDir()
	json := `{"a.safetensors":{"tolerance":2e-4,"tolerance_by_sampler":{"x.dpm":1e-5,"x.dpm.sde":2e-3}}}`
	if err := os.WriteFile(filepath.Join(dir, "tolerances.json"), []byte(json), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		file, name string
		want       float64
	}{
		"file":                          {"a.safetensors", "", 2e-4},
		"tensor without an entry":       {"a.safetensors", "x.dpm_2.karras", 2e-4},
		"tensor":                        {"a.safetensors", "x.dpm.karras", 1e-5},
		"longest entry":                 {"a.safetensors", "x.dpm.sde.karras", 2e-3},
		"entry is the whole name":       {"a.safetensors", "x.dpm", 1e-5},
		"file without an entry":         {"b.safetensors", "", 7},
		"tensor in a file without them": {"b.safetensors", "x.dpm", 7},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := TensorTolerance(t, filepath.Join(dir, tt.file), tt.name, 7); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOwnTolerances(t *testing.T) {
	dir := t.TempDir()
	list := `{"a.b":{"measured":1e-6,"tolerance":2e-4},"zeros":{"measured":NaN,"tolerance":NaN}}`
	if err := os.WriteFile(filepath.Join(dir, "e-tolerances.json"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"a.b": 2e-4, "a": 7, "zeros": 7, "other": 7} {
		if got := TensorTolerance(t, filepath.Join(dir, "e.safetensors"), name, 7); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestDifference(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	tests := map[string]struct {
		got, want []float32
		diff      float64
	}{
		"empty":                 {nil, nil, 0},
		"equal":                 {[]float32{1, 2}, []float32{1, 2}, 0},
		"relative to the max":   {[]float32{1, 4}, []float32{0, 4}, 0.25},
		"NaN and Inf match":     {[]float32{nan, inf, 1}, []float32{nan, inf, 1}, 0},
		"NaN for a number":      {[]float32{nan}, []float32{1}, math.Inf(1)},
		"number for an Inf":     {[]float32{1, 1}, []float32{inf, 1}, math.Inf(1)},
		"infinities of 2 signs": {[]float32{-inf, 1}, []float32{inf, 1}, math.Inf(1)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Difference(tt.got, tt.want); got != tt.diff {
				t.Errorf("got %v, want %v", got, tt.diff)
			}
		})
	}
}

// recorder is a testing.TB that remembers how it ended instead of ending.
type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func (r *recorder) Fatal(...any) {
	r.failed = true
	panic(r)
}

func (r *recorder) Skip(...any) {
	r.skipped = true
	panic(r)
}

func TestClose(t *testing.T) {
	tests := map[string]struct {
		got, want *tensor.Tensor
		ok        bool
	}{
		"within":      {tensor.Full(1.0005, 2), tensor.Full(1, 2), true},
		"outside":     {tensor.Full(1.002, 2), tensor.Full(1, 2), false},
		"other shape": {tensor.Full(1, 2), tensor.Full(1, 1, 2), false},
		"nil":         {nil, tensor.Full(1, 2), false},
		"zeros":       {tensor.New(2), tensor.New(2), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			if ok := Close(r, name, tt.got, tt.want, 1e-3); ok != tt.ok || r.failed == ok {
				t.Errorf("close is %v and failed %v, want %v", ok, r.failed, tt.ok)
			}
		})
	}
}

func TestFilesWithoutFolder(t *testing.T) {
	// A repository without a fixture folder beside it, as a fresh clone is.
	dir := t.TempDir()
	unit := filepath.Join(dir, "repo", "pkg", "testdata", "golden", "unit")
	if err := os.MkdirAll(unit, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "repo", "go.mod"), filepath.Join(unit, "a.json")} {
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(dir, "repo", "pkg"))
	t.Setenv("GOLDEN_DIR", "")
	t.Setenv("GOLDEN_MODELS", "")
	t.Setenv("ONEACTOR_REQUIRE_GOLDEN", "")

	if got := Files(t, "unit", "*.json"); len(got) != 1 || filepath.Base(got[0]) != "a.json" {
		t.Errorf("files are %v, want the copy in testdata", got)
	}
	t.Setenv("GOLDEN_DIR", "pkg/testdata/golden")
	if got := Dir(t); got != filepath.Join(dir, "repo", "pkg", "testdata", "golden") {
		t.Errorf("relative folder is %s", got)
	}
	t.Setenv("GOLDEN_DIR", "")
	for name, missing := range map[string]func(testing.TB){
		"file":   func(t testing.TB) { Files(t, "unit", "b*") },
		"folder": func(t testing.TB) { Dir(t) },
		"models": func(t testing.TB) { Models(t) },
	} {
		for _, required := range []string{"", "1"} {
			t.Setenv("ONEACTOR_REQUIRE_GOLDEN", required)
			r := &recorder{TB: t}
			func() {
				defer func() { recover() }() // recorder leaves a test by panicking
				missing(r)
			}()
			if r.failed != (required != "") || r.skipped == r.failed {
				t.Errorf("missing %s, required %q: failed %v, skipped %v", name, required, r.failed, r.skipped)
			}
		}
	}
}

func TestGoldenFolder(t *testing.T) {
	for _, path := range Files(t, "unit", "*.safetensors") {
		f := Load(t, path)
		for _, name := range f.Names() {
			if _, err := f.get(name); err != nil {
				t.Errorf("%s: %s: %v", path, name, err)
			}
		}
	}
}
