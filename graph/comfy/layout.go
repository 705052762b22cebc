package comfy

import (
	"fmt"
	"strconv"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// Layout is an API prompt as a UI graph, schema 0.4, that the editor opens: nodes in columns from sources to results, each with its links
// and the values of its widgets. Reading it again gives the prompt back. Nodes of unknown classes, and inputs that a class does not have,
// cannot be drawn: the error names them.
func Layout(prompt *ojson.Object, definitions Definitions) (*ojson.Object, error) {
	l := layout{prompt: prompt, definitions: definitions, ids: map[string]int64{}, classes: map[string]*Class{}, outgoing: map[[2]int64][]any{}}
	if err := l.number(); err != nil {
		return nil, err
	}
	columns := l.columns()
	rows := map[int]float64{}
	var nodes []any
	for id, v := range prompt.All() {
		n, err := l.node(id, v.(*ojson.Object))
		if err != nil {
			return nil, err
		}
		column := columns[id]
		height := nodeHeight(n)
		n.Set("pos", []any{float64(column) * 380, rows[column]})
		n.Set("size", []any{300.0, height})
		rows[column] += height + 60
		nodes = append(nodes, n)
	}
	for _, v := range nodes {
		n := v.(*ojson.Object)
		id, _ := n.Get("id")
		for slot, out := range n.Array("outputs") {
			if links := l.outgoing[[2]int64{id.(int64), int64(slot)}]; links != nil {
				out.(*ojson.Object).Set("links", links)
			}
		}
	}
	return ojson.NewObject("last_node_id", l.lastNode, "last_link_id", int64(len(l.links)), "nodes", nodes, "links", l.links, "groups", []any{},
		"config", ojson.NewObject(), "extra", ojson.NewObject(), "version", 0.4), nil
}

type layout struct {
	prompt      *ojson.Object
	definitions Definitions
	ids         map[string]int64 // number by id of the prompt
	classes     map[string]*Class
	lastNode    int64
	links       []any
	outgoing    map[[2]int64][]any // links by node and slot
}

// number gives every node a whole number: its own where its id is one.
func (l *layout) number() error {
	for id, v := range l.prompt.All() {
		node, ok := v.(*ojson.Object)
		if !ok {
			return fmt.Errorf("node %s is %s; an object is needed", id, ojson.Kind(v))
		}
		name := node.String("class_type")
		class := l.definitions.Class(name)
		if class == nil {
			return fmt.Errorf("%w: %s (node %s) cannot be drawn", ErrUnknownNodes, name, id)
		}
		l.classes[id] = class
		if number, err := strconv.ParseInt(id, 10, 32); err == nil && number >= 0 && strconv.FormatInt(number, 10) == id {
			l.ids[id] = number
			l.lastNode = max(l.lastNode, number)
		}
	}
	for id := range l.prompt.All() {
		if _, ok := l.ids[id]; !ok {
			l.lastNode++
			l.ids[id] = l.lastNode
		}
	}
	return nil
}

// columns is how many nodes stand before each, at most; the nodes of a circle stand in the first.
func (l *layout) columns() map[string]int {
	depth, waiting, targets := map[string]int{}, map[string]int{}, map[string][]string{}
	var ready []string
	for id := range l.prompt.All() {
		for _, v := range l.prompt.Object(id).Object("inputs").All() {
			if from, _, ok := linkOf(v); ok && l.prompt.Has(from) {
				waiting[id]++
				targets[from] = append(targets[from], id)
			}
		}
		if waiting[id] == 0 {
			ready = append(ready, id)
		}
	}
	for ; len(ready) > 0; ready = ready[1:] {
		for _, id := range targets[ready[0]] {
			depth[id] = max(depth[id], depth[ready[0]]+1)
			if waiting[id]--; waiting[id] == 0 {
				ready = append(ready, id)
			}
		}
	}
	return depth
}

// linkOf reads a link of an API prompt.
func linkOf(v any) (id string, slot int64, ok bool) {
	list, isList := v.([]any)
	if !isList || len(list) != 2 {
		return "", 0, false
	}
	id, ok1 := list[0].(string)
	slot, ok2 := whole(list[1])
	return id, slot, ok1 && ok2
}

func (l *layout) node(id string, node *ojson.Object) (*ojson.Object, error) {
	class, inputs := l.classes[id], node.Object("inputs")
	for name := range inputs.All() {
		if class.input(name) == nil {
			return nil, fmt.Errorf("node %s (%s) has the input %q, which its class does not have; it cannot be drawn", id, class.Name, shorten(name))
		}
	}
	number := l.ids[id]
	slots, values := []any{}, []any{}
	upload := false
	for i := range class.Inputs {
		in := &class.Inputs[i]
		v, _ := inputs.Get(in.Name)
		from, slot, linked := linkOf(v)
		linked = linked && l.prompt.Has(from)
		if !in.Widget || linked {
			s := ojson.NewObject("name", in.Name, "type", in.Type, "link", nil)
			if linked {
				s.Set("link", l.link(from, slot, number, int64(len(slots))))
			}
			if in.Widget {
				s.Set("widget", ojson.NewObject("name", in.Name))
			}
			slots = append(slots, s)
		}
		if !in.Widget {
			continue
		}
		if wrapped, ok := v.(*ojson.Object); ok && wrapped.Has("__value__") {
			v, _ = wrapped.Get("__value__")
		}
		if linked || v == nil {
			v = in.Default
		}
		values = append(values, v)
		if in.Control {
			values = append(values, "fixed")
			if in.Type == graph.TypeCombo {
				values = append(values, "")
			}
		}
		upload = upload || in.Upload
	}
	if upload {
		values = append(values, "image")
	}
	outputs := []any{}
	for i, out := range class.Outputs {
		outputs = append(outputs, ojson.NewObject("name", out.Name, "type", out.Type, "links", nil, "slot_index", int64(i)))
	}
	n := ojson.NewObject("id", number, "type", class.Name, "pos", nil, "size", nil, "flags", ojson.NewObject(), "order", int64(0), "mode", int64(0),
		"inputs", slots, "outputs", outputs, "properties", ojson.NewObject("Node name for S&R", class.Name), "widgets_values", values)
	if title := node.Object("_meta").String("title"); title != "" && title != class.Title {
		n.Set("title", title)
	}
	return n, nil
}

func (c *Class) input(name string) *Input {
	for i := range c.Inputs {
		if c.Inputs[i].Name == name {
			return &c.Inputs[i]
		}
	}
	return nil
}

// link adds a link and returns its id.
func (l *layout) link(from string, slot, to, toSlot int64) int64 {
	id, origin := int64(len(l.links)+1), l.ids[from]
	typ := "*"
	if outputs := l.classes[from].Outputs; slot >= 0 && slot < int64(len(outputs)) {
		typ = outputs[slot].Type
	}
	l.links = append(l.links, []any{id, origin, slot, to, toSlot, typ})
	key := [2]int64{origin, slot}
	l.outgoing[key] = append(l.outgoing[key], id)
	return id
}

// nodeHeight is about what the editor needs for slots and widgets.
func nodeHeight(n *ojson.Object) float64 {
	rows := max(len(n.Array("inputs")), len(n.Array("outputs"))) + len(n.Array("widgets_values"))
	return 40 + 24*float64(rows)
}
