package comfy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// groupNode is a definition in extra.groupNodes (contract 5.6), the container that came before subgraphs. Its inputs and widgets are
// not listed: they follow from the nodes inside.
type groupNode struct {
	name string
	raw  *ojson.Object

	read    bool
	reading bool
	nodes   []*uiNode
	into    []map[int]groupLink // by inner node and input slot
	class   *Class              // what the group node is to a graph around it
	inputs  []groupSlot
	outputs []groupSlot
	widgets []groupWidget // in the order of their values
}

type groupLink struct {
	node, slot int
	typ        string
}

// groupSlot is a slot of an inner node that shows outside, under a name.
type groupSlot struct {
	node, slot int
	name       string
}

// groupWidget is a widget of an inner node that shows outside.
type groupWidget struct {
	node   int
	input  string // name inside; "value" of a PrimitiveNode
	hidden bool
	upload bool // the entry of an upload button
}

func readGroupNodes(raw *ojson.Object) map[string]*groupNode {
	found := map[string]*groupNode{}
	for name, v := range raw.Object("extra").Object("groupNodes").All() {
		if o, ok := v.(*ojson.Object); ok {
			found[name] = &groupNode{name: name, raw: o}
		}
	}
	return found
}

// group returns the definition, read.
func (o *opener) group(name string) (*groupNode, error) {
	g := o.groups[name]
	if g == nil {
		return nil, fmt.Errorf("group node %q is not defined in extra.groupNodes", shorten(name))
	}
	if g.reading {
		return nil, fmt.Errorf("group node %q is inside itself", shorten(name))
	}
	if g.read {
		return g, nil
	}
	g.reading = true
	defer func() { g.reading = false }()
	if err := g.parse(); err != nil {
		return nil, fmt.Errorf("group node %q: %w", shorten(name), err)
	}
	if err := (&groupReader{opener: o, groupNode: g, seenInputs: map[string]int{}}).schema(); err != nil {
		return nil, err
	}
	g.read = true
	return g, nil
}

// parse reads nodes and links. Ids and links of the nodes are those of the graph they were copied from and mean nothing here.
func (g *groupNode) parse() error {
	for i, v := range g.raw.Array("nodes") {
		o, ok := v.(*ojson.Object)
		if !ok {
			return fmt.Errorf("nodes[%d] is %s; an object is needed", i, ojson.Kind(v))
		}
		o = o.Clone()
		o.Set("id", int64(i))
		n, err := parseNode(o)
		if err != nil {
			return err
		}
		for k := range n.inputs {
			n.inputs[k].link = ""
		}
		g.nodes = append(g.nodes, n)
		g.into = append(g.into, map[int]groupLink{})
	}
	for i, v := range g.raw.Array("links") {
		l, ok := v.([]any)
		if !ok || len(l) < 4 {
			return fmt.Errorf("links[%d] is no link", i)
		}
		if l[0] == nil {
			continue // from outside
		}
		link := groupLink{}
		from, ok1 := whole(l[0])
		slot, ok2 := whole(l[1])
		to, ok3 := whole(l[2])
		toSlot, ok4 := whole(l[3])
		if len(l) > 5 {
			link.typ, _ = l[5].(string)
		}
		if !ok1 || !ok2 || !ok3 || !ok4 || !within(from, len(g.nodes)) || !within(to, len(g.nodes)) || slot < 0 || toSlot < 0 {
			return fmt.Errorf("links[%d]: %s is no link between its nodes", i, shorten(ojson.PythonRepr(v)))
		}
		link.node, link.slot = int(from), int(slot)
		g.into[to][int(toSlot)] = link
	}
	return nil
}

func within(i int64, n int) bool { return 0 <= i && i < int64(n) }

// groupReader finds out what a group node shows outside, in the order in which the editor makes its slots and widgets.
type groupReader struct {
	*opener
	*groupNode
	seenInputs map[string]int
	classes    []*Class // of the inner nodes; nil where a node shows nothing
}

func (r *groupReader) schema() error {
	external := map[[2]int]bool{}
	for _, v := range r.raw.Array("external") {
		if e, ok := v.([]any); ok && len(e) >= 2 {
			node, _ := whole(e[0])
			slot, _ := whole(e[1])
			external[[2]int{int(node), int(slot)}] = true
		}
	}
	from := map[[2]int][]int{} // nodes that read an output
	for to, links := range r.into {
		for _, l := range links {
			from[[2]int{l.node, l.slot}] = append(from[[2]int{l.node, l.slot}], to)
		}
	}
	r.class = &Class{Name: r.name}
	r.classes = make([]*Class, len(r.nodes))
	for i, n := range r.nodes {
		class, err := r.classOf(i, n, len(from[[2]int{i, 0}]) > 0, external[[2]int{i, 0}])
		if err != nil {
			return err
		}
		if r.classes[i] = class; class == nil {
			continue
		}
		r.ownSlots(n, class)
		r.plainInputs(i, n, class)
		for slot, out := range class.Outputs {
			visible, said := r.custom(i, "output", strconv.Itoa(slot)).Get("visible")
			key := [2]int{i, slot}
			if said && visible == false || !said && len(from[key]) > 0 && !external[key] {
				continue
			}
			r.outputs = append(r.outputs, groupSlot{i, slot, out.Name})
			r.class.Outputs = append(r.class.Outputs, out)
		}
	}
	for i, n := range r.nodes {
		if r.classes[i] != nil {
			r.convertedInputs(i, n, r.classes[i])
		}
	}
	return nil
}

