package tokenizer

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
)

// pythonFloat reads what Python's float() reads: blanks around, a sign, single underscores between digits, digits of any
// script, inf, infinity and nan in any case; no hexadecimal. Too large a number is infinite.
func pythonFloat(s string) (float64, bool) {
	s = strings.TrimFunc(s, pythonSpace)
	s = strings.Map(asciiDigit, s)
	unsigned := strings.TrimLeft(s, "+-")
	if len(s)-len(unsigned) > 1 {
		return 0, false
	}
	switch strings.ToLower(unsigned) {
	case "nan":
		s = "nan"
	case "inf", "infinity":
	default:
		if strings.Trim(unsigned, "0123456789.eE+-_") != "" || !goodUnderscores(unsigned) {
			return 0, false
		}
		s = strings.ReplaceAll(s, "_", "")
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || errors.Is(err, strconv.ErrRange)
}

// pythonSpace is str.isspace.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// asciiDigit turns a decimal digit of any script into 0…9.
func asciiDigit(r rune) rune {
	if r < 0x80 || !unicode.Is(unicode.Nd, r) {
		return r
	}
	// Unicode keeps the digits 0…9 of a script together; a longer run is several scripts, ten digits each.
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return '0' + (r-zero)%10
}

// goodUnderscores tells whether every underscore stands between two digits.
func goodUnderscores(s string) bool {
	isDigit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := range len(s) {
		if s[i] == '_' && (!isDigit(i-1) || !isDigit(i+1)) {
			return false
		}
	}
	return true
}
