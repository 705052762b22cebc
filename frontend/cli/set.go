package cli

import (
	"errors"
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
	t, named := parseTarget(left)
	if !ok || !named {
		return override{}, fmt.Errorf("--set %q: use NODE.INPUT=VALUE, with NODE an id or a title", s)
	}
	return override{t.node, t.input, value}, nil
}

// apply gives the input the value, read as its declared type. A link in its place is replaced. kept is false where the editor's
// graph had to go, because it cannot say the same (comfy.File.SetValue).
func (o override) apply(file *comfy.File, registry *graph.Registry, definitions comfy.Definitions) (kept bool, err error) {
	t := target{o.node, o.input}
	id, in, err := t.find(file.Prompt, registry)
	if err != nil {
		return false, fmt.Errorf("--set %s: %w", t, err)
	}
	value, err := parseValue(o.value, in.Type)
	if err != nil {
		return false, fmt.Errorf("--set %s: %w", t, err)
	}
	return file.SetValue(definitions, id, o.input, value), nil
}

// target names an input of a node: an id or a title, and the name of the input.
type target struct{ node, input string }

func (t target) String() string { return t.node + "." + t.input }

// parseTarget splits at the last dot: titles of nodes may hold dots, names of inputs do not.
func parseTarget(s string) (target, bool) {
	dot := strings.LastIndex(s, ".")
	if dot < 1 || dot == len(s)-1 {
		return target{}, false
	}
	return target{s[:dot], s[dot+1:]}, true
}

// find is the node and the input, which must be one that takes a value.
func (t target) find(prompt *ojson.Object, registry *graph.Registry) (id string, in *graph.Input, err error) {
	id, err = findNode(prompt, t.node)
	if err != nil {
		return "", nil, err
	}
	name := prompt.Object(id).String("class_type")
	class := registry.Class(name)
	if class == nil {
		return "", nil, fmt.Errorf("node %s has the unknown class %q", id, name)
	}
	if in = class.Input(t.input); in == nil || !in.Widget() {
		return "", nil, errors.New(noWidget(class))
	}
	return id, in, nil
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

// findNode is the id of a node: an id first, then a title.
func findNode(prompt *ojson.Object, name string) (string, error) {
	if prompt.Object(name) != nil {
		return name, nil
	}
	var found, all []string
	for id := range prompt.All() {
		node := prompt.Object(id)
		if node == nil {
			continue
		}
		title := node.Object("_meta").String("title")
		if title == name {
			found = append(found, id)
		}
		all = append(all, fmt.Sprintf("%s (%s)", id, firstOf(title, node.String("class_type"))))
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("no node has this id or title; there are %s", some(all))
	default:
		return "", fmt.Errorf("the nodes %s have this title; use an id", some(found))
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
