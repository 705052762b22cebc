package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/oneactor/oneactor/graph/ojson"
)

// bytes reads what may hold a workflow. Reading a terminal or a pipe cannot be interrupted, so a cancelled one is left behind.
func (s *session) bytes(ctx context.Context, path, name string) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		var r result
		if path == "-" {
			r.data, r.err = readWorkflow(s.app.In, name)
		} else {
			r.data, r.err = readFile(path)
		}
		read <- r
	}()
	select {
	case r := <-read:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w", path, failed.Err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; name the workflow files in it", path)
	}
	return readWorkflow(f, path)
}

// Limits of what is read at all. A picture is read whole, because its texts may come last.
const (
	maxJSON    = ojson.DefaultMaxBytes
	maxPicture = 1 << 30
)

// readWorkflow reads a file as far as a workflow may be in it, and refuses the others by their size before anything is parsed.
func readWorkflow(r io.Reader, name string) ([]byte, error) {
	head, err := io.ReadAll(io.LimitReader(r, 12))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	limit, kind := int64(maxJSON), "JSON" // kind is empty where what comes after the limit does not matter
	switch {
	case isPicture(head):
		limit, kind = maxPicture, "a picture"
	case len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) <= maxJSON:
		// Of safetensors only the header counts, and models are large.
		limit, kind = 8+int64(binary.LittleEndian.Uint64(head)), ""
	}
	file := bytes.NewBuffer(head)
	if f, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			file.Grow(int(min(info.Size(), limit+1)) + bytes.MinRead)
		}
	}
	if _, err := file.ReadFrom(io.LimitReader(r, limit+1-int64(len(head)))); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	data := file.Bytes()
	switch {
	case int64(len(data)) <= limit:
	case kind == "":
		data = data[:limit]
	default:
		return nil, fmt.Errorf("%s is no workflow: more than %d MiB of %s", name, limit>>20, kind)
	}
	return data, nil
}

func isPicture(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")) || bytes.HasPrefix(head, []byte("RIFF")) || bytes.HasPrefix(head, []byte("\xff\xd8\xff"))
}
