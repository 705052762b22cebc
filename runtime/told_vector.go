package runtime

import "github.com/oneactor/oneactor/runtime/tensor"

// vector is what the network is told in numbers beside the prompt: nil for families without an added embedding.
func (m Model) vector(Cond, target, bool) (*tensor.Tensor, error) { return nil, nil }
