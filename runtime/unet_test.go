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
