package comfy

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// disguise changes a UI graph without changing what it means.
type disguise struct {
	r           *rand.Rand
	ui          *ojson.Object
	names       map[string]string // id before it was put into a container, by id now
	definitions Definitions
	objectLinks bool
	containers  int
}

func (d *disguise) nodes() []any { return d.ui.Array("nodes") }
func (d *disguise) links() []any { return d.ui.Array("links") }

func (d *disguise) newNode() int64 {
	last, _ := d.ui.Get("last_node_id")
	id := last.(int64) + 1
	d.ui.Set("last_node_id", id)
	return id
}

func (d *disguise) newLink() int64 {
	last, _ := d.ui.Get("last_link_id")
	id := last.(int64) + 1
	d.ui.Set("last_link_id", id)
	return id
}

// one makes a random change and says what it was.
func (d *disguise) one() string {
	type change struct {
		name string
		do   func()
	}
	changes := []change{
		{"note", d.note}, {"reroute", d.reroute}, {"bypassed", d.bypassed}, {"primitive", d.primitive}, {"muted", d.muted},
		{"all widgets as slots", d.widgetSlots}, {"values as maps", d.maps}, {"old positions", d.oldPositions},
	}
	if !d.objectLinks {
		changes = append(changes, change{"links as objects", d.linkObjects}, change{"subgraph", d.subgraph}, change{"group node", d.groupNode})
	}
	c := changes[d.r.IntN(len(changes))]
	c.do()
	return c.name
}

func (d *disguise) add(n *ojson.Object) { d.ui.Set("nodes", append(d.nodes(), n)) }

func (d *disguise) note() {
	d.add(ojson.NewObject("id", d.newNode(), "type", "Note", "widgets_values", []any{"a note"}))
}

func (d *disguise) muted() {
	d.add(ojson.NewObject("id", d.newNode(), "type", "Nobody knows", "mode", int64(2), "inputs", nil, "outputs", nil))
}

func (d *disguise) oldPositions() {
	for _, v := range d.nodes() {
		v.(*ojson.Object).Set("pos", ojson.NewObject("0", int64(1), "1", int64(2)))
	}
	d.ui.Set("groups", nil)
}

// rewire puts a node of one input and one output into a random link and returns it.
func (d *disguise) rewire(class string, mode int64) {
	if d.objectLinks || len(d.links()) == 0 {
		return
	}
	l := d.links()[d.r.IntN(len(d.links()))].([]any)
	id, second := d.newNode(), d.newLink()
	typ := l[5]
	d.add(ojson.NewObject("id", id, "type", class, "mode", mode,
		"inputs", []any{ojson.NewObject("name", "in", "type", typ, "link", second)},
		"outputs", []any{ojson.NewObject("name", "out", "type", typ, "links", []any{l[0]})}))
	d.ui.Set("links", append(slices.Clone(d.links()), []any{second, l[1], l[2], id, int64(0), typ}))
	l[1], l[2] = id, int64(0)
}

func (d *disguise) reroute()  { d.rewire("Reroute", 0) }
func (d *disguise) bypassed() { d.rewire("Nobody knows", 4) }

// primitive feeds a widget from a PrimitiveNode.
func (d *disguise) primitive() {
	if d.objectLinks {
		return
	}
	for _, at := range d.r.Perm(len(d.nodes())) {
		n := d.nodes()[at].(*ojson.Object)
		class := d.definitions.Class(n.String("type"))
		values, ok := n.Array("widgets_values"), class != nil
		if !ok || len(values) == 0 {
			continue
		}
		for _, w := range readWidgets(class, values) {
			slot := slices.IndexFunc(n.Array("inputs"), func(v any) bool { return v.(*ojson.Object).String("name") == w.Name })
			if slot >= 0 || d.r.IntN(3) > 0 {
				continue
			}
			id, link := d.newNode(), d.newLink()
			d.add(ojson.NewObject("id", id, "type", "PrimitiveNode", "widgets_values", []any{w.value, "fixed"},
				"outputs", []any{ojson.NewObject("name", w.Type, "type", w.Type, "links", []any{link}, "widget", ojson.NewObject("name", w.Name))}))
			n.Set("inputs", append(slices.Clone(n.Array("inputs")), ojson.NewObject("name", w.Name, "type", w.Type, "link", link, "widget", ojson.NewObject("name", w.Name))))
			d.ui.Set("links", append(slices.Clone(d.links()), []any{link, id, int64(0), must(n.Get("id")), int64(len(n.Array("inputs")) - 1), w.Type}))
			if w.place.list != nil {
				w.place.set(wrongValue(w.Type))
			}
			return
		}
	}
}

