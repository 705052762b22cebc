package sampling

// Uniform fills dst with values of [low,high) in steps of 2^-24 of the distance, as torch.Tensor.uniform_ draws them on the CPU.
func (g *Generator) Uniform(dst []float32, low, high float32) {
	for i := range dst {
		dst[i] = g.uniform24()*(high-low) + low
	}
}

// Skip throws n values of 32 bits away.
func (g *Generator) Skip(n int) {
	for range n {
		g.Uint32()
	}
}
