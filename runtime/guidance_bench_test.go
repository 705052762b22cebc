package runtime

import (
	"context"
	"testing"

	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// still predicts the same tensor for every call of one size, so that a benchmark sees guidance alone.
type still struct{ x0 map[int]*tensor.Tensor }

func (s still) predict(_ context.Context, c modelCall) (prediction, error) {
	n := len(c.x.Data)
	if s.x0[n] == nil {
		s.x0[n] = c.x.Clone()
	}
	return prediction{x0: s.x0[n]}, nil
}

// BenchmarkGuidance is what guidance costs in a step beside the network, at 1024x1024 pixels.
func BenchmarkGuidance(b *testing.B) {
	text := Conditioning{NewCond(tensor.Full(1, 1, 77, 2048), nil, nil)}
	base := Model{sampling: sampling.ModelSampling{Levels: tenToZero{}}}
	models := map[string]Model{
		"plain":   base,
		"cluster": base.WithCluster(text, 0.5, Range{0, 1}),
		"rescale": base.WithRescaledCFG(0.7),
		"apg":     base.WithProjectedGuidance(0.5, 5, -0.5),
		"fresca":  base.WithFrequencyScaling(1, 1.25, 20),
	}
	for name, m := range models {
		b.Run(name, func(b *testing.B) {
			g, err := NewCFGGuider(m, text, text, 7).ready(target{latent: tensor.New(1, 4, 128, 128)})
			if err != nil {
				b.Fatal(err)
			}
			g.model = still{map[int]*tensor.Tensor{}}
			x := wave(0.7, 0.1, 1, 4, 128, 128)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Denoise(b.Context(), x, 5); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