func must(v any, _ bool) any { return v }

// wrongValue is one that shows if it is taken.
func wrongValue(typ string) any {
	switch typ {
	case graph.TypeInt, graph.TypeFloat:
		return int64(-1)
	case graph.TypeBoolean:
		return nil
	}
	return "wrong"
}

// widgetSlots lists every widget as an input slot too, as newer files do.
func (d *disguise) widgetSlots() {
	for _, v := range d.nodes() {
		n := v.(*ojson.Object)
		class := d.definitions.Class(n.String("type"))
		if class == nil {
			continue
		}
		for _, in := range class.Inputs {
			if in.Widget && !slices.ContainsFunc(n.Array("inputs"), func(v any) bool { return v.(*ojson.Object).String("name") == in.Name }) {
				n.Set("inputs", append(slices.Clone(n.Array("inputs")), ojson.NewObject("name", in.Name, "type", in.Type, "link", nil, "widget", ojson.NewObject("name", in.Name))))
			}
		}
	}
}

// maps saves values by name, as some packs do.
func (d *disguise) maps() {
	for _, v := range d.nodes() {
		n := v.(*ojson.Object)
		class := d.definitions.Class(n.String("type"))
		if values := n.Array("widgets_values"); class != nil && values != nil {
			named := ojson.NewObject()
			for _, w := range readWidgets(class, values) {
				named.Set(w.Name, w.value)
			}
			n.Set("widgets_values", named)
		}
	}
}

// linkObjects turns the file into schema 1.
func (d *disguise) linkObjects() {
	d.objectLinks = true
	d.ui.Set("version", int64(1))
	d.ui.Set("links", objects(d.links()))
}

func objects(links []any) []any {
	var out []any
	for _, v := range links {
		l := v.([]any)
		out = append(out, ojson.NewObject("id", l[0], "origin_id", l[1], "origin_slot", l[2], "target_id", l[3], "target_slot", l[4], "type", l[5]))
	}
	return out
}

// chosen splits the nodes at random; those of the first list keep their order.
func (d *disguise) chosen() (in, out []any) {
	for _, v := range d.nodes() {
		if d.r.IntN(2) == 0 {
			in = append(in, v)
		} else {
			out = append(out, v)
		}
	}
	return in, out
}

func ids(nodes []any) map[any]int {
	at := map[any]int{}
	for i, v := range nodes {
		at[must(v.(*ojson.Object).Get("id"))] = i
	}
	return at
}

// cut sorts links by whether they run inside, in, out, or outside of the nodes.
func (d *disguise) cut(inside map[any]int) (within, in, out, other [][]any) {
	for _, v := range d.links() {
		l := v.([]any)
		_, from := inside[l[1]]
		_, to := inside[l[3]]
		switch {
		case from && to:
			within = append(within, l)
		case to:
			in = append(in, l)
		case from:
			out = append(out, l)
		default:
			other = append(other, l)
		}
	}
	return within, in, out, other
}

// moved notes that a node has another id.
func (d *disguise) moved(now, before string) {
	for id, first := range d.names {
		if id == before || len(id) > len(before) && id[:len(before)+1] == before+":" {
			delete(d.names, id)
			d.names[now+id[len(before):]] = first
			if id == before {
				return
			}
		}
	}
	if _, ok := d.names[now]; !ok {
		d.names[now] = before
	}
}

