package ort

import (
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// protoFile is a message in a file that may be larger than memory: fields are visited without their values being read.
type protoFile struct {
	r     io.ReaderAt
	size  int64
	taken int64 // bytes read as values so far

	window []byte // of the file, from start on
	start  int64
}

// maxTaken bounds what is read of a model beside its weights. The UNet of SDXL has 10 MB of nodes.
const maxTaken = 512 << 20

// span is one field of a message in a file: the value of a length-delimited one lies in [value,end); n is that of a number.
type span struct {
	number          protowire.Number
	tag, value, end int64
	n               uint64
	lengthDelimited bool
}

// spans calls visit for each field in [from,to).
func (p *protoFile) spans(from, to int64, visit func(span) error) error {
	for at := from; at < to; {
		s, err := p.span(at, to)
		if err != nil {
			return err
		}
		if err := visit(s); err != nil {
			return err
		}
		at = s.end
	}
	return nil
}

// span reads the field at a place; the value must end before to.
func (p *protoFile) span(at, to int64) (span, error) {
	b, err := p.peek(at, min(to-at, 30)) // a tag and a number take 20 bytes at most
	if err != nil {
		return span{}, err
	}
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 {
		return span{}, fmt.Errorf("byte %d: %w: %w", at, protowire.ParseError(n), ErrModel)
	}
	s := span{number: number, tag: at, value: at + int64(n)}
	if kind == protowire.BytesType {
		length, m := protowire.ConsumeVarint(b[n:])
		if m < 0 {
			return span{}, fmt.Errorf("byte %d: %w: %w", at, protowire.ParseError(m), ErrModel)
		}
		s.value += int64(m)
		if length > uint64(to-s.value) {
			return span{}, fmt.Errorf("a part of %d bytes at byte %d ends behind the file, which is incomplete: download it again: %w", length, s.value, ErrModel)
		}
		s.end, s.lengthDelimited = s.value+int64(length), true
		return s, nil
	}
	m := protowire.ConsumeFieldValue(number, kind, b[n:])
	if m < 0 {
		return span{}, fmt.Errorf("byte %d: %w: %w", at, protowire.ParseError(m), ErrModel)
	}
	if kind == protowire.VarintType {
		s.n, _ = protowire.ConsumeVarint(b[n:])
	}
	s.end = s.value + int64(m)
	return s, nil
}

// peek is the n bytes at a place.
func (p *protoFile) peek(at, n int64) ([]byte, error) {
	if at < p.start || at+n > p.start+int64(len(p.window)) {
		const size = 1 << 16
		window := make([]byte, min(size, p.size-at))
		if _, err := p.r.ReadAt(window, at); err != nil {
			return nil, err
		}
		p.window, p.start = window, at
	}
	return p.window[at-p.start : at-p.start+n], nil
}

// take reads [from,to).
func (p *protoFile) take(from, to int64) ([]byte, error) {
	if p.taken += to - from; p.taken > maxTaken {
		return nil, fmt.Errorf("more than %d MB beside the weights: %w", maxTaken>>20, ErrModel)
	}
	b := make([]byte, to-from)
	_, err := p.r.ReadAt(b, from)
	return b, err
}
