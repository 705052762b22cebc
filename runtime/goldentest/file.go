package goldentest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// File is one safetensors fixture, wholly in memory. It is read here and not by package weights, whose own tests use
// fixtures.
type File struct {
	path     string
	data     []byte
	entries  map[string]entry
	metadata map[string]string
}

type entry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// Load reads a safetensors fixture; a damaged one fails the test.
func Load(t testing.TB, path string) *File {
	t.Helper()
	f, err := load(path)
	if err != nil {
		t.Fatalf("golden file %s: %v", path, err)
	}
	return f
}

func load(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < 8 {
		return nil, fmt.Errorf("%d bytes is too short for a safetensors header", len(data))
	}
	size := binary.LittleEndian.Uint64(data)
	if size > uint64(len(data)-8) {
		return nil, fmt.Errorf("safetensors header of %d bytes in a file of %d", size, len(data))
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+size], &header); err != nil {
		return nil, err
	}
	f := &File{path: path, data: data[8+size:], entries: make(map[string]entry, len(header))}
	for name, raw := range header {
		if name == "__metadata__" {
			err = json.Unmarshal(raw, &f.metadata)
		} else {
			var e entry
			err = json.Unmarshal(raw, &e)
			f.entries[name] = e
		}
		if err != nil {
			return nil, fmt.Errorf("header entry %q: %w", name, err)
		}
	}
	return f, nil
}

// Path is where the file was read from.
func (f *File) Path() string { return f.path }

// Names lists the tensors, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.entries)) }

// Has tells whether the file holds a tensor of that name.
func (f *File) Has(name string) bool {
	_, ok := f.entries[name]
	return ok
}

// Metadata is the text stored beside the tensors; nil when there is none.
func (f *File) Metadata() map[string]string { return f.metadata }

// DType is the stored type as safetensors spells it (F32, F16, I64, …), "" for an unknown name.
func (f *File) DType(name string) string { return f.entries[name].DType }

// Get returns a tensor as float32, converted from whatever type is stored; an unknown name or type fails the test.
func (f *File) Get(t testing.TB, name string) *tensor.Tensor {
	t.Helper()
	out, err := f.get(name)
	if err != nil {
		t.Fatalf("golden file %s: tensor %q: %v", f.path, name, err)
	}
	return out
}

func (f *File) get(name string) (*tensor.Tensor, error) {
	e, ok := f.entries[name]
	if !ok {
		return nil, fmt.Errorf("not in the file, which has %v", f.Names())
	}
	size, read := decoder(e.DType)
	if read == nil {
		return nil, fmt.Errorf("type %s is not one of F32, F16, F64, I64, I32, U8, BOOL", e.DType)
	}
	out := tensor.New(e.Shape...)
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to > len(f.data) || to-from != len(out.Data)*size {
		return nil, fmt.Errorf("bytes %d to %d do not hold shape %v of %s", from, to, e.Shape, e.DType)
	}
	for i := range out.Data {
		out.Data[i] = read(f.data[from+i*size:])
	}
	return out, nil
}

// decoder returns the bytes per value of a stored type and how to read one.
func decoder(dtype string) (int, func([]byte) float32) {
	le := binary.LittleEndian
	switch dtype {
	case "F32":
		return 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }
	case "F16":
		return 2, func(b []byte) float32 { return float16(le.Uint16(b)) }
	case "F64":
		return 8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }
	case "I64":
		return 8, func(b []byte) float32 { return float32(int64(le.Uint64(b))) }
	case "I32":
		return 4, func(b []byte) float32 { return float32(int32(le.Uint32(b))) }
	case "U8", "BOOL":
		return 1, func(b []byte) float32 { return float32(b[0]) }
	}
	return 0, nil
}

// float16 widens an IEEE binary16.
func float16(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24 is exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(frac)/(1<<24)))
	case 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// JSON decodes a JSON fixture into v; failure to read or decode fails the test.
func JSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatalf("golden file %s: %v", path, err)
	}
}
