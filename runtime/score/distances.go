package score

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Distances compares states h of pictures with those of a base cluster, in units of the cluster's own spread: 1 is as far apart as
// pictures of one prompt with different noise are, 0 is equal. States hold the scene as well as the character: what helps is to compare
// settings over the same scenes.
type Distances struct {
	Pairs        float64 // Euclidean, mean over pairs of pictures, over the same of the cluster
	ToTarget     float64 // Euclidean, mean distance to the target, over that of the auxiliary pictures
	PairsCosine  float64 // the same with one minus the cosine
	TargetCosine float64
}

// MeasureDistances takes h of the pictures [N,C,h,w] and of the cluster [K+1,C,h,w]. A cluster of one picture has no spread and is an error;
// with one picture Pairs is NaN.
func MeasureDistances(h, cluster *tensor.Tensor, target int) (Distances, error) {
	a, err := rowsOf(h)
	if err != nil {
		return Distances{}, err
	}
	b, err := rowsOf(cluster)
	if err != nil {
		return Distances{}, err
	}
	if len(a) > 0 && len(b) > 0 && len(a[0]) != len(b[0]) {
		return Distances{}, fmt.Errorf("score: h of the pictures has %d values, h of the cluster %d; use pictures of the cluster's size and its model", len(a[0]), len(b[0]))
	}
	if len(b) < 2 {
		return Distances{}, fmt.Errorf("score: a cluster of %d pictures has no spread to compare with; use 2 or more", len(b))
	}
	if target < 0 || target >= len(b) {
		return Distances{}, fmt.Errorf("score: target %d; the cluster has pictures 0 to %d", target, len(b)-1)
	}
	var auxiliary [][]float32
	for i, row := range b {
		if i != target {
			auxiliary = append(auxiliary, row)
		}
	}
	ratio := func(d func(a, b []float32) float64) (pairs, toTarget float64) {
		return meanPairs(a, d) / meanPairs(b, d), meanTo(a, b[target], d) / meanTo(auxiliary, b[target], d)
	}
	var out Distances
	out.Pairs, out.ToTarget = ratio(euclidean)
	out.PairsCosine, out.TargetCosine = ratio(cosineDistance)
	return out, nil
}

func rowsOf(h *tensor.Tensor) ([][]float32, error) {
	if h == nil || len(h.Shape) < 2 {
		return nil, fmt.Errorf("score: h of shape %v; want [N,C,h,w]: %w", shapeOf(h), tensor.ErrShape)
	}
	size := tensor.Size(h.Shape[1:])
	rows := make([][]float32, h.Dim(0))
	for i := range rows {
		rows[i] = h.Data[i*size:][:size]
	}
	return rows, nil
}

func meanPairs(rows [][]float32, d func(a, b []float32) float64) float64 {
	var m mean
	for i, a := range rows {
		for _, b := range rows[i+1:] {
			m.add(d(a, b))
		}
	}
	return m.value()
}

func meanTo(rows [][]float32, target []float32, d func(a, b []float32) float64) float64 {
	var m mean
	for _, a := range rows {
		m.add(d(a, target))
	}
	return m.value()
}

func euclidean(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		x := float64(a[i]) - float64(b[i])
		sum += x * x
	}
	return math.Sqrt(sum)
}

func cosineDistance(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return 1 - ab/math.Sqrt(aa*bb)
}
