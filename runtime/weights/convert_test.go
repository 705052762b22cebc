package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// widened is the value of a small float by the definition of its format, in float64, which holds all of them.
func widened(bits uint32, exponentBits, fractionBits, bias int, infinities bool) float64 {
	sign := 1.0
	if bits>>(exponentBits+fractionBits) == 1 {
		sign = -1
	}
	exponent := int(bits>>fractionBits) & (1<<exponentBits - 1)
	fraction := int(bits) & (1<<fractionBits - 1)
	top := 1<<exponentBits - 1
	switch {
	case infinities && exponent == top && fraction == 0:
		return math.Inf(int(sign))
	case infinities && exponent == top, !infinities && exponent == top && fraction == 1<<fractionBits-1:
		return math.NaN()
	case exponent == 0:
		return sign * float64(fraction) * math.Pow(2, float64(1-bias-fractionBits))
	}
	return sign * (1 + float64(fraction)/float64(int(1)<<fractionBits)) * math.Pow(2, float64(exponent-bias))
}

// TestSmallFloats converts every value of every type of 8 and 16 bits.
func TestSmallFloats(t *testing.T) {
	tests := map[DType]func(bits uint32) float64{
		F16:    func(b uint32) float64 { return widened(b, 5, 10, 15, true) },
		BF16:   func(b uint32) float64 { return float64(math.Float32frombits(b << 16)) },
		F8E4M3: func(b uint32) float64 { return widened(b, 4, 3, 7, false) },
		F8E5M2: func(b uint32) float64 { return widened(b, 5, 2, 15, true) },
		I8:     func(b uint32) float64 { return float64(int8(b)) },
		U8:     func(b uint32) float64 { return float64(b) },
		I16:    func(b uint32) float64 { return float64(int16(b)) },
		U16:    func(b uint32) float64 { return float64(b) },
	}
	for d, want := range tests {
		t.Run(d.String(), func(t *testing.T) {
			n := 1 << (8 * d.Size())
			raw := make([]byte, 0, n*int(d.Size()))
			for i := range n {
				if d.Size() == 1 {
					raw = append(raw, byte(i))
				} else {
					raw = binary.LittleEndian.AppendUint16(raw, uint16(i))
				}
			}
			got := make([]float32, n)
			if err := toFloat32(got, raw, d); err != nil {
				t.Fatal(err)
			}
			for i, v := range got {
				w := want(uint32(i))
				if math.IsNaN(w) != math.IsNaN(float64(v)) || !math.IsNaN(w) && math.Float64bits(w) != math.Float64bits(float64(v)) {
					t.Fatalf("bits %#x: got %v, want %v", i, v, w)
				}
			}
		})
	}
}

// TestKnownFloats holds the tables against values everyone can look up.
func TestKnownFloats(t *testing.T) {
	tests := []struct {
		dtype DType
		bits  uint64
		want  float32
	}{
		{F16, 0x3c00, 1}, {F16, 0x7bff, 65504}, {F16, 0x0001, 0x1p-24}, {F16, 0xfc00, float32(math.Inf(-1))},
		{F8E4M3, 0x7e, 448}, {F8E4M3, 0x01, 0x1p-9}, {F8E4M3, 0x38, 1}, {F8E4M3, 0xb8, -1}, {F8E4M3, 0x78, 256},
		{F8E5M2, 0x7b, 57344}, {F8E5M2, 0x01, 0x1p-16}, {F8E5M2, 0x3c, 1}, {F8E5M2, 0x7c, float32(math.Inf(1))},
		{BF16, 0x3f80, 1}, {Bool, 0, 0}, {Bool, 1, 1}, {Bool, 255, 1},
		{I32, 0xffffffff, -1}, {U32, 0xffffffff, 1 << 32}, {I64, 1<<64 - 1, -1}, {I64, 1<<53 + 1, 1 << 53}, {U64, 1<<64 - 1, 1 << 64},
		{F64, math.Float64bits(1 + 0x1p-24), 1}, {F64, math.Float64bits(1e300), float32(math.Inf(1))},
		{F32, uint64(math.Float32bits(math.Pi)), math.Pi},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %#x", tt.dtype, tt.bits), func(t *testing.T) {
			raw := binary.LittleEndian.AppendUint64(nil, tt.bits)[:tt.dtype.Size()]
			var got [1]float32
			if err := toFloat32(got[:], raw, tt.dtype); err != nil || got[0] != tt.want {
				t.Errorf("got %v (%v), want %v", got[0], err, tt.want)
			}
		})
	}
}

func TestConvertRejects(t *testing.T) {
	if err := toFloat32(make([]float32, 2), make([]byte, 3), F16); err == nil {
		t.Error("3 bytes became two float16")
	}
	if err := toFloat32(nil, nil, DType(99)); err == nil {
		t.Error("an unknown type was converted")
	}
}

// TestNarrow checks that rounding to 16 bits gives the nearest value, the even one of two, and is exact for all values
// the type has.
func TestNarrow(t *testing.T) {
	tests := map[DType]func(float32) uint16{F16: toFloat16, BF16: toBFloat16}
	for d, narrow := range tests {
		t.Run(d.String(), func(t *testing.T) {
			widen := func(bits uint16) float32 {
				var v [1]float32
				if err := toFloat32(v[:], binary.LittleEndian.AppendUint16(nil, bits), d); err != nil {
					t.Fatal(err)
				}
				return v[0]
			}
			for i := range 1 << 16 {
				v := widen(uint16(i))
				if back := narrow(v); v == v && back != uint16(i) {
					t.Fatalf("%v became %#x, want %#x", v, back, i)
				}
				if n := narrow(v); v != v && widen(n) == widen(n) {
					t.Fatalf("NaN %#x became %v", i, widen(n))
				}
			}
			infinity := map[DType]uint16{F16: 0x7c00, BF16: 0x7f80}[d]
			for low := range infinity - 1 {
				a, b := widen(low), widen(low+1)
				middle := float32((float64(a) + float64(b)) / 2)
				even := low + low&1
				if got := narrow(middle); got != even {
					t.Fatalf("%v between %#x and %#x became %#x", middle, low, low+1, got)
				}
				if got := narrow(math.Nextafter32(middle, 0)); got != low {
					t.Fatalf("below %v became %#x, want %#x", middle, got, low)
				}
				if got := narrow(-math.Nextafter32(middle, b)); got != low+1|0x8000 {
					t.Fatalf("minus above %v became %#x, want %#x", middle, got, low+1|0x8000)
				}
			}
		})
	}
	if got := toFloat16(65519.996); got != 0x7bff {
		t.Errorf("65519.996 became %#x, want 65504", got)
	}
	if got := toFloat16(65520); got != 0x7c00 {
		t.Errorf("65520 became %#x, want infinity", got)
	}
}

func BenchmarkToFloat32(b *testing.B) {
	const n = 1 << 22
	rng := rand.New(rand.NewPCG(1, 2))
	for _, d := range []DType{F32, F16, BF16, F8E4M3} {
		b.Run(d.String(), func(b *testing.B) {
			values := make([]float32, n)
			for i := range values {
				values[i] = float32(rng.NormFloat64() * 0.05) // as weights are
			}
			raw := appendFloats(nil, d, values)[:n*d.Size()]
			out := make([]float32, n)
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if err := toFloat32(out, raw, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
