package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func spansOf(t *testing.T, prompt string) (*Prompt, string) {
	t.Helper()
	p, err := Tokenize(prompt, Options{Embeddings: stubEmbeddings{}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range p.Spans() {
		out = append(out, fmt.Sprint(s.Text, s.Rows))
	}
	return p, strings.Join(out, " ")
}

func TestSpans(t *testing.T) {
	tests := map[string]struct{ prompt, want string }{
		"nothing":                      {"", ""},
		"words":                        {"a red cat", "a[1] red[2] cat[3]"},
		"as typed":                     {"A  Red\nCAT", "A[1] Red[2] CAT[3]"},
		"several tokens":               {"a supercalifragilistic cat", "a[1] supercalifragilistic[2 3 4 5 6] cat[7]"},
		"punctuation":                  {"cat, dog", "cat[1] ,[2] dog[3]"},
		"digits are words":             {"85mm", "8[1] 5[2] mm[3]"},
		"contraction":                  {"cat's", "cat[1] 's[2]"},
		"weighted":                     {"(cat:1.2) (a (dog))", "cat[1] a[2] dog[3]"},
		"escaped parens":               {`cat \(dog\)`, `cat[1] \([2] dog[3] \)[4]`},
		"embedding":                    {"a embedding:two, b", "a[1] embedding:two[2 3] ,[4] b[5]"},
		"nothing of a lost embedding":  {"a embedding:three b", "a[1] b[2]"},
		"characters that are dropped":  {"\u200ba\u200bb c", "a\u200bb[1] c[2]"},
		"combined characters":          {"cafe\u0301 au", "cafe\u0301[1] au[2]"},
		"one character, several words": {"\u0130x", "\u0130[1] \u0130[2] x[3]"},
		"special":                      {"a<|endoftext|>b", "a[1] <|endoftext|>[2] b[3]"},
		"across a chunk":               {strings.Repeat("a ", 74) + "supercalifragilistic", strings.TrimSpace(spansOfA(74)) + " supercalifragilistic[75 78 79 80 81]"},
		"in the second chunk":          {strings.Repeat("a ", 75) + "cat", strings.TrimSpace(spansOfA(75)) + " cat[78]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, got := spansOf(t, tt.prompt); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func spansOfA(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a[%d] ", i+1)
	}
	return b.String()
}

func TestFind(t *testing.T) {
	tests := map[string]struct {
		prompt, phrase string
		want           []string
	}{
		"once":                     {"a red cat", "cat", []string{"cat[3]"}},
		"repeated":                 {"cat and Cat", "CAT", []string{"cat[1]", "Cat[3]"}},
		"two words":                {"a red cat on a red mat", "red cat", []string{"red cat[2 3]"}},
		"two words, one weighted":  {"a red (cat:1.3)", "red cat", []string{"red (cat[2 3]"}},
		"inside a group":           {"((a hobbit) in a basket:0.8)", "hobbit", []string{"hobbit[2]"}},
		"several tokens":           {"a supercalifragilistic hobbit", "supercalifragilistic hobbit", []string{"supercalifragilistic hobbit[2 3 4 5 6 7]"}},
		"not a part of a word":     {"cats bobcat concatenate", "cat", nil},
		"not the start of a word":  {"supercalifragilistic", "super", nil},
		"overlapping":              {"a a a", "a a", []string{"a a[1 2]", "a a[2 3]"}},
		"punctuation between":      {"red, cat", "red cat", nil},
		"punctuation looked for":   {"cat, dog", "cat,", []string{"cat,[1 2]"}},
		"parentheses looked for":   {`cat \(dog\)`, "(dog)", []string{`\(dog\)[2 3 4]`}},
		"accents, composed or not": {"un cafe\u0301", "café", []string{"cafe\u0301[2]"}},
		"nothing":                  {"a cat", "", nil},
		"longer than the prompt":   {"cat", "cat cat", nil},
		"across an embedding":      {"red embedding:two cat", "red cat", nil},
		"in two chunks":            {strings.Repeat("a ", 74) + "red cat", "red cat", []string{"red cat[75 78]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, all := spansOf(t, tt.prompt)
			var got []string
			for _, s := range p.Find(tt.phrase) {
				got = append(got, fmt.Sprint(s.Text, s.Rows))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q, in %s", got, tt.want, all)
			}
		})
	}
}
