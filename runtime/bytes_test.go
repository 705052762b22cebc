package runtime

import (
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// TestBytes: the cache drops values by what they say they hold.
func TestBytes(t *testing.T) {
	change := weights.LowRank{Down: tensor.New(2, 4), Up: tensor.New(6, 2), Rank: 2}
	patches := []weightPatch{{map[string]weights.Change{"a": change, "b": change}, 1}, {map[string]weights.Change{"a": change}, 1}}
	plain := prompt(1, 10) // 20 values
	picture := Image{tensor.New(1, 8, 8, 3)}
	tests := map[string]struct {
		value interface{ Bytes() int64 }
		want  int64
	}{
		"model":                         {Model{}, 0},
		"model with LoRAs":              {Model{changes: patches}, 3 * 20 * 4},
		"text encoder with LoRAs":       {CLIP{encoders: []textEncoder{{changes: patches[1:]}}}, 20 * 4},
		"no conditioning":               {Conditioning(nil), 0},
		"conditioning":                  {plain, 20 * 4},
		"with itself":                   {plain.Combine(plain.WithStrength(2)), 20 * 4},
		"with another":                  {plain.Combine(prompt(1, 10)), 2 * 20 * 4},
		"with a mask":                   {plain.WithMask(Mask{tensor.New(1, 4, 4)}, 1, false), (20 + 16) * 4},
		"with a control for both":       {plain.Combine(prompt(1, 10)).WithControl(ControlNet{}, picture, 1), (2*20 + 192) * 4},
		"with a chain of controls":      {plain.WithControl(ControlNet{}, picture, 1).WithControl(ControlNet{}, picture, 1), (20 + 2*192) * 4},
		"with a control of no strength": {plain.WithControl(ControlNet{}, picture, 0), 20 * 4},
		"with a text for ControlNets":   {plain.each(func(e *Cond) { e.ControlText = tensor.New(1, 2, 20) }), (20 + 40) * 4},
		"with boxes":                    {plain.each(func(e *Cond) { e.Boxes = &Boxes{list: []box{{text: tensor.New(1, 8)}, {text: tensor.New(1, 8)}}} }), (20 + 16) * 4},
		"difference ControlNet": {ControlNet{changes: []weightPatch{{map[string]weights.Change{
			"a": sumChange{weight: "a", model: patchedWeights{patches: patches}}, "c": sumChange{weight: "c", model: patchedWeights{patches: patches}},
		}, 1}}}, 2 * 20 * 4},
		"latent": {Latent{Samples: tensor.New(1, 4, 2, 2), BatchIndex: []int{3}}, 16*4 + 8},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.value.Bytes(); got != tt.want {
				t.Errorf("%d bytes, want %d", got, tt.want)
			}
		})
	}
}
