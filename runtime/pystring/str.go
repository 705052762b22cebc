package pystring

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Length is the number of code points, len(s).
func Length(s string) int { return utf8.RuneCountInString(s) }

// Slice is s[start:end]; negative positions count from the end, positions outside are brought in.
func Slice(s string, start, end int) string {
	runes := []rune(s)
	n := len(runes)
	bring := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	start, end = bring(start), bring(end)
	if start >= end {
		return ""
	}
	return string(runes[start:end])
}

// Upper is s.upper(): "ß" becomes "SS".
func Upper(s string) string { return cases.Upper(language.Und).String(s) }

// Lower is s.lower(): a capital sigma at the end of a word becomes a final one.
func Lower(s string) string { return cases.Lower(language.Und, cases.HandleFinalSigma(true)).String(s) }

// Capitalize is s.capitalize(): the first character in title case, the others lower.
func Capitalize(s string) string { return titled(s) }

// Title is s.title(): every run of letters is capitalised, so "it's" becomes "It'S".
func Title(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := strings.IndexFunc(s, cased)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		s = s[n:]
		if n = strings.IndexFunc(s, func(r rune) bool { return !cased(r) }); n < 0 {
			n = len(s)
		}
		b.WriteString(titled(s[:n]))
		s = s[n:]
	}
	return b.String()
}

// titled is s with its first character in title case and the rest lower.
func titled(s string) string {
	if s == "" {
		return ""
	}
	_, size := utf8.DecodeRuneInString(s)
	first := s[:size]
	// Lower the whole, since the form of a sigma depends on what stands before it.
	return cases.Title(language.Und).String(first) + strings.TrimPrefix(Lower(s), Lower(first))
}

// cased reports whether r is a letter with a case.
func cased(r rune) bool {
	return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) ||
		unicode.In(r, unicode.Other_Uppercase, unicode.Other_Lowercase)
}

// space is str.isspace: Unicode's white space and the four separators of ASCII.
func space(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// Strip is s.strip().
func Strip(s string) string { return strings.TrimFunc(s, space) }

// StripLeft is s.lstrip().
func StripLeft(s string) string { return strings.TrimLeftFunc(s, space) }

// StripRight is s.rstrip().
func StripRight(s string) string { return strings.TrimRightFunc(s, space) }
