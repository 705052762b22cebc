package cli

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

// endless repeats a byte and counts what was read of it.
type endless struct {
	fill byte
	read int
}

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = e.fill
	}
	e.read += len(b)
	return len(b), nil
}

// TestReadWorkflow: how much of a file is read depends on what it is, and never on its size.
func TestReadWorkflow(t *testing.T) {
	model := append(binary.LittleEndian.AppendUint64(nil, 20), `{"a":{}}            `...)
	tests := map[string]struct {
		head  string
		says  string // part of the error; "" where it is read
		bytes int    // that come back
		most  int    // that may be read
	}{
		"JSON without end":           {`{"1":`, "more than 64 MiB of JSON", 0, 65 << 20},
		"a model of any size":        {string(model), "", len(model), 1 << 10},
		"a header length of 2^63":    {string(append(binary.LittleEndian.AppendUint64(nil, 1<<63), '{')), "more than 64 MiB", 0, 65 << 20},
		"spaces, then an object":     {`        {"1": `, "more than 64 MiB", 0, 65 << 20},
		"a picture, read to the end": {"\x89PNG\r\n\x1a\n", "", 8, 1 << 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rest := &endless{fill: ' '}
			var r io.Reader = io.MultiReader(strings.NewReader(tt.head), rest)
			if strings.Contains(name, "to the end") {
				r = strings.NewReader(tt.head)
			}
			data, err := readWorkflow(r, "x.json")
			if len(data) != tt.bytes || rest.read > tt.most {
				t.Errorf("%d bytes came back of %d; want %d of at most %d", len(data), rest.read, tt.bytes, tt.most)
			}
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "x.json")) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
			if err == nil && !bytes.HasPrefix(data, []byte(tt.head)) {
				t.Errorf("got %q", data)
			}
		})
	}
}

func TestReadWorkflowFails(t *testing.T) {
	broken := errors.New("input/output error")
	for _, head := range []string{"", "{", "\x89PNG\r\n\x1a\n0000", string(binary.LittleEndian.AppendUint64(nil, 100)) + "{   "} {
		_, err := readWorkflow(io.MultiReader(strings.NewReader(head), errorReader{broken}), "x.json")
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "x.json") {
			t.Errorf("after %q: %v", head, err)
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
