package ort

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Resident is a tensor in the memory of a device, where runs read it without a copy from the host. It may outlive the session that made
// it, but not be used on another device. On the CPU it is onnxruntime's own memory.
type Resident struct {
	runtime *Runtime
	dtype   DType
	shape   []int

	once    sync.Once
	handle  handle
	cleanup goruntime.Cleanup
}

// resident takes over a tensor of onnxruntime's. One that is forgotten is freed by the collector, which does not see how large it is.
func (r *Runtime) resident(h handle, t DType, shape []int) *Resident {
	out := &Resident{runtime: r, dtype: t, shape: shape, handle: h}
	out.cleanup = goruntime.AddCleanup(out, r.api.release, h)
	return out
}

// Value feeds the tensor to a run. It must not be freed before the run has ended.
func (r *Resident) Value() Value {
	return Value{dtype: r.dtype, shape: r.shape, count: tensor.Size(r.shape), keep: r, resident: r}
}

// Free gives the memory back. A second call does nothing, nor does one for a tensor of the host (nil).
func (r *Resident) Free() {
	if r == nil {
		return
	}
	r.once.Do(func() {
		r.cleanup.Stop()
		r.runtime.api.release(r.handle)
		r.handle = handle{}
	})
}

// Read copies the values of a float32 tensor to the host; into has as many elements.
func (r *Resident) Read(into []float32) error {
	if r.handle.value == nil {
		return fmt.Errorf("reading a tensor of shape %v: it was freed", r.shape)
	}
	if r.dtype != Float32 || tensor.Size(r.shape) != len(into) {
		return fmt.Errorf("reading a tensor: it is %v of shape %v and %d float32 values were asked for", r.dtype, r.shape, len(into))
	}
	if len(into) == 0 {
		return nil
	}
	data, err := r.runtime.api.data(r.handle)
	if err != nil {
		return fmt.Errorf("onnxruntime: reading a tensor: %w", err)
	}
	if err := r.runtime.device.copy(unsafe.Pointer(&into[0]), data, 4*len(into)); err != nil {
		return fmt.Errorf("reading a tensor of shape %v from %s: %w", r.shape, r.runtime.device, err)
	}
	goruntime.KeepAlive(r)
	return nil
}

// Keep copies a tensor of the host to the memory that the session has on its device; to be freed. A Resident comes back as it is, and whoever made it
// frees it.
func (s *Session) Keep(v Value) (*Resident, error) {
	if v.resident != nil {
		return v.resident, nil
	}
	if n := tensor.Size(v.shape); n != v.count || v.dtype.Size() == 0 {
		return nil, fmt.Errorf("%d values of %v do not fill shape %v", v.count, v.dtype, v.shape)
	}
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	r := s.runtime
	h, err := r.api.allocate(native(s.session), r.device.place(), v.dtype, v.shape)
	if err != nil {
		return nil, r.explain(err)
	}
	out := r.resident(h, v.dtype, slices.Clone(v.shape))
	data, err := r.api.data(h)
	if err == nil && v.count > 0 {
		err = r.device.copy(data, v.data, v.count*v.dtype.Size())
	}
	goruntime.KeepAlive(v.keep)
	if err != nil {
		out.Free()
		return nil, fmt.Errorf("copying a tensor of shape %v to %s: %w", v.shape, r.device, err)
	}
	return out, nil
}

// place is where the tensors of a device lie, as the C interface numbers it.
func (d Device) place() int {
	if d.CUDA {
		return d.Index
	}
	return host
}

// copy copies bytes between memories of the host and of the device.
func (d Device) copy(to, from unsafe.Pointer, bytes int) error {
	if d.CUDA {
		return copyCUDA(d.Index, to, from, bytes)
	}
	copy(unsafe.Slice((*byte)(to), bytes), unsafe.Slice((*byte)(from), bytes))
	return nil
}

// tensor copies a float32 tensor of the host.
func (a api) tensor(h handle) (*tensor.Tensor, error) {
	shape, err := a.shape(h)
	if err != nil {
		return nil, err
	}
	t := tensor.New(shape...)
	if len(t.Data) == 0 {
		return t, nil
	}
	data, err := a.data(h)
	if err != nil {
		return nil, err
	}
	copy(t.Data, unsafe.Slice((*float32)(data), len(t.Data)))
	return t, nil
}
