package runtime

import (
	"context"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
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
			control := &Control{hint: pictures}
			looked := 0
			hint := hintFeatures{see: func(_ context.Context, picture *tensor.Tensor) ([]*tensor.Tensor, error) {
				looked++
				return []*tensor.Tensor{picture}, nil
			}}
			for _, r := range tt.calls {
				features, err := hint.at(t.Context(), control, modelCall{x: tensor.New(r.items, 4, 1, 1), groups: r.groups}, 8, 8)
				if err != nil {
					t.Fatal(err)
				}
				dealt := features[0]
				if dealt.Dim(0) == 1 { // for all items
					dealt = dealt.Repeat(r.items)
				}
				var got []float32
				for i := range dealt.Dim(0) {
					got = append(got, dealt.Rows(i, i+1).Data[0])
				}
				if !slices.Equal(got, r.want) {
					t.Errorf("%d items of %d entries: pictures %v, want %v", r.items, r.groups, got, r.want)
				}
			}
			if looked != 1 {
				t.Errorf("looked at the pictures %d times", looked)
			}
		})
	}
}

// TestHintSizes: areas of different sizes take turns in every step, and each size is looked at once.
func TestHintSizes(t *testing.T) {
	control := &Control{hint: tensor.New(1, 3, 16, 16)}
	looked := 0
	hint := hintFeatures{see: func(_ context.Context, picture *tensor.Tensor) ([]*tensor.Tensor, error) {
		looked++
		return []*tensor.Tensor{picture}, nil
	}}
	for range 3 {
		for _, size := range []int{8, 16} {
			got, err := hint.at(t.Context(), control, modelCall{x: tensor.New(2, 4, 1, 1), groups: 2}, size, size)
			if err != nil || got[0].Dim(2) != size {
				t.Fatalf("size %d: %v, %v", size, got[0].Shape, err)
			}
		}
	}
	if looked != 2 {
		t.Errorf("looked %d times, want 2", looked)
	}
}

// TestResidualSums adds what ControlNets and adapters yield, of which one picture stands for all items.
func TestResidualSums(t *testing.T) {
	one, two := &tensor.Tensor{Shape: []int{1, 2, 1, 1}, Data: []float32{1, 2}}, &tensor.Tensor{Shape: []int{2, 2, 1, 1}, Data: []float32{10, 20, 30, 40}}
	tests := map[string]struct {
		a, b *tensor.Tensor
		want []float32
	}{
		"nothing":                 {nil, nil, nil},
		"nothing and something":   {nil, one, []float32{1, 2}},
		"alike":                   {two, two, []float32{20, 40, 60, 80}},
		"a picture for all items": {one, two, []float32{11, 22, 31, 42}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, got := range []*tensor.Tensor{sum(tt.a, tt.b), sum(tt.b, tt.a)} {
				if got == nil && tt.want == nil {
					continue
				}
				if got == nil || !slices.Equal(got.Data, tt.want) || got.Len() != tensor.Size(got.Shape) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
	if two.Data[0] != 10 || one.Data[0] != 1 {
		t.Error("a sum changed what it adds")
	}
}

// TestFitting: a residual of the right size is taken; one of another size is not, and is warned of.
func TestFitting(t *testing.T) {
	warnings := 0
	c := controls{warnSmaller: func() { warnings++ }}
	place := model.Size{H: 5, W: 3}
	larger, right := ort.FromTensor(tensor.Full(1, 2, 8, 9, 5)), ort.FromTensor(tensor.Full(1, 2, 8, 5, 3))
	for name, v := range map[string]ort.Value{"none": {}, "larger": larger} {
		if c.fits(v, place) || !slices.Equal(c.fitting(v, 8, place).Shape(), []int{1, 8, 1, 1}) {
			t.Errorf("%s: taken instead of a zero", name)
		}
	}
	if warnings != 2 {
		t.Errorf("%d warnings, want one each time for the residual of another size", warnings)
	}
	if !c.fits(right, place) || !slices.Equal(c.fitting(right, 8, place).Shape(), right.Shape()) {
		t.Error("a residual that fits was not taken")
	}
}
