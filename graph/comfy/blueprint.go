package comfy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// BlueprintPrefix begins the class names of saved subgraphs, as in the editor.
const BlueprintPrefix = "SubgraphBlueprint."

// The nodes that stand around the instance while a blueprint is read.
const (
	blueprintID   = "1"
	blueprintFrom = "from"
	blueprintTo   = "to"
)

// blueprint is a saved subgraph, opened.
type blueprint struct {
	nodes   *ojson.Object // in API form, with the values of the file; ids begin with that of the instance
	inputs  []blueprintInput
	results []any // graph.Link to one of nodes, an int (the number of an input that is passed through) or nil
}

// blueprintInput is an input and the inputs inside that get it.
type blueprintInput struct {
	name    string
	targets []graph.Link // Slot is not used
	inner   []string     // names of the inputs of targets
}

// Blueprint makes a node class of a subgraph that the editor saved: a UI graph with one instance of it (contract 5.7). Its inputs are those of
// the subgraph and the widgets it shows, with types, limits and choices of the inputs inside and the values of the file as defaults. A node
// of the class expands into the nodes inside, which are cached, shown and reported like others. classes has what the subgraph uses.
func Blueprint(data []byte, name string, classes *graph.Registry) (graph.Declaration, error) {
	raw, err := ojson.ParseObject(data, ojson.Limits{})
	if err != nil {
		return graph.Declaration{}, err
	}
	instance, definition, err := blueprintOf(raw)
	if err != nil {
		return graph.Declaration{}, err
	}
	b := blueprint{}
	if b.nodes, err = openBlueprint(raw, instance, definition, classes, false); err != nil {
		return graph.Declaration{}, err
	}
	linked, err := openBlueprint(raw, instance, definition, classes, true)
	if err != nil {
		return graph.Declaration{}, err
	}
	b.find(linked, instance, definition)
	c := graph.Class{
		Name: BlueprintPrefix + name, Title: cmp.Or(definition.String("name"), name), Category: "subgraphs", Module: "subgraphs",
		Doc: raw.Object("extra").String("BlueprintDescription"),
	}
	if err := b.describe(&c, definition, classes); err != nil {
		return graph.Declaration{}, err
	}
	return graph.Define(c, graph.Defined{Run: b.run, Links: true})
}

// blueprintOf finds the instance and its definition.
func blueprintOf(raw *ojson.Object) (instance, definition *ojson.Object, err error) {
	definitions := raw.Object("definitions").Array("subgraphs")
	for _, v := range raw.Array("nodes") {
		n, _ := v.(*ojson.Object)
		for _, d := range definitions {
			if d, _ := d.(*ojson.Object); d != nil && d.String("id") != "" && d.String("id") == n.String("type") {
				return n, d, nil
			}
		}
	}
	return nil, nil, errors.New("no saved subgraph: there is no node whose type is the id of one of definitions.subgraphs; publish the subgraph in the editor, or save it as a blueprint")
}

// openBlueprint converts the instance alone; linked feeds all its inputs from one node, and its outputs to another.
func openBlueprint(raw, instance, definition *ojson.Object, classes *graph.Registry, linked bool) (*ojson.Object, error) {
	n := ojson.NewObject()
	for key, v := range instance.All() {
		n.Set(key, v)
	}
	n.Set("id", blueprintID)
	n.Set("mode", int64(0))
	inputs, links := []any{}, []any{}
	connect := func(from string, slot int, to string, at int) int64 {
		id := int64(len(links) + 1)
		links = append(links, []any{id, from, int64(slot), to, int64(at), "*"})
		return id
	}
	for i, v := range definition.Array("inputs") {
		d, _ := v.(*ojson.Object)
		slot := ojson.NewObject("name", d.String("name"), "type", d.String("type"))
		if linked {
			slot.Set("link", connect(blueprintFrom, i, blueprintID, i))
		}
		inputs = append(inputs, slot)
	}
	n.Set("inputs", inputs)
	ends := []any{}
	for i := range definition.Array("outputs") {
		ends = append(ends, ojson.NewObject("name", fmt.Sprint(i), "type", "*", "link", connect(blueprintID, i, blueprintTo, i)))
	}
	graphOf := ojson.NewObject("version", 0.4, "links", links, "definitions", raw.Object("definitions"), "nodes", []any{
		ojson.NewObject("id", blueprintFrom, "type", blueprintFrom), n, ojson.NewObject("id", blueprintTo, "type", blueprintTo, "inputs", ends),
	})
	f, err := Reader{Definitions: borders{FromRegistry(classes, nil)}}.document(graphOf)
	if err != nil {
		return nil, err
	}
	return f.Prompt, nil
}

// borders adds the two nodes around a blueprint to the classes.
type borders struct{ Definitions }

func (b borders) Class(name string) *Class {
	if name == blueprintFrom || name == blueprintTo {
		return &Class{Name: name, Root: name == blueprintTo}
	}
	return b.Definitions.Class(name)
}