// subgraph puts random nodes into a subgraph. An outer link becomes an input of the instance, and every output that is read outside an output.
func (d *disguise) subgraph() {
	chosen, rest := d.chosen()
	if len(chosen) == 0 {
		return
	}
	d.containers++
	id, uuid := d.newNode(), fmt.Sprintf("subgraph-%d", d.containers)
	within, in, out, other := d.cut(ids(chosen))
	instance := ojson.NewObject("id", id, "type", uuid, "mode", int64(0))
	var inputs, outputs, slots, outs, inner []any
	for _, l := range within {
		inner = append(inner, l)
	}
	for _, l := range in {
		k := int64(len(inputs))
		name := fmt.Sprintf("in %d", k)
		inner = append(inner, []any{l[0], int64(-10), k, l[3], l[4], l[5]})
		inputs = append(inputs, ojson.NewObject("id", "u", "name", name, "type", l[5], "linkIds", []any{l[0]}))
		link := d.newLink()
		slots = append(slots, ojson.NewObject("name", name, "type", l[5], "link", link))
		other = append(other, []any{link, l[1], l[2], id, k, l[5]})
	}
	for _, l := range out {
		k := int64(len(outputs))
		name := fmt.Sprintf("out %d", k)
		link := d.newLink()
		inner = append(inner, []any{link, l[1], l[2], int64(-20), k, l[5]})
		outputs = append(outputs, ojson.NewObject("id", "u", "name", name, "type", l[5], "linkIds", []any{link}))
		outs = append(outs, ojson.NewObject("name", name, "type", l[5], "links", []any{l[0]}))
		l[1], l[2] = id, k
		other = append(other, l)
	}
	for _, v := range chosen {
		n := v.(*ojson.Object)
		d.moved(fmt.Sprintf("%d:%v", id, must(n.Get("id"))), fmt.Sprint(must(n.Get("id"))))
	}
	values := []any{} // an input that is linked to a widget has an entry too, which the link overrides
	for _, l := range in {
		at := ids(chosen)[l[3]]
		slot := chosen[at].(*ojson.Object).Array("inputs")[l[4].(int64)].(*ojson.Object)
		if slot.Object("widget") != nil {
			values = append(values, "overridden")
		}
	}
	d.promote(chosen, &inputs, &slots, &inner, values, instance)
	instance.Set("inputs", slots)
	instance.Set("outputs", outs)
	definitions := d.ui.Object("definitions")
	if definitions == nil {
		definitions = ojson.NewObject("subgraphs", []any{})
		d.ui.Set("definitions", definitions)
	}
	definitions.Set("subgraphs", append(slices.Clone(definitions.Array("subgraphs")), ojson.NewObject("id", uuid, "name", uuid,
		"inputs", inputs, "outputs", outputs, "nodes", chosen, "links", objects(anys(inner)))))
	d.ui.Set("nodes", append(rest, instance))
	d.ui.Set("links", anys(other))
}

func anys(list any) []any {
	switch list := list.(type) {
	case [][]any:
		out := make([]any, len(list))
		for i, l := range list {
			out[i] = l
		}
		return out
	case []any:
		return list
	}
	return nil
}

