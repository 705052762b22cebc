package runtime

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestPredictRefuses what comes from another family of models, before anything is loaded.
func TestPredictRefuses(t *testing.T) {
	m := Model{config: model.UNetConfig{InChannels: 4, ContextDim: 8}}
	tests := map[string]struct {
		call modelCall
		want string
	}{
		"a prompt of another width": {modelCall{x: tensor.New(1, 4, 2, 2), text: tensor.New(1, 77, 6)}, "width 6 and the model wants 8"},
		"a latent of more channels": {modelCall{x: tensor.New(1, 16, 2, 2), text: tensor.New(1, 77, 8)}, "16 channels and the model wants 4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u := unetRun{model: m}
			if _, err := u.predict(t.Context(), tt.call); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
}

func TestFixEmpty(t *testing.T) {
	m := Model{config: model.UNetConfig{OutChannels: 4}}
	fits := tensor.Full(1, 2, 4, 3, 5)
	if got, err := m.fixEmpty(fits); got != fits || err != nil {
		t.Errorf("a latent that fits: %v, %v", got, err)
	}
	if got, err := m.fixEmpty(tensor.New(2, 16, 3, 5)); err != nil || !slices.Equal(got.Shape, []int{2, 4, 3, 5}) {
		t.Errorf("an empty latent of another model: %v, %v", got, err)
	}
	if got, err := m.fixEmpty(tensor.Full(1, 2, 16, 3, 5)); err == nil {
		t.Errorf("a picture of another model became %v", got)
	}
}

func TestSpatialMean(t *testing.T) {
	x := &tensor.Tensor{Shape: []int{1, 2, 2, 2}, Data: []float32{1, 2, 3, 6, -1, -1, -1, 1}}
	spatialMean(x)
	if want := []float32{3, 3, 3, 3, -0.5, -0.5, -0.5, -0.5}; !slices.Equal(x.Data, want) {
		t.Errorf("got %v, want %v", x.Data, want)
	}
}

// TestFitting: a residual of the right size is taken; zeros stand in for none and for one of another size, which is warned of.
func TestFitting(t *testing.T) {
	warnings := 0
	u := unetRun{warnSmaller: func() { warnings++ }}
	place, want := model.Size{H: 5, W: 3}, []int{2, 8, 5, 3}
	for name, r := range map[string]*tensor.Tensor{"none": nil, "larger": tensor.Full(1, 2, 8, 9, 5)} {
		got := u.fitting(r, 2, 8, place)
		if !slices.Equal(got.Shape, want) || got.Len() != tensor.Size(want) || slices.Max(got.Data) != 0 {
			t.Errorf("%s: %v of %d values, want zeros %v", name, got.Shape, got.Len(), want)
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings, want one for the residual of another size", warnings)
	}
	if r := tensor.Full(1, want...); u.fitting(r, 2, 8, place) != r {
		t.Error("a residual that fits was not taken")
	}
}
