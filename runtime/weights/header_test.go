package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// safetensors is a file with a header text and a number of data bytes 0, 1, 2, …
func safetensors(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range data {
		b = append(b, byte(i))
	}
	return b
}

const pairHeader = `{"__metadata__":{"z":"1","a":"ü\n"},"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},` +
	`"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`

func TestReadHeader(t *testing.T) {
	tests := map[string]struct {
		header string
		data   int
		want   []Info
	}{
		"empty":           {`{}`, 0, nil},
		"padded":          {`{}     `, 0, nil},
		"spaced":          {" { \"a\" : {\"shape\":[ 2 , 1 ],\t\"dtype\":\"U8\",\n\"data_offsets\":[0,2]} }", 2, []Info{{"a", U8, []int64{2, 1}, 0, 2}}},
		"two, in order":   {pairHeader, 12, []Info{{"a", F32, []int64{1, 2}, 0, 8}, {"b", F16, []int64{2}, 8, 4}}},
		"scalar":          {`{"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 8, []Info{{"a", I64, []int64{}, 0, 8}}},
		"no values":       {`{"a":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]}}`, 0, []Info{{"a", F32, []int64{0, 5}, 0, 0}}},
		"empty ones last": {`{"a":{"dtype":"F32","shape":[0],"data_offsets":[1,1]},"b":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1, []Info{{"b", I8, []int64{1}, 0, 1}, {"a", F32, []int64{0}, 1, 0}}},
		"escaped name":    {`{"\u0061\"":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}`, 1, []Info{{`a"`, Bool, []int64{1}, 0, 1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := safetensors(tt.header, tt.data)
			h, err := readHeader(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			start := int64(8 + len(tt.header))
			for i := range tt.want {
				tt.want[i].Offset += start
			}
			if !slices.EqualFunc(h.tensors, tt.want, sameInfo) {
				t.Errorf("got %v, want %v", h.tensors, tt.want)
			}
		})
	}
}

func sameInfo(a, b Info) bool {
	return a.Name == b.Name && a.DType == b.DType && slices.Equal(a.Shape, b.Shape) && a.Offset == b.Offset && a.Bytes == b.Bytes
}

func TestReadHeaderRejects(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return `{"a":{"dtype":"` + dtype + `","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	length := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	tests := map[string]struct {
		file []byte
		want string // part of the message
	}{
		"empty file":              {nil, "too short"},
		"7 bytes":                 {make([]byte, 7), "too short"},
		"header longer than file": {append(length(9), `{}      `...), "header of 9 bytes in a file of 16"},
		"header length 2^64-1":    {append(length(1<<64-1), `{}`...), "header of 18446744073709551615 bytes"},
		"header length 2^63":      {append(length(1<<63), `{}`...), "header of"},
		"no header":               {length(0), "expected"},
		"not an object":           {safetensors(`[]`, 0), "expected"},
		"not UTF-8":               {safetensors("{\"\xff\":{}}", 0), "UTF-8"},
		"text after the object":   {safetensors(`{}{}`, 0), "after the object"},
		"cut short":               {safetensors(`{"a":{"dtype":"F32"`, 0), "expected"},
		"string without an end":   {safetensors(`{"a`, 0), "without an end"},
		"bad escape":              {safetensors(`{"\q":1}`, 0), "string"},
		"escape at the end":       {safetensors(`{"\`, 0), "without an end"},
		"trailing comma":          {safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}`, 1), "expected"},
		"name twice":              {safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "twice"},
		"name twice, escaped":     {safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "twice"},
		"metadata not an object":  {safetensors(`{"__metadata__":"x"}`, 0), "expected"},
		"metadata not strings":    {safetensors(`{"__metadata__":{"step":1}}`, 0), "expected"},
		"metadata nested":         {safetensors(`{"__metadata__":{"a":{}}}`, 0), "expected"},
		"unknown dtype":           {safetensors(one("F4", "[1]", "[0,1]"), 1), `dtype "F4"`},
		"unknown entry":           {safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}`, 1), `unknown entry "x"`},
		"missing shape":           {safetensors(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), "needs dtype, shape"},
		"one offset":              {safetensors(one("U8", "[1]", "[0]"), 1), "two data_offsets"},
		"three offsets":           {safetensors(one("U8", "[1]", "[0,1,1]"), 1), "two data_offsets"},
		"negative size":           {safetensors(one("U8", "[-1]", "[0,1]"), 1), "whole number"},
		"size not whole":          {safetensors(one("U8", "[1.5]", "[0,1]"), 1), "expected"},
		"size null":               {safetensors(one("U8", "[null]", "[0,1]"), 1), "whole number"},
		"size 2^63":               {safetensors(one("U8", "[9223372036854775808]", "[0,1]"), 1), "2^63-1"},
		"product over 2^63":       {safetensors(one("U8", "[4294967296,4294967296]", "[0,1]"), 1), "too large"},
		"product wraps to length": {safetensors(one("F32", "[4611686018427387905]", "[0,4]"), 4), "too large"},
		"33 axes":                 {safetensors(one("U8", "["+strings.Repeat("1,", 32)+"1]", "[0,1]"), 1), "more than 32"},
		"offsets swapped":         {safetensors(one("U8", "[1]", "[1,0]"), 1), "takes 1 bytes"},
		"offsets too long":        {safetensors(one("F16", "[2]", "[0,5]"), 5), "takes 4 bytes"},
		"offsets too short":       {safetensors(one("F16", "[2]", "[0,3]"), 3), "takes 4 bytes"},
		"past the end":            {safetensors(one("U8", "[2]", "[0,2]"), 1), "incomplete"},
		"hole at the front":       {safetensors(one("U8", "[1]", "[1,2]"), 2), "hole of 1 bytes"},
		"hole between":            {safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3), "hole"},
		"overlap":                 {safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), "overlaps"},
		"same bytes twice":        {safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2), "overlaps"},
		"bytes left over":         {safetensors(one("U8", "[1]", "[0,1]"), 3), "2 bytes after"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.safetensors")
			if err := os.WriteFile(path, tt.file, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("got %v, want ErrFormat", err)
			}
			advice := "download it again"
			if name == "unknown dtype" {
				advice = "save the model as"
			}
			for _, part := range []string{tt.want, path, advice} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("message %q lacks %q", err, part)
				}
			}
		})
	}
}

func TestOpenRejects(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "copied.safetensors")
	if err := os.WriteFile(link, []byte("../real/model.safetensors"), 0o600); err != nil {
		t.Fatal(err)
	}
	pointer := written(t, "pointer.safetensors", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4265146304\n"))
	page := written(t, "page.safetensors", []byte("<!DOCTYPE html><title>Sign in</title>"))
	tests := map[string]struct {
		path string
		want error
		text string
	}{
		"missing":             {filepath.Join(dir, "none"), fs.ErrNotExist, "none"},
		"folder":              {dir, ErrFormat, "a folder"},
		"named pipe":          {pipe, ErrFormat, "a special file"},
		"link to itself":      {loop, nil, "loop"},
		"Git LFS pointer":     {pointer, ErrFormat, "git lfs pull"},
		"web page":            {page, ErrFormat, "login"},
		"link copied as text": {link, ErrFormat, "../real/model.safetensors"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(tt.path)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %v with %q", err, tt.want, tt.text)
			}
		})
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add(safetensors(`{}`, 0))
	f.Add(safetensors(pairHeader, 12))
	f.Add(safetensors(`{"__metadata__":{"format":"pt"},"\u00fc":{"dtype":"F8_E4M3","shape":[0,3],"data_offsets":[0,0]}}  `, 0))
	f.Add(safetensors(`{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHeader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error without ErrFormat: %v", err)
			}
			return
		}
		// What was accepted tiles the data part exactly.
		at := int64(8) + int64(binary.LittleEndian.Uint64(b))
		for _, info := range h.tensors {
			n, err := byteLength(info.DType, info.Shape)
			if err != nil || n != info.Bytes || info.Offset != at {
				t.Errorf("accepted %+v at %d (%v)", info, at, err)
			}
			at += info.Bytes
		}
		if at != int64(len(b)) {
			t.Errorf("tensors end at %d of %d", at, len(b))
		}
	})
}
