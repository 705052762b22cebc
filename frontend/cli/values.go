package cli

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/internal/valuelist"
)

// maxGrid bounds the values of one input, and the cells of a grid.
const maxGrid = valuelist.Most

// parseValues reads a list of values for an input: texts with commas between (in double quotes where they hold commas), ranges such as
// 1..10 step 3 for numbers, * for all choices of a drop-down, or @FILE for the lines of a file. choices may be given without folder and
// ending where only one fits.
func parseValues(s string, in *graph.Input, choices []string) ([]any, error) {
	texts, err := splitValues(s)
	if err != nil {
		return nil, err
	}
	var values []any
	add := func(v any) error {
		if len(values) == maxGrid {
			return fmt.Errorf("more than %d values", maxGrid)
		}
		values = append(values, v)
		return nil
	}
	for _, text := range texts {
		if in.Combo() && text == "*" {
			for _, c := range choices {
				if err := add(c); err != nil {
					return nil, err
				}
			}
			continue
		}
		if in.Type == graph.TypeInt || in.Type == graph.TypeFloat {
			steps, ok, err := numberRange(text, in.Type == graph.TypeInt)
			if err != nil {
				return nil, err
			}
			for _, v := range steps {
				if err := add(v); err != nil {
					return nil, err
				}
			}
			if ok {
				continue
			}
		}
		if in.Combo() {
			text = choiceLike(text, choices)
		}
		v, err := parseValue(text, in.Type)
		if err != nil {
			return nil, err
		}
		if err := add(v); err != nil {
			return nil, err
		}
	}
	if len(values) == 0 {
		return nil, errors.New("no values; write some with commas between")
	}
	return values, nil
}

// splitValues takes a list apart.
func splitValues(s string) ([]string, error) {
	if file, ok := strings.CutPrefix(s, "@"); ok {
		return fileLines(file)
	}
	return valuelist.Split(s)
}

// fileLines are the lines of a text file that are not empty.
func fileLines(file string) ([]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s has no lines", file)
	}
	return lines, nil
}

// numberRange reads a range of numbers; ok is false for other texts.
func numberRange(text string, whole bool) (values []any, ok bool, err error) {
	numbers, ok, err := valuelist.Range(text)
	for _, v := range numbers {
		switch {
		case !whole:
			values = append(values, v)
		case v != math.Trunc(v) || math.Abs(v) >= 1<<53:
			return nil, true, fmt.Errorf("%v is not a whole number", v)
		default:
			values = append(values, int64(v))
		}
	}
	return values, ok, err
}

// choiceLike is the choice that a text means: itself, or the only one with that name whatever the letter case, the folder and the ending.
func choiceLike(text string, choices []string) string {
	like := ""
	for _, c := range choices {
		if c == text {
			return c
		}
		base := path.Base(strings.ReplaceAll(c, `\`, "/"))
		if strings.EqualFold(c, text) || strings.EqualFold(base, text) || strings.EqualFold(strings.TrimSuffix(base, path.Ext(base)), text) {
			if like != "" {
				return text // more than one: validation lists them
			}
			like = c
		}
	}
	return firstOf(like, text)
}

// valueText is a value as labels and file names have it.
func valueText(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}
