package weights

import (
	"context"
	"fmt"
	"io"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// SaveSum writes a difference ControlNet as the plain one that it stands for: every tensor plus the weight of the same name that base
// returns, nil for none. Both are rounded to the type of the file before and after they are added, as the reference does.
func (c *ControlNet) SaveSum(ctx context.Context, path string, base func(name string) (*tensor.Tensor, error)) error {
	var entries []Entry
	for _, name := range c.Set.Names() {
		r, _ := c.Set.Ref(name)
		switch r.DType {
		case F16, BF16, F32, F64:
		default:
			return fmt.Errorf("weight %s is stored as %s, to which nothing can be added: %w", name, r.DType, ErrFormat)
		}
		entries = append(entries, Entry{Name: name, DType: r.DType, Shape: r.Shape, write: sumOf(name, r, base)})
	}
	return Save(ctx, path, nil, entries)
}

func sumOf(name string, r Ref, base func(string) (*tensor.Tensor, error)) func(io.Writer) error {
	return func(w io.Writer) error {
		t, err := base(name)
		if err != nil {
			return err
		}
		if t == nil {
			return RefEntry(name, r).write(w)
		}
		sum, err := r.Float32()
		if err != nil {
			return err
		}
		if !tensor.SameShape(t, sum) {
			return fmt.Errorf("weight %s has shape %v here and %v in the model: the ControlNet was made for another one: %w", name, sum.Shape, t.Shape, ErrFamily)
		}
		rounded := tensor.New(t.Shape...)
		if err := toFloat32(rounded.Data, appendFloats(nil, r.DType, t.Data), r.DType); err != nil {
			return err
		}
		for i, v := range rounded.Data {
			sum.Data[i] += v
		}
		return floatEntry(name, r.DType, sum).write(w)
	}
}
