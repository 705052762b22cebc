package pystring

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// translation is a pattern of Python in the .NET dialect. All groups are numbered, because .NET would number the named ones
// after the others; names are kept aside.
type translation struct {
	pattern string
	names   map[string]int
	groups  int
}

// translator walks over a pattern once.
type translator struct {
	in  []rune
	at  int
	out strings.Builder
	translation
}

// Python takes letters and numbers of every kind for parts of a word, but, unlike .NET, neither marks, joiners nor connectors
// other than "_"; and the four information separators for space.
const (
	wordSet  = `\p{L}\p{N}_`
	spaceSet = `\s\x1c-\x1f`
	edge     = `(?:(?<=[` + wordSet + `])(?![` + wordSet + `])|(?<![` + wordSet + `])(?=[` + wordSet + `]))`
	notEdge  = `(?:(?<=[` + wordSet + `])(?=[` + wordSet + `])|(?<![` + wordSet + `])(?![` + wordSet + `]))`
)

// meanings are the escapes that the dialects understand differently, outside a class and inside one. \W and \S inside a class
// keep the meaning they have in .NET, because a part of a class cannot be negated there.
var meanings = map[bool]map[rune]string{
	false: {'w': `[` + wordSet + `]`, 'W': `[^` + wordSet + `]`, 's': `[` + spaceSet + `]`, 'S': `[^` + spaceSet + `]`, 'b': edge, 'B': notEdge},
	true:  {'w': wordSet, 's': spaceSet},
}

// translate rewrites what the dialects write or mean differently: names of groups, {,n}, \Z, \U, \w, \s, \b, "[" inside a class,
// and flags that only Python has. What both understand, and what is wrong in both, passes through.
func translate(pattern string) (translation, error) {
	t := translator{in: []rune(pattern), translation: translation{names: map[string]int{}}}
	for t.at < len(t.in) {
		if err := t.next(); err != nil {
			return translation{}, err
		}
	}
	t.pattern = t.out.String()
	return t.translation, nil
}

func (t *translator) next() error {
	switch r := t.in[t.at]; {
	case r == '\\':
		return t.escape(false)
	case r == '[':
		return t.class()
	case r == '(':
		return t.group()
	case t.has("{,"):
		t.emit("{0,", 2)
	default:
		t.emit(string(r), 1)
	}
	return nil
}

func (t *translator) has(prefix string) bool {
	for i, r := range []rune(prefix) {
		if t.at+i >= len(t.in) || t.in[t.at+i] != r {
			return false
		}
	}
	return true
}

// emit writes text for the next n characters.
func (t *translator) emit(text string, n int) {
	t.out.WriteString(text)
	t.at += n
}

func (t *translator) escape(inClass bool) error {
	if t.at+1 >= len(t.in) {
		return fmt.Errorf("bad escape (end of pattern) at position %d", t.at)
	}
	switch r := t.in[t.at+1]; {
	case r == 'Z' && !inClass:
		t.emit(`\z`, 2)
	case r == 'U':
		if t.at+10 > len(t.in) {
			return fmt.Errorf("incomplete escape \\U at position %d", t.at)
		}
		v, err := strconv.ParseUint(string(t.in[t.at+2:t.at+10]), 16, 32)
		if err != nil || v > unicode.MaxRune {
			return fmt.Errorf("bad escape \\U at position %d", t.at)
		}
		if strings.ContainsRune(`\[](){}.*+?^$|-`, rune(v)) {
			t.out.WriteByte('\\')
		}
		t.emit(string(rune(v)), 10)
	case r >= '1' && r <= '9' && !inClass:
		end := t.at + 2
		for end < len(t.in) && end < t.at+3 && t.in[end] >= '0' && t.in[end] <= '9' {
			end++
		}
		t.emit(`\k<`+string(t.in[t.at+1:end])+`>`, end-t.at)
	case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		// .NET has further letters, such as \p and \G; Python refuses them.
		known := "AbBdDsSwWafnrtvxuN0"
		if inClass {
			known = "bdDsSwWafnrtvxuN0"
		}
		if !strings.ContainsRune(known, r) {
			return fmt.Errorf("bad escape \\%c at position %d", r, t.at)
		}
		if text, ok := meanings[inClass][r]; ok {
			t.emit(text, 2)
			return nil
		}
		t.emit(`\`+string(r), 2)
	default:
		t.emit(`\`+string(r), 2)
	}
	return nil
}

// class copies [...]; "[" inside is plain in Python, but begins a subtraction in .NET.
func (t *translator) class() error {
	open := t.at
	t.emit("[", 1)
	if t.has("^") {
		t.emit("^", 1)
	}
	if t.has("]") {
		t.emit(`\]`, 1)
	}
	for t.at < len(t.in) {
		switch r := t.in[t.at]; r {
		case ']':
			t.emit("]", 1)
			return nil
		case '[':
			t.emit(`\[`, 1)
		case '\\':
			if err := t.escape(true); err != nil {
				return err
			}
		default:
			t.emit(string(r), 1)
		}
	}
	return fmt.Errorf("unterminated character set at position %d", open)
}

func (t *translator) group() error {
	switch {
	case t.has("(?P<"):
		name, err := t.name(4, '>')
		if err != nil {
			return err
		}
		if t.names[name] != 0 {
			return fmt.Errorf("redefinition of group name %q", name)
		}
		t.groups++
		t.names[name] = t.groups
		t.out.WriteByte('(')
	case t.has("(?P="):
		name, err := t.name(4, ')')
		if err != nil {
			return err
		}
		n, ok := t.names[name]
		if !ok {
			return fmt.Errorf("unknown group name %q", name)
		}
		fmt.Fprintf(&t.out, `\k<%d>`, n)
	case t.has("(?("):
		name, err := t.name(3, ')')
		if err != nil {
			return err
		}
		if n, ok := t.names[name]; ok {
			name = strconv.Itoa(n)
		}
		fmt.Fprintf(&t.out, `(?(%s)`, name)
	case t.has("(?#"):
		for t.at < len(t.in) && t.in[t.at] != ')' {
			t.at++
		}
		t.at++
	case t.has("(?<"), t.has("(?'"):
		if !t.has("(?<=") && !t.has("(?<!") {
			return fmt.Errorf("unknown extension %s at position %d", string(t.in[t.at:t.at+3]), t.at)
		}
		t.emit("(?<", 3)
	case t.has("(?"):
		t.flags()
	default:
		t.groups++
		t.emit("(", 1)
	}
	return nil
}

// flags copies "(?" and leaves out the flags a, L and u, which choose between byte and text matching.
func (t *translator) flags() {
	t.emit("(?", 2)
	for t.at < len(t.in) && strings.ContainsRune("aiLmsux-", t.in[t.at]) {
		if strings.ContainsRune("aLu", t.in[t.at]) {
			t.at++
			continue
		}
		t.emit(string(t.in[t.at]), 1)
	}
}

// name reads an identifier that begins skip characters on and ends with the given one.
func (t *translator) name(skip int, end rune) (string, error) {
	start := t.at + skip
	for i := start; i < len(t.in); i++ {
		switch r := t.in[i]; {
		case r == end && i > start:
			t.at = i + 1
			return string(t.in[start:i]), nil
		case r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r):
			return "", fmt.Errorf("bad character in group name at position %d", i)
		}
	}
	return "", fmt.Errorf("missing group name at position %d", start)
}
