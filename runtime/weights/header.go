package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// ErrFormat is wrapped by every error about a file that is damaged or not of a readable format.
var ErrFormat = errors.New("not a readable weights file")

const (
	maxHeader = 100 << 20 // what the safetensors library accepts; a real header has a few MB at most
	maxRank   = 32
)

// Info is one tensor of a file.
type Info struct {
	Name   string
	DType  DType
	Shape  []int64
	Offset int64 // first byte, counted from the start of the file
	Bytes  int64 // length: the product of Shape times the size of DType
}

// header is what the front of a .safetensors file says. Tensors are in the order of their offsets.
type header struct {
	tensors  []Info
	metadata []Pair
}

// Pair is one entry of a file's metadata.
type Pair struct{ Key, Value string }

// readHeader checks everything a header claims against the size of the file: each length, offset and product is taken
// for hostile until proven. Tensors must fill the data part without holes or overlaps, as the format demands.
func readHeader(r io.ReaderAt, size int64) (*header, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("a file of %d bytes is too short for a safetensors header: %w", size, ErrFormat)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, fmt.Errorf("read header length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes in a file of %d: %w", n, size, ErrFormat)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, 8); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read header: %w", err)
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	return h, h.place(8+int64(n), size)
}

// place turns offsets into those of the file and checks that the tensors tile [start, size).
func (h *header) place(start, size int64) error {
	slices.SortStableFunc(h.tensors, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Bytes, b.Bytes))
	})
	var at int64
	for i := range h.tensors {
		t := &h.tensors[i]
		switch {
		case t.Offset > at:
			return fmt.Errorf("hole of %d bytes before tensor %q: %w", t.Offset-at, t.Name, ErrFormat)
		case t.Offset < at:
			return fmt.Errorf("tensor %q overlaps the one before it by %d bytes: %w", t.Name, at-t.Offset, ErrFormat)
		case t.Bytes > size-start-t.Offset:
			return fmt.Errorf("tensor %q ends at byte %d of a file of %d, which is incomplete: %w", t.Name,
				start+t.Offset+t.Bytes, size, ErrFormat)
		}
		at += t.Bytes
		t.Offset += start
	}
	if rest := size - start - at; rest != 0 {
		return fmt.Errorf("%d bytes after the last tensor: %w", rest, ErrFormat)
	}
	return nil
}

// byteLength is the bytes that shape takes, or an error when a size is negative or the product leaves int64.
func byteLength(d DType, shape []int64) (int64, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d axes: %w", len(shape), ErrFormat)
	}
	n := d.Size()
	for _, s := range shape {
		if s < 0 {
			return 0, fmt.Errorf("negative size in shape %v: %w", shape, ErrFormat)
		}
		if s > 0 && n > math.MaxInt64/s {
			return 0, fmt.Errorf("shape %v is too large: %w", shape, ErrFormat)
		}
		n *= s
	}
	return n, nil
}

// parseHeader reads the JSON object of a header; offsets are still those from the end of it.
func parseHeader(text []byte) (*header, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("header is not UTF-8: %w", ErrFormat)
	}
	s := &scanner{text: bytes.TrimRight(text, " ")} // the format pads with blanks
	h := &header{}
	seen := map[string]bool{}
	err := s.object(func(name string) error {
		if seen[name] {
			return s.fail("tensor %q is there twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			return s.object(func(key string) error {
				value, err := s.str()
				h.metadata = append(h.metadata, Pair{key, value})
				return err
			})
		}
		info, err := s.info(name)
		h.tensors = append(h.tensors, info)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.at != len(s.text) {
		return nil, s.fail("text after the object")
	}
	return h, nil
}
