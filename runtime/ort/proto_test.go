package ort

import (
	"errors"
	"testing"
)

func FuzzReadSignature(f *testing.F) {
	f.Add(identityModel())
	f.Add([]byte{})
	f.Add([]byte{0x3a, 0x7f}) // a graph longer than the file
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := readSignature(b)
		if err != nil {
			if !errors.Is(err, ErrModel) {
				t.Errorf("%v does not wrap ErrModel", err)
			}
			return
		}
		for _, p := range append(s.inputs, s.outputs...) {
			if len(p.Shape) != len(p.Dims) {
				t.Errorf("%d sizes with %d names", len(p.Shape), len(p.Dims))
			}
			_ = p.shape()
		}
	})
}

func TestMinorVersion(t *testing.T) {
	tests := map[string]struct {
		minor int
		ok    bool
	}{
		"1.24.0": {24, true}, "1.30.0-dev": {30, true}, "1.9": {9, true}, "2.0.1": {1 << 20, true},
		"": {0, false}, "x.y": {0, false}, "0.5.0": {0, false},
	}
	for version, want := range tests {
		if minor, ok := minorVersion(version); minor != want.minor || ok != want.ok {
			t.Errorf("%q: %d, %t; want %d, %t", version, minor, ok, want.minor, want.ok)
		}
	}
}
