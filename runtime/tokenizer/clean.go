package tokenizer

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// words cleans a text the way transformers 4 does without ftfy and gives its words, lower-cased: controls and unassigned
// characters go, blanks come around CJK ideographs, then NFC, then a cut at every blank.
func words(chars []char) [][]char {
	clean := compose(dropAndSpace(chars))
	var out [][]char
	start := 0
	for i := 0; i <= len(clean); i++ {
		if i < len(clean) && !separates(clean[i].r) {
			continue
		}
		if i > start {
			out = append(out, lower(clean[start:i]))
		}
		start = i + 1
	}
	return out
}

// separates holds for what is whitespace to Python and is left after dropAndSpace.
func separates(r rune) bool { return r == ' ' || r == '\u2028' || r == '\u2029' }

func dropAndSpace(chars []char) []char {
	out := make([]char, 0, len(chars))
	for _, c := range chars {
		blank := char{r: ' ', at: c.at, end: c.end}
		switch {
		case c.r == '\t' || c.r == '\n' || c.r == '\r' || unicode.Is(unicode.Zs, c.r):
			out = append(out, blank)
		case c.r == '\uFFFD' || !unicode.In(c.r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z):
			// the rest is category C
		case isIdeograph(c.r):
			out = append(out, blank, c, blank)
		default:
			out = append(out, c)
		}
	}
	return out
}

func isIdeograph(r rune) bool {
	return r >= 0x3400 && r <= 0x4dbf || r >= 0x4e00 && r <= 0x9fff || r >= 0xf900 && r <= 0xfaff ||
		r >= 0x20000 && r <= 0x2a6df || r >= 0x2a700 && r <= 0x2ceaf || r >= 0x2f800 && r <= 0x2fa1f
}

// compose is NFC. Where characters combine, the result covers the place of all of them.
func compose(chars []char) []char {
	if norm.NFC.IsNormalString(text(chars)) {
		return chars
	}
	out := make([]char, 0, len(chars))
	for start := 0; start < len(chars); {
		end := start + 1
		for end < len(chars) && !norm.NFC.PropertiesString(string(chars[end].r)).BoundaryBefore() {
			end++
		}
		out = appendComposed(out, chars[start:end])
		start = end
	}
	return out
}

// appendComposed appends the NFC of characters that combine with nothing around them.
func appendComposed(out, source []char) []char {
	const graphemeJoiner = '\u034f'
	composed := []rune(norm.NFC.String(text(source)))
	for i, r := range composed {
		// The norm package puts a joiner before every 31st mark (stream-safe text), Python does not.
		if r == graphemeJoiner && i > 0 {
			continue
		}
		c := char{r: r, at: source[0].at, end: source[len(source)-1].end}
		if len(composed) == len(source) {
			c.at, c.end = source[i].at, source[i].end
		}
		out = append(out, c)
	}
	return out
}

// lower is Python's str.lower: one rune each, but for the capital I with dot (two) and sigma at the end of a word (ς).
func lower(word []char) []char {
	out := make([]char, 0, len(word))
	for i, c := range word {
		switch c.r {
		case 'İ':
			dot := c
			dot.r, c.r = '\u0307', 'i'
			out = append(out, c, dot)
			continue
		case 'Σ':
			if c.r = 'σ'; isFinal(word, i) {
				c.r = 'ς'
			}
		default:
			c.r = unicode.ToLower(c.r)
		}
		out = append(out, c)
	}
	return out
}

// isFinal is Unicode's Final_Sigma: a cased letter before and none after, case-ignorable characters not counted.
func isFinal(word []char, at int) bool {
	i := at - 1
	for i >= 0 && ignorable(word[i].r) {
		i--
	}
	if i < 0 || !cased(word[i].r) {
		return false
	}
	i = at + 1
	for i < len(word) && ignorable(word[i].r) {
		i++
	}
	return i == len(word) || !cased(word[i].r)
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func ignorable(r rune) bool {
	switch r {
	case '\'', '.', ':', '\u00b7', '\u0387', '\u055f', '\u05f4', '\u2018', '\u2019', '\u2024', '\u2027',
		'\ufe13', '\ufe52', '\ufe55', '\uff07', '\uff0e', '\uff1a':
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
