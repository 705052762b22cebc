package runtime

import (
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// tangential is tangential damping guidance. Kwon et al. 2025 (arXiv:2503.18137), TCFG.
type tangential struct{}

// WithTangentialDamping keeps of the negative prediction, seen as noise, only the part along the direction that it shares with the
// positive one: the first right singular vector of the two. Without a negative prediction it does nothing.
func (m Model) WithTangentialDamping() Model { return m.withHook(tangential{}) }

func (tangential) begin() points {
	return points{preCFG: func(s *guidedStep, d []*tensor.Tensor) ([]*tensor.Tensor, error) {
		if d[0] == nil || d[1] == nil {
			return d, nil
		}
		damped := combined(minus(s.x, d[1]), minus(s.x, d[0]), alongFirst)
		return replaced(d, 1, minus(s.x, damped)), nil
	}}
}

// alongFirst are the factors p, q such that u·p + c·q is the projection of u on the first right singular vector of the matrix of the
// rows u and c. With w the unit eigenvector of the larger eigenvalue of their Gram matrix, it is w0·(w0·u + w1·c).
func alongFirst(u, c []float32) (p, q float64) {
	uu, uc, cc := dot(u, u), dot(u, c), dot(c, c)
	r := math.Hypot(uu-cc, 2*uc)
	if r == 0 {
		return 1, 0 // perpendicular and of equal length: every direction is a first one
	}
	return (1 + (uu-cc)/r) / 2, uc / r
}
