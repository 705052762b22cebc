package comfy

import (
	"fmt"
	"strconv"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Modes in which a node does not run. All others (always, on event, on trigger) run.
const (
	modeMuted    = 2
	modeBypassed = 4
)

// uiGraph is a UI graph, schema 0.4 or 1, as far as running it is concerned.
type uiGraph struct {
	nodes []*uiNode // in file order; what was in containers follows
	byID  map[string]*uiNode
	links map[string]uiLink // by link id
	raw   *ojson.Object
	users map[any]int // nodes by the identity of their values; made when it is needed
}

type uiNode struct {
	id, class, title string // title is "" if the file has none
	mode             int64
	inputs           []uiSlot
	outputs          []uiSlot
	values           any // widgets_values: an array, an object, or nil
	raw              *ojson.Object

	parent *uiNode               // the container it is in; nil at the top
	inside *inside               // of a container that was opened
	given  map[string]savedValue // what containers around it set, by name of the widget
}

// uiSlot is an input or an output; link belongs to inputs only.
type uiSlot struct {
	name, typ string
	widget    string // name of the widget that an input feeds; "" for a mere socket
	link      string // link id; "" if unlinked
}

type uiLink struct {
	origin     string
	originSlot int
	typ        string
	enters     bool // comes in through input originSlot of the container origin
}

// parseGraph reads the nodes and links of a UI graph. Files may lack links, groups and extra, or have null there.
func parseGraph(raw *ojson.Object) (*uiGraph, error) {
	list := raw.Array("nodes")
	g := &uiGraph{nodes: make([]*uiNode, 0, len(list)), byID: make(map[string]*uiNode, len(list)), raw: raw}
	for i, v := range list {
		o, ok := v.(*ojson.Object)
		if !ok {
			return nil, fmt.Errorf("workflow: nodes[%d] is %s; an object is needed", i, ojson.Kind(v))
		}
		n, err := parseNode(o)
		if err != nil {
			return nil, fmt.Errorf("workflow: nodes[%d]: %w", i, err)
		}
		if g.byID[n.id] != nil {
			return nil, fmt.Errorf("workflow: nodes[%d]: a second node with id %s; give each node an id of its own", i, n.id)
		}
		g.byID[n.id] = n
		g.nodes = append(g.nodes, n)
	}
	if err := g.parseLinks(raw.Array("links")); err != nil {
		return nil, err
	}
	return g, nil
}

func parseNode(o *ojson.Object) (*uiNode, error) {
	v, _ := o.Get("id")
	n := &uiNode{id: idText(v), title: o.String("title"), raw: o}
	if n.id == "" {
		return nil, fmt.Errorf("the id is %s; a whole number or a text is needed", ojson.PythonRepr(v))
	}
	class, _ := o.Get("type")
	name, ok := class.(string)
	if !ok || name == "" {
		return nil, fmt.Errorf("node %s: the type is %s; the name of a class is needed", n.id, ojson.PythonRepr(class))
	}
	n.class = currentName(name)
	mode, _ := o.Get("mode")
	n.mode, _ = whole(mode)
	n.inputs = parseSlots(o.Array("inputs"))
	n.outputs = parseSlots(o.Array("outputs"))
	n.values, _ = o.Get("widgets_values")
	return n, nil
}

func parseSlots(list []any) []uiSlot {
	slots := make([]uiSlot, len(list))
	for i, v := range list {
		o, _ := v.(*ojson.Object) // a slot that is no object has no name and no link
		link, _ := o.Get("link")
		slots[i] = uiSlot{name: o.String("name"), typ: typeText(o), widget: o.Object("widget").String("name"), link: idText(link)}
	}
	return slots
}

// typeText is the type of a slot or link; older files write the choices of a drop-down there.
func typeText(o *ojson.Object) string {
	switch t, _ := o.Get("type"); t := t.(type) {
	case string:
		return t
	case []any:
		return "COMBO"
	}
	return ""
}

// parseLinks reads both forms: [id, origin, origin slot, target, target slot, type] and {id, origin_id, …}. Where a link is read from
// a node's input, its target is not needed.
func (g *uiGraph) parseLinks(list []any) error {
	g.links = make(map[string]uiLink, len(list))
	for i, v := range list {
		var id, origin, slot any
		var typ string
		switch l := v.(type) {
		case nil:
			continue
		case []any:
			if len(l) < 5 {
				return fmt.Errorf("workflow: links[%d] has %d entries; [id, origin, slot, target, slot, type] is needed", i, len(l))
			}
			id, origin, slot = l[0], l[1], l[2]
			if len(l) > 5 {
				typ, _ = l[5].(string)
			}
		case *ojson.Object:
			id, _ = l.Get("id")
			origin, _ = l.Get("origin_id")
			slot, _ = l.Get("origin_slot")
			typ = typeText(l)
		default:
			return fmt.Errorf("workflow: links[%d] is %s; an array or an object is needed", i, ojson.Kind(v))
		}
		n, ok := whole(slot)
		key, from := idText(id), idText(origin)
		if key == "" || from == "" || !ok || n < 0 {
			return fmt.Errorf("workflow: links[%d]: %s is no link from an output of a node", i, shorten(ojson.PythonRepr(v)))
		}
		g.links[key] = uiLink{origin: from, originSlot: int(n), typ: typ}
	}
	if len(g.links) == 0 {
		g.linksFromOutputs()
	}
	return nil
}

// linksFromOutputs finds the links of a file without a list of them: outputs name theirs as well.
func (g *uiGraph) linksFromOutputs() {
	for _, n := range g.nodes {
		for slot, v := range n.raw.Array("outputs") {
			o, _ := v.(*ojson.Object)
			for _, link := range o.Array("links") {
				if id := idText(link); id != "" {
					g.links[id] = uiLink{origin: n.id, originSlot: slot, typ: typeText(o)}
				}
			}
		}
	}
}

// virtual nodes exist in the editor only (contract 5.10).
func (n *uiNode) virtual() bool {
	switch n.class {
	case "Reroute", "PrimitiveNode", "Note", "MarkdownNote":
		return true
	}
	return false
}

func (n *uiNode) runs() bool {
	return n.mode != modeMuted && n.mode != modeBypassed && n.inside == nil && !n.virtual()
}

// currentName is the class that a file of an early version means.
func currentName(class string) string {
	switch class {
	case "T2IAdapterLoader":
		return "ControlNetLoader"
	case "ConditioningAverage ":
		return "ConditioningAverage"
	case "SDV_img2vid_Conditioning":
		return "SVD_img2vid_Conditioning"
	}
	return class
}

// idText is an id as text; "" if v is none. Node ids and link ids are whole numbers or texts.
func idText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if n, ok := whole(v); ok {
		return strconv.FormatInt(n, 10)
	}
	return ""
}

// whole accepts 5 and 5.0, as JavaScript has but one kind of number.
func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		if n := int64(v); float64(n) == v && v > -1<<53 && v < 1<<53 {
			return n, true
		}
	}
	return 0, false
}

// shorten keeps an excerpt of a file in an error readable.
func shorten(s string) string {
	const limit = 80
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
