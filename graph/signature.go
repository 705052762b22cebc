package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"github.com/oneactor/oneactor/graph/ojson"
)

// signature identifies a result: a hash of the class, what Fingerprint said, the constants and the signatures of the sources. Two
// nodes with the same one put out the same, wherever they stand. Building on the hashes of the sources keeps the work linear.
// It is the first half of a SHA-256: two different results meet after 2^64 attempts.
type signature [16]byte

// signer writes what a signature is made of. Every part says its kind and length, so that no two nodes write the same bytes.
type signer struct {
	buf   []byte
	names []string
	never bool // something in it equals nothing, not even itself
}

// sign returns the signature of a node whose sources have theirs; ok is false where the result may not be shared or kept, because
// the node or a source says so (a NaN, a failed Fingerprint, a source on a cycle).
func (s *signer) sign(n *runNode, source func(int32) *runNode) (key signature, ok bool) {
	s.buf, s.names, s.never = s.buf[:0], s.names[:0], false
	s.text(n.class.Name)
	if changed, ok := n.object.Get("is_changed"); ok {
		s.value(changed)
	} else {
		s.buf = append(s.buf, '-')
	}
	if n.class.Volatile || n.class.uniqueID {
		s.text(n.id)
	}
	for name := range n.inputs.All() {
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	for _, name := range s.names {
		s.text(name)
		if link := n.link(name); link != nil {
			from := source(link.source)
			if from.shared == nil {
				return key, false
			}
			s.buf = append(s.buf, 'L')
			s.buf = binary.AppendVarint(s.buf, int64(link.slot))
			s.buf = append(s.buf, from.shared.key[:]...)
			continue
		}
		value, _ := n.inputs.Get(name)
		s.value(value)
	}
	hash := sha256.Sum256(s.buf)
	return signature(hash[:len(key)]), !s.never
}

func (s *signer) text(t string) {
	s.buf = binary.AppendUvarint(append(s.buf, 's'), uint64(len(t)))
	s.buf = append(s.buf, t...)
}

// value writes a constant so that values equal in Python (1, 1.0 and True; maps in any order) write the same.
func (s *signer) value(v any) {
	switch v := v.(type) {
	case nil:
		s.buf = append(s.buf, 'z')
	case string:
		s.text(v)
	case bool:
		s.whole(uint64(boolNumber(v)))
	case int64:
		s.whole(uint64(v))
	case int:
		s.whole(uint64(v))
	case uint64:
		s.buf = binary.LittleEndian.AppendUint64(append(s.buf, 'u'), v)
	case float64:
		s.float(v)
	case []any:
		s.buf = binary.AppendUvarint(append(s.buf, 'a'), uint64(len(v)))
		for _, item := range v {
			s.value(item)
		}
	case *ojson.Object:
		s.object(v)
	default: // a Go value in an expansion: there is no telling what it equals
		s.never = true
	}
}

func (s *signer) whole(n uint64) { s.buf = binary.LittleEndian.AppendUint64(append(s.buf, 'i'), n) }

func (s *signer) float(f float64) {
	switch {
	case f != f:
		s.never = true
	case f == math.Trunc(f) && f >= -1<<63 && f < 1<<63:
		s.whole(uint64(int64(f)))
	default:
		s.buf = binary.LittleEndian.AppendUint64(append(s.buf, 'f'), math.Float64bits(f))
	}
}

func (s *signer) object(o *ojson.Object) {
	keys := o.Keys()
	slices.Sort(keys)
	s.buf = binary.AppendUvarint(append(s.buf, 'o'), uint64(len(keys)))
	for _, key := range keys {
		s.text(key)
		value, _ := o.Get(key)
		s.value(value)
	}
}
