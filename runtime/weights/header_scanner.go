package weights

import (
	"encoding/json"
	"fmt"
	"math"
)

// scanner reads the small part of JSON that a safetensors header may use: objects, strings and whole numbers. A header
// of thousands of tensors is read on every start, so it does not go through encoding/json's reflection.
type scanner struct {
	text []byte
	at   int
}

// errDType is the error of a file that is sound but newer than we are.
var errDType = fmt.Errorf("type of values is not known; save the model as float16 or float32: %w", ErrFormat)

func (s *scanner) fail(format string, args ...any) error {
	return fmt.Errorf("header, byte %d: %s: %w", s.at, fmt.Sprintf(format, args...), ErrFormat)
}

func (s *scanner) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\n' || s.text[s.at] == '\t' || s.text[s.at] == '\r') {
		s.at++
	}
}

// accept takes c when it comes next, after blanks.
func (s *scanner) accept(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) expect(c byte) error {
	if !s.accept(c) {
		return s.fail("expected %q", string(rune(c)))
	}
	return nil
}

// object calls member for each key, standing before the value, which member must consume.
func (s *scanner) object(member func(key string) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	for first := true; !s.accept('}'); first = false {
		if !first {
			if err := s.expect(','); err != nil {
				return err
			}
		}
		key, err := s.str()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) str() (string, error) {
	if err := s.expect('"'); err != nil {
		return "", err
	}
	start, plain := s.at, true
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			if plain {
				return string(s.text[start : s.at-1]), nil
			}
			var v string
			if err := json.Unmarshal(s.text[start-1:s.at], &v); err != nil {
				return "", s.fail("string: %v", err)
			}
			return v, nil
		case c == '\\':
			plain = false
			s.at++
		case c < ' ':
			return "", s.fail("control character in a string")
		}
	}
	return "", s.fail("string without an end")
}

// whole reads a number of digits only, as sizes and offsets are.
func (s *scanner) whole() (int64, error) {
	s.space()
	start := s.at
	var n int64
	for ; s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9'; s.at++ {
		d := int64(s.text[s.at] - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, s.fail("number above 2^63-1")
		}
		n = n*10 + d
	}
	if s.at == start {
		return 0, s.fail("expected a whole number")
	}
	return n, nil
}

func (s *scanner) wholes() ([]int64, error) {
	if err := s.expect('['); err != nil {
		return nil, err
	}
	list := []int64{}
	for !s.accept(']') {
		if len(list) > 0 {
			if err := s.expect(','); err != nil {
				return nil, err
			}
		}
		n, err := s.whole()
		if err != nil {
			return nil, err
		}
		if list = append(list, n); len(list) > maxRank {
			return nil, s.fail("more than %d numbers in a list", maxRank)
		}
	}
	return list, nil
}

// info reads one tensor's object and checks that its range has the length its type and shape ask for.
func (s *scanner) info(name string) (Info, error) {
	t := Info{Name: name}
	var at []int64
	err := s.object(func(key string) (err error) {
		switch key {
		case "dtype":
			var v string
			if v, err = s.str(); err != nil {
				return err
			}
			var ok bool
			if t.DType, ok = dtypeByName(v); !ok {
				return fmt.Errorf("tensor %q has dtype %q: %w", name, v, errDType)
			}
		case "shape":
			t.Shape, err = s.wholes()
		case "data_offsets":
			at, err = s.wholes()
		default:
			return s.fail("tensor %q has an unknown entry %q", name, key)
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if t.DType == 0 || t.Shape == nil || len(at) != 2 {
		return t, s.fail("tensor %q needs dtype, shape and two data_offsets", name)
	}
	n, err := byteLength(t.DType, t.Shape)
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", name, err)
	}
	if at[0] > at[1] || at[1]-at[0] != n {
		return t, s.fail("tensor %q: %s %v takes %d bytes, its offsets are %v", name, t.DType, t.Shape, n, at)
	}
	t.Offset, t.Bytes = at[0], n
	return t, nil
}
