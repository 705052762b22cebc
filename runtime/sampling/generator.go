package sampling

import "math"

const (
	mtSize  = 624
	mtShift = 397
)

// Generator is the mt19937 random generator with the output functions of PyTorch's CPU generator: the same seed gives
// the same values. It is not safe for use by two goroutines at once.
type Generator struct {
	state [mtSize]uint32
	next  int
	spare float64 // second value of the last Box-Muller pair of a small draw
	has   bool
}

// NewGenerator seeds a generator. Only the low 32 bits of seed count.
func NewGenerator(seed uint64) *Generator {
	g := &Generator{next: mtSize}
	g.state[0] = uint32(seed)
	for i := 1; i < mtSize; i++ {
		prev := g.state[i-1]
		g.state[i] = 1812433253*(prev^prev>>30) + uint32(i)
	}
	return g
}

// Uint32 returns the next 32 bits. Matsumoto and Nishimura 1998, MT19937.
func (g *Generator) Uint32() uint32 {
	if g.next == mtSize {
		g.refill()
	}
	y := g.state[g.next]
	g.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (g *Generator) refill() {
	for i := range mtSize - mtShift {
		g.state[i] = g.state[i+mtShift] ^ twist(g.state[i], g.state[i+1])
	}
	for i := mtSize - mtShift; i < mtSize-1; i++ {
		g.state[i] = g.state[i+mtShift-mtSize] ^ twist(g.state[i], g.state[i+1])
	}
	g.state[mtSize-1] = g.state[mtShift-1] ^ twist(g.state[mtSize-1], g.state[0])
	g.next = 0
}

func twist(a, b uint32) uint32 {
	y := a&0x80000000 | b&0x7fffffff
	return y>>1 ^ -(y&1)&0x9908b0df
}

// Uint64 returns two successive 32-bit outputs, the first one as the high half.
func (g *Generator) Uint64() uint64 {
	high := uint64(g.Uint32())
	return high<<32 | uint64(g.Uint32())
}

// Intn returns a whole number in [0,n), as torch.randint draws one; n must be positive.
func (g *Generator) Intn(n int64) int64 {
	if n < 1<<32 {
		return int64(g.Uint32()) % n
	}
	return int64(g.Uint64() % uint64(n))
}

// smallDraw is the length below which PyTorch draws normal values one by one in float64.
const smallDraw = 16

// Normal fills dst with standard normal values. How they are made depends on len(dst): 16 and more values come from
// blocks of 16 float32 uniforms, fewer from float64 pairs whose second half is kept for the next small draw.
func (g *Generator) Normal(dst []float32) {
	if len(dst) < smallDraw {
		for i := range dst {
			dst[i] = float32(g.normal64())
		}
		return
	}
	for i := range dst {
		dst[i] = g.uniform24()
	}
	for i := 0; i+smallDraw <= len(dst); i += smallDraw {
		boxMuller16(dst[i : i+smallDraw])
	}
	if len(dst)%smallDraw != 0 {
		// The last 16 values are drawn anew, over part of the block before.
		tail := dst[len(dst)-smallDraw:]
		for i := range tail {
			tail[i] = g.uniform24()
		}
		boxMuller16(tail)
	}
}

// uniform24 is uniform in [0,1) with 24 random bits, all that a float32 holds.
func (g *Generator) uniform24() float32 { return float32(g.Uint32()&(1<<24-1)) / (1 << 24) }

// uniform53 is uniform in [0,1) with 53 random bits.
func (g *Generator) uniform53() float64 { return float64(g.Uint64()&(1<<53-1)) / (1 << 53) }

// boxMuller16 turns 16 uniforms into normals: values 0…7 give the radius and 8…15 the angle.
func boxMuller16(u []float32) {
	_ = u[15]
	for j := range 8 {
		radius := math.Sqrt(-2 * logUnit(1-u[j]))
		sin, cos := sinCosTurn(u[j+8])
		u[j], u[j+8] = float32(radius*cos), float32(radius*sin)
	}
}

func (g *Generator) normal64() float64 {
	if g.has {
		g.has = false
		return g.spare
	}
	angle := 2 * math.Pi * g.uniform53()
	radius := math.Sqrt(-2 * math.Log1p(-g.uniform53()))
	sin, cos := math.Sincos(angle)
	g.spare, g.has = radius*sin, true
	return radius * cos
}