// classOf is the class of an inner node as far as it shows outside: nil for nodes that only work inside.
func (r *groupReader) classOf(i int, n *uiNode, read, external bool) (*Class, error) {
	if name, ok := groupNodeName(n.class); ok {
		inner, err := r.group(name)
		if err != nil {
			return nil, err
		}
		return inner.class, nil
	}
	switch n.class {
	case "PrimitiveNode":
		if !read {
			return nil, nil
		}
		typ := graph.TypeString
		if len(n.outputs) > 0 {
			typ = n.outputs[0].typ
		}
		value := Input{Name: "value", Type: typ, Widget: true, Control: typ == graph.TypeInt || typ == graph.TypeCombo}
		return &Class{Name: n.class, Inputs: []Input{value}, Outputs: []Output{{typ, typ}}}, nil
	case "Reroute":
		_, fed := r.into[i][0]
		if fed && read && !external {
			return nil, nil
		}
		typ := "*"
		if len(n.outputs) > 0 && n.outputs[0].typ != "" {
			typ = n.outputs[0].typ
		}
		return &Class{Name: n.class, Inputs: []Input{{Name: typ, Type: typ}}, Outputs: []Output{{typ, typ}}}, nil
	}
	return r.definitions.Class(n.class), nil
}

// ownSlots gives a node without listed inputs those of its class.
func (r *groupReader) ownSlots(n *uiNode, class *Class) {
	if len(n.inputs) > 0 {
		return
	}
	for _, in := range class.Inputs {
		if !in.Widget {
			n.inputs = append(n.inputs, uiSlot{name: in.Name, typ: in.Type})
		}
	}
}

// custom is what the user set for an input or output of an inner node: another name, or that it is hidden.
func (r *groupReader) custom(node int, kind, name string) *ojson.Object {
	return r.raw.Object("config").Object(strconv.Itoa(node)).Object(kind).Object(name)
}

// shown is the name of an inner input outside. One that is taken gets the title of its node in front, and then a number.
func (r *groupReader) shown(i int, n *uiNode, input string) (name string, hidden bool) {
	custom := r.custom(i, "input", input)
	visible, _ := custom.Get("visible")
	name = custom.String("name")
	if name == "" {
		if at := n.slotNamed(input); at >= 0 {
			o, _ := n.raw.Array("inputs")[at].(*ojson.Object)
			name = o.String("label")
		}
	}
	if name == "" {
		name = input
	}
	key := name
	if n.class == "PrimitiveNode" && n.title != "" || r.seenInputs[name] > 0 {
		title := n.title
		if title == "" {
			title = n.class
		}
		key = title + " " + input
		if name = key; r.seenInputs[key] > 0 {
			name = fmt.Sprintf("%s %d %s", title, r.seenInputs[key], input)
		}
	}
	r.seenInputs[key] = max(r.seenInputs[key], 1) + 1
	return name, visible == false
}

// slotNamed is the place of an input among those the file lists; -1 if it is not.
func (n *uiNode) slotNamed(input string) int {
	if len(n.raw.Array("inputs")) == 0 {
		return -1
	}
	return slices.IndexFunc(n.inputs, func(s uiSlot) bool { return s.name == input })
}

// converted is the slot of a widget that was made an input; -1 if it was not.
func (n *uiNode) converted(input string) int {
	return slices.IndexFunc(n.inputs, func(s uiSlot) bool { return s.name == input && s.widget == input })
}

// plainInputs are the widgets and then the sockets of a node.
func (r *groupReader) plainInputs(i int, n *uiNode, class *Class) {
	upload := false
	for k := range class.Inputs {
		in := &class.Inputs[k]
		if !in.Widget || n.converted(in.Name) >= 0 {
			continue
		}
		r.addWidget(i, n, in)
		upload = upload || in.Upload
	}
	if upload {
		r.widgets = append(r.widgets, groupWidget{node: i, upload: true})
		r.class.Inputs = append(r.class.Inputs, Input{Name: fmt.Sprintf("upload %d", i), Type: graph.TypeString, Widget: true})
	}
	for slot, s := range n.inputs {
		if s.widget != "" && n.converted(s.name) == slot {
			continue
		}
		if _, linked := r.into[i][slot]; !linked {
			r.addSlot(i, slot, n, s.name, s.typ)
		}
	}
}

func (r *groupReader) addWidget(i int, n *uiNode, in *Input) {
	name, hidden := r.shown(i, n, in.Name)
	shown := *in
	shown.Name, shown.Upload = name, false
	r.class.Inputs = append(r.class.Inputs, shown)
	r.widgets = append(r.widgets, groupWidget{node: i, input: in.Name, hidden: hidden})
}

func (r *groupReader) addSlot(i, slot int, n *uiNode, input, typ string) {
	name, hidden := r.shown(i, n, input)
	if hidden {
		return
	}
	r.inputs = append(r.inputs, groupSlot{i, slot, name})
	r.class.Inputs = append(r.class.Inputs, Input{Name: name, Type: typ})
}

// convertedInputs are the widgets that were made inputs. They come after all others, those of one node in the order of their places as
// texts, which is how JavaScript sorts numbers.
func (r *groupReader) convertedInputs(i int, n *uiNode, class *Class) {
	type slot struct {
		at int
		in *Input
	}
	var slots []slot
	for k := range class.Inputs {
		in := &class.Inputs[k]
		if !in.Widget {
			continue
		}
		if at := n.converted(in.Name); at >= 0 {
			slots = append(slots, slot{at, in})
		}
	}
	slices.SortStableFunc(slots, func(a, b slot) int { return strings.Compare(strconv.Itoa(a.at), strconv.Itoa(b.at)) })
	for _, s := range slots {
		if _, linked := r.into[i][s.at]; linked {
			continue
		}
		r.addWidget(i, n, s.in)
		r.inputs = append(r.inputs, groupSlot{i, s.at, r.class.Inputs[len(r.class.Inputs)-1].Name})
	}
}
