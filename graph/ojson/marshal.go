package ojson

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
)

// Style is how JSON text looks.
type Style struct {
	Item   string // between items, "," or ", "; a trailing space is left out where lines are indented
	Key    string // between key and value
	ASCII  bool   // write characters beyond ASCII as \u escapes
	Indent string // one level of indentation; "" keeps everything on one line
}

// The three styles in use.
var (
	// Python is json.dumps(v): what ComfyUI writes into pictures and sends.
	Python = Style{Item: ", ", Key: ": ", ASCII: true}
	// Compact is JSON.stringify(v).
	Compact = Style{Item: ",", Key: ":"}
	// Indented is JSON.stringify(v, null, 2): what the "Save" commands of the front end write.
	Indented = Style{Item: ",", Key: ": ", Indent: "  "}
)

// Marshal returns the text of v. An error means that v holds a Go type that is no JSON value (int, []string and map are none, except
// that int is taken as int64).
func Marshal(v any, style Style) ([]byte, error) { return Append(nil, v, style) }

// Append appends the text of v to dst; see Marshal.
func Append(dst []byte, v any, style Style) ([]byte, error) {
	w := writer{Style: style, buf: dst}
	if err := w.value(v, 0); err != nil {
		return dst, err
	}
	return w.buf, nil
}

// AppendString appends s as a quoted string in the given style.
func AppendString(dst []byte, s string, style Style) []byte {
	w := writer{Style: style, buf: dst}
	w.string(s)
	return w.buf
}

type writer struct {
	Style
	buf []byte
}

func (w *writer) value(v any, depth int) error {
	switch v := v.(type) {
	case nil:
		w.text("null")
	case bool:
		w.buf = strconv.AppendBool(w.buf, v)
	case int64:
		w.buf = strconv.AppendInt(w.buf, v, 10)
	case int:
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
	case uint64:
		w.buf = strconv.AppendUint(w.buf, v, 10)
	case float64:
		w.float(v)
	case string:
		w.string(v)
	case []any:
		return w.array(v, depth)
	case *Object:
		if v == nil {
			w.text("null")
			return nil
		}
		return w.object(v, depth)
	default:
		return fmt.Errorf("json: a %T is no JSON value", v)
	}
	return nil
}

func (w *writer) array(list []any, depth int) error {
	if len(list) == 0 {
		w.text("[]")
		return nil
	}
	w.text("[")
	for i, item := range list {
		w.separate(i, depth)
		if err := w.value(item, depth+1); err != nil {
			return err
		}
	}
	w.newLine(depth)
	w.text("]")
	return nil
}

func (w *writer) object(o *Object, depth int) error {
	if o.Len() == 0 {
		w.text("{}")
		return nil
	}
	w.text("{")
	for i, m := range o.members {
		w.separate(i, depth)
		w.string(m.key)
		w.text(w.Key)
		if err := w.value(m.value, depth+1); err != nil {
			return err
		}
	}
	w.newLine(depth)
	w.text("}")
	return nil
}

func (w *writer) separate(i, depth int) {
	if i > 0 {
		item := w.Item
		if w.Indent != "" {
			item = ","
		}
		w.text(item)
	}
	w.newLine(depth + 1)
}

func (w *writer) newLine(depth int) {
	if w.Indent == "" {
		return
	}
	w.text("\n")
	for range depth {
		w.text(w.Indent)
	}
}

func (w *writer) text(s string) { w.buf = append(w.buf, s...) }

func (w *writer) float(f float64) {
	switch {
	case math.IsNaN(f):
		w.text("NaN")
	case math.IsInf(f, 1):
		w.text("Infinity")
	case math.IsInf(f, -1):
		w.text("-Infinity")
	default:
		w.buf = appendFloatRepr(w.buf, f)
	}
}

// appendFloatRepr writes a finite number as Python's repr: the shortest digits, with an exponent below 1e-4 and from 1e16 on, and
// always recognisable as a float.
func appendFloatRepr(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

const hexDigits = "0123456789abcdef"

func (w *writer) string(s string) {
	w.buf = append(w.buf, '"')
	plain := 0 // where the run of bytes begins that are written as they are
	for i := 0; i < len(s); {
		c := s[i]
		if c < 0x80 {
			if c >= 0x20 && c != '"' && c != '\\' && (c != 0x7f || !w.ASCII) {
				i++
				continue
			}
			w.buf = append(w.buf, s[plain:i]...)
			w.escapeByte(c)
			i++
			plain = i
			continue
		}
		r, size := decodeRune(s[i:])
		if size > 0 && !w.ASCII && !utf16.IsSurrogate(r) {
			i += size
			continue
		}
		w.buf = append(w.buf, s[plain:i]...)
		if size == 0 { // not UTF-8: can only come from a Go string
			r, size = 0xfffd, 1
		}
		w.escapeRune(r)
		i += size
		plain = i
	}
	w.buf = append(w.buf, s[plain:]...)
	w.buf = append(w.buf, '"')
}

func (w *writer) escapeByte(c byte) {
	switch c {
	case '"', '\\':
		w.buf = append(w.buf, '\\', c)
	case '\b':
		w.text(`\b`)
	case '\f':
		w.text(`\f`)
	case '\n':
		w.text(`\n`)
	case '\r':
		w.text(`\r`)
	case '\t':
		w.text(`\t`)
	default:
		w.escapeUnit(rune(c))
	}
}

func (w *writer) escapeRune(r rune) {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		w.escapeUnit(high)
		r = low
	}
	w.escapeUnit(r)
}

func (w *writer) escapeUnit(u rune) {
	w.buf = append(w.buf, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}
