package sampling

// history keeps the last vectors of a multistep method.
type history [][]float32

// push returns the place for the newest vector, of n values. At most limit vectors are kept; the oldest is reused.
func (h *history) push(limit, n int) []float32 {
	if len(*h) < limit {
		*h = append(*h, make([]float32, n))
	} else if limit > 1 {
		oldest := (*h)[0]
		copy(*h, (*h)[1:])
		(*h)[limit-1] = oldest
	}
	return h.last(0)
}

// last returns the vector before the newest by back places.
func (h history) last(back int) []float32 { return h[len(h)-1-back] }
