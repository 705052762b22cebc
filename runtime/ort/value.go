package ort

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// DType is the element type of a tensor, with ONNX's numbers (TensorProto.DataType).
type DType int32

const (
	Float32  DType = 1
	Int32    DType = 6
	Int64    DType = 7
	Bool     DType = 9
	Float16  DType = 10
	BFloat16 DType = 16

	float64Type DType = 11
	float8E4M3  DType = 17
	float8E5M2  DType = 19
)

var dtypes = map[DType]struct {
	name string
	size int
}{
	Float32: {"float32", 4}, Int32: {"int32", 4}, Int64: {"int64", 8}, Bool: {"bool", 1},
	Float16: {"float16", 2}, BFloat16: {"bfloat16", 2},
	2: {"uint8", 1}, 3: {"int8", 1}, 4: {"uint16", 2}, 5: {"int16", 2}, 11: {"float64", 8}, 12: {"uint32", 4}, 13: {"uint64", 8},
	float8E4M3: {"float8_e4m3fn", 1}, float8E5M2: {"float8_e5m2", 1},
}

func (t DType) String() string {
	if d, ok := dtypes[t]; ok {
		return d.name
	}
	return fmt.Sprintf("type %d", int32(t))
}

// Size is the bytes of one element; 0 for a type this package does not know.
func (t DType) Size() int { return dtypes[t].size }

// Value is a tensor fed to a session: one of the host, which shares the caller's memory and must not change during a run, or a Resident.
type Value struct {
	dtype    DType
	shape    []int
	count    int            // elements in data
	data     unsafe.Pointer // first element; nil when there are none
	keep     any            // keeps the caller's slice reachable
	resident *Resident      // nil for a tensor of the host
}

// Shape is the sizes of the tensor; not to be changed.
func (v Value) Shape() []int { return v.shape }

// Resident is the tensor on the device behind v; nil for one of the host.
func (v Value) Resident() *Resident { return v.resident }

// FromTensor feeds t as float32.
func FromTensor(t *tensor.Tensor) Value { return FromFloat32(t.Data, t.Shape...) }

// FromFloat32 feeds data as float32; a scalar has no shape.
func FromFloat32(data []float32, shape ...int) Value { return from(Float32, data, shape) }

// FromInt64 feeds data as int64.
func FromInt64(data []int64, shape ...int) Value { return from(Int64, data, shape) }

// FromInt32 feeds data as int32.
func FromInt32(data []int32, shape ...int) Value { return from(Int32, data, shape) }

// FromBool feeds data as bool.
func FromBool(data []bool, shape ...int) Value { return from(Bool, data, shape) }

// FromFloat16 feeds data, the bits of IEEE half precision numbers, as float16.
func FromFloat16(bits []uint16, shape ...int) Value { return from(Float16, bits, shape) }

// FromBytes feeds little-endian bytes in place, such as weights in a mapped file; the address may have any alignment
// that the operators reading it accept (onnxruntime's own accept that of the type).
func FromBytes(dtype DType, raw []byte, shape ...int) Value {
	v := Value{dtype: dtype, shape: shape, keep: raw}
	if size := dtype.Size(); size > 0 {
		v.count = len(raw) / size
	}
	if len(raw) > 0 {
		v.data = unsafe.Pointer(&raw[0])
	}
	return v
}

func from[T any](dtype DType, data []T, shape []int) Value {
	v := Value{dtype: dtype, shape: shape, count: len(data), keep: data}
	if len(data) > 0 {
		v.data = unsafe.Pointer(&data[0])
	}
	return v
}

// wrap makes onnxruntime's tensor over the memory of v, to be released. pin keeps Go memory in place while C holds its address.
func (v Value) wrap(a api, pin *runtime.Pinner) (handle, error) {
	if n := tensor.Size(v.shape); n != v.count {
		return handle{}, fmt.Errorf("%d values do not fill shape %v", v.count, v.shape)
	}
	size := v.dtype.Size()
	if size == 0 {
		return handle{}, fmt.Errorf("values of %v are not supported", v.dtype)
	}
	if v.count > 0 {
		pin.Pin(v.data)
	}
	return a.wrap(v.data, v.count*size, v.dtype, v.shape)
}
