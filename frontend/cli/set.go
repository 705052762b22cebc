package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

// override is one --set NODE.INPUT=VALUE.
type override struct{ node, input, value string }

// parseOverride splits at the first "=", and the left side at its last ".": titles of nodes may hold dots, names of inputs do not.
func parseOverride(s string) (override, error) {
	left, value, ok := strings.Cut(s, "=")
	dot := strings.LastIndex(left, ".")
	if !ok || dot < 1 || dot == len(left)-1 {
		return override{}, fmt.Errorf("--set %q: use NODE.INPUT=VALUE, with NODE an id or a title", s)
	}
	return override{left[:dot], left[dot+1:], value}, nil
}

// apply gives the input the value, read as its declared type. A link in its place is replaced. kept is false where the editor's
// graph had to go, because it cannot say the same (comfy.File.SetValue).
func (o override) apply(file *comfy.File, registry *graph.Registry, definitions comfy.Definitions) (kept bool, err error) {
	id, err := o.find(file.Prompt)
	if err != nil {
		return false, err
	}
	name := file.Prompt.Object(id).String("class_type")
	class := registry.Class(name)
	if class == nil {
		return false, fmt.Errorf("--set %s.%s: node %s has the unknown class %q", o.node, o.input, id, name)
	}
	in := class.Input(o.input)
	if in == nil || !in.Widget() {
		return false, fmt.Errorf("--set %s.%s: %s", o.node, o.input, noWidget(class))
	}
	value, err := parseValue(o.value, in.Type)
	if err != nil {
		return false, fmt.Errorf("--set %s.%s: %w", o.node, o.input, err)
	}
	return file.SetValue(definitions, id, o.input, value), nil
}

func noWidget(c *graph.Class) string {
	var names []string
	for _, in := range c.Inputs {
		if in.Widget() {
			names = append(names, in.Name)
		}
	}
	if len(names) == 0 {
		return c.Name + " has no values to set"
	}
	return fmt.Sprintf("%s has no such value; it has %s", c.Name, strings.Join(names, ", "))
}

// find is the id of the node: an id first, then a title.
func (o override) find(prompt *ojson.Object) (string, error) {
	if prompt.Object(o.node) != nil {
		return o.node, nil
	}
	var found, all []string
	for id := range prompt.All() {
		node := prompt.Object(id)
		if node == nil {
			continue
		}
		title := node.Object("_meta").String("title")
		if title == o.node {
			found = append(found, id)
		}
		all = append(all, fmt.Sprintf("%s (%s)", id, firstOf(title, node.String("class_type"))))
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("--set %s.%s: no node has this id or title; there are %s", o.node, o.input, some(all))
	default:
		return "", fmt.Errorf("--set %s.%s: the nodes %s have this title; use an id", o.node, o.input, some(found))
	}
}

// some joins names, not too many of them.
func some(names []string) string {
	const shown = 20
	if len(names) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return strings.Join(names, ", ")
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// parseValue reads text as a value of a wire type; the engine checks limits and choices later.
func parseValue(s, wireType string) (any, error) {
	switch wireType {
	case graph.TypeInt:
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i, nil
		}
		if u, err := strconv.ParseUint(s, 10, 64); err == nil {
			return u, nil
		}
		return nil, fmt.Errorf("%q is not a whole number", s)
	case graph.TypeFloat:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", s)
		}
		return f, nil
	case graph.TypeBoolean:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", s)
		}
		return b, nil
	default:
		return s, nil
	}
}
