package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// File is one weights file: its header checked, its bytes mapped read-only when they are first asked for. It may be
// used from several goroutines.
type File struct {
	path     string // absolute, links resolved
	size     int64
	modified time.Time
	tensors  []Info
	byName   map[string]int
	metadata []Pair
	header   [32]byte // hash of everything the header says

	mu   sync.Mutex
	file *os.File // open until the map is made, so that a replaced file is not mixed with the old header
	data []byte
}

// Open reads the header of a weights file. Links are followed. The error wraps fs.ErrNotExist when there is no such
// file and ErrFormat when it is not one we can read.
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return f, nil
}

func open(path string) (*File, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if real, err = filepath.Abs(real); err != nil {
		return nil, err
	}
	// Before opening: opening a named pipe would wait for a writer.
	if info, err := os.Stat(real); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file: %w", describe(info.Mode()), ErrFormat)
	}
	file, err := os.Open(real)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	f := &File{path: real, size: info.Size(), modified: info.ModTime(), file: file}
	if err := f.readHeader(file); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func describe(m fs.FileMode) string {
	if m.IsDir() {
		return "a folder"
	}
	return "a special file"
}

// readHeader reads a .safetensors header, or the description of a torch file where the first bytes say so: names tell
// nothing, since people rename files.
func (f *File) readHeader(r io.ReaderAt) error {
	var front [8]byte
	n, _ := r.ReadAt(front[:], 0)
	// A short safetensors header could begin like a pickle, but then its length fits the file.
	if kind := torchKind(front[:n]); kind == "zip" || kind != "" && binary.LittleEndian.Uint64(front[:]) > uint64(f.size) {
		return f.readTorch(r, kind)
	}
	h, err := readHeader(r, f.size)
	switch {
	case errors.Is(err, errDType):
		return err
	case err != nil:
		return fmt.Errorf("%w; %s", err, f.advice(r))
	}
	f.index(h)
	return nil
}

// advice says what may have happened to a file that is no safetensors, by what it is instead.
func (f *File) advice(r io.ReaderAt) string {
	text := make([]byte, min(f.size, 1024))
	n, _ := r.ReadAt(text, 0)
	if n > 262 && string(text[257:262]) == "ustar" {
		return "it is a tar archive, as torch wrote before version 0.1.10: load and save it with a newer torch, or download it as .safetensors"
	}
	if n < len(text) || !utf8.Valid(text) {
		return "the file may be incomplete: download it again"
	}
	ext := filepath.Ext(f.path)
	switch start := strings.TrimSpace(string(text)); {
	case strings.HasPrefix(start, "version https://git-lfs"):
		return "it is a pointer of Git LFS: fetch the real file with git lfs pull, or download it again"
	case strings.HasPrefix(start, "<"):
		return "it is a web page, as servers send it when a login is needed: download it again"
	case f.size < 1024 && ext != "" && strings.HasSuffix(start, ext):
		return fmt.Sprintf("it is a text file with the path %q, as a link becomes when it is copied without care: copy that file, "+
			"or download it again", start)
	}
	return "the file may be incomplete: download it again"
}

func (f *File) index(h *header) {
	f.tensors, f.metadata = h.tensors, h.metadata
	f.byName = make(map[string]int, len(h.tensors))
	for i, t := range h.tensors {
		f.byName[t.Name] = i
	}
	f.header = h.hash()
}

// Path is the absolute path with links resolved.
func (f *File) Path() string { return f.path }

// Changed reports whether the path now leads to another file than the one that was opened, or to none.
func (f *File) Changed() bool {
	info, err := os.Stat(f.path)
	return err != nil || info.Size() != f.size || !info.ModTime().Equal(f.modified)
}

// Names lists the tensors in the order in which they lie in the file.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Info describes a tensor; false when the file has none of that name.
func (f *File) Info(name string) (Info, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Info{}, false
	}
	return f.tensors[i], true
}

// Metadata is the text that came with the file.
func (f *File) Metadata() map[string]string {
	m := make(map[string]string, len(f.metadata))
	for _, p := range f.metadata {
		m[p.Key] = p.Value
	}
	return m
}

// MetadataPairs is the metadata in the order of the file.
func (f *File) MetadataPairs() []Pair { return append([]Pair(nil), f.metadata...) }

// Raw is a tensor's bytes in place: read-only, valid until Close.
func (f *File) Raw(name string) ([]byte, error) {
	t, err := f.info(name)
	if err != nil {
		return nil, err
	}
	return f.bytes(t.Offset, t.Bytes)
}

// Part is a copy of some of a tensor's bytes. A file that is cut short meanwhile gives an error that wraps ErrFormat.
func (f *File) Part(name string, from, length int64) (part []byte, err error) {
	t, err := f.info(name)
	if err != nil {
		return nil, err
	}
	if from < 0 || length < 0 || from > t.Bytes-length {
		return nil, fmt.Errorf("%s: bytes %d to %d of %d of tensor %q: %w", f.path, from, from+length, t.Bytes, name, ErrFormat)
	}
	raw, err := f.bytes(t.Offset+from, length)
	if err != nil {
		return nil, err
	}
	err = f.guard(func() error { part = bytes.Clone(raw); return nil })
	return part, err
}

// Float32 is a converted copy of a tensor.
func (f *File) Float32(name string) (*tensor.Tensor, error) {
	t, err := f.info(name)
	if err != nil {
		return nil, err
	}
	return Ref{File: f, DType: t.DType, Shape: t.Shape, Offset: t.Offset, Bytes: t.Bytes}.Float32()
}

func (f *File) info(name string) (Info, error) {
	t, ok := f.Info(name)
	if !ok {
		return t, fmt.Errorf("%s has no tensor %q", f.path, name)
	}
	return t, nil
}

// bytes is a range of the file, which is mapped at the first call.
func (f *File) bytes(offset, length int64) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.data == nil {
		if f.file == nil {
			return nil, fmt.Errorf("%s: %w", f.path, fs.ErrClosed)
		}
		data, err := mapFile(f.file, f.size)
		if err != nil {
			return nil, fmt.Errorf("map %s: %w", f.path, err)
		}
		f.data = data
		f.file.Close() // only read from, so there is nothing to lose
		f.file = nil
	}
	if offset < 0 || length < 0 || offset > int64(len(f.data))-length {
		return nil, fmt.Errorf("%s: bytes %d to %d of %d: %w", f.path, offset, offset+length, len(f.data), ErrFormat)
	}
	return f.data[offset : offset+length : offset+length], nil
}

// guard runs do, which reads mapped bytes. A file that was cut short meanwhile faults on access; an error about it is
// better than a dead process.
func (f *File) guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = fmt.Errorf("%s changed while it was read: %w", f.path, ErrFormat)
		default:
			panic(fault)
		}
	}()
	return do()
}

// Close gives the map back. Slices that Raw returned must not be used any more.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	if f.data != nil {
		errs = append(errs, unmapFile(f.data))
		f.data = nil
	}
	if f.file != nil {
		errs = append(errs, f.file.Close())
		f.file = nil
	}
	return errors.Join(errs...)
}
