package runtime

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// wordMaps is the patch that shows cross-attention in the place of the network's state.
type wordMaps struct{ unlearned }

func (wordMaps) edit(*patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	return model.WordMaps{}, nil, nil
}

// WordMaps is how much each place of latents attends to each row of a prompt [B,T,h',w'], rows of padding included: noise of the level after a
// part 0…1 of the whole way down is mixed in, and the network looks once. See model.WordMaps.
func (rt *Runtime) WordMaps(ctx context.Context, m Model, positive Conditioning, l Latent, n Noise, progress float64) (*tensor.Tensor, error) {
	if len(positive) == 0 {
		return nil, fmt.Errorf("word maps: the prompt has no entry")
	}
	m, err := m.withNetworkPatch(wordMaps{"word maps"})
	if err != nil {
		return nil, err
	}
	maps, err := rt.Features(ctx, NewBasicGuider(m, positive[:1]), l, n, float32(m.sampling.PercentToSigma(progress)))
	if err != nil {
		return nil, fmt.Errorf("word maps: %w", err)
	}
	if rows := positive[0].Embedding.Dim(1); maps.Dim(1) != rows {
		return nil, fmt.Errorf("word maps: this network has no cross-attention that could be shown (%d maps for %d rows): %w", maps.Dim(1), rows, model.ErrUnsupported)
	}
	return maps, nil
}
