package ort

/*
#include <stdlib.h>
#include "native_run.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	onnxruntime "github.com/yalue/onnxruntime_go"
)

// handle is a tensor of onnxruntime's. Its memory is the caller's or, with an allocator, onnxruntime's.
type handle struct{ value, allocator unsafe.Pointer }

// host is the place of tensors in the memory of the machine; a GPU's is its number.
const host = -1

// wrap makes a tensor over bytes of memory that stays in place until it is released.
func (a api) wrap(data unsafe.Pointer, bytes int, t DType, shape []int) (handle, error) {
	dims, first := sizes64(shape)
	var h handle
	if data == nil {
		data = unsafe.Pointer(&nothing)
	}
	err := failure(C.ort_wrap(a.table, data, C.size_t(bytes), first, C.size_t(len(dims)), C.int(t), &h.value))
	return h, err
}

// nothing stands for the memory of a tensor without elements, which onnxruntime wants to have an address.
var nothing [1]byte

// allocate makes a tensor without values in the memory that a session has on a device.
func (a api) allocate(session unsafe.Pointer, device int, t DType, shape []int) (handle, error) {
	dims, first := sizes64(shape)
	var h handle
	err := failure(C.ort_allocate(a.table, session, C.int(device), first, C.size_t(len(dims)), C.int(t), &h.value, &h.allocator))
	return h, err
}

func (a api) release(h handle) { C.ort_release(a.table, h.value, h.allocator) }

// data is the address of a tensor's values, on its device.
func (a api) data(h handle) (data unsafe.Pointer, err error) {
	err = failure(C.ort_data(a.table, h.value, &data))
	return data, err
}

func (a api) shape(h handle) ([]int, error) {
	var rank C.size_t
	if err := failure(C.ort_rank(a.table, h.value, &rank)); err != nil {
		return nil, err
	}
	dims, first := sizes64(make([]int, rank))
	if err := failure(C.ort_shape(a.table, h.value, first, rank)); err != nil {
		return nil, err
	}
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = int(dims[i])
	}
	return shape, nil
}

// sizes64 are the sizes as C takes them, and the address of the first; there is one for a scalar too.
func sizes64(shape []int) ([]C.int64_t, *C.int64_t) {
	dims := make([]C.int64_t, len(shape), len(shape)+1)
	for i, d := range shape {
		dims[i] = C.int64_t(d)
	}
	return dims, unsafe.SliceData(dims)
}

// cNames are names in C's memory, for the life of a session.
type cNames map[string]*C.char

func newCNames(lists ...[]string) cNames {
	c := cNames{}
	for _, list := range lists {
		for _, name := range list {
			if c[name] == nil {
				c[name] = C.CString(name)
			}
		}
	}
	return c
}

func (c cNames) free() {
	for _, name := range c {
		C.free(unsafe.Pointer(name))
	}
}

// ports is names and tensors as arrays of C's.
type ports struct {
	names  []*C.char
	values []unsafe.Pointer
}

func (p *ports) add(name *C.char, h handle) {
	p.names, p.values = append(p.names, name), append(p.values, h.value)
}

// run runs a session. Outputs without a value get a new one where devices says, or in the host's memory where that is nil.
func (a api) run(session unsafe.Pointer, options *onnxruntime.RunOptions, in, out ports, devices []int) error {
	// C gets structures with addresses of Go's slices, so these are copied to its memory.
	inputs, free := in.inC()
	defer free()
	outputs, free := out.inC()
	defer free()
	var problem *C.char
	if devices == nil {
		problem = C.ort_run(a.table, session, pointer(options), inputs, outputs)
	} else {
		where := make([]C.int, len(devices))
		for i, d := range devices {
			where[i] = C.int(d)
		}
		problem = C.ort_run_bound(a.table, session, pointer(options), inputs, outputs, unsafe.SliceData(where))
	}
	copy(out.values, unsafe.Slice(outputs.values, len(out.values)))
	return failure(problem)
}

func (p ports) inC() (c C.ort_ports, free func()) {
	n := len(p.names)
	size := C.size_t(unsafe.Sizeof(uintptr(0)))
	c.count = C.size_t(n)
	c.names = (**C.char)(C.calloc(c.count+1, size))
	c.values = (*unsafe.Pointer)(C.calloc(c.count+1, size))
	copy(unsafe.Slice(c.names, n), p.names)
	copy(unsafe.Slice(c.values, n), p.values)
	return c, func() {
		C.free(unsafe.Pointer(c.names))
		C.free(unsafe.Pointer(c.values))
	}
}

// native is onnxruntime's session in the wrapper's.
func native(s *onnxruntime.DynamicAdvancedSession) unsafe.Pointer {
	return reflect.ValueOf(s).Elem().Field(0).Elem().Field(0).UnsafePointer()
}

// errNoCopy is returned where CUDA's runtime library is not loaded.
var errNoCopy = errors.New("libcudart.so.13 is not loaded")

// copyCUDA copies bytes between memories of the host and of a device.
func copyCUDA(device int, to, from unsafe.Pointer, bytes int) error {
	switch code := C.cuda_copy(C.int(device), to, from, C.size_t(bytes)); code {
	case 0:
		return nil
	case -1:
		return errNoCopy
	default:
		return fmt.Errorf("CUDA error %d", int(code))
	}
}
