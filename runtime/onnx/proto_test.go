package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// text lists what a graph says, for comparing graphs that share no pointers.
func text(g *Graph) string {
	var s strings.Builder
	line := func(parts ...any) {
		for _, p := range parts {
			s.WriteString(strings.TrimSpace(strings.ReplaceAll(toText(p), "\n", " ")) + " ")
		}
		s.WriteByte('\n')
	}
	line("graph", g.Name)
	for _, v := range g.Inputs {
		line("input", v.Name, v.DType, v.Shape, v.DimNames)
	}
	for _, v := range g.Initializers {
		line("initializer", *v.Init)
		if v.Init.File != nil {
			line("file", *v.Init.File)
		}
	}
	for _, n := range g.Nodes {
		line("node", n.Domain, n.Op, n.Name, n.Attrs, describeNames(n.In), describeNames(n.Out))
	}
	for _, v := range g.Outputs {
		line("output", v.Name, v.DType, v.Shape)
	}
	return s.String()
}

func TestProtoRoundTrip(t *testing.T) {
	g := chain(t)
	model, err := g.Proto()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Read(model)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := text(read), text(g); got != want {
		t.Errorf("read:\n%s\nwritten:\n%s", got, want)
	}
	for i, v := range read.Initializers {
		if !reflect.DeepEqual(v.Init.File, g.Initializers[i].Init.File) {
			t.Errorf("initializer %s is at %v, want %v", v.Name, v.Init.File, g.Initializers[i].Init.File)
		}
	}
	again, err := read.Proto()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(model, again) {
		t.Error("what was read is written differently")
	}
}

func TestProtoRejects(t *testing.T) {
	tests := map[string]func(b *Builder) *Value{
		"relative path": func(b *Builder) *Value {
			return b.FromFile("w", Float32, Shape{1}, External{Path: "w.safetensors", Length: 4})
		},
		"attribute type": func(b *Builder) *Value { return b.Op("Exp", b.Scalar(1), Attr{"a", 1}) },
	}
	for name, build := range tests {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder("test")
			b.Output("y", build(b))
			g, err := b.Graph()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Proto(); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestReadRejects(t *testing.T) {
	var noGraph message
	noGraph.varint(modelIRVersion, irVersion)
	tests := map[string][]byte{
		"nothing":     nil,
		"no graph":    noGraph,
		"text":        []byte("not a model"),
		"cut short":   {modelGraph<<3 | 2, 100, 1},
		"unknown use": {modelGraph<<3 | 2, 4, graphNode<<3 | 2, 2, nodeInput<<3 | 2, 0x7f},
	}
	for name, model := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Read(model); !errors.Is(err, ErrProto) {
				t.Errorf("got %v, want an error that wraps ErrProto", err)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	b := NewBuilder("seed")
	x := b.Input("x", Float32, "n", 2)
	b.Output("y", b.Gemm(x, b.Const("w", []float32{1, 2}, 1, 2), nil, true))
	g, err := b.Graph()
	if err != nil {
		f.Fatal(err)
	}
	model, err := g.Proto()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(model)
	f.Add([]byte{modelGraph<<3 | 2, 0})
	f.Fuzz(func(t *testing.T, model []byte) {
		g, err := Read(model)
		if err != nil {
			if !errors.Is(err, ErrProto) {
				t.Errorf("error %v does not wrap ErrProto", err)
			}
			return
		}
		for _, v := range g.Initializers {
			if v.Init.File == nil && int64(len(v.Init.Data)) != v.Shape.Count()*v.DType.Size() {
				t.Errorf("initializer %s: %d bytes for %v of %v", v.Name, len(v.Init.Data), v.Shape, v.DType)
			}
		}
	})
}

func toText(v any) string {
	if i, ok := v.(Initializer); ok {
		i.File = nil
		return fmt.Sprintf("%+v", i)
	}
	return fmt.Sprintf("%+v", v)
}

func describeNames(values []*Value) []string {
	names := make([]string, len(values))
	for i, v := range values {
		if v != nil {
			names[i] = v.Name
		}
	}
	return names
}
