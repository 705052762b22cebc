package weights

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// layersOf is the tensors of one network with hidden layers of those sizes.
func layersOf(prefix string, width int, hidden ...int) map[string][]int {
	out := map[string][]int{}
	at := width
	for i, size := range append(hidden, width) {
		name := prefix + "linear." + string(rune('0'+2*i))
		out[name+".weight"], out[name+".bias"] = []int{size, at}, []int{size}
		at = size
	}
	return out
}

func together(list ...map[string][]int) map[string][]int {
	out := map[string][]int{}
	for _, m := range list {
		maps.Copy(out, m)
	}
	return out
}

func TestHypernetwork(t *testing.T) {
	whole := together(layersOf("8.0.", 8, 16), layersOf("8.1.", 8, 16, 4))
	tests := map[string]struct {
		tensors map[string][]int
		meta    []Pair
		want    string // "" is no error
	}{
		"plain":      {whole, nil, ""},
		"activation": {whole, []Pair{{"activation_func", "mish"}, {"activate_output", "true"}}, ""},
		"normalised": {together(layersOf("8.0.", 8), layersOf("8.1.", 8), map[string][]int{
			"8.0.linear.1.weight": {8}, "8.0.linear.1.bias": {8}, "8.1.linear.1.weight": {8}, "8.1.linear.1.bias": {8},
		}), []Pair{{"is_layer_norm", "true"}}, ""},
		"normalisation missing": {layersOf("8.0.", 8), []Pair{{"is_layer_norm", "true"}}, "layer normalisation"},
		"unknown activation":    {whole, []Pair{{"activation_func", "step"}}, `"step"; the known ones are linear, relu`},
		"another kind of file":  {map[string][]int{"lora_unet_x.lora_up.weight": {8, 4}}, nil, "another kind of file"},
		"keys only":             {layersOf("8.0.", 8, 16), nil, "width 8 has a network for keys or values only"},
		"other width inside":    {together(whole, map[string][]int{"8.0.linear.2.weight": {8, 12}}), nil, "has shape [8 12]"},
		"ends elsewhere":        {together(whole, map[string][]int{"8.0.linear.2.weight": {6, 16}, "8.0.linear.2.bias": {6}}), nil, "gives 6 values, wants 8"},
		"bias of another size":  {together(whole, map[string][]int{"8.1.linear.0.bias": {8}}), nil, "has shape [8], wants [16]"},
		"no matrix":             {together(whole, map[string][]int{"8.1.linear.0.weight": {16}}), nil, "has shape [16]"},
		"huge width":            {layersOf("99999999999999999999.0.", 8), nil, "99999999999999999999"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := Open(saved(t, "hn.safetensors", tt.tensors))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			f.metadata = tt.meta
			h, err := readHypernetwork(f)
			switch {
			case tt.want == "" && err != nil:
				t.Fatal(err)
			case tt.want == "":
				if len(h.Nets) != 1 || len(h.Nets[8].Key) == 0 || len(h.Nets[8].Value) == 0 {
					t.Errorf("read %+v", h)
				}
			case err == nil || !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.want):
				t.Errorf("error %v, wants %q", err, tt.want)
			}
		})
	}
}

// TestGoldenHypernetwork reads the hypernetworks of the fixtures, which are pickles.
func TestGoldenHypernetwork(t *testing.T) {
	for name, path := range goldenModels(t, "hypernetworks") {
		h, err := OpenHypernetwork(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(h.Nets) == 0 || !slices.Contains(HypernetworkActivations, h.Activation) || h.Activation == "linear" {
			t.Errorf("%s: %d widths, activation %q", name, len(h.Nets), h.Activation)
		}
	}
}
