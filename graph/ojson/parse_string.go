package ojson

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a quoted string. The common case, ASCII or valid UTF-8 without escapes, is a part of the text and allocates
// nothing.
func (p *parser) string() (string, error) {
	open := p.pos
	p.pos++
	start := p.pos
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			s := p.text[start:p.pos]
			p.pos++
			return s, nil
		case c == '\\':
			return p.escapedString(open, start)
		case c < 0x20:
			return "", p.controlCharacter(c)
		case c < utf8.RuneSelf:
			p.pos++
		default:
			r, size := decodeRune(p.text[p.pos:])
			if size == 0 {
				return "", p.notUTF8()
			}
			if utf16.IsSurrogate(r) {
				return p.escapedString(open, start) // may have to be joined with the next one
			}
			p.pos += size
		}
	}
	return "", p.unterminated(open)
}

// escapedString goes on from p.pos with a copy of what was read since start.
func (p *parser) escapedString(open, start int) (string, error) {
	buf := append(make([]byte, 0, p.pos-start+32), p.text[start:p.pos]...)
	var high rune // the high surrogate that buf ends with; 0 if none
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		if c == '"' {
			p.pos++
			return string(buf), nil
		}
		if c < 0x20 {
			return "", p.controlCharacter(c)
		}
		var r rune
		if c == '\\' {
			var err error
			if r, err = p.escape(open); err != nil {
				return "", err
			}
		} else {
			var size int
			if r, size = decodeRune(p.text[p.pos:]); size == 0 {
				return "", p.notUTF8()
			}
			p.pos += size
		}
		if high != 0 && 0xdc00 <= r && r <= 0xdfff {
			buf = utf8.AppendRune(buf[:len(buf)-3], utf16.DecodeRune(high, r))
			high = 0
			continue
		}
		high = 0
		if utf16.IsSurrogate(r) {
			if r < 0xdc00 {
				high = r
			}
			buf = append(buf, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
			continue
		}
		buf = utf8.AppendRune(buf, r)
	}
	return "", p.unterminated(open)
}

// escape reads from the backslash on.
func (p *parser) escape(open int) (rune, error) {
	at := p.pos
	if at+1 >= len(p.text) {
		return 0, p.unterminated(open)
	}
	p.pos += 2
	switch c := p.text[at+1]; c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		if at+6 <= len(p.text) {
			if n, ok := hex4(p.text[at+2 : at+6]); ok {
				p.pos = at + 6
				return n, nil
			}
		}
		return 0, p.errorAt(at, `expected four hexadecimal digits after \u`)
	}
	return 0, p.errorAt(at, `unknown escape; known are \" \\ \/ \b \f \n \r \t \uXXXX`)
}

func hex4(s string) (rune, bool) {
	var n rune
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | rune(c)
	}
	return n, true
}

// decodeRune is utf8.DecodeRuneInString that also takes surrogates in three bytes (generalised UTF-8); size 0 means neither.
func decodeRune(s string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(s)
	if r != utf8.RuneError || size > 1 {
		return r, size
	}
	if len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80 {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return 0, 0
}

func (p *parser) controlCharacter(c byte) error {
	return p.errorAt(p.pos, fmt.Sprintf("control character %s in a string; write it as an escape", strconv.QuoteRune(rune(c))))
}

func (p *parser) notUTF8() error {
	return p.errorAt(p.pos, fmt.Sprintf("byte 0x%02x is not UTF-8", p.text[p.pos]))
}

func (p *parser) unterminated(open int) error {
	return p.errorAt(open, "string is not closed by a double quote")
}
