package pystring

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// MatchTimeout bounds one search: a backtracking engine can need exponential time on patterns such as (a+)+b.
const MatchTimeout = 5 * time.Second

// ErrPattern is wrapped by errors about patterns and templates that Python would refuse, too (re.error).
var ErrPattern = errors.New("bad regular expression")

// Flags are those of module re.
type Flags struct {
	IgnoreCase, Multiline, DotAll bool
}

// Regex is a compiled pattern.
type Regex struct {
	re     *regexp2.Regexp
	names  map[string]int
	groups int // without the whole match
}

// Compile translates and compiles a pattern; the error wraps ErrPattern.
func Compile(pattern string, f Flags) (*Regex, error) {
	t, err := translate(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPattern, err)
	}
	options := regexp2.None
	for flag, on := range map[regexp2.RegexOptions]bool{
		regexp2.IgnoreCase: f.IgnoreCase, regexp2.Multiline: f.Multiline, regexp2.Singleline: f.DotAll,
	} {
		if on {
			options |= flag
		}
	}
	re, err := regexp2.Compile(t.pattern, options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPattern, err)
	}
	re.MatchTimeout = MatchTimeout
	return &Regex{re: re, names: t.names, groups: t.groups}, nil
}

// Groups is the number of groups in the pattern.
func (r *Regex) Groups() int { return r.groups }

// Match is one match: the text of each group, 0 the whole. A group that took no part is "".
type Match struct {
	from, to int // runes
	text     []string
}

// Group is the text of group i; i must not be beyond Groups.
func (m *Match) Group(i int) string { return m.text[i] }

// Search is re.search: the first match, nil where there is none.
func (r *Regex) Search(s string) (*Match, error) {
	list, err := r.FindAll(s, 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// FindAll is re.finditer: at most limit matches from left to right, all where limit is 0.
func (r *Regex) FindAll(s string, limit int) ([]*Match, error) {
	var list []*Match
	m, err := r.re.FindStringMatch(s)
	for ; m != nil && err == nil; m, err = r.re.FindNextMatch(m) {
		found := &Match{from: m.Index, to: m.Index + m.Length}
		for i := range r.groups + 1 {
			text := ""
			if g := m.GroupByNumber(i); g != nil {
				text = g.String()
			}
			found.text = append(found.text, text)
		}
		if list = append(list, found); len(list) == limit {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("regular expression took too long (more than %s); make it simpler: %w", MatchTimeout, err)
	}
	return list, nil
}

// Replace is re.sub: at most count matches (0: all) become the template, in which \1, \g<1> and \g<name> stand for groups.
func (r *Regex) Replace(s, template string, count int) (string, error) {
	parts, err := r.template(template)
	if err != nil {
		return "", fmt.Errorf("%w: replacement: %w", ErrPattern, err)
	}
	matches, err := r.FindAll(s, count)
	if err != nil {
		return "", err
	}
	runes, at := []rune(s), 0
	var b strings.Builder
	for _, m := range matches {
		b.WriteString(string(runes[at:m.from]))
		for _, p := range parts {
			if p.group >= 0 {
				b.WriteString(m.text[p.group])
			} else {
				b.WriteString(p.text)
			}
		}
		at = m.to
	}
	b.WriteString(string(runes[at:]))
	return b.String(), nil
}

// part of a template is plain text, or a group where group is not negative.
type part struct {
	text  string
	group int
}

func (r *Regex) template(s string) ([]part, error) {
	var parts []part
	plain := func(t string) { parts = append(parts, part{t, -1}) }
	for s != "" {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			i = len(s)
		}
		plain(s[:i])
		if s = s[i:]; s == "" {
			break
		}
		if len(s) == 1 {
			return nil, errors.New("bad escape (end of pattern)")
		}
		c, size := utf8.DecodeRuneInString(s[1:])
		rest := s[1+size:]
		switch {
		case c == 'g':
			name, after, ok := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
			if !ok || !strings.HasPrefix(rest, "<") || name == "" {
				return nil, errors.New(`missing group name after \g; write \g<1> or \g<name>`)
			}
			n, err := r.reference(name)
			if err != nil {
				return nil, err
			}
			parts, rest = append(parts, part{group: n}), after
		case c == '0', octal(s[1:]):
			// \0, \0d, \0dd and three octal digits are a character.
			n := 1
			for n < 3 && n < len(s)-1 && s[1+n] >= '0' && s[1+n] <= '7' {
				n++
			}
			v, err := strconv.ParseUint(s[1:1+n], 8, 16)
			if err != nil || v > 0o377 {
				return nil, fmt.Errorf("octal escape \\%s outside of range 0-0o377", s[1:1+n])
			}
			plain(string(rune(v)))
			rest = s[1+n:]
		case c >= '1' && c <= '9':
			digits := 1
			if len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
				digits = 2
			}
			n, err := r.reference(s[1 : 1+digits])
			if err != nil {
				return nil, err
			}
			parts, rest = append(parts, part{group: n}), s[1+digits:]
		case strings.ContainsRune("abfnrtv\\", c):
			plain(map[rune]string{'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\\': `\`}[c])
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			return nil, fmt.Errorf("bad escape \\%c", c)
		default:
			plain(s[:1+size])
		}
		s = rest
	}
	return parts, nil
}

// octal reports whether s begins with three octal digits.
func octal(s string) bool {
	return len(s) >= 3 && strings.Trim(s[:3], "01234567") == ""
}

// reference is the number of a group by number or name.
func (r *Regex) reference(name string) (int, error) {
	if n, ok := r.names[name]; ok {
		return n, nil
	}
	n, err := strconv.Atoi(name)
	if err != nil {
		return 0, fmt.Errorf("unknown group name %q", name)
	}
	if n < 0 || n > r.groups {
		return 0, fmt.Errorf("invalid group reference %d; the pattern has %d groups", n, r.groups)
	}
	return n, nil
}
