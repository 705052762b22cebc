package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Ref is one tensor where it lies in a file, maybe under another shape of as many values, or a row range of a stored
// tensor.
type Ref struct {
	File   *File
	DType  DType
	Shape  []int64
	Offset int64 // first byte, counted from the start of the file
	Bytes  int64
}

// Raw is the bytes in place: read-only, valid until the file is closed.
func (r Ref) Raw() ([]byte, error) { return r.File.bytes(r.Offset, r.Bytes) }

// Float32 is a converted copy.
func (r Ref) Float32() (*tensor.Tensor, error) {
	raw, err := r.Raw()
	if err != nil {
		return nil, err
	}
	shape := make([]int, len(r.Shape))
	for i, n := range r.Shape {
		shape[i] = int(n)
	}
	t := tensor.New(shape...)
	return t, r.File.guard(func() error { return toFloat32(t.Data, raw, r.DType) })
}

// As is the same bytes under another shape of as many values.
func (r Ref) As(shape ...int64) (Ref, error) {
	n, err := byteLength(r.DType, shape)
	if err != nil || n != r.Bytes {
		return r, fmt.Errorf("%v cannot be read as %v: %w", r.Shape, shape, ErrFormat)
	}
	r.Shape = shape
	return r, nil
}

// Rows is items [from,to) of the first axis.
func (r Ref) Rows(from, to int64) (Ref, error) {
	if len(r.Shape) == 0 || from < 0 || from > to || to > r.Shape[0] {
		return r, fmt.Errorf("rows %d to %d of shape %v: %w", from, to, r.Shape, ErrFormat)
	}
	row := int64(0)
	if r.Shape[0] > 0 {
		row = r.Bytes / r.Shape[0]
	}
	shape := slices.Clone(r.Shape)
	shape[0] = to - from
	return Ref{r.File, r.DType, shape, r.Offset + from*row, (to - from) * row}, nil
}

// Set is a view of tensors of one or more files under canonical names. It never changes.
type Set struct {
	refs        map[string]Ref
	names       func() []string
	fingerprint func() string
}

func newSet(refs map[string]Ref) *Set {
	s := &Set{refs: refs}
	s.names = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(refs)) })
	s.fingerprint = sync.OnceValue(s.hash)
	return s
}

// All is the set of every tensor of a file under its own name.
func (f *File) All() *Set {
	refs := make(map[string]Ref, len(f.tensors))
	for _, t := range f.tensors {
		refs[t.Name] = Ref{f, t.DType, t.Shape, t.Offset, t.Bytes}
	}
	return newSet(refs)
}

// Ref finds a tensor; false when the set has none of that name.
func (s *Set) Ref(name string) (Ref, bool) { r, ok := s.refs[name]; return r, ok }

// Has reports whether the set has a tensor of that name.
func (s *Set) Has(name string) bool { _, ok := s.refs[name]; return ok }

// Names lists the tensors, sorted. The slice is shared: do not change it.
func (s *Set) Names() []string { return s.names() }

// Len is the number of tensors.
func (s *Set) Len() int { return len(s.refs) }

// Sub is the tensors under a prefix, which is cut off their names. It may be empty.
func (s *Set) Sub(prefix string) *Set {
	refs := map[string]Ref{}
	for name, r := range s.refs {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			refs[rest] = r
		}
	}
	return newSet(refs)
}

// only is the tensors under any of the prefixes, names unchanged.
func (s *Set) only(prefixes ...string) *Set {
	refs := map[string]Ref{}
	for name, r := range s.refs {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			refs[name] = r
		}
	}
	return newSet(refs)
}

// under is all tensors with a prefix put before their names.
func (s *Set) under(prefix string) *Set {
	refs := make(map[string]Ref, len(s.refs))
	for name, r := range s.refs {
		refs[prefix+name] = r
	}
	return newSet(refs)
}

// Float32 is a converted copy of a tensor.
func (s *Set) Float32(name string) (*tensor.Tensor, error) {
	r, ok := s.refs[name]
	if !ok {
		return nil, fmt.Errorf("tensor %q is missing", name)
	}
	return r.Float32()
}

// Files lists the files the set lies in, each once, sorted by path.
func (s *Set) Files() []*File { return filesOf(s) }

func filesOf(sets ...*Set) []*File {
	seen := map[*File]bool{}
	for _, s := range sets {
		if s == nil {
			continue
		}
		for _, r := range s.refs {
			seen[r.File] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b *File) int { return strings.Compare(a.path, b.path) })
}

// Fingerprint is a stable identity for cache keys: it changes with the names, shapes and places of the tensors and with
// the path, size, modification time or header of their files. The values themselves are not read.
func (s *Set) Fingerprint() string { return s.fingerprint() }

// ContentHash identifies the weights wherever they lie: it changes with names, shapes, types and a sample of every tensor's bytes. The
// sample (the first and last 256 bytes) keeps it at milliseconds for files of gigabytes.
func (s *Set) ContentHash() (string, error) {
	h := sha256.New()
	for _, name := range s.Names() {
		r := s.refs[name]
		fmt.Fprintf(h, "%q %v %v\n", name, r.DType, r.Shape)
		if err := r.sample(h); err != nil {
			return "", fmt.Errorf("weight %s: %w", name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

func (s *Set) hash() string {
	h := sha256.New()
	files := map[*File]int{}
	for i, f := range s.Files() {
		files[f] = i
		fmt.Fprintf(h, "%q %d %d %x\n", f.path, f.size, f.modified.UnixNano(), f.header)
	}
	var b []byte
	for _, name := range s.Names() {
		r := s.refs[name]
		b = binary.AppendUvarint(b[:0], uint64(len(name)))
		b = append(b, name...)
		b = append(b, byte(files[r.File]), byte(r.DType), byte(len(r.Shape)))
		for _, n := range r.Shape {
			b = binary.AppendVarint(b, n)
		}
		b = binary.AppendVarint(b, r.Offset)
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
