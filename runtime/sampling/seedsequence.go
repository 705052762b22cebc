package sampling

// seedPool is the size of the entropy pool, in 32-bit words, that torchsde asks of NumPy's SeedSequence (its default
// is 4).
const seedPool = 24

// seedSequence derives independent seeds from one number and the place of the seed in a tree. It is NumPy's
// SeedSequence, after O'Neill's seed_seq_fe.
type seedSequence [seedPool]uint32

// newSeedSequence mixes entropy and the spawn key, a path of whole numbers, into the pool.
func newSeedSequence(entropy uint64, spawnKey ...uint64) *seedSequence {
	words := make([]uint32, 0, seedPool+4)
	words = appendWords(words, entropy)
	if len(spawnKey) > 0 {
		words = append(words, make([]uint32, seedPool-len(words))...)
		for _, k := range spawnKey {
			words = appendWords(words, k)
		}
	}

	var pool seedSequence
	hash := uint32(0x43b0d7e5)
	hashmix := func(v uint32) uint32 {
		v ^= hash
		hash *= 0x931e8875
		v *= hash
		return v ^ v>>16
	}
	mix := func(x, y uint32) uint32 {
		r := 0xca01f9dd*x - 0x4973f715*y
		return r ^ r>>16
	}
	for i := range pool {
		var word uint32
		if i < len(words) {
			word = words[i]
		}
		pool[i] = hashmix(word)
	}
	for src := range pool {
		for dst := range pool {
			if src != dst {
				pool[dst] = mix(pool[dst], hashmix(pool[src]))
			}
		}
	}
	for _, word := range words[min(seedPool, len(words)):] {
		for dst := range pool {
			pool[dst] = mix(pool[dst], hashmix(word))
		}
	}
	return &pool
}

// appendWords adds the 32-bit words of v, low word first; 0 is one word.
func appendWords(words []uint32, v uint64) []uint32 {
	words = append(words, uint32(v))
	if v >= 1<<32 {
		words = append(words, uint32(v>>32))
	}
	return words
}

// generate returns n words of the derived stream.
func (s *seedSequence) generate(n int) []uint32 {
	out := make([]uint32, n)
	hash := uint32(0x8b51f9dd)
	for i := range out {
		v := s[i%seedPool] ^ hash
		hash *= 0x58f38ded
		v *= hash
		out[i] = v ^ v>>16
	}
	return out
}

// word is the first word of the stream, which is all that a tree node uses.
func (s *seedSequence) word() uint32 { return s.generate(1)[0] }
