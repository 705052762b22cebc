package weights

import (
	"fmt"
	"hash"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// plain is a difference that is stored as it is.
type plain struct{ values Ref }

func (p plain) addTo(w, _ *tensor.Tensor, factor, _ float32) error {
	t, err := p.values.Float32()
	if err != nil {
		return err
	}
	if !tensor.SameShape(t, w) {
		return fmt.Errorf("a difference %v for a weight %v: %w", t.Shape, w.Shape, tensor.ErrShape)
	}
	Axpy(w.Data, t.Data, factor)
	return nil
}

// Axpy adds factor · x to y, on all processors.
func Axpy(y, x []float32, factor float32) {
	parallel.Ranges(len(y), 1, func(from, to int) {
		y, x := y[from:to], x[from:to]
		for i, v := range x {
			y[i] += factor * v
		}
	})
}

// setWeight puts a stored weight in the place of the model's, whatever the strength.
type setWeight struct{ values Ref }

func (s setWeight) Apply(w *tensor.Tensor, _ float32) (*tensor.Tensor, error) {
	t, err := s.values.Float32()
	if err != nil {
		return nil, err
	}
	if !tensor.SameShape(t, w) {
		return nil, fmt.Errorf("set_weight: %v for a weight %v: %w", t.Shape, w.Shape, tensor.ErrShape)
	}
	return t, nil
}

func (setWeight) Bytes() int64 { return 0 }

func (s setWeight) Identify(h hash.Hash, by Identity) error {
	fmt.Fprintln(h, "set")
	return identify(h, by, s.values)
}

// Replaces reports whether a change has its effect at any strength, 0 included.
func Replaces(c Change) bool { _, ok := c.(setWeight); return ok }

// turnedOver is a change of the transpose of the weight it is given.
type turnedOver struct{ Change }

func (c turnedOver) Apply(w *tensor.Tensor, strength float32) (*tensor.Tensor, error) {
	if len(w.Shape) != 2 {
		return nil, fmt.Errorf("the transpose of %v: %w", w.Shape, tensor.ErrShape)
	}
	t, err := c.Change.Apply(tensor.Transposed(w), strength)
	if err != nil {
		return nil, err
	}
	return tensor.Transposed(t), nil
}

func (c turnedOver) Identify(h hash.Hash, by Identity) error {
	fmt.Fprintln(h, "transposed")
	return c.Change.Identify(h, by)
}
