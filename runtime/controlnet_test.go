package runtime

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Which picture of a batch goes with which item of a model call, as ComfyUI 0.3.64 deals them out call after call.
func TestControlHintBatches(t *testing.T) {
	type request struct {
		items, groups int
		want          []float32 // number of the picture for each item
	}
	tests := map[string]struct {
		pictures int
		calls    []request
	}{
		"one picture":                  {1, []request{{4, 2, []float32{0, 0, 0, 0}}}},
		"a picture for every latent":   {2, []request{{4, 2, []float32{0, 1, 0, 1}}, {2, 1, []float32{0, 1}}}},
		"more pictures than latents":   {3, []request{{2, 2, []float32{0, 0}}, {1, 1, []float32{0}}}},
		"fewer pictures than latents":  {2, []request{{3, 1, []float32{0, 1, 0}}}},
		"as many as items in the call": {2, []request{{2, 2, []float32{0, 1}}, {1, 1, []float32{0}}, {2, 2, []float32{0, 0}}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pictures := tensor.New(tt.pictures, 3, 8, 8)
			for i := range pictures.Data {
				pictures.Data[i] = float32(i / (3 * 8 * 8))
			}
			control := &Control{net: ControlNet{config: model.ControlNetConfig{HintScale: 8}}, hint: pictures}
			u := &unetRun{hints: map[*Control]*tensor.Tensor{}}
			for _, r := range tt.calls {
				hint, err := u.hint(control, modelCall{x: tensor.New(r.items, 4, 1, 1), groups: r.groups})
				if err != nil {
					t.Fatal(err)
				}
				var got []float32
				for i := range hint.Dim(0) {
					got = append(got, hint.Rows(i, i+1).Data[0])
				}
				if !slices.Equal(got, r.want) {
					t.Errorf("%d items of %d entries: pictures %v, want %v", r.items, r.groups, got, r.want)
				}
			}
		})
	}
}