// promote shows some widgets of the nodes on the instance, and puts wrong values inside.
func (d *disguise) promote(nodes []any, inputs, slots, inner *[]any, values []any, instance *ojson.Object) {
	for _, v := range nodes {
		n := v.(*ojson.Object)
		class := d.definitions.Class(n.String("type"))
		saved := n.Array("widgets_values")
		if class == nil || saved == nil {
			continue
		}
		for _, w := range readWidgets(class, saved) {
			listed := slices.IndexFunc(n.Array("inputs"), func(v any) bool { return v.(*ojson.Object).String("name") == w.Name })
			if listed >= 0 || w.value == nil || d.r.IntN(3) > 0 {
				continue
			}
			k, link := int64(len(*inputs)), d.newLink()
			name := fmt.Sprintf("widget %d", k)
			n.Set("inputs", append(slices.Clone(n.Array("inputs")), ojson.NewObject("name", w.Name, "type", w.Type, "link", link, "widget", ojson.NewObject("name", w.Name))))
			*inner = append(*inner, []any{link, int64(-10), k, must(n.Get("id")), int64(len(n.Array("inputs")) - 1), w.Type})
			*inputs = append(*inputs, ojson.NewObject("id", "u", "name", name, "type", w.Type, "linkIds", []any{link}))
			*slots = append(*slots, ojson.NewObject("name", name, "type", w.Type, "link", nil, "widget", ojson.NewObject("name", name)))
			values = append(values, w.value)
			w.place.set(wrongValue(w.Type))
		}
	}
	instance.Set("widgets_values", values)
}

// groupNode puts random nodes of known classes into a group node, which shows what the reader would find: unlinked inputs, all widgets.
func (d *disguise) groupNode() {
	var chosen, rest []any
	for _, v := range d.nodes() {
		n := v.(*ojson.Object)
		class := d.definitions.Class(n.String("type"))
		plain := class != nil && n.Array("widgets_values") != nil &&
			!slices.ContainsFunc(n.Array("inputs"), func(v any) bool { return v.(*ojson.Object).Object("widget") != nil })
		if plain && d.r.IntN(2) == 0 {
			chosen = append(chosen, v)
		} else {
			rest = append(rest, v)
		}
	}
	if len(chosen) == 0 {
		return
	}
	d.containers++
	id, name := d.newNode(), fmt.Sprintf("group %d", d.containers)
	inside := ids(chosen)
	within, in, out, other := d.cut(inside)
	var links, external, values []any
	for _, l := range within {
		links = append(links, []any{int64(inside[l[1]]), l[2], int64(inside[l[3]]), l[4], l[1], l[5]})
	}
	for _, l := range out {
		external = append(external, []any{int64(inside[l[1]]), l[2], l[5]})
	}
	definition := ojson.NewObject("nodes", nil, "links", links, "external", external)
	var copies []any
	for i, v := range chosen {
		n := v.(*ojson.Object).Clone()
		d.moved(fmt.Sprintf("%d:%d", id, i), fmt.Sprint(must(n.Get("id"))))
		n.Set("id", int64(-1))
		values = append(values, n.Array("widgets_values")...)
		copies = append(copies, n)
	}
	definition.Set("nodes", copies)
	if d.ui.Object("extra").Object("groupNodes") == nil {
		d.ui.Set("extra", ojson.NewObject("groupNodes", ojson.NewObject()))
	}
	d.ui.Object("extra").Object("groupNodes").Set(name, definition)

	// What shows outside is taken from the reader, since that is what the editor would have made too.
	g, err := (&opener{definitions: d.definitions, groups: map[string]*groupNode{name: {name: name, raw: definition}}}).group(name)
	if err != nil {
		panic(err)
	}
	var slots, outs []any
	for k, s := range g.inputs {
		slot := ojson.NewObject("name", s.name, "type", "*", "link", nil)
		for _, l := range in {
			if inside[l[3]] == s.node && l[4] == int64(s.slot) {
				slot.Set("link", l[0])
				l[3], l[4] = id, int64(k)
				other = append(other, l)
			}
		}
		slots = append(slots, slot)
	}
	for k, s := range g.outputs {
		for _, l := range out {
			if inside[l[1]] == s.node && l[2] == int64(s.slot) {
				l[1], l[2] = id, int64(k)
				other = append(other, l)
			}
		}
		outs = append(outs, ojson.NewObject("name", s.name, "type", "*", "links", nil))
	}
	d.ui.Set("nodes", append(rest, ojson.NewObject("id", id, "type", "workflow>"+name, "mode", int64(0), "inputs", slots, "outputs", outs, "widgets_values", values)))
	d.ui.Set("links", anys(other))
}
