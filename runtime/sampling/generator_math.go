package sampling

import "math"

// The functions of this file are what boxMuller16 spends its time on. Their arguments are float32 in known ranges, so
// they need neither the range reduction nor the last digits of package math: the error is below 1e-10, where a float32
// result has 6e-8.

// logUnit is ln u for a normal u in (0,1].
func logUnit(u float32) float64 {
	// u = 2^e·m with m in [sqrt(1/2),sqrt(2)), ln m = 2·artanh(s) with s = (m-1)/(m+1).
	const sqrtHalf = 0x3f3504f3
	bits := math.Float32bits(u)
	e := int32(bits-sqrtHalf) >> 23
	m := float64(math.Float32frombits(bits - uint32(e)<<23))
	s := (m - 1) / (m + 1)
	z := s * s
	series := 1 + z*(1./3+z*(1./5+z*(1./7+z*(1./9+z*(1./11)))))
	return float64(e)*math.Ln2 + 2*s*series
}

// sinCosTurn is the sine and cosine of u turns, u in [0,1).
func sinCosTurn(u float32) (sin, cos float64) {
	quadrant := int32(u*4 + 0.5)
	x := (float64(u) - float64(quadrant)/4) * (2 * math.Pi) // within ±π/4; the difference is exact
	z := x * x
	s := x * (1 + z*(-1./6+z*(1./120+z*(-1./5040+z*(1./362880+z*(-1./39916800))))))
	c := 1 + z*(-1./2+z*(1./24+z*(-1./720+z*(1./40320+z*(-1./3628800+z*(1./479001600))))))
	// Without branches, which no processor could predict: an odd quadrant swaps the two, and each is negative in half of
	// them.
	q := uint64(quadrant)
	sb, cb := math.Float64bits(s), math.Float64bits(c)
	swap := (sb ^ cb) & -(q & 1)
	return math.Float64frombits(sb ^ swap ^ q>>1<<63), math.Float64frombits(cb ^ swap ^ (q+1)>>1<<63)
}
