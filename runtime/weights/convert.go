package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
)

// toFloat32 converts raw values to float32; len(out) values are read. Every step is exact where float32 can hold the
// value; 64-bit floats and large integers are rounded to nearest, ties to even, as the hardware does.
func toFloat32(out []float32, raw []byte, d DType) error {
	le := binary.LittleEndian
	if int64(len(raw)) != int64(len(out))*d.Size() {
		return fmt.Errorf("%d bytes for %d values of %s: %w", len(raw), len(out), d, ErrFormat)
	}
	switch d {
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(le.Uint32(raw[4*i:]))
		}
	case F16:
		table := float16Table()
		for i := range out {
			out[i] = table[le.Uint16(raw[2*i:])]
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(le.Uint16(raw[2*i:])) << 16)
		}
	case F8E4M3, F8E5M2:
		table := float8Tables()[d]
		for i, b := range raw {
			out[i] = table[b]
		}
	case F64:
		for i := range out {
			out[i] = float32(math.Float64frombits(le.Uint64(raw[8*i:])))
		}
	case I64:
		for i := range out {
			out[i] = float32(int64(le.Uint64(raw[8*i:])))
		}
	case I32:
		for i := range out {
			out[i] = float32(int32(le.Uint32(raw[4*i:])))
		}
	case I16:
		for i := range out {
			out[i] = float32(int16(le.Uint16(raw[2*i:])))
		}
	case I8:
		for i, b := range raw {
			out[i] = float32(int8(b))
		}
	case U64:
		for i := range out {
			out[i] = float32(le.Uint64(raw[8*i:]))
		}
	case U32:
		for i := range out {
			out[i] = float32(le.Uint32(raw[4*i:]))
		}
	case U16:
		for i := range out {
			out[i] = float32(le.Uint16(raw[2*i:]))
		}
	case U8:
		for i, b := range raw {
			out[i] = float32(b)
		}
	case Bool:
		for i, b := range raw {
			if b != 0 {
				out[i] = 1
			} else {
				out[i] = 0
			}
		}
	default:
		return fmt.Errorf("values of %s: %w", d, ErrFormat)
	}
	return nil
}

// float16Table holds the float32 of every float16: 256 KiB, which stay in the second-level cache during a conversion.
var float16Table = sync.OnceValue(func() *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for i := range t {
		t[i] = float16(uint16(i))
	}
	return t
})

// float16 is the value of an IEEE 754 half: 1 sign, 5 exponent (bias 15), 10 fraction bits. NaNs keep their payload.
func float16(h uint16) float32 {
	return small(uint32(h>>15), uint32(h>>10)&0x1f, uint32(h)&0x3ff, 10, 15)
}

// small widens a float with the given fraction bits and exponent bias, infinities and NaNs at the largest exponent.
func small(sign, exponent, fraction uint32, fractionBits, bias int) float32 {
	top := uint32(2*bias + 1)
	switch {
	case exponent == top:
		return math.Float32frombits(sign<<31 | 0xff<<23 | fraction<<(23-fractionBits))
	case exponent == 0:
		v := float32(math.Ldexp(float64(fraction), 1-bias-fractionBits))
		return math.Float32frombits(sign<<31 | math.Float32bits(v))
	}
	return math.Float32frombits(sign<<31 | (exponent+uint32(127-bias))<<23 | fraction<<(23-fractionBits))
}

// float8Tables holds the float32 of every byte in both float8 types.
var float8Tables = sync.OnceValue(func() map[DType]*[256]float32 {
	t := map[DType]*[256]float32{F8E4M3: new([256]float32), F8E5M2: new([256]float32)}
	for i := range uint32(256) {
		sign := i >> 7
		t[F8E5M2][i] = small(sign, i>>2&0x1f, i&3, 2, 15)
		if i&0x7f == 0x7f {
			t[F8E4M3][i] = math.Float32frombits(sign<<31 | 0x7fc00000)
			continue
		}
		// No infinities: exponent 15 is an ordinary one, so widen with a bias that never reaches small's largest.
		v := math.Ldexp(float64(i&7|8), int(i>>3&0xf)-7-3)
		if i>>3&0xf == 0 {
			v = math.Ldexp(float64(i&7), 1-7-3)
		}
		t[F8E4M3][i] = math.Float32frombits(sign<<31 | math.Float32bits(float32(v)))
	}
	return t
})
