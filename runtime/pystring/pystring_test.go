package pystring

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// python is what CPython says, see testdata/reference.py.
type python struct {
	Texts []struct {
		Text    string
		Methods map[string]string
	}
	Regexes []struct {
		Pattern, Text, Template, Error, Sub, Sub1 string
		Flags                                     int
		Matches                                   [][]string
	}
}

func readPython(t *testing.T) python {
	t.Helper()
	data, err := os.ReadFile("testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var p python
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Texts) == 0 || len(p.Regexes) == 0 {
		t.Fatal("testdata/python.json holds no cases")
	}
	return p
}

func TestStrPython(t *testing.T) {
	methods := map[string]func(string) string{
		"upper": Upper, "lower": Lower, "capitalize": Capitalize, "title": Title,
		"strip": Strip, "lstrip": StripLeft, "rstrip": StripRight,
		"length": func(s string) string { return strconv.Itoa(Length(s)) },
	}
	for _, row := range readPython(t).Texts {
		for name, want := range row.Methods {
			t.Run(fmt.Sprintf("%q %s", row.Text, name), func(t *testing.T) {
				method := methods[name]
				if words := strings.Fields(name); words[0] == "slice" {
					a, _ := strconv.Atoi(words[1])
					b, _ := strconv.Atoi(words[2])
					method = func(s string) string { return Slice(s, a, b) }
				}
				if got := method(row.Text); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}

func TestRegexPython(t *testing.T) {
	const ignoreCase, multiline, dotAll = 2, 8, 16 // of module re
	for _, row := range readPython(t).Regexes {
		t.Run(fmt.Sprintf("%q flags %d", row.Pattern, row.Flags), func(t *testing.T) {
			r, err := Compile(row.Pattern, Flags{
				IgnoreCase: row.Flags&ignoreCase != 0, Multiline: row.Flags&multiline != 0, DotAll: row.Flags&dotAll != 0,
			})
			if row.Error == "pattern" {
				if !errors.Is(err, ErrPattern) {
					t.Fatalf("error is %v, want %v", err, ErrPattern)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			matches, err := r.FindAll(row.Text, 0)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, m := range matches {
				got = append(got, m.text)
			}
			if !slices.EqualFunc(got, row.Matches, slices.Equal) {
				t.Errorf("matches are %q, want %q", got, row.Matches)
			}
			for count, want := range map[int]string{0: row.Sub, 1: row.Sub1} {
				got, err := r.Replace(row.Text, row.Template, count)
				if row.Error == "template" {
					if !errors.Is(err, ErrPattern) {
						t.Errorf("template %q: error is %v, want %v", row.Template, err, ErrPattern)
					}
					continue
				}
				if err != nil || got != want {
					t.Errorf("replaced %d: got %q (%v), want %q", count, got, err, want)
				}
			}
		})
	}
}

func TestRegexTimeout(t *testing.T) {
	r, err := Compile(`(a+)+b`, Flags{})
	if err != nil {
		t.Fatal(err)
	}
	r.re.MatchTimeout = 1 // a nanosecond: the pattern needs exponential time
	if _, err := r.Search(strings.Repeat("a", 60)); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("error is %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	for _, p := range []string{`(?P<a>x)(?P=a)`, `[^]a[]`, `\U0001F600`, `(?(1)a|b)`, `a{,3}`, `(?aiu)x`, `\`, `[`, `(?P<`, `(?#`} {
		f.Add(p, "text x", `\1\g<a>`)
	}
	f.Fuzz(func(t *testing.T, pattern, text, template string) {
		r, err := Compile(pattern, Flags{})
		if err != nil {
			if !errors.Is(err, ErrPattern) {
				t.Errorf("error %v does not wrap ErrPattern", err)
			}
			return
		}
		r.re.MatchTimeout = 1e6
		m, err := r.Search(text)
		if err == nil && m != nil && len(m.text) != r.Groups()+1 {
			t.Errorf("%d texts for %d groups", len(m.text), r.Groups())
		}
		_, _ = r.Replace(text, template, 1) // must not panic
	})
}
