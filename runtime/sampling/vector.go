package sampling

// term is one summand c·v of combine.
type term struct {
	c float32
	v []float32
}

// combine sets dst to the sum of the terms, added left to right. dst may be one of their vectors.
func combine(dst []float32, terms ...term) {
	const block = 512 // on the stack, and long enough to hide the loop over terms
	var sum [block]float32
	for at := 0; at < len(dst); at += block {
		n := min(block, len(dst)-at)
		acc := sum[:n]
		first := terms[0].v[at : at+n]
		for i, v := range first {
			acc[i] = terms[0].c * v
		}
		for _, t := range terms[1:] {
			c := t.c
			for i, v := range t.v[at : at+n] {
				acc[i] += c * v
			}
		}
		copy(dst[at:at+n], acc)
	}
}

// addScaled adds c·v to dst.
func addScaled(dst []float32, c float32, v []float32) {
	v = v[:len(dst)]
	for i := range dst {
		dst[i] += c * v[i]
	}
}

// scale multiplies dst by c.
func scale(dst []float32, c float32) {
	for i := range dst {
		dst[i] *= c
	}
}

// derivative sets dst to (x-denoised)/sigma, the slope dx/dσ of the probability flow. Karras et al. 2022, eq. 3.
func derivative(dst, x, denoised []float32, sigma float32) {
	x, denoised = x[:len(dst)], denoised[:len(dst)]
	for i := range dst {
		dst[i] = (x[i] - denoised[i]) / sigma
	}
}

// eulerStep sets dst to x + (x-denoised)/sigma·dt.
func eulerStep(dst, x, denoised []float32, sigma, dt float32) {
	x, denoised = x[:len(dst)], denoised[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + (x[i]-denoised[i])/sigma*dt
	}
}
