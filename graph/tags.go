package graph

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// tags are the key:"value" pairs of a struct tag in order. Unlike reflect.StructTag they can be listed, so that a key nobody
// knows is reported instead of ignored.
type tags []tag

type tag struct{ key, value string }

var errTagForm = errors.New(`write tags as key:"value" pairs with one space between them`)

func parseTags(raw reflect.StructTag) (tags, error) {
	var list tags
	for s := strings.TrimLeft(string(raw), " "); s != ""; s = strings.TrimLeft(s, " ") {
		key, rest, ok := strings.Cut(s, `:"`)
		if !ok || key == "" || strings.ContainsAny(key, " \"\t\n") {
			return nil, fmt.Errorf("tag %q: %w", s, errTagForm)
		}
		quoted, err := strconv.QuotedPrefix(`"` + rest)
		if err != nil {
			return nil, fmt.Errorf("tag %s: %w", key, errTagForm)
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("tag %s: %w", key, errTagForm)
		}
		if list.has(key) {
			return nil, fmt.Errorf("tag %s: given twice", key)
		}
		list = append(list, tag{key, value})
		s = rest[len(quoted)-1:]
	}
	return list, nil
}

func (t tags) has(key string) bool {
	return slices.ContainsFunc(t, func(x tag) bool { return x.key == key })
}

// tagError is a complaint about one tag.
func tagError(t tag, problem string) error {
	return fmt.Errorf("tag %s=%q: %s", t.key, t.value, problem)
}

// parseFlag reads a tag that is "true" or "false".
func parseFlag(t tag) (bool, error) {
	switch t.value {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, tagError(t, `use "true" or "false"`)
}

// parseNumber keeps the form of the text: "8" is whole, "8.0" is not. They print differently in /object_info.
func parseNumber(t tag) (any, error) {
	if i, err := strconv.ParseInt(t.value, 10, 64); err == nil {
		return i, nil
	}
	if u, err := strconv.ParseUint(t.value, 10, 64); err == nil {
		return u, nil
	}
	f, err := strconv.ParseFloat(t.value, 64)
	if err != nil || f-f != 0 {
		return nil, tagError(t, "not a finite number")
	}
	return f, nil
}

func parseWhole(t tag) (any, error) {
	n, err := parseNumber(t)
	if _, isFloat := n.(float64); err != nil || isFloat {
		return nil, tagError(t, "not a whole number")
	}
	return n, nil
}

// unknownTag names the keys that are known, the nearest first.
func unknownTag(t tag, known []string) error {
	if near := nearest(t.key, known); near != "" {
		return tagError(t, fmt.Sprintf("unknown key; did you mean %s?", near))
	}
	return tagError(t, "unknown key; known are "+strings.Join(known, ", "))
}
