package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The values of a pickle: nil, bool, int64, float64, string (also for bytes), bigInt, and the types below.
type (
	pickleTuple []any
	pickleList  struct{ items []any }
	pickleDict  struct{ items []picklePair } // in order; a repeated key is a later item
	picklePair  struct{ key, value any }

	// pickleGlobal is the name of a Python class or function: a name, never code.
	pickleGlobal struct{ module, name string }

	// pickleObject is what an inert class made.
	pickleObject struct{ class pickleGlobal }

	// pickleStorage is a block of values that lies outside the pickle.
	pickleStorage struct {
		dtype DType
		key   string
		count int64 // values
	}

	// pickleTensor is a range of a storage.
	pickleTensor struct {
		storage       pickleStorage
		dtype         DType // mostly that of the storage
		first         int64 // values before the tensor
		shape, stride []int64
	}

	bigInt string // an integer above 64 bits, little endian two's complement
)

// A pickle is a program for a stack machine. maxPickleSteps bounds its length and with it memory: each step makes at
// most one value. A checkpoint of 2000 tensors has about 60,000 steps.
const maxPickleSteps = 1 << 20

// pickleMachine runs the data opcodes of protocols 0 to 5. Of functions it knows those that torch.save needs to write
// tensors in containers (see pickleCall); any other global is refused by name, and nothing is ever executed.
type pickleMachine struct {
	text  []byte
	at    int
	steps int
	stack []any
	marks []int // stack heights
	memo  map[int64]any
}

// readPickle reads one pickle from the front of text and returns its value and its length in bytes.
func readPickle(text []byte) (value any, length int, err error) {
	m := &pickleMachine{text: text, memo: map[int64]any{}}
	for {
		op, err := m.byte()
		if err != nil {
			return nil, 0, err
		}
		if op == '.' {
			value, err = m.pop()
			return value, m.at, err
		}
		if m.steps++; m.steps > maxPickleSteps {
			return nil, 0, m.fail("more than %d steps", maxPickleSteps)
		}
		if err := m.step(op); err != nil {
			return nil, 0, err
		}
	}
}

func (m *pickleMachine) fail(format string, args ...any) error {
	return fmt.Errorf("pickle, byte %d: %s: %w", m.at, fmt.Sprintf(format, args...), ErrFormat)
}

func (m *pickleMachine) byte() (byte, error) {
	if m.at >= len(m.text) {
		return 0, m.fail("unexpected end")
	}
	m.at++
	return m.text[m.at-1], nil
}

// take returns the next n bytes.
func (m *pickleMachine) take(n uint64) ([]byte, error) {
	if n > uint64(len(m.text)-m.at) {
		return nil, m.fail("unexpected end")
	}
	m.at += int(n)
	return m.text[m.at-int(n) : m.at], nil
}

// counted takes a length of size bytes and then as many bytes.
func (m *pickleMachine) counted(size uint64) ([]byte, error) {
	n, err := m.uint(size)
	if err != nil {
		return nil, err
	}
	return m.take(n)
}

// uint takes a little-endian number of size bytes, at most 8.
func (m *pickleMachine) uint(size uint64) (uint64, error) {
	b, err := m.take(size)
	if err != nil {
		return 0, err
	}
	var eight [8]byte
	copy(eight[:], b)
	return binary.LittleEndian.Uint64(eight[:]), nil
}

func (m *pickleMachine) line() (string, error) {
	n := bytes.IndexByte(m.text[m.at:], '\n')
	if n < 0 {
		return "", m.fail("line without an end")
	}
	s := string(m.text[m.at : m.at+n])
	m.at += n + 1
	return strings.TrimSuffix(s, "\r"), nil
}

func (m *pickleMachine) push(v any) error { m.stack = append(m.stack, v); return nil }

// floor is the height below which the current mark protects the stack.
func (m *pickleMachine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *pickleMachine) pop() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, m.fail("empty stack")
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

func (m *pickleMachine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, m.fail("empty stack")
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark takes everything above the last mark.
func (m *pickleMachine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, m.fail("no mark")
	}
	height := m.floor()
	m.marks = m.marks[:len(m.marks)-1]
	items := slices.Clone(m.stack[height:])
	m.stack = m.stack[:height]
	return items, nil
}

func (m *pickleMachine) tuple(n int) error {
	if len(m.stack)-m.floor() < n {
		return m.fail("empty stack")
	}
	items := slices.Clone(m.stack[len(m.stack)-n:])
	m.stack = m.stack[:len(m.stack)-n]
	return m.push(pickleTuple(items))
}

func (m *pickleMachine) remember(key int64) error {
	v, err := m.top()
	m.memo[key] = v
	return err
}

func (m *pickleMachine) recall(key int64) error {
	v, ok := m.memo[key]
	if !ok {
		return m.fail("nothing remembered as %d", key)
	}
	return m.push(v)
}

// extend appends items to the list on top of the stack.
func (m *pickleMachine) extend(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	list, ok := v.(*pickleList)
	if !ok {
		return m.fail("append to %s", kindOf(v))
	}
	list.items = append(list.items, items...)
	return nil
}

// set puts items (key, value, key, value, …) into the dictionary on top of the stack.
func (m *pickleMachine) set(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	dict, ok := v.(*pickleDict)
	if !ok || len(items)%2 != 0 {
		return m.fail("set items of %s", kindOf(v))
	}
	for i := 0; i < len(items); i += 2 {
		dict.items = append(dict.items, picklePair{items[i], items[i+1]})
	}
	return nil
}

// long reads a two's complement integer of any length.
func long(b []byte) any {
	if len(b) > 8 {
		return bigInt(b)
	}
	var eight [8]byte
	copy(eight[:], b)
	v := int64(binary.LittleEndian.Uint64(eight[:]))
	shift := uint(64 - 8*len(b))
	if len(b) == 0 {
		return int64(0)
	}
	return v << shift >> shift // sign
}

func parseInt(s string) (any, error) {
	switch s {
	case "00":
		return false, nil
	case "01":
		return true, nil
	}
	return strconv.ParseInt(strings.TrimSuffix(s, "L"), 10, 64)
}

func float(bits uint64) float64 { return math.Float64frombits(bits) }

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case pickleGlobal:
		return v.module + "." + v.name
	case pickleObject:
		return "an object of " + v.class.module + "." + v.class.name
	case *pickleList:
		return "a list"
	case *pickleDict:
		return "a dictionary"
	case pickleTuple:
		return "a tuple"
	case pickleTensor:
		return "a tensor"
	case pickleStorage:
		return "a storage"
	}
	return fmt.Sprintf("%T", v)
}
