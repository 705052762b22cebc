package runtime

import (
	"fmt"
	"strings"

	"github.com/oneactor/oneactor/runtime/weights"
)

// AttentionScale is what the projections of an attention layer are multiplied with, weights and biases.
type AttentionScale struct{ Q, K, V, Out float64 }

// scaledBy multiplies the weights and biases of the layers whose module names end in a suffix.
func scaledBy(set *weights.Set, factors map[string]float64) map[string]weights.Change {
	changes := map[string]weights.Change{}
	for _, name := range set.Names() {
		module, ok := strings.CutSuffix(name, ".weight")
		if !ok {
			if module, ok = strings.CutSuffix(name, ".bias"); !ok {
				continue
			}
		}
		for suffix, factor := range factors {
			if factor != 1 && strings.HasSuffix(module, suffix) {
				changes[name] = scaledWeight(factor)
			}
		}
	}
	return changes
}

// ScaleSelfAttention multiplies the projections of every self-attention of the UNet.
func (m Model) ScaleSelfAttention(s AttentionScale) (Model, error) {
	return m.scaleAttention("attn1", s)
}

// ScaleCrossAttention multiplies the projections of every attention to the text.
func (m Model) ScaleCrossAttention(s AttentionScale) (Model, error) {
	return m.scaleAttention("attn2", s)
}

func (m Model) scaleAttention(kind string, s AttentionScale) (Model, error) {
	if err := m.checkWeights(); err != nil {
		return m, fmt.Errorf("attention of the model: %w", err)
	}
	m.changes = withPatch(m.changes, scaledBy(m.set, map[string]float64{
		kind + ".to_q": s.Q, kind + ".to_k": s.K, kind + ".to_v": s.V, kind + ".to_out.0": s.Out,
	}), 1)
	return m, nil
}

// ScaleAttentionOutputs multiplies the last projection of every self- and cross-attention. The models that run here have none along the
// time axis of a video.
func (m Model) ScaleAttentionOutputs(self, cross float64) (Model, error) {
	if err := m.checkWeights(); err != nil {
		return m, fmt.Errorf("attention of the model: %w", err)
	}
	m.changes = withPatch(m.changes, scaledBy(m.set, map[string]float64{"attn1.to_out.0": self, "attn2.to_out.0": cross}), 1)
	return m, nil
}

// ScaleAttention multiplies the projections of every attention of the text encoder.
func (c CLIP) ScaleAttention(s AttentionScale) (CLIP, error) {
	if len(c.encoders) == 0 {
		return c, ErrNoCLIP
	}
	if c.isExported() {
		return c, fmt.Errorf("attention of the text encoder: %w", ErrExported)
	}
	return c.each(func(e *textEncoder) error {
		e.changes = withPatch(e.changes, scaledBy(e.set, map[string]float64{
			"self_attn.q_proj": s.Q, "self_attn.k_proj": s.K, "self_attn.v_proj": s.V, "self_attn.out_proj": s.Out,
		}), 1)
		return nil
	})
}
