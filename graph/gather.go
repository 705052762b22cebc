package graph

import (
	"fmt"
	"reflect"
	"slices"
)

// gathered is what one input receives: a list of items, of which a call gets one.
type gathered struct {
	input   *Input
	link    *runLink // nil for a constant
	items   []any
	missing bool   // a lazy input that is not there (yet)
	one     [1]any // room for the list of a constant
}

// gather collects the inputs of a node. Inputs that are absent are left out: the field keeps its default.
func (r *run) gather(n *runNode) ([]gathered, error) {
	list, err := r.appendInputs(r.gathered[:0], n)
	r.gathered = list
	return list, err
}

func (r *run) appendInputs(list []gathered, n *runNode) ([]gathered, error) {
	for _, in := range n.class.Inputs {
		value, ok := n.inputs.Get(in.Name)
		if !ok {
			if !in.Optional {
				return list, &inputProblem{"TypeError", in.Name, "required input is missing"}
			}
			continue
		}
		list = append(list, gathered{input: in, link: n.link(in.Name)})
		g := &list[len(list)-1]
		switch {
		case g.link == nil:
			if source, _, isLink := parseLink(value); isLink && in.goType.Kind() != reflect.Slice && in.goType.Kind() != reflect.Interface {
				return list, &inputProblem{"TypeError", in.Name, fmt.Sprintf("there is no node %s", source)}
			}
			g.one[0] = value
			g.items = g.one[:]
		case in.goType == linkType:
			g.one[0] = Link{r.nodes[g.link.source].id, g.link.slot}
			g.items = g.one[:]
		default:
			g.items, g.missing = r.linked(g.link)
		}
		if len(g.items) == 0 {
			return list, &inputProblem{"IndexError", in.Name, fmt.Sprintf("the list from node %s is empty", r.nodes[g.link.source].id)}
		}
	}
	return list, nil
}

var oneNil = []any{nil}

// linked is the list behind a link, or a nil where there is none.
func (r *run) linked(l *runLink) (items []any, missing bool) {
	from := r.nodes[l.source]
	if from.result == nil {
		return oneNil, true
	}
	items, ok := from.result.items(l.slot)
	if !ok {
		return oneNil, true
	}
	return items, false
}

// inputProblem is an input that cannot be given to the node.
type inputProblem struct{ kind, input, problem string }

func (e *inputProblem) Error() string { return "input " + e.input + ": " + e.problem }

// calls is the number of calls of a node: the longest list, and one where the class takes lists itself.
func (c *Class) calls(inputs []gathered) int {
	n := 1
	if !c.InputIsList {
		for i := range inputs {
			n = max(n, len(inputs[i].items))
		}
	}
	return n
}

// item is what call i gets of an input; a shorter list repeats its last item.
func (g *gathered) item(i int) any { return g.items[min(i, len(g.items)-1)] }

// blockerOf is the first blocker among the inputs of call i, or nil.
func (c *Class) blockerOf(inputs []gathered, i int) *Blocker {
	for k := range inputs {
		if inputs[k].link == nil {
			continue
		}
		if c.InputIsList {
			for _, item := range inputs[k].items {
				if b, ok := item.(*Blocker); ok {
					return b
				}
			}
		} else if b, ok := inputs[k].item(i).(*Blocker); ok {
			return b
		}
	}
	return nil
}

// build makes the node of call i, with everything set.
func (r *run) build(n *runNode, inputs []gathered, i int) (reflect.Value, error) {
	c := n.class
	node := reflect.New(c.typ).Elem()
	if c.prototype.IsValid() {
		node.Set(c.prototype)
	}
	for k := range inputs {
		g := &inputs[k]
		if err := g.checkChoice(c, i); err != nil {
			return node, err
		}
		field := node.Field(g.input.index)
		var err error
		if c.InputIsList {
			err = assignList(field, g.items)
		} else {
			err = assign(field, g.item(i))
		}
		if err != nil {
			return node, &inputProblem{"TypeError", g.input.Name, err.Error()}
		}
	}
	for _, h := range c.Hidden {
		if err := r.setHidden(node.Field(h.index), n, h); err != nil {
			return node, err
		}
	}
	if len(c.states) > 0 {
		r.engine.stateOf(n).set(c, node)
	}
	return node, nil
}

// checkChoice refuses what no drop-down of fixed choices offers. Validation leaves linked values, the newer classes and the nodes of
// expansions untested, as ComfyUI does; there Python code meets the wrong name somewhere inside the node, or takes it for another.
func (g *gathered) checkChoice(c *Class, i int) error {
	if !g.input.Combo() || len(g.input.Enum) == 0 || g.missing {
		return nil
	}
	items := g.items
	if !c.InputIsList {
		items = []any{g.item(i)}
	}
	for _, item := range items {
		text := reflect.ValueOf(item)
		if text.Kind() == reflect.String && !slices.Contains(g.input.Enum, text.String()) {
			list := newChoiceList(g.input.Enum, nil)
			return &inputProblem{"ValueError", g.input.Name, fmt.Sprintf("%q is not in the list; %s", text, list.hint(text.String()))}
		}
	}
	return nil
}

func (r *run) setHidden(field reflect.Value, n *runNode, h *Hidden) error {
	switch h.Type {
	case "PROMPT":
		text, err := r.promptText()
		if err != nil {
			return fmt.Errorf("hidden input %s: %w", h.Name, err)
		}
		field.Set(reflect.ValueOf(Prompt(text)))
	case "EXTRA_PNGINFO":
		info, err := r.extraPNGInfo()
		if err != nil {
			return fmt.Errorf("hidden input %s: %w", h.Name, err)
		}
		field.Set(reflect.ValueOf(info))
	case "UNIQUE_ID":
		field.SetString(n.id)
	}
	return nil
}
