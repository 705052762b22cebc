package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// stubEmbeddings knows "two" (2 vectors), "nine", "none" (no vector), "wide" (another encoder's) and "broken".
type stubEmbeddings struct{}

var errBroken = errors.New("file is cut short")

func (stubEmbeddings) Find(name string, e Encoder) (*Embedding, error) {
	vectors := map[string]int{"two": 2, "nine": 9, "none": 0, "sub/two.pt": 2, "two,x": 1}
	n, ok := vectors[name]
	switch {
	case name == "wide":
		return nil, fmt.Errorf("wide.pt: 1280 values, not 768: %w", tensor.ErrShape)
	case name == "broken":
		return nil, errBroken
	case !ok:
		return nil, nil
	}
	v := &Embedding{Source: name + "#" + e.Key()}
	for i := range n {
		v.Vectors = append(v.Vectors, []float32{float32(i)})
	}
	return v, nil
}

// short writes the tokens of chunks without BOS and padding: words, EOS as |, embeddings as name.row, weights other than 1.
func short(p *Prompt) string {
	var b strings.Builder
	for _, chunk := range p.Chunks {
		for _, t := range chunk[1:] {
			switch {
			case t.Word < 0 && t.ID == EOS:
				b.WriteString("| ")
			case t.Embedding != nil:
				name, _, _ := strings.Cut(t.Embedding.Source, "#")
				fmt.Fprintf(&b, "%s.%d", name, t.Row)
			default:
				b.WriteString(Decode(t.ID))
			}
			if t.Weight != 1 {
				fmt.Fprintf(&b, ":%v", t.Weight)
			}
			if t.Word < 0 {
				break
			}
			b.WriteString(" ")
		}
	}
	return strings.TrimSpace(b.String())
}

func TestEmbeddings(t *testing.T) {
	tests := map[string]struct {
		prompt, want string
		warnings     int
	}{
		"alone":                     {"embedding:two", "two.0 two.1 |", 0},
		"after a blank":             {"a embedding:two b", "a two.0 two.1 b |", 0},
		"after a new line":          {"a\nembedding:two b", "a two.0 two.1 b |", 0},
		"not after a tab":           {"a\tembedding:two", "a embed ding : two |", 0},
		"not inside a word":         {"xembedding:two", "x embed ding : two |", 0},
		"case matters":              {"Embedding:two", "embed ding : two |", 0},
		"weight":                    {"(a embedding:two:0.5)", "a:0.5 two.0:0.5 two.1:0.5 |", 0},
		"twice":                     {"embedding:two embedding:two", "two.0 two.1 two.0 two.1 |", 0},
		"a comma behind":            {"embedding:two, a", "two.0 two.1 , a |", 0},
		"commas behind":             {"embedding:two,, a", "two.0 two.1 ,, a |", 0},
		"a comma in the name":       {"embedding:two,x", "two,x.0 |", 0},
		"text at the name":          {"embedding:two,cat", "|", 1},
		"blanks before the name":    {"embedding:  two b", "two.0 two.1 b |", 0},
		"folder and extension":      {"embedding:sub/two.pt", "sub/two.pt.0 sub/two.pt.1 |", 0},
		"commas in front":           {"embedding:,two", "two.0 two.1 o |", 0},
		"unknown":                   {"a embedding:three b", "a b |", 1},
		"unknown with a comma":      {"a embedding:three, b", "a , b |", 1},
		"unknown twice":             {"embedding:three embedding:three", "|", 1},
		"no name":                   {"a embedding: ", "a |", 1},
		"no vectors":                {"embedding:none b", "b |", 0},
		"another encoder's":         {"embedding:wide b", "b |", 1},
		"escaped parens":            {`embedding:\(two\)`, "|", 1},
		"weights end the name":      {"embedding:two(b)", "two.0 two.1 b:1.1 |", 0},
		"control ends the name":     {"embedding:two\x1cb", "two.0 two.1 b |", 0},
		"control is text elsewhere": {"a\x1cb", "ab |", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := Tokenize(tt.prompt, Options{Embeddings: stubEmbeddings{}})
			if err != nil {
				t.Fatal(err)
			}
			if got := short(p); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if len(p.Warnings) != tt.warnings {
				t.Errorf("warnings %q, want %d", p.Warnings, tt.warnings)
			}
		})
	}
	if _, err := Tokenize("a embedding:broken b", Options{Embeddings: stubEmbeddings{}}); !errors.Is(err, errBroken) {
		t.Errorf("a broken file: got %v", err)
	}
	p, err := Tokenize("a embedding:two", Options{})
	if err != nil || short(p) != "a embed ding : two |" {
		t.Errorf("without embeddings: got %q, %v", short(p), err)
	}
}

