package tokenizer

import "strings"

// char is a rune of the prompt and the bytes of the prompt it comes from.
type char struct {
	r       rune
	syntax  bool // a parenthesis that is not escaped
	at, end int32
}

// readChars reads a prompt; \( and \) are plain parentheses.
func readChars(prompt string) []char {
	out := make([]char, 0, len(prompt))
	escaped := false
	for i, r := range prompt {
		paren := r == '(' || r == ')'
		c := char{r: r, syntax: paren && !escaped, at: int32(i), end: int32(i + runeBytes(prompt[i:], r))}
		if paren && escaped {
			c.at-- // takes the place of the backslash
			out[len(out)-1] = c
		} else {
			out = append(out, c)
		}
		escaped = r == '\\'
	}
	return out
}

// plainChars reads text in which parentheses mean nothing.
func plainChars(text string) []char {
	return readChars(strings.NewReplacer("(", `\(`, ")", `\)`).Replace(text))
}

// runeBytes is the length of the first rune of s, which was read as r: a byte that is no UTF-8 reads as U+FFFD.
func runeBytes(s string, r rune) int {
	if r != '\uFFFD' || strings.HasPrefix(s, "\uFFFD") {
		return len(string(r))
	}
	return 1
}

// text is the characters without their places.
func text(chars []char) string {
	var b strings.Builder
	for _, c := range chars {
		b.WriteRune(c.r)
	}
	return b.String()
}

// hasPrefix tells whether chars begin with the ASCII text want.
func hasPrefix(chars []char, want string) bool {
	if len(chars) < len(want) {
		return false
	}
	for i, r := range want {
		if chars[i].r != r {
			return false
		}
	}
	return true
}