// find reads from a graph whose inputs are linked where each leads and where the outputs come from.
func (b *blueprint) find(linked, instance, definition *ojson.Object) {
	for _, v := range definition.Array("inputs") {
		d, _ := v.(*ojson.Object)
		b.inputs = append(b.inputs, blueprintInput{name: d.String("name")})
	}
	b.results = make([]any, len(definition.Array("outputs")))
	for id, v := range linked.All() {
		node, _ := v.(*ojson.Object)
		for name, value := range node.Object("inputs").All() {
			from, slot, ok := linkOf(value)
			place, err := strconv.Atoi(name)
			switch {
			case !ok:
			case id != blueprintTo && from == blueprintFrom && int(slot) < len(b.inputs):
				b.inputs[slot].add(id, name)
			case id == blueprintTo && err == nil && place < len(b.results):
				b.results[place] = graph.Link{Node: from, Slot: int(slot)}
				if from == blueprintFrom {
					b.results[place] = int(slot)
				}
			}
		}
	}
	for _, p := range proxyWidgets(instance.Object("properties")) {
		id := blueprintID + ":" + p[0]
		if p[0] == "" || p[0] == "-1" || b.nodes.Object(id) == nil || b.feeds(id, p[1]) {
			continue
		}
		in := blueprintInput{name: p[1]}
		if slices.ContainsFunc(b.inputs, func(o blueprintInput) bool { return o.name == p[1] }) {
			in.name = p[1] + "_" + p[0] // several nodes inside show one of that name
		}
		in.add(id, p[1])
		b.inputs = append(b.inputs, in)
	}
	b.nodes.Delete(blueprintFrom)
	b.nodes.Delete(blueprintTo)
}

func (in *blueprintInput) add(id, name string) {
	in.targets, in.inner = append(in.targets, graph.Link{Node: id}), append(in.inner, name)
}

// feeds reports whether an input leads there already.
func (b *blueprint) feeds(id, name string) bool {
	for _, in := range b.inputs {
		for i, t := range in.targets {
			if t.Node == id && in.inner[i] == name {
				return true
			}
		}
	}
	return false
}

// describe fills in the sockets of the class.
func (b *blueprint) describe(c *graph.Class, definition *ojson.Object, classes *graph.Registry) error {
	types := map[string]string{}
	for _, v := range definition.Array("inputs") {
		d, _ := v.(*ojson.Object)
		types[d.String("name")] = d.String("type")
	}
	for _, in := range b.inputs {
		own := graph.Input{Type: cmp.Or(types[in.name], graph.TypeAny), Optional: true} // leads nowhere
		for i, t := range in.targets {
			node := b.nodes.Object(t.Node)
			declared := classes.Class(node.String("class_type")).Input(in.inner[i])
			if declared == nil {
				continue
			}
			own = *declared
			if v, ok := node.Object("inputs").Get(in.inner[i]); ok {
				if _, _, isLink := linkOf(v); !isLink {
					own.HasDefault, own.Default = true, v
				}
			}
			break
		}
		own.Name, own.Field = in.name, in.name
		c.Inputs = append(c.Inputs, &own)
	}
	for i, v := range definition.Array("outputs") {
		d, _ := v.(*ojson.Object)
		if b.results[i] == nil {
			return fmt.Errorf("output %q comes from no node that runs: connect it inside the subgraph, or delete it", d.String("name"))
		}
		out := &graph.Output{Name: cmp.Or(d.String("label"), d.String("name")), Type: cmp.Or(d.String("type"), graph.TypeAny)}
		if link, ok := b.results[i].(graph.Link); ok {
			if inner := classes.Class(b.nodes.Object(link.Node).String("class_type")); link.Slot < len(inner.Outputs) {
				out.Type, out.List = inner.Outputs[link.Slot].Type, inner.Outputs[link.Slot].List
			}
		}
		c.Outputs = append(c.Outputs, out)
	}
	for _, v := range b.nodes.All() {
		node, _ := v.(*ojson.Object)
		c.Output = c.Output || classes.Class(node.String("class_type")).Output
	}
	return nil
}

// run expands a node into the nodes inside, whose ids are those that a workflow with the subgraph in it has.
func (b *blueprint) run(ctx context.Context, inputs map[string]any) (graph.Produced, error) {
	id := graph.NodeID(ctx)
	if i := graph.CallIndex(ctx); i > 0 {
		id = fmt.Sprint(id, ".", i)
	}
	rename := func(inner string) string { return id + strings.TrimPrefix(inner, blueprintID) }
	x := &graph.Expansion{Nodes: ojson.NewObject()}
	for inner, v := range b.nodes.All() {
		node, _ := v.(*ojson.Object)
		values := ojson.NewObject()
		for name, value := range node.Object("inputs").All() {
			if from, slot, ok := linkOf(value); ok {
				value = graph.Link{Node: rename(from), Slot: int(slot)}
			}
			values.Set(name, value)
		}
		x.Nodes.Set(rename(inner), ojson.NewObject("class_type", node.String("class_type"), "inputs", values))
	}
	for _, in := range b.inputs {
		value, given := inputs[in.name]
		if !given {
			continue
		}
		for i, t := range in.targets {
			x.Nodes.Object(rename(t.Node)).Object("inputs").Set(in.inner[i], value)
		}
	}
	for _, r := range b.results {
		switch r := r.(type) {
		case graph.Link:
			x.Result = append(x.Result, graph.Link{Node: rename(r.Node), Slot: r.Slot})
		case int:
			x.Result = append(x.Result, inputs[b.inputs[r].name])
		}
	}
	return graph.Produced{Expansion: x}, nil
}
