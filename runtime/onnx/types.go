package onnx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DType is an element type, numbered as in ONNX's TensorProto.DataType.
type DType int32

// Element types of tensors.
const (
	Float32    DType = 1
	Uint8      DType = 2
	Int8       DType = 3
	Int16      DType = 5
	Int32      DType = 6
	Int64      DType = 7
	Bool       DType = 9
	Float16    DType = 10
	Float64    DType = 11
	BFloat16   DType = 16
	Float8E4M3 DType = 17
	Float8E5M2 DType = 19
)

// dtypes holds the name and the width in bytes of each element type.
var dtypes = map[DType]struct {
	name string
	size int64
}{
	Float32: {"float32", 4}, Uint8: {"uint8", 1}, Int8: {"int8", 1}, Int16: {"int16", 2}, Int32: {"int32", 4}, Int64: {"int64", 8},
	Bool: {"bool", 1}, Float16: {"float16", 2}, Float64: {"float64", 8}, BFloat16: {"bfloat16", 2},
	Float8E4M3: {"float8e4m3fn", 1}, Float8E5M2: {"float8e5m2", 1},
}

// Size is the width of one element in bytes, 0 for an unknown type.
func (d DType) Size() int64 { return dtypes[d].size }

func (d DType) String() string {
	if t, ok := dtypes[d]; ok {
		return t.name
	}
	return fmt.Sprintf("dtype(%d)", int32(d))
}

// Unknown is a size that is known only when the graph runs.
const Unknown int64 = -1

// Shape is the sizes of a tensor, Unknown where the graph does not fix one. Its length, the rank, is always known.
type Shape []int64

// Count is the number of elements, Unknown if a size is.
func (s Shape) Count() int64 {
	n := int64(1)
	for _, d := range s {
		if d == Unknown {
			return Unknown
		}
		n *= d
	}
	return n
}

// Equal says whether the shapes are the same; two unknown sizes count as the same.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = strconv.FormatInt(d, 10)
		if d == Unknown {
			parts[i] = "?"
		}
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// fits says whether a tensor of shape t may stand where s is wanted: same rank, and no two known sizes that differ.
func (s Shape) fits(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] && s[i] != Unknown && t[i] != Unknown {
			return false
		}
	}
	return true
}

// broadcast is the shape of an elementwise operation on s and t.
func broadcast(s, t Shape) (Shape, bool) {
	if len(s) < len(t) {
		s, t = t, s
	}
	out := slices.Clone(s)
	for i := range t {
		a, b := s[len(s)-len(t)+i], t[i]
		d := a
		switch {
		case a == b, b == 1:
		case a == 1, a == Unknown:
			d = b
		case b == Unknown:
		default:
			return nil, false
		}
		out[len(s)-len(t)+i] = d
	}
	return out, true
}
