package comfy

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/oneactor/oneactor/graph"
)

// openGroupNode puts the nodes of a group node beside the others.
func (o *opener) openGroupNode(n *uiNode, name string) error {
	if err := o.enter(n, "group node "+strconv.Quote(name)); err != nil {
		return err
	}
	g, err := o.group(name)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.id, err)
	}
	prefix := n.id + ":"
	n.inside = &inside{}
	for i, t := range g.nodes {
		inner := *t
		inner.id = prefix + t.id
		inner.inputs = slices.Clone(t.inputs)
		for slot, l := range g.into[i] {
			if slot >= len(inner.inputs) {
				continue // an input that the class no longer has
			}
			key := fmt.Sprintf("%s%d.%d", prefix, i, slot)
			o.links[key] = uiLink{origin: prefix + strconv.Itoa(l.node), originSlot: l.slot, typ: l.typ}
			inner.inputs[slot].link = key
		}
		if err := o.adopt(n, &inner); err != nil {
			return err
		}
	}
	for k, in := range g.inputs {
		at := slices.IndexFunc(n.inputs, func(s uiSlot) bool { return s.name == in.name })
		if at < 0 {
			at = k
		}
		if at >= len(n.inputs) || n.inputs[at].link == "" {
			continue
		}
		n.inside.nodes[in.node].inputs[in.slot].link = n.inputs[at].link
	}
	for k, out := range g.outputs {
		key := fmt.Sprintf("%sout.%d", prefix, k)
		o.links[key] = uiLink{origin: prefix + strconv.Itoa(out.node), originSlot: out.slot, typ: g.class.Outputs[k].Type}
		n.inside.outputs = append(n.inside.outputs, key)
	}
	o.giveAll(n, g)
	return nil
}

// giveAll hands the values of a group node to the widgets inside.
func (o *opener) giveAll(n *uiNode, g *groupNode) {
	class, widgets := g.shownIn(n.values)
	values := readWidgets(class, n.values)
	for i, w := range widgets {
		v := savedValue{values[i].value, values[i].place}
		outer, set := n.given[values[i].Name]
		if set {
			v = outer
		}
		if w.upload || !set && !v.place.holds() {
			continue // the inner node keeps its own
		}
		n.inside.nodes[w.node].give(w.input, v)
	}
}

// shownIn is the class of a group node and its widgets as far as a list of values counts them: files differ in whether hidden widgets
// and upload buttons have entries, which shows in the number of entries.
func (g *groupNode) shownIn(saved any) (*Class, []groupWidget) {
	list, _ := saved.([]any)
	var first *Class
	var firstWidgets []groupWidget
	for _, skip := range []struct{ hidden, upload bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		class := &Class{Name: g.name}
		var widgets []groupWidget
		entries, at := 0, 0
		for _, in := range g.class.Inputs {
			if !in.Widget {
				continue
			}
			w := g.widgets[at]
			at++
			if w.hidden && skip.hidden || w.upload && skip.upload {
				continue
			}
			class.Inputs = append(class.Inputs, in)
			widgets = append(widgets, w)
			entries += in.entries()
		}
		if entries == len(list) {
			return class, widgets
		}
		if first == nil {
			first, firstWidgets = class, widgets
		}
	}
	return first, firstWidgets
}

// entries is how many entries of widgets_values a widget has.
func (in *Input) entries() int {
	switch {
	case !in.Control:
		return 1
	case in.Type == graph.TypeCombo:
		return 3
	}
	return 2
}
