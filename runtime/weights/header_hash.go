package weights

import (
	"crypto/sha256"
	"encoding/binary"
)

// hash identifies what a header says, in a form that does not depend on how its JSON is spaced.
func (h *header) hash() [32]byte {
	var b []byte
	str := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, t := range h.tensors {
		str(t.Name)
		b = append(b, byte(t.DType), byte(len(t.Shape)))
		for _, n := range t.Shape {
			b = binary.AppendVarint(b, n)
		}
		b = binary.AppendVarint(b, t.Offset)
	}
	for _, p := range h.metadata {
		str(p.Key)
		str(p.Value)
	}
	return sha256.Sum256(b)
}