func TestChunks(t *testing.T) {
	const long = "pneumonoultramicroscopicsilicovolcanoconiosis" // 14 tokens
	a := func(n int) string { return strings.Repeat("a ", n) }
	tests := map[string]struct {
		prompt string
		want   []int // tokens between BOS and EOS, by chunk
	}{
		"empty":                                  {"", []int{0}},
		"one":                                    {"a", []int{1}},
		"one less than full":                     {a(74), []int{74}},
		"full":                                   {a(75), []int{75}},
		"one more":                               {a(76), []int{75, 1}},
		"twice full":                             {a(150), []int{75, 75}},
		"three":                                  {a(151), []int{75, 75, 1}},
		"a long word is cut":                     {a(74) + long, []int{75, 13}},
		"a short group is kept together":         {a(73) + "(a a a:1.2)", []int{73, 3}},
		"7 tokens are short":                     {a(70) + "(" + a(7) + ")", []int{70, 7}},
		"8 tokens are long":                      {a(70) + "(" + a(8) + ")", []int{75, 3}},
		"a short group that fits":                {a(70) + "(" + a(5) + ")", []int{75}},
		"a long group after a full chunk":        {a(75) + "(" + a(8) + ")", []int{75, 8}},
		"an embedding is a group":                {a(74) + "embedding:two b", []int{74, 3}},
		"a long embedding is cut":                {a(74) + "embedding:nine", []int{75, 8}},
		"a group behind one that was moved":      {a(73) + "(a a a) b", []int{73, 4}},
		"an empty group changes nothing":         {a(75) + "()", []int{75}},
		"text behind an embedding fits or moves": {a(72) + "embedding:two a a", []int{74, 2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, e := range []Encoder{EncoderL, EncoderG, EncoderH} {
				p, err := Tokenize(tt.prompt, Options{Encoder: e, Embeddings: stubEmbeddings{}})
				if err != nil {
					t.Fatal(err)
				}
				var got []int
				for _, chunk := range p.Chunks {
					got = append(got, checkChunk(t, chunk, e))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("%s: got %v, want %v", e, got, tt.want)
				}
			}
		})
	}
}

// checkChunk reports what no chunk may be and gives the number of tokens between BOS and EOS.
func checkChunk(t *testing.T, chunk []Token, e Encoder) int {
	t.Helper()
	if len(chunk) != 77 {
		t.Fatalf("chunk of %d tokens", len(chunk))
	}
	n := 0
	for n+1 < len(chunk) && chunk[n+1].Word >= 0 {
		n++
	}
	for i, tok := range chunk {
		want := mark(e.Pad())
		switch i {
		case 0:
			want = mark(BOS)
		case n + 1:
			want = mark(EOS)
		}
		if (i == 0 || i > n) && tok != want {
			t.Fatalf("token %d is %+v, want %+v", i, tok, want)
		}
		if tok.ID < -1 || tok.ID > EOS || (tok.ID < 0) != (tok.Embedding != nil) {
			t.Fatalf("token %d is %+v", i, tok)
		}
	}
	return n
}

func TestEmptyChunk(t *testing.T) {
	for _, e := range []Encoder{EncoderL, EncoderG, EncoderH} {
		p, err := Tokenize("", Options{Encoder: e})
		if err != nil || !slices.Equal(p.Chunks[0], e.Empty()) || p.Weighted() || p.Rows() != 77 {
			t.Errorf("%s: the chunk of no text is not Empty: %v, %v", e, p.Chunks, err)
		}
	}
}

func TestWeighted(t *testing.T) {
	for prompt, want := range map[string]bool{"a": false, "(a)": true, "(a:1)": false, "(a:1) (b:0)": true, "(:nan)": true, "(a:nan)": true, "()": false} {
		if p, err := Tokenize(prompt, Options{}); err != nil || p.Weighted() != want {
			t.Errorf("%q: got %v, %v; want %v", prompt, !want, err, want)
		}
	}
}

func FuzzTokenize(f *testing.F) {
	for _, s := range []string{
		"", "a cat", "((a:1.2) b:0.5)", `\(a\)`, "(((", ")))", ")((", "(a:nan)", "a embedding:two, b", "(embedding:nine:1.3)",
		"<|endoftext|>", "日本語", "🙂\u200d🙂", "A\u0301\u0345", "ΟΔΟΣ", "İ", "\x00\xff", strings.Repeat("a ", 80), "(a:1e999)", "\u0f43",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, prompt string) {
		for _, e := range []Encoder{EncoderL, EncoderG} {
			p, err := Tokenize(prompt, Options{Encoder: e, Embeddings: stubEmbeddings{}})
			if err != nil {
				if !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				return
			}
			lower := strings.ToLower(prompt)
			finite := !strings.Contains(lower, "inf") && !strings.Contains(lower, "nan") && !strings.Contains(lower, "e") && len(prompt) < 300
			word := -1
			for _, chunk := range p.Chunks {
				checkChunk(t, chunk, e)
				for _, tok := range chunk {
					if finite && (math.IsNaN(tok.Weight) || math.IsInf(tok.Weight, 0)) {
						t.Fatalf("%q: weight %v", prompt, tok.Weight)
					}
					if tok.Word < 0 {
						continue
					}
					if tok.Word != word && tok.Word != word+1 {
						t.Fatalf("%q: word %d comes after word %d", prompt, tok.Word, word)
					}
					word = tok.Word
					if tok.Start < 0 || tok.Start >= tok.End || tok.End > len(prompt) {
						t.Fatalf("%q: token %+v comes from bytes %d to %d", prompt, tok, tok.Start, tok.End)
					}
				}
			}
			for i, s := range p.Spans() {
				if s.Text != prompt[s.Start:s.End] || len(s.Rows) == 0 || !slices.IsSorted(s.Rows) {
					t.Fatalf("%q: span %d is %+v", prompt, i, s)
				}
			}
		}
	})
}

const typical = "masterpiece, best quality, (a portrait of a hobbit:1.2) in a wicker basket, highly detailed, soft light, 85mm, trending on artstation"

// The first run of a process is shown by -benchtime 1x: the tables need no set-up, so it is page faults and nothing else.
func BenchmarkTokenize(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Tokenize(typical, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokenizeMegabyte(b *testing.B) {
	prompt := strings.Repeat(typical+" ", 1<<20/len(typical))
	b.SetBytes(int64(len(prompt)))
	for b.Loop() {
		if _, err := Tokenize(prompt, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
