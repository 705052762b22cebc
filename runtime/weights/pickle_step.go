package weights

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// step runs one opcode. The letters are those of Python's pickletools.
func (m *pickleMachine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := m.byte()
		if err == nil && v > 5 {
			return m.fail("protocol %d", v)
		}
		return err
	case 0x95: // FRAME
		_, err := m.take(8)
		return err
	case '(': // MARK
		m.marks = append(m.marks, len(m.stack))
		return nil
	case '0': // POP
		if len(m.stack) == m.floor() && len(m.marks) > 0 {
			m.marks = m.marks[:len(m.marks)-1]
			return nil
		}
		_, err := m.pop()
		return err
	case '1': // POP_MARK
		_, err := m.popMark()
		return err
	case '2': // DUP
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(v)
	case 'N', 0x88, 0x89, 'J', 'K', 'M', 'I', 'L', 0x8a, 0x8b, 'F', 'G':
		return m.number(op)
	case 'S', 'T', 'U', 'V', 'X', 0x8c, 0x8d, 'B', 'C', 0x8e, 0x96:
		return m.text8(op)
	case ']', 'l', 'a', 'e', ')', 't', 0x85, 0x86, 0x87, '}', 'd', 's', 'u':
		return m.container(op)
	case 'g', 'h', 'j', 'p', 'q', 'r', 0x94:
		return m.memory(op)
	case 'c', 0x93, 'R', 0x81, 'b', 'Q':
		return m.object(op)
	}
	return m.fail("opcode 0x%02x is not one of data", op)
}

func (m *pickleMachine) number(op byte) error {
	switch op {
	case 'N':
		return m.push(nil)
	case 0x88:
		return m.push(true)
	case 0x89:
		return m.push(false)
	case 'J', 'K', 'M': // BININT, BININT1, BININT2
		size := map[byte]uint64{'J': 4, 'K': 1, 'M': 2}[op]
		n, err := m.uint(size)
		if err != nil {
			return err
		}
		if op == 'J' {
			return m.push(int64(int32(uint32(n))))
		}
		return m.push(int64(n))
	case 0x8a, 0x8b: // LONG1, LONG4
		size := uint64(1)
		if op == 0x8b {
			size = 4
		}
		b, err := m.counted(size)
		if err != nil {
			return err
		}
		return m.push(long(b))
	case 'G': // BINFLOAT, big endian
		n, err := m.uint(8)
		if err != nil {
			return err
		}
		return m.push(float(bits.ReverseBytes64(n)))
	}
	s, err := m.line()
	if err != nil {
		return err
	}
	var v any
	if op == 'F' {
		v, err = strconv.ParseFloat(s, 64)
	} else {
		v, err = parseInt(s)
	}
	if err != nil {
		return m.fail("number %q", s)
	}
	return m.push(v)
}

// text8 reads strings and bytes, which are both Go strings here.
func (m *pickleMachine) text8(op byte) error {
	var b []byte
	var err error
	switch op {
	case 'S', 'V': // STRING in quotes, UNICODE
		s, err := m.line()
		if err != nil {
			return err
		}
		if op == 'S' {
			if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
				return m.fail("string %q", s)
			}
			s = s[1 : len(s)-1]
		}
		return m.push(s)
	case 'U', 'C', 0x8c:
		b, err = m.counted(1)
	case 'T', 'X', 'B':
		b, err = m.counted(4)
	default:
		b, err = m.counted(8)
	}
	if err != nil {
		return err
	}
	return m.push(string(b))
}

func (m *pickleMachine) container(op byte) error {
	switch op {
	case ']':
		return m.push(&pickleList{})
	case ')':
		return m.push(pickleTuple{})
	case '}':
		return m.push(&pickleDict{})
	case 0x85, 0x86, 0x87:
		return m.tuple(int(op - 0x84))
	case 'a', 's': // APPEND, SETITEM
		n := 1
		if op == 's' {
			n = 2
		}
		if err := m.tuple(n); err != nil {
			return err
		}
		items, err := m.pop()
		if err != nil {
			return err
		}
		if op == 'a' {
			return m.extend(items.(pickleTuple))
		}
		return m.set(items.(pickleTuple))
	}
	items, err := m.popMark()
	if err != nil {
		return err
	}
	switch op {
	case 'e':
		return m.extend(items)
	case 'u':
		return m.set(items)
	case 't':
		return m.push(pickleTuple(items))
	case 'l':
		return m.push(&pickleList{items})
	}
	m.stack = append(m.stack, &pickleDict{}) // DICT
	return m.set(items)
}

func (m *pickleMachine) memory(op byte) error {
	var key int64
	switch op {
	case 0x94: // MEMOIZE
		return m.remember(int64(len(m.memo)))
	case 'g', 'p':
		s, err := m.line()
		if err != nil {
			return err
		}
		if key, err = strconv.ParseInt(s, 10, 64); err != nil {
			return m.fail("memo %q", s)
		}
	case 'h', 'q':
		b, err := m.byte()
		if err != nil {
			return err
		}
		key = int64(b)
	default:
		b, err := m.take(4)
		if err != nil {
			return err
		}
		key = int64(binary.LittleEndian.Uint32(b))
	}
	if op == 'g' || op == 'h' || op == 'j' {
		return m.recall(key)
	}
	return m.remember(key)
}
