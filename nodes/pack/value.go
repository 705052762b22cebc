package pack

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	values "github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// The names of tensors in files.
const (
	imageTensor   = "image"      // [B,H,W,C], 0…1
	maskTensor    = "mask"       // [B,H,W], 0…1
	samplesTensor = "samples"    // [B,C,h,w]
	noiseTensor   = "noise_mask" // [1 or B,1,h,w] or [1 or B,h,w]
	sigmasTensor  = "sigmas"     // [N]
)

// handle is a value that lies in the program of a pack.
type handle struct {
	pack *pack
	life int
	id   string
	kind string
}

// Bytes is nothing here.
func (*handle) Bytes() int64 { return 0 }

// pack writes the inputs of a node: tensors into files of dir, the rest as JSON.
func (p *pack) pack(ctx context.Context, c *graph.Class, dir string, inputs map[string]any, life int) (json.RawMessage, error) {
	o := ojson.NewObject()
	for _, in := range c.Inputs {
		v, ok := inputs[in.Name]
		if !ok {
			continue
		}
		packed, err := p.packValue(ctx, filepath.Join(dir, "in-"+fmt.Sprint(o.Len())+".safetensors"), v, life)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", in.Name, err)
		}
		o.Set(in.Name, packed)
	}
	return ojson.Marshal(o, ojson.Compact)
}

func (p *pack) packValue(ctx context.Context, path string, v any, life int) (any, error) {
	file := func(kind string, entries ...weights.Entry) (any, error) {
		return ojson.NewObject("type", kind, "file", path), weights.Save(ctx, path, nil, entries)
	}
	switch v := v.(type) {
	case nil, bool, string, int, int64, uint64, float64, *ojson.Object, []any:
		return v, nil
	case values.Image:
		return file("IMAGE", weights.Float32Entry(imageTensor, v.Tensor))
	case values.Mask:
		return file("MASK", weights.Float32Entry(maskTensor, v.Tensor))
	case values.Latent:
		entries := []weights.Entry{weights.Float32Entry(samplesTensor, v.Samples)}
		if v.NoiseMask != nil {
			entries = append(entries, weights.Float32Entry(noiseTensor, v.NoiseMask))
		}
		return file("LATENT", entries...)
	case values.Sigmas:
		t, err := tensor.From(slices.Clone(v), len(v))
		if err != nil {
			return nil, err
		}
		return file("SIGMAS", weights.Float32Entry(sigmasTensor, t))
	case *handle:
		switch {
		case v.pack != p:
			return nil, fmt.Errorf("the %s lies in the program of the pack %s and cannot leave it", v.kind, v.pack.name)
		case v.life != life:
			return nil, fmt.Errorf("the %s was lost when the program of the pack stopped: change an input of the node that made it, so that it runs again", v.kind)
		}
		return ojson.NewObject("type", v.kind, "handle", v.id), nil
	}
	return nil, fmt.Errorf("a %T cannot leave oneactor", v)
}

// unpack reads the outputs of a node: one value for each, a list of them for lists.
func (p *pack) unpack(c *graph.Class, dir string, text json.RawMessage, life int) ([]any, error) {
	if len(c.Outputs) == 0 && len(text) == 0 {
		return nil, nil
	}
	v, err := ojson.Parse(text, ojson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("outputs: %w", err)
	}
	list, ok := v.([]any)
	if !ok || len(list) != len(c.Outputs) {
		return nil, fmt.Errorf("it gave %d outputs and declares %d", len(list), len(c.Outputs))
	}
	for i, out := range c.Outputs {
		if out.List {
			items, ok := list[i].([]any)
			if !ok {
				return nil, fmt.Errorf("output %s is %s; a list is needed", out.Name, ojson.Kind(list[i]))
			}
			for k := range items {
				if items[k], err = p.unpackValue(out, dir, items[k], life); err != nil {
					return nil, fmt.Errorf("output %s, item %d: %w", out.Name, k, err)
				}
			}
			continue
		}
		if list[i], err = p.unpackValue(out, dir, list[i], life); err != nil {
			return nil, fmt.Errorf("output %s: %w", out.Name, err)
		}
	}
	return list, nil
}

