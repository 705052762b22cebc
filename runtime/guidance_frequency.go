package runtime

import (
	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// frequency scales low and high frequencies of guidance apart. Huang et al. 2025 (arXiv:2504.02154), FreSca.
type frequency struct {
	low, high float64
	cutoff    int
}

// WithFrequencyScaling multiplies the frequencies of guidance that are within cutoff of 0 in both directions by low, and the others by
// high. Without a negative prediction it does nothing.
func (m Model) WithFrequencyScaling(low, high float64, cutoff int) Model {
	return m.withHook(frequency{low, high, cutoff})
}

func (h frequency) begin() points {
	return points{preCFG: func(_ *guidedStep, d []*tensor.Tensor) ([]*tensor.Tensor, error) {
		if d[0] == nil || d[1] == nil {
			return d, nil
		}
		return replaced(d, 0, plus(h.filter(minus(d[0], d[1])), d[1])), nil
	}}
}

// filter scales the frequencies of every plane of x [B,C,H,W].
func (h frequency) filter(x *tensor.Tensor) *tensor.Tensor {
	height, width := x.Dim(2), x.Dim(3)
	rows, columns := fourier.NewCmplxFFT(width), fourier.NewCmplxFFT(height)
	lowRow, lowColumn := h.isLow(height), h.isLow(width)
	out := tensor.New(x.Shape...)
	spectrum, column := make([]complex128, height*width), make([]complex128, height)
	// alongColumns replaces every column by what change makes of it.
	alongColumns := func(change func(dst, src []complex128) []complex128) {
		for c := range width {
			for r := range height {
				column[r] = spectrum[r*width+c]
			}
			change(column, column)
			for r := range height {
				spectrum[r*width+c] = column[r]
			}
		}
	}
	for at := 0; at < len(x.Data); at += height * width {
		for i, v := range x.Data[at:][:height*width] {
			spectrum[i] = complex(float64(v), 0)
		}
		for r := range height {
			row := spectrum[r*width:][:width]
			rows.Coefficients(row, row)
		}
		alongColumns(columns.Coefficients)
		for i := range spectrum {
			factor := h.high
			if lowRow[i/width] && lowColumn[i%width] {
				factor = h.low
			}
			spectrum[i] *= complex(factor/float64(height*width), 0)
		}
		alongColumns(columns.Sequence)
		for r := range height {
			row := spectrum[r*width:][:width]
			rows.Sequence(row, row)
			for i, v := range row {
				out.Data[at+r*width+i] = float32(real(v))
			}
		}
	}
	return out
}

// isLow says for each of n frequencies of a transform, 0 first, whether it is one of the low ones: -cutoff up to but not including
// cutoff, or fewer where there are fewer.
func (h frequency) isLow(n int) []bool {
	out := make([]bool, n)
	limit := min(h.cutoff, n/2)
	for f := -limit; f < limit; f++ {
		out[(f+n)%n] = true
	}
	return out
}
