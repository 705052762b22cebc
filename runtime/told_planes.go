package runtime

import "github.com/oneactor/oneactor/runtime/tensor"

// planes is the channels that the network sees beside the latent: nil for those that see nothing else.
func (m Model) planes(Cond, target) (*tensor.Tensor, error) { return nil, nil }
