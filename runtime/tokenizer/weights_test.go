package tokenizer

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestSegments(t *testing.T) {
	tests := map[string]string{ // prompt: segments, each text|weight
		"":                    "",
		"a":                   "a|1",
		"(a)":                 "a|1.1",
		"((a))":               "a|1.2100000000000002",
		"(a:1.5)":             "a|1.5",
		"((a:1.5))":           "a|1.5",
		"((a:1.2):1.3)":       "a|1.2",
		"((a):2)":             "a|2.2",
		"(a (b:0.5) c:1.2)":   "a |1.2 b|0.5  c|1.2",
		"(a:1.5":              "(a:1.5|1",
		"a:1.5)":              "a:1.5)|1",
		`a \(b\) c`:           "a (b) c|1",
		`\\(a)`:               `\(a)|1`,
		`\(a:1.3\)`:           "(a:1.3)|1",
		`(a\):1.4)`:           "a)|1.4",
		`(a:1.4\))`:           "a:1.4)|1.1",
		`\`:                   `\|1`,
		"[a]":                 "[a]|1",
		"(a:b)":               "a:b|1.1",
		"(a:b:2)":             "a:b|2",
		"(:1.5)":              ":1.5|1.1",
		"(::1.5)":             ":|1.5",
		"(a:)":                "a:|1.1",
		"()":                  "",
		"(())":                "",
		"( )":                 " |1.1",
		"x (a:-1) y":          "x |1 a|-1  y|1",
		"(a:0)":               "a|0",
		"(a)b)":               "a|1.1 b)|1",
		"((a)b":               "((a)b|1",
		")(":                  ")(|1",
		"(":                   "(|1",
		")":                   ")|1",
		"(a)(b)":              "a|1.1 b|1.1",
		"a) (b)":              "a) (b)|1",
		"a) ((b))":            "a) (|1 b|1.1 )|1",
		"a)) (b) (c) (d)":     "a)) (b) (c) (d)|1",
		"a) (b (c)":           "a) (b |1 c|1.1",
		"(unbalanced (a:1.2)": "unbalanced |1.2 (a|1.2",
		"((a)":                "(a|1.1",
		"(((a))":              "(a|1.2100000000000002",
		"((((a)))":            "(a|1.3310000000000004",
		"(a:inf)":             "a|+Inf",
		"(a:1e999)":           "a|+Inf",
		"(é:1.5)":             "é|1.5",
	}
	for prompt, want := range tests {
		var got []string
		for _, s := range segments(readChars(prompt)) {
			got = append(got, fmt.Sprintf("%s|%v", text(s.chars), s.weight))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: got %q, want %q", prompt, s, want)
		}
	}
}

func TestPythonFloat(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	good := map[string]float64{
		"1": 1, "1.5": 1.5, ".5": .5, "2.": 2, "+2": 2, "-2": -2, " 1.5 ": 1.5, "\t1\n": 1, "\x1c1\u2003": 1, "1e1": 10, "1E-1": .1, "1e+1": 10,
		"1_0": 10, "1_0.0_1": 10.01, "1e1_0": 1e10, "inf": inf, "-Inf": -inf, "INFINITY": inf, "nan": nan, "+NaN": nan, "-nan": nan,
		"1e999": inf, "-1e999": -inf, "1e-999": 0, "007": 7, "٣": 3, "१.५": 1.5, "𝟙𝟚": 12,
	}
	for s, want := range good {
		if got, ok := pythonFloat(s); !ok || got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q: got %v, %v; want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", " ", ".", "e1", "1e", "1,5", "1 5", "0x10", "0b1", "1__0", "_1", "1_", "1_.5", "1._5", "1e_1", "++1", "+-1", "- 1", "1f", "infin", "nanx", "½", "一"} {
		if got, ok := pythonFloat(s); ok {
			t.Errorf("%q: got %v, want no number", s, got)
		}
	}
}

// Up to a megabyte of what could be quadratic or recurse: each takes well under a second, quadratic work takes hours.
func TestLongPrompts(t *testing.T) {
	const mega = 1 << 20
	const n, half = mega / 4, mega / 8
	prompts := map[string]string{
		"open":               strings.Repeat("(", mega),
		"close":              strings.Repeat(")", mega),
		"nested":             strings.Repeat("(", mega/2) + strings.Repeat(")", mega/2),
		"nested but one":     strings.Repeat("(", mega/2) + strings.Repeat(")", mega/2-1),
		"nested, weights":    strings.Repeat("(", mega/4) + strings.Repeat(":1)", mega/4),
		"open groups":        strings.Repeat("((a)", n/4),
		"close, then groups": strings.Repeat(")", half) + strings.Repeat("(", half),
		"colons":             strings.Repeat("(:", half) + ")",
		"one word":           strings.Repeat("a", n),
		"one odd word":       strings.Repeat("qxzj", n/4),
		"one punctuation":    strings.Repeat("!?", half),
		"words":              strings.Repeat("cat ", n/4),
		"marks":              "a" + strings.Repeat("\u0301", half),
		"embedding marks":    strings.Repeat(" embedding:x,", n/13),
		"almost specials":    strings.Repeat("<|endoftext|", n/12),
		"sigmas":             strings.Repeat("Σ.", n/3),
		"backslashes":        strings.Repeat(`\`, n),
		"underscores":        "(a:" + strings.Repeat("1_", half) + "1)",
	}
	for name, prompt := range prompts {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			p, err := Tokenize(prompt, Options{Embeddings: stubEmbeddings{}})
			if err != nil || len(p.Chunks) == 0 {
				t.Errorf("%d chunks, %v", len(p.Chunks), err)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}
