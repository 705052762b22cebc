package graph

import (
	"math"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// exception is an error that Python code would have raised at this place; clients see its type and text.
type exception struct{ kind, text string }

func (e *exception) Error() string { return e.text }

// pythonStr is str(v) of a JSON value.
func pythonStr(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return ojson.PythonRepr(v)
}

// pythonType is type(v).__name__ of a JSON value.
func pythonType(v any) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, uint64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []any:
		return "list"
	}
	return "dict"
}

// pythonBool is bool(v): empty and zero values are false.
func pythonBool(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case uint64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case *ojson.Object:
		return v.Len() > 0
	}
	return true
}

// pythonInt is int(v). Where the result does not fit 64 bits it is the nearest float64, which every range test refuses.
func pythonInt(v any) (any, *exception) {
	switch v := v.(type) {
	case bool:
		return boolNumber(v), nil
	case int64, uint64:
		return v, nil
	case float64:
		return truncate(v)
	case string:
		return parsePythonInt(v)
	}
	return nil, &exception{"TypeError", "int() argument must be a string, a bytes-like object or a real number, not '" + pythonType(v) + "'"}
}

func truncate(f float64) (any, *exception) {
	switch {
	case math.IsNaN(f):
		return nil, &exception{"ValueError", "cannot convert float NaN to integer"}
	case math.IsInf(f, 0):
		return nil, &exception{"OverflowError", "cannot convert float infinity to integer"}
	}
	switch f = math.Trunc(f); {
	case f >= -1<<63 && f < 1<<63:
		return int64(f), nil
	case f > 0 && f < 1<<64:
		return uint64(f), nil
	}
	return f, nil
}

// parsePythonInt reads a whole number in base 10: white space around it, a sign and single underscores between digits are fine.
func parsePythonInt(s string) (any, *exception) {
	digits, ok := cutUnderscores(strings.TrimSpace(s))
	if ok {
		if i, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return i, nil
		}
		if u, err := strconv.ParseUint(strings.TrimPrefix(digits, "+"), 10, 64); err == nil {
			return u, nil
		}
		unsigned := strings.TrimPrefix(strings.TrimPrefix(digits, "-"), "+")
		if unsigned != "" && len(digits)-len(unsigned) <= 1 && strings.Trim(unsigned, "0123456789") == "" {
			f, _ := strconv.ParseFloat(digits, 64)
			return f, nil
		}
	}
	return nil, &exception{"ValueError", "invalid literal for int() with base 10: " + ojson.PythonRepr(s)}
}

// pythonFloat is float(v).
func pythonFloat(v any) (float64, *exception) {
	switch v := v.(type) {
	case bool:
		return float64(boolNumber(v)), nil
	case int64:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		text, ok := cutUnderscores(strings.TrimSpace(v))
		// Go also reads hexadecimal floats, Python does not.
		if ok && !strings.ContainsAny(text, "xXpP") {
			f, err := strconv.ParseFloat(text, 64)
			if err == nil || math.IsInf(f, 0) {
				return f, nil
			}
		}
		return 0, &exception{"ValueError", "could not convert string to float: " + ojson.PythonRepr(v)}
	}
	return 0, &exception{"TypeError", "float() argument must be a string or a real number, not '" + pythonType(v) + "'"}
}

// cutUnderscores removes underscores, which Python allows singly between two digits and nowhere else.
func cutUnderscores(s string) (string, bool) {
	if !strings.Contains(s, "_") {
		return s, true
	}
	digit := func(i int) bool { return i >= 0 && i < len(s) && '0' <= s[i] && s[i] <= '9' }
	for i := range len(s) {
		if s[i] == '_' && (!digit(i-1) || !digit(i+1)) {
			return s, false
		}
	}
	return strings.ReplaceAll(s, "_", ""), true
}
