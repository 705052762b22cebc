package weights

import (
	"encoding/binary"
	"math"

	"github.com/oneactor/oneactor/internal/parallel"
)

// appendFloats appends values in a stored floating point type: F16, BF16, F64 or F32, which is also what any other
// type gives.
func appendFloats(b []byte, d DType, values []float32) []byte {
	le := binary.LittleEndian
	for _, v := range values {
		switch d {
		case F16:
			b = le.AppendUint16(b, toFloat16(v))
		case BF16:
			b = le.AppendUint16(b, toBFloat16(v))
		case F64:
			b = le.AppendUint64(b, math.Float64bits(float64(v)))
		default:
			b = le.AppendUint32(b, math.Float32bits(v))
		}
	}
	return b
}

// Round rounds values in place to those that a type holds: F16 or BF16; any other type leaves them.
func Round(values []float32, d DType) {
	parallel.Ranges(len(values), 1, func(from, to int) {
		table := float16Table()
		for i, v := range values[from:to] {
			switch d {
			case F16:
				values[from+i] = table[toFloat16(v)]
			case BF16:
				values[from+i] = math.Float32frombits(uint32(toBFloat16(v)) << 16)
			}
		}
	})
}

// toFloat16 rounds to the nearest float16, ties to even. Values of 65520 and more become infinite, NaN stays NaN.
func toFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000: // NaN, quiet
		return sign | 0x7e00 | uint16(bits>>13&0x3ff)
	case bits >= 0x477ff000: // rounds above the largest, 65504
		return sign | 0x7c00
	case bits < 0x38800000: // below 2^-14: subnormal, in steps of 2^-24, which this sum rounds to
		sum := math.Float32frombits(bits) + 0.5
		return sign | uint16(math.Float32bits(sum)-math.Float32bits(0.5))
	}
	// Round the fraction from 23 to 10 bits, then move the exponent's bias from 127 to 15.
	odd := bits >> 13 & 1
	return sign | uint16((bits+0xfff+odd-(127-15)<<23)>>13)
}

// toBFloat16 rounds to the nearest bfloat16, ties to even.
func toBFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}
