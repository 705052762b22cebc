package weights

import (
	"fmt"
	"hash"
	"io"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Change is what a patch does to one weight of a model. It never changes itself and may be used from several goroutines.
type Change interface {
	// Apply makes the changed weight from w, which it may overwrite and return. The error wraps tensor.ErrShape when the change does
	// not fit.
	Apply(w *tensor.Tensor, strength float32) (*tensor.Tensor, error)
	// Bytes is the memory held; what lies in a file counts nothing.
	Bytes() int64
	// Identify adds to h what tells the change from any other.
	Identify(h hash.Hash, by Identity) error
}

// LowRanker is a change that is nothing but a low-rank pair: a layer can take it as a branch.
type LowRanker interface {
	Change
	LowRank() (LowRank, error)
}

// Identity is what a change goes by.
type Identity uint8

const (
	// ByPlace tells changes apart by the files they lie in, quickly and without a doubt.
	ByPlace Identity = iota
	// ByContent is the same wherever the files lie; of large tensors it looks at a sample.
	ByContent
)

// difference is a change that adds something to a weight.
type difference interface {
	// addTo adds factor · D to w, where D is what the change makes of base at a strength. w and base may be one tensor.
	addTo(w, base *tensor.Tensor, factor, strength float32) error
}

// fileChange is a change that lies in a LoRA file: W' = W + strength · factor · D, or that with the length of rows or columns set to a
// stored one.
type fileChange struct {
	kind   string
	do     difference
	refs   []Ref   // all tensors it is made of
	factor float32 // alpha/rank, or what a format has in its place
	dora   *Ref    // lengths of rows or columns, nil for none
	padded []int   // the shape that the weight takes first, nil for its own
}

func (c fileChange) Bytes() int64 { return 0 }

func (c fileChange) Identify(h hash.Hash, by Identity) error {
	fmt.Fprintln(h, c.kind, c.factor, c.padded)
	return identify(h, by, c.refs...)
}

func (c fileChange) Apply(w *tensor.Tensor, strength float32) (*tensor.Tensor, error) {
	w, err := padTo(w, c.padded)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.kind, err)
	}
	if c.dora != nil {
		err = c.decompose(w, strength)
	} else {
		err = c.do.addTo(w, w, strength*c.factor, strength)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.kind, err)
	}
	return w, nil
}

// padTo puts a weight into the corner of a larger one of zeros. ComfyUI, comfy/lora.py pad_tensor_to_shape.
func padTo(w *tensor.Tensor, shape []int) (*tensor.Tensor, error) {
	if shape == nil {
		return w, nil
	}
	if len(shape) != len(w.Shape) {
		return nil, fmt.Errorf("a weight %v cannot be padded to %v: %w", w.Shape, shape, tensor.ErrShape)
	}
	same := true
	for i, n := range w.Shape {
		if shape[i] < n {
			return nil, fmt.Errorf("a weight %v cannot be padded to %v: %w", w.Shape, shape, tensor.ErrShape)
		}
		same = same && shape[i] == n
	}
	if same {
		return w, nil
	}
	out := tensor.New(shape...)
	copyCorner(out.Data, w.Data, shape, w.Shape)
	return out, nil
}

func copyCorner(to, from []float32, large, small []int) {
	if len(large) <= 1 {
		copy(to, from)
		return
	}
	toStep, fromStep := tensor.Size(large[1:]), tensor.Size(small[1:])
	for i := range small[0] {
		copyCorner(to[i*toStep:][:toStep], from[i*fromStep:][:fromStep], large[1:], small[1:])
	}
}

// identify writes what tells tensors in files apart.
func identify(h hash.Hash, by Identity, refs ...Ref) error {
	for _, r := range refs {
		fmt.Fprintln(h, r.DType, r.Shape)
		if by == ByPlace {
			fmt.Fprintf(h, "%q %d %d %x %d\n", r.File.path, r.File.size, r.File.modified.UnixNano(), r.File.header, r.Offset)
			continue
		}
		if err := r.sample(h); err != nil {
			return err
		}
	}
	return nil
}

// sampled is how many bytes at the start and at the end of a tensor stand for all of it.
const sampled = 256

// sample writes the first and last bytes of a tensor.
func (r Ref) sample(w io.Writer) error {
	raw, err := r.Raw()
	if err != nil {
		return err
	}
	return r.File.guard(func() error {
		if _, err := w.Write(raw[:min(sampled, len(raw))]); err != nil {
			return err
		}
		_, err := w.Write(raw[max(0, len(raw)-sampled):])
		return err
	})
}

// Identify adds to h what tells a tensor from any other.
func (r Ref) Identify(h hash.Hash, by Identity) error { return identify(h, by, r) }
