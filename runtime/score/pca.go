package score

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Plane lays states h [N,C,h,w] out in the plane of their two main directions: principal components of all of them together. It
// returns N places and the share of the variance that the plane shows. Which side is up is fixed by a rule, so equal states give
// equal places. States of one picture lie at the origin; values that are not finite are an error.
func Plane(h *tensor.Tensor) (places [][2]float64, share float64, err error) {
	rows, err := rowsOf(h)
	if err != nil {
		return nil, 0, err
	}
	if len(rows) == 0 {
		return nil, 0, fmt.Errorf("score: no states to lay out: %w", tensor.ErrShape)
	}
	// N is small beside the length of a row, so the eigenvectors of the N x N matrix of dot products are the way.
	gram := mat.NewSymDense(len(rows), nil)
	centred := centre(rows)
	trace := 0.0
	for i, a := range centred {
		for k, b := range centred[:i+1] {
			dot := 0.0
			for j := range a {
				dot += a[j] * b[j]
			}
			if math.IsNaN(dot) || math.IsInf(dot, 0) {
				return nil, 0, errors.New("score: h holds values that are not finite; the pictures they belong to are broken")
			}
			gram.SetSym(i, k, dot)
		}
		trace += gram.At(i, i)
	}
	places = make([][2]float64, len(rows))
	if trace == 0 {
		return places, 1, nil
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(gram, true) {
		return nil, 0, errors.New("score: the states have no principal components")
	}
	values := eigen.Values(nil) // ascending
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for axis := range min(2, len(values)) {
		column := len(values) - 1 - axis
		value := max(values[column], 0)
		share += value / trace
		scale := math.Sqrt(value) * sign(&vectors, column)
		for i := range places {
			places[i][axis] = scale * vectors.At(i, column)
		}
	}
	return places, share, nil
}

// sign makes the largest value of a column positive.
func sign(m *mat.Dense, column int) float64 {
	largest := 0.0
	for i := range m.RawMatrix().Rows {
		if v := m.At(i, column); math.Abs(v) > math.Abs(largest)+1e-9 {
			largest = v
		}
	}
	return math.Copysign(1, largest)
}

func centre(rows [][]float32) [][]float64 {
	middle := make([]float64, len(rows[0]))
	for _, row := range rows {
		for j, v := range row {
			middle[j] += float64(v) / float64(len(rows))
		}
	}
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = make([]float64, len(row))
		for j, v := range row {
			out[i][j] = float64(v) - middle[j]
		}
	}
	return out
}
