package score

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Likeness is how alike pictures are by a network that describes them: cosines of its vectors, 1 for equal pictures. NaN where there is nothing to
// compare.
type Likeness struct {
	Pairs    float64 // mean over pairs of pictures
	ToTarget float64 // mean over pictures, with the target
}

// MeasureLikeness takes vectors of length 1 [N,P] of pictures, and that of the target [1,P], which may be nil.
func MeasureLikeness(x, target *tensor.Tensor) Likeness {
	var pairs, toTarget mean
	for i := range x.Dim(0) {
		for j := i + 1; j < x.Dim(0); j++ {
			pairs.add(product(x, x, i, j))
		}
		if target != nil {
			toTarget.add(product(x, target, i, 0))
		}
	}
	return Likeness{Pairs: pairs.value(), ToTarget: toTarget.value()}
}

// Following is the mean cosine of pictures with their texts, both as vectors of length 1 [N,P].
func Following(pictures, texts *tensor.Tensor) (float64, error) {
	if !tensor.SameShape(pictures, texts) {
		return math.NaN(), fmt.Errorf("score: vectors of pictures %v and of texts %v: %w", pictures.Shape, texts.Shape, tensor.ErrShape)
	}
	var m mean
	for i := range pictures.Dim(0) {
		m.add(product(pictures, texts, i, i))
	}
	return m.value(), nil
}

// product is row i of a times row j of b.
func product(a, b *tensor.Tensor, i, j int) (sum float64) {
	w := a.Dim(1)
	for k := range w {
		sum += float64(a.Data[i*w+k]) * float64(b.Data[j*w+k])
	}
	return sum
}
