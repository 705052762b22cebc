package weights

import "fmt"

// DType is the type of a stored value. All are little endian.
type DType uint8

// The stored types. F8E4M3 is the "fn" variant: no infinities, largest value 448, one NaN per sign.
const (
	F32 DType = iota + 1
	F16
	BF16
	F8E4M3
	F8E5M2
	F64
	I64
	I32
	I16
	I8
	U64
	U32
	U16
	U8
	Bool
)

// dtypes is the name in a safetensors header and the bytes per value of each type.
var dtypes = [...]struct {
	name string
	size int64
}{
	F32: {"F32", 4}, F16: {"F16", 2}, BF16: {"BF16", 2}, F8E4M3: {"F8_E4M3", 1}, F8E5M2: {"F8_E5M2", 1}, F64: {"F64", 8},
	I64: {"I64", 8}, I32: {"I32", 4}, I16: {"I16", 2}, I8: {"I8", 1},
	U64: {"U64", 8}, U32: {"U32", 4}, U16: {"U16", 2}, U8: {"U8", 1}, Bool: {"BOOL", 1},
}

// String is the name in a safetensors header, such as "F8_E4M3".
func (d DType) String() string {
	if d == 0 || int(d) >= len(dtypes) {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Size is the number of bytes of one value.
func (d DType) Size() int64 {
	if int(d) >= len(dtypes) {
		return 0
	}
	return dtypes[d].size
}

// Float reports whether the type is a floating point one.
func (d DType) Float() bool { return d >= F32 && d <= F64 }

func dtypeByName(name string) (DType, bool) {
	for d, t := range dtypes {
		if t.name == name && d > 0 {
			return DType(d), true
		}
	}
	return 0, false
}
