package ort

// The two steps of a derivation.

// count is how many values a step makes of n.
func (s step) count(n int64) int64 {
	if s.matrix != nil {
		return n / s.inner * s.column
	}
	return n
}

// run writes the result of a step on values into out.
func (s step) run(values, out []float32) {
	if s.matrix != nil {
		s.multiply(values, out)
	} else {
		s.permute(values, out)
	}
}

// multiply takes rows of inner values times the matrix. Zeros of the matrix are left out: those here are nearly all zero.
func (s step) multiply(values, out []float32) {
	type term struct {
		at     int64
		factor float32
	}
	columns := make([][]term, s.column)
	for k := range s.inner {
		for j := range s.column {
			if f := s.matrix[k*s.column+j]; f != 0 {
				columns[j] = append(columns[j], term{k, f})
			}
		}
	}
	rows := int64(len(values)) / s.inner
	for i := range rows {
		row, to := values[i*s.inner:][:s.inner], out[i*s.column:][:s.column]
		for j, terms := range columns {
			var sum float32
			for _, t := range terms {
				sum += t.factor * row[t.at]
			}
			to[j] = sum
		}
	}
}

// permute moves axes. The last axes that stay where they are move as blocks.
func (s step) permute(values, out []float32) {
	rank := len(s.perm)
	block := int64(1)
	for rank > 0 && s.perm[rank-1] == int64(rank-1) {
		block *= s.shape[rank-1]
		rank--
	}
	if rank == 0 {
		copy(out, values)
		return
	}
	strides := make([]int64, rank) // of the source, in the order of the result
	sizes := make([]int64, rank)
	for i, p := range s.perm[:rank] {
		strides[i], sizes[i] = block, s.shape[p]
		for _, d := range s.shape[p+1 : rank] {
			strides[i] *= d
		}
	}
	at, place := make([]int64, rank), int64(0)
	for to := int64(0); to < int64(len(out)); to += block {
		copy(out[to:to+block], values[place:place+block])
		for i := rank - 1; i >= 0; i-- {
			at[i]++
			place += strides[i]
			if at[i] < sizes[i] {
				break
			}
			place -= at[i] * strides[i]
			at[i] = 0
		}
	}
}
