package valuelist

import (
	"fmt"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	tests := map[string]string{
		"4, 6,8":                  `["4" "6" "8"]`,
		"":                        `[""]`,
		"a b":                     `["a b"]`,
		"\"a, b\", c":             `["a, b" "c"]`,
		"one\ntwo\n\nthree, four": `["one" "two" "three" "four"]`,
		`a "quoted" word`:         `["a \"quoted\" word"]`,
		"a,,b":                    `["a" "" "b"]`,
	}
	for text, want := range tests {
		if got, err := Split(text); err != nil || fmt.Sprintf("%q", got) != want {
			t.Errorf("%q: got %q, %v; want %s", text, got, err, want)
		}
	}
}

func TestRange(t *testing.T) {
	tests := map[string]string{
		"1..3":              "[1 2 3]",
		"1..10 step 3":      "[1 4 7 10]",
		"0..1 step 0.25":    "[0 0.25 0.5 0.75 1]",
		"0.1..0.5 step 0.1": "[0.1 0.2 0.3 0.4 0.5]",
		"3..1":              "[3 2 1]",
		"-1..1":             "[-1 0 1]",
		"5..5":              "[5]",
		"1..2 step 0.7":     "[1 1.7]",
		"1..3 step -1":      "never gets",
		"1..3 step 0":       "never gets",
		"1..1e9":            "more than 1000",
		"1..2 step x":       "is no range",
		"1..1e999":          "is no range",
	}
	for text, want := range tests {
		got, isRange, err := Range(text)
		if !isRange || err == nil && fmt.Sprint(got) != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, %v; want %s", text, got, isRange, err, want)
		}
	}
	for _, text := range []string{"", "5", "a..b", "from 1..3", "1…3"} {
		if _, isRange, err := Range(text); isRange || err != nil {
			t.Errorf("%q is taken for a range: %v", text, err)
		}
	}
}
