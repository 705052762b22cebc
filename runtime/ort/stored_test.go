package ort

import (
	"slices"
	"testing"
)

// TestCastsFirst moves the Casts of weights to the front and nothing else; both groups keep their order.
func TestCastsFirst(t *testing.T) {
	float := appendNumber(appendText(nil, attributeName, "to"), attributeInt, uint64(Float32))
	cast := func(in string) []byte { return nodeProto("Cast", in, in+" wide", float) }
	tests := map[string]struct {
		nodes [][]byte
		want  []string // first inputs, in order
	}{
		"no cast":                    {[][]byte{nodeProto("Neg", "x", "a")}, []string{"x"}},
		"the cast of a weight":       {[][]byte{nodeProto("Neg", "x", "a"), cast("w")}, []string{"w", "x"}},
		"two of them":                {[][]byte{nodeProto("Neg", "x", "a"), cast("w"), nodeProto("Neg", "a", "b"), cast("v")}, []string{"w", "v", "x", "a"}},
		"the cast of an activation":  {[][]byte{nodeProto("Neg", "x", "a"), cast("a")}, []string{"x", "a"}},
		"another op on the weight":   {[][]byte{nodeProto("Neg", "x", "a"), nodeProto("Shape", "w", "s")}, []string{"x", "w"}},
		"a weight that stands there": {[][]byte{cast("w"), nodeProto("Neg", "x", "a")}, []string{"w", "x"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var graph []byte
			for _, w := range []string{"w", "v"} {
				graph = appendBytes(graph, graphInitializer, storedProto(w, Float16, 0, 12, 6))
			}
			for _, n := range tt.nodes {
				graph = appendBytes(graph, graphNode, n)
			}
			got, err := castsFirst(appendBytes(appendNumber(nil, 1, 8), modelGraph, graph))
			if err != nil {
				t.Fatal(err)
			}
			if order := firstInputs(t, got); !slices.Equal(order, tt.want) {
				t.Errorf("nodes read %q; want %q", order, tt.want)
			}
		})
	}
	if _, err := castsFirst([]byte{0xff}); err == nil {
		t.Error("no error for bytes that are no model")
	}
}

func firstInputs(t *testing.T, model []byte) (inputs []string) {
	t.Helper()
	err := fields(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return fields(f.value, func(f field) error {
			if f.number != graphNode {
				return nil
			}
			n, err := readNode(f.value)
			inputs = append(inputs, n.in[0])
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return inputs
}
