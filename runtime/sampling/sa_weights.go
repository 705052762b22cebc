package sampling

// weights are the shares of the predictions at nodes, oldest first, in a step of SASolver from λ s to λ t, where the
// sigma is next: α(t) times the integrals of the Lagrange polynomials through the nodes with the weight
// (1+τ²)·e^((1+τ²)(λ-t)). Xue et al. 2023, eq. 15 and 18; the simple ones are those of appendix D.
func (sa SASolver) weights(next float32, nodes []float32, s, t, tau float32, corrector bool) []float32 {
	mul := 1 + tau*tau
	h := t - s
	alpha := next * exp32(t)
	if sa.SimpleOrder2 && len(nodes) == 2 {
		total := alpha * -expm132(-h*mul)
		if corrector {
			newest := alpha * (0.5 * mul * h)
			return []float32{total - newest, newest}
		}
		oldest := alpha * (0.5 * mul * h * h) / (nodes[0] - s)
		return []float32{oldest, total - oldest}
	}
	weights := lagrangeIntegrals(nodes, s, t, mul)
	scale(weights, alpha)
	return weights
}

// lagrangeIntegrals solves for the integrals of the Lagrange polynomials through nodes, from those of the powers of λ.
func lagrangeIntegrals(nodes []float32, s, t, mul float32) []float32 {
	n := len(nodes)
	powers := powerIntegrals(n, s, t, mul)
	rows := make([][]float32, n) // row p: every node to the power p
	for p := range rows {
		rows[p] = make([]float32, n)
		for k, node := range nodes {
			rows[p][k] = pow32(node, float32(p))
		}
	}
	return solve32(rows, powers)
}

// powerIntegrals are mul·∫ λ^p e^(mul(λ-t)) dλ from s to t for p = 0…n-1, by parts: the integral of p is
// [λ^p e^(mul(λ-t))] - p/mul times that of p-1.
func powerIntegrals(n int, s, t, mul float32) []float32 {
	out := make([]float32, n)
	decay := exp32(-mul * (t - s))
	for p := range out {
		out[p] = pow32(t, float32(p)) - pow32(s, float32(p))*decay
		if p > 0 {
			out[p] -= float32(p) / mul * out[p-1]
		}
	}
	return out
}

// solve32 solves a·x = b in place by Gaussian elimination with partial pivoting, in float32 as the reference.
func solve32(a [][]float32, b []float32) []float32 {
	n := len(b)
	for col := range n {
		pivot := col
		for row := col + 1; row < n; row++ {
			if abs32(a[row][col]) > abs32(a[pivot][col]) {
				pivot = row
			}
		}
		a[col], a[pivot] = a[pivot], a[col]
		b[col], b[pivot] = b[pivot], b[col]
		for row := col + 1; row < n; row++ {
			factor := a[row][col] / a[col][col]
			for k := col; k < n; k++ {
				a[row][k] -= factor * a[col][k]
			}
			b[row] -= factor * b[col]
		}
	}
	for row := n - 1; row >= 0; row-- {
		for k := row + 1; k < n; k++ {
			b[row] -= a[row][k] * b[k]
		}
		b[row] /= a[row][row]
	}
	return b
}
