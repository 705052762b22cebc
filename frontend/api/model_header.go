package api

import (
	"encoding/binary"
	"io"
	"os"

	"github.com/oneactor/oneactor/graph/ojson"
)

// How long the header of a model file may be for its metadata to be sent, and for a picture to be looked for in it.
const (
	maxMetadataHeader = 1 << 20
	maxPreviewHeader  = 8 << 20
)

// readModelHeader reads the header of a safetensors file: a length in 8 bytes, then JSON. It is nil where the file is none, or its header longer
// than max. The caller has opened nothing yet, so a folder or a pipe is nothing to read from.
func readModelHeader(path string, max uint64) *ojson.Object {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	header, _ := parseModelHeader(f, max)
	return header
}

// parseModelHeader returns the header and where the data after it begins.
func parseModelHeader(r io.Reader, max uint64) (header *ojson.Object, data int64) {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, 0
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > max {
		return nil, 0
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(n))) // grows with what is there, not with what is promised
	if err != nil || uint64(len(text)) < n {
		return nil, 0
	}
	header, err = ojson.ParseObject(text, ojson.Limits{MaxBytes: int(max) + 1})
	if err != nil {
		return nil, 0
	}
	return header, int64(len(size)) + int64(n)
}
