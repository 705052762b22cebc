package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// Shrink works on a smaller picture from an input block on ("deep shrink" of Kohya), and enlarges what output blocks bring along to the size
// of the skip they read where that is another one. Sizes are graph inputs, so that one graph runs with and without it.
//
// Inputs: those of Down under "down." and those of Up under "up.".
type Shrink struct {
	Block     int
	AfterSkip bool // the output block still reads the full size
	Down, Up  Resizing
}

func (s Shrink) String() string {
	return fmt.Sprintf("shrink block %d after skip %t down %s up %s", s.Block, s.AfterSkip, s.Down, s.Up)
}

// Reaches says whether skip i is of the smaller picture.
func (s Shrink) Reaches(i int) bool { return i > s.Block || i == s.Block && !s.AfterSkip }

// reached says whether any of the edits gives skip i another size than its level has.
func reached(list []UNetEdit, i int) bool {
	for _, e := range list {
		if s, ok := e.(Shrink); ok && s.Reaches(i) {
			return true
		}
	}
	return false
}

// Returns is the skip that the enlarged picture is joined with; -1 where the enlargement of an output block already brought it to the full
// size.
func (s Shrink) Returns(c UNetConfig) int {
	skip := s.Block
	if !s.AfterSkip {
		skip--
	}
	if skip+1 < len(c.input) && c.output[len(c.input)-2-skip].up() {
		return -1
	}
	return skip
}

func (s Shrink) hooks(u *unet, prefix string) hooks {
	if s.Block < 0 || s.Block >= len(u.config.input) || s.Block == 0 && !s.AfterSkip {
		u.Fail(fmt.Errorf("shrink at input block %d: the network has input blocks 0 to %d: %w", s.Block, len(u.config.input)-1, ErrUnsupported))
		return hooks{}
	}
	down := func(i int, x *onnx.Value) *onnx.Value {
		if i != s.Block {
			return x
		}
		return u.resizer(prefix+"down.", s.Down)(x)
	}
	h := hooks{join: func(i int, x, skip *onnx.Value) (*onnx.Value, *onnx.Value) {
		if i != s.Returns(u.config) {
			return x, skip
		}
		return u.resizer(prefix+"up.", s.Up)(x), skip
	}}
	if s.AfterSkip {
		h.onward = down
	} else {
		h.encoded = down
	}
	return h
}
