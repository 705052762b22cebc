package weights

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Entry is one tensor to be saved. Its bytes are made when they are written, so that a checkpoint need not fit memory.
type Entry struct {
	Name  string
	DType DType
	Shape []int64
	write func(w io.Writer) error
}

// Float32Entry saves a tensor as it is.
func Float32Entry(name string, t *tensor.Tensor) Entry { return floatEntry(name, F32, t) }

// Float16Entry saves a tensor rounded to the nearest float16, ties to even; too large values become infinite.
func Float16Entry(name string, t *tensor.Tensor) Entry { return floatEntry(name, F16, t) }

func floatEntry(name string, d DType, t *tensor.Tensor) Entry {
	shape := make([]int64, len(t.Shape))
	for i, n := range t.Shape {
		shape[i] = int64(n)
	}
	return LazyEntry(name, d, shape, func() (*tensor.Tensor, error) { return t, nil })
}

// LazyEntry saves a tensor that is made when it is written, rounded to a floating point type of 2 bytes or more.
func LazyEntry(name string, d DType, shape []int64, values func() (*tensor.Tensor, error)) Entry {
	return Entry{name, d, shape, func(w io.Writer) error {
		t, err := values()
		if err != nil {
			return err
		}
		const chunk = 1 << 16
		buf := make([]byte, 0, chunk*d.Size())
		for values := range slices.Chunk(t.Data, chunk) {
			if _, err := w.Write(appendFloats(buf, d, values)); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Counted are the entries, which tell how many of them are written.
func Counted(entries []Entry, tell func(done, total int)) []Entry {
	done := 0
	entries = slices.Clone(entries)
	for i, e := range entries {
		entries[i].write = func(w io.Writer) error {
			err := e.write(w)
			done++
			tell(done, len(entries))
			return err
		}
	}
	return entries
}

// RawEntry saves values of any type that are already little-endian bytes.
func RawEntry(name string, d DType, shape []int64, data []byte) Entry {
	return Entry{name, d, slices.Clone(shape), func(w io.Writer) error {
		// In pieces, so that a cancelled save of a large tensor stops soon.
		for piece := range slices.Chunk(data, 1<<20) {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}}
}

// RefEntry saves a tensor of another file unchanged.
func RefEntry(name string, r Ref) Entry { return JoinedEntry(name, r.Shape, r) }

// JoinedEntry saves tensors of one type that lie in other files unchanged, one behind the other, as one of the shape.
func JoinedEntry(name string, shape []int64, refs ...Ref) Entry {
	return Entry{name, refs[0].DType, slices.Clone(shape), func(w io.Writer) error {
		for _, r := range refs {
			data, err := r.Raw()
			if err != nil {
				return err
			}
			if err := r.File.guard(func() error { return RawEntry(name, r.DType, r.Shape, data).write(w) }); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Save writes a .safetensors file, as Encode does, beside path and renames it when all is on disk: a full disk or a
// cancelled ctx leaves no file, or the old one.
func Save(ctx context.Context, path string, metadata []Pair, entries []Entry) (err error) {
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:8]+".part")
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			file.Close() // a second Close after a failed one only says so
			os.Remove(temp)
			err = fmt.Errorf("save %s: %w", path, err)
		}
	}()
	if err = Encode(ctx, file, metadata, entries); err != nil {
		return err
	}
	if err = file.Sync(); err != nil {
		return err
	}
	if err = file.Close(); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// Encode writes the bytes of a .safetensors file: metadata in the given order, tensors sorted by size of their values
// (largest first, so that all are aligned) and name, as the safetensors library does.
func Encode(ctx context.Context, file io.Writer, metadata []Pair, entries []Entry) error {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	head, err := encodeHeader(metadata, entries)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, e := range entries {
		size, err := byteLength(e.DType, e.Shape)
		if err != nil {
			return err
		}
		counted := &countingWriter{ctx: ctx, w: w}
		if err := e.write(counted); err != nil {
			return err
		}
		if counted.n != size {
			return fmt.Errorf("tensor %q wrote %d bytes, %s %v takes %d", e.Name, counted.n, e.DType, e.Shape, size)
		}
	}
	return w.Flush()
}

// countingWriter counts what it passes on and stops when the context ends.
type countingWriter struct {
	ctx context.Context
	w   io.Writer
	n   int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// encodeHeader makes the length and the JSON, padded with blanks so that the values start at a multiple of 8.
func encodeHeader(metadata []Pair, entries []Entry) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 8))
	separator := byte('{')
	key := func(name string) {
		b.WriteByte(separator)
		separator = ','
		writeJSON(b, name)
		b.WriteByte(':')
	}
	if len(metadata) > 0 {
		key("__metadata__")
		separator = '{'
		for _, p := range metadata {
			key(p.Key)
			writeJSON(b, p.Value)
		}
		b.WriteByte('}')
	}
	seen := map[string]bool{"__metadata__": true}
	var at int64
	for _, e := range entries {
		if seen[e.Name] {
			return nil, fmt.Errorf("two tensors are named %q", e.Name)
		}
		seen[e.Name] = true
		n, err := byteLength(e.DType, e.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.Name, err)
		}
		key(e.Name)
		writeJSON(b, struct {
			DType   string   `json:"dtype"`
			Shape   []int64  `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{e.DType.String(), append([]int64{}, e.Shape...), [2]int64{at, at + n}})
		at += n
	}
	if separator == '{' {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	head := b.Bytes()
	if len(head)-8 > maxHeader {
		return nil, fmt.Errorf("header of %d bytes is longer than the format's limit of %d; save less metadata", len(head), maxHeader)
	}
	binary.LittleEndian.PutUint64(head, uint64(len(head)-8))
	return head, nil
}

// writeJSON appends strings and plain structs, which cannot fail, without the escapes that are meant for HTML.
func writeJSON(b *bytes.Buffer, v any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	b.Truncate(b.Len() - 1) // the line feed Encode ends with
}
