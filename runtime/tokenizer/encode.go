package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// token is a token of plain text: its id, its place in the prompt, and whether it begins a word.
type token struct {
	id      int
	at, end int32
	begins  bool
}

// specials are tokens that text can spell out. They count as such before anything else is done with the text.
var specials = []struct {
	text string
	id   int
}{{"<|startoftext|>", BOS}, {"<|endoftext|>", EOS}}

// encode gives the tokens of plain text.
func encode(chars []char) []token {
	var out []token
	rest := chars
	for i := 0; i < len(rest); i++ {
		if rest[i].r != '<' {
			continue
		}
		for _, s := range specials {
			if hasPrefix(rest[i:], s.text) {
				out = encodePlain(out, rest[:i])
				out = append(out, specialToken(s.id, rest[i:i+len(s.text)]))
				rest = rest[i+len(s.text):]
				i = -1
				break
			}
		}
	}
	return encodePlain(out, rest)
}

func specialToken(id int, chars []char) token {
	return token{id, chars[0].at, chars[len(chars)-1].end, true}
}

// encodePlain appends the tokens of text whose specials, if any, are not written exactly.
func encodePlain(out []token, chars []char) []token {
	for _, w := range words(chars) {
		for len(w) > 0 {
			n := unit(w)
			if classOf(w[0].r) != unmatched {
				out = encodeUnit(out, w[:n])
			}
			w = w[n:]
		}
	}
	return out
}

// encodeUnit appends the tokens of what byte pair encoding treats as one word.
func encodeUnit(out []token, chars []char) []token {
	word := text(chars)
	for _, s := range specials {
		if word == s.text { // lower-casing made one
			return append(out, specialToken(s.id, chars))
		}
	}
	byteAt := 0 // in word, of the character c
	c := 0
	for _, p := range encodeWord(word) {
		t := token{id: p.id, begins: p.start == 0}
		// The place of a token is that of the characters it has bytes of; tokens may share one.
		for byteAt+utf8.RuneLen(chars[c].r) <= p.start {
			byteAt += utf8.RuneLen(chars[c].r)
			c++
		}
		t.at, t.end = chars[c].at, chars[c].end
		for last, at := c, byteAt; last < len(chars) && at < p.end; last++ {
			t.end = max(t.end, chars[last].end)
			at += utf8.RuneLen(chars[last].r)
		}
		out = append(out, t)
	}
	return out
}

// contractions are the ends that are cut from a word at its apostrophe.
var contractions = []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// unit is the number of characters at the start of a word that are encoded together: a special, a contraction, a run of
// letters, one digit, or a run of anything else.
func unit(word []char) int {
	for _, s := range specials {
		if hasPrefixFold(word, s.text) {
			return len(s.text)
		}
	}
	for _, c := range contractions {
		if hasPrefixFold(word, c) {
			return len(c)
		}
	}
	class := classOf(word[0].r)
	n := 1
	for class != digit && n < len(word) && classOf(word[n].r) == class {
		n++
	}
	return n
}

type class int

const (
	other class = iota
	letter
	digit
	unmatched
)

func classOf(r rune) class {
	switch {
	case r == '\u0345':
		// The Greek iota below, a mark whose other cases are letters: with case ignored it is neither a letter nor not one,
		// so CLIP's pattern passes it over.
		return unmatched
	case unicode.Is(unicode.L, r):
		return letter
	case unicode.Is(unicode.N, r):
		return digit
	}
	return other
}

// hasPrefixFold ignores case as the pattern of CLIP does. The words are in lower case already, which leaves the long s.
func hasPrefixFold(word []char, want string) bool {
	if len(word) < len(want) {
		return false
	}
	for i, r := range want {
		if w := word[i].r; w != r && (w != 'ſ' || r != 's') {
			return false
		}
	}
	return true
}