func (p *pack) unpackValue(out *graph.Output, dir string, v any, life int) (any, error) {
	o, isObject := v.(*ojson.Object)
	wrong := func(want string) error { return fmt.Errorf("it is %s; a %s is needed", ojson.Kind(v), want) }
	switch out.Type {
	case "IMAGE", "MASK", "LATENT", "SIGMAS":
		if !isObject || !o.Has("file") {
			return nil, wrong(`{"file": …}`)
		}
		return readTensors(out.Type, dir, o.String("file"))
	case graph.TypeString, graph.TypeCombo:
		if _, ok := v.(string); !ok {
			return nil, wrong("text")
		}
	case graph.TypeInt:
		f, isFloat := v.(float64)
		if isFloat && f == math.Trunc(f) {
			return int64(f), nil
		}
		if _, ok := v.(int64); !ok {
			return nil, wrong("whole number")
		}
	case graph.TypeFloat:
		switch n := v.(type) {
		case int64:
			return float64(n), nil
		case float64:
			if n-n != 0 {
				return nil, fmt.Errorf("it is %v; a finite number is needed", n)
			}
		default:
			return nil, wrong("number")
		}
	case graph.TypeBoolean:
		if _, ok := v.(bool); !ok {
			return nil, wrong("true or false")
		}
	default:
		if isObject && o.Has("handle") {
			return p.hold(o.String("handle"), out.Type, life), nil
		}
	}
	return v, nil
}

// hold keeps a value in the program for as long as somebody holds the handle.
func (p *pack) hold(id, kind string, life int) *handle {
	h := &handle{p, life, id, kind}
	runtime.AddCleanup(h, func(f freed) {
		p.freeing.Lock()
		defer p.freeing.Unlock()
		p.freed = append(p.freed, f)
	}, freed{life, id})
	return h
}

// takeFreed are the handles of a life that can go.
func (p *pack) takeFreed(life int) []string {
	p.freeing.Lock()
	defer p.freeing.Unlock()
	var ids []string
	for _, f := range p.freed {
		if f.life == life {
			ids = append(ids, f.id)
		}
	}
	p.freed = nil
	return ids
}

// ranks are the axes of the tensor that every file of a type has.
var ranks = map[string]struct {
	tensor string
	axes   int
	shape  string
}{
	"IMAGE": {imageTensor, 4, "[B,H,W,C] with 3 or 4 channels"}, "MASK": {maskTensor, 3, "[B,H,W]"}, "LATENT": {samplesTensor, 4, "[B,C,h,w]"}, "SIGMAS": {sigmasTensor, 1, "[N]"},
}

// readTensors reads a value that the program wrote into dir.
func readTensors(kind, dir, name string) (any, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("there is no file %s", name)
	}
	f, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	want := ranks[kind]
	t, err := readFinite(f, want.tensor)
	if err != nil {
		return nil, err
	}
	if len(t.Shape) != want.axes || t.Len() == 0 || kind == "IMAGE" && t.Dim(3) != 3 && t.Dim(3) != 4 {
		return nil, fmt.Errorf("its tensor %q has the shape %v; want %s, not empty", want.tensor, t.Shape, want.shape)
	}
	switch kind {
	case "IMAGE":
		return values.Image{Tensor: t}, nil
	case "MASK":
		return values.Mask{Tensor: t}, nil
	case "SIGMAS":
		return values.Sigmas(t.Data), nil
	}
	l := values.Latent{Samples: t}
	if _, ok := f.Info(noiseTensor); ok {
		if l.NoiseMask, err = readFinite(f, noiseTensor); err != nil {
			return nil, err
		}
		if len(l.NoiseMask.Shape) == 3 {
			l.NoiseMask, err = tensor.From(l.NoiseMask.Data, l.NoiseMask.Dim(0), 1, l.NoiseMask.Dim(1), l.NoiseMask.Dim(2))
		}
		if err != nil || len(l.NoiseMask.Shape) != 4 || l.NoiseMask.Len() == 0 {
			return nil, fmt.Errorf("its tensor %q has the shape %v; want [B,1,h,w]", noiseTensor, l.NoiseMask.Shape)
		}
	}
	return l, nil
}

func readFinite(f *weights.File, name string) (*tensor.Tensor, error) {
	if _, ok := f.Info(name); !ok {
		return nil, fmt.Errorf("the file has no tensor %q", name)
	}
	t, err := f.Float32(name)
	if err != nil {
		return nil, err
	}
	for i, v := range t.Data {
		if v-v != 0 {
			return nil, fmt.Errorf("its tensor %q has the value %v at %d; all must be finite", name, v, i)
		}
	}
	return t, nil
}
