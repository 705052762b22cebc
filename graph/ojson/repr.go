package ojson

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// PythonRepr returns the text that Python's repr gives for a value, which ComfyUI puts into error details: {'a': 1}, True, None,
// 'text'. It never fails; a Go type that is no JSON value is written with %v.
func PythonRepr(v any) string { return string(appendRepr(nil, v)) }

func appendRepr(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "None"...)
	case bool:
		if v {
			return append(b, "True"...)
		}
		return append(b, "False"...)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case float64:
		switch {
		case math.IsNaN(v):
			return append(b, "nan"...)
		case math.IsInf(v, 1):
			return append(b, "inf"...)
		case math.IsInf(v, -1):
			return append(b, "-inf"...)
		}
		return appendFloatRepr(b, v)
	case string:
		return appendStringRepr(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendRepr(b, item)
		}
		return append(b, ']')
	case *Object:
		b = append(b, '{')
		first := true
		for key, value := range v.All() {
			if !first {
				b = append(b, ", "...)
			}
			first = false
			b = appendStringRepr(b, key)
			b = append(b, ": "...)
			b = appendRepr(b, value)
		}
		return append(b, '}')
	}
	return fmt.Appendf(b, "%v", v)
}

// appendStringRepr quotes with ' unless the text has a ' and no ".
func appendStringRepr(b []byte, s string) []byte {
	quote := rune('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b = append(b, byte(quote))
	for len(s) > 0 {
		r, size := decodeRune(s)
		if size == 0 {
			r, size = 0xfffd, 1
		}
		s = s[size:]
		switch {
		case r == quote || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case unicode.IsPrint(r):
			b = append(b, string(r)...)
		case r < 0x100:
			b = fmt.Appendf(b, `\x%02x`, r)
		case r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = fmt.Appendf(b, `\U%08x`, r)
		}
	}
	return append(b, byte(quote))
}
