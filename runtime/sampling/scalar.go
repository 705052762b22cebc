package sampling

import "math"

// The scalars of a step are float32, rounded after each operation, as PyTorch computes with 0-dimensional tensors. A
// more exact value would differ from it where differences cancel, as at the last steps of a schedule.

func exp32(v float32) float32    { return float32(math.Exp(float64(v))) }
func expm132(v float32) float32  { return float32(math.Expm1(float64(v))) }
func log32(v float32) float32    { return float32(math.Log(float64(v))) }
func sqrt32(v float32) float32   { return float32(math.Sqrt(float64(v))) }
func pow32(v, p float32) float32 { return float32(math.Pow(float64(v), float64(p))) }
func abs32(v float32) float32    { return float32(math.Abs(float64(v))) }
func lerp32(a, b, w float32) float32 {
	if w < 0.5 {
		return a + w*(b-a)
	}
	return b - (b-a)*(1-w)
}

// linspace32 is torch.linspace in float32: the second half is counted back from the end, so that both ends are exact.
func linspace32(start, end float32, n int) []float32 {
	out := make([]float32, n)
	step := (end - start) / float32(n-1) // n = 1 gives an infinity or NaN that no value uses
	for i := range out {
		if i < n/2 {
			out[i] = fma32(step, float32(i), start)
		} else {
			out[i] = fma32(-step, float32(n-1-i), end)
		}
	}
	if n == 1 {
		out[0] = start
	}
	return out
}

// fma32 is a*b+c rounded once. The product of two float32 is exact in float64, so only the sum is rounded twice.
func fma32(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }
