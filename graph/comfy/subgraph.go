package comfy

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Ids of the two nodes that stand for the border of a subgraph.
const (
	borderIn  = "-10"
	borderOut = "-20"
)

// subgraph is a definition (contract 5.7).
type subgraph struct {
	id, name string
	raw      *ojson.Object

	// graph, outputs, inputs and widgets are read when the first instance is opened.
	graph   *uiGraph
	outputs []string // link behind each output
	inputs  []string // names
	widgets []int    // inputs that show a widget of a node inside, in order
	reading bool     // widgets are being looked for
}

// readSubgraphs lists the definitions of a file by id, also those inside others.
func readSubgraphs(raw *ojson.Object) map[string]*subgraph {
	found := map[string]*subgraph{}
	var read func(o *ojson.Object)
	read = func(o *ojson.Object) {
		for _, v := range o.Object("definitions").Array("subgraphs") {
			d, ok := v.(*ojson.Object)
			id := d.String("id")
			if !ok || id == "" || found[id] != nil {
				continue
			}
			found[id] = &subgraph{id: id, name: d.String("name"), raw: d}
			read(d)
		}
	}
	read(raw)
	return found
}

func (s *subgraph) String() string {
	if s.name == "" {
		return "subgraph " + s.id
	}
	return fmt.Sprintf("subgraph %q", shorten(s.name))
}

// read parses the nodes and links of the definition.
func (s *subgraph) read() error {
	if s.graph != nil {
		return nil
	}
	g, err := parseGraph(s.raw)
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	s.graph = g
	for _, v := range s.raw.Array("inputs") {
		o, _ := v.(*ojson.Object)
		s.inputs = append(s.inputs, o.String("name"))
	}
	s.outputs = make([]string, len(s.raw.Array("outputs")))
	for _, v := range s.raw.Array("links") {
		if id, target, slot := linkEnd(v); target == borderOut && slot >= 0 && slot < int64(len(s.outputs)) {
			s.outputs[slot] = id
		}
	}
	return nil
}

// linkEnd is the id of a link and where it leads.
func linkEnd(v any) (id, target string, slot int64) {
	var idValue, targetValue, slotValue any
	switch l := v.(type) {
	case []any:
		if len(l) < 5 {
			return "", "", -1
		}
		idValue, targetValue, slotValue = l[0], l[3], l[4]
	case *ojson.Object:
		idValue, _ = l.Get("id")
		targetValue, _ = l.Get("target_id")
		slotValue, _ = l.Get("target_slot")
	}
	slot, ok := whole(slotValue)
	if !ok {
		slot = -1
	}
	return idText(idValue), idText(targetValue), slot
}

// promoted lists the inputs of a definition that show a widget: one that a link leads from to a widget, or to such an input of a
// subgraph inside.
func (o *opener) promoted(s *subgraph) []int {
	if s.widgets != nil || s.reading {
		return s.widgets
	}
	s.reading = true
	defer func() { s.reading = false }()
	s.widgets = []int{}
	shows := make([]bool, len(s.inputs))
	for _, n := range s.graph.nodes {
		for i, slot := range n.inputs {
			l, ok := s.graph.links[slot.link]
			if !ok || l.origin != borderIn || l.originSlot >= len(shows) {
				continue
			}
			if slot.widget != "" {
				shows[l.originSlot] = true
			} else if inner := o.subgraphs[n.class]; inner != nil && inner.read() == nil && slices.Contains(o.promoted(inner), i) {
				shows[l.originSlot] = true
			}
		}
	}
	for i, yes := range shows {
		if yes {
			s.widgets = append(s.widgets, i)
		}
	}
	return s.widgets
}

// openSubgraph puts the nodes of a definition beside the others.
func (o *opener) openSubgraph(n *uiNode, s *subgraph) error {
	if err := o.enter(n, s.String()); err != nil {
		return err
	}
	if err := s.read(); err != nil {
		return err
	}
	prefix := n.id + ":"
	n.inside = &inside{inputs: s.inputs, promoted: map[int]*savedValue{}}
	for _, t := range s.graph.nodes {
		inner := *t
		inner.id = prefix + t.id
		inner.inputs = slices.Clone(t.inputs)
		for i := range inner.inputs {
			if link := &inner.inputs[i].link; *link != "" {
				*link = prefix + *link
			}
		}
		if err := o.adopt(n, &inner); err != nil {
			return err
		}
	}
	for id, l := range s.graph.links {
		if l.enters = l.origin == borderIn; l.enters {
			l.origin = n.id
		} else {
			l.origin = prefix + l.origin
		}
		o.links[prefix+id] = l
	}
	for _, link := range s.outputs {
		if link != "" {
			link = prefix + link
		}
		n.inside.outputs = append(n.inside.outputs, link)
	}
	o.promote(n, s)
	return nil
}

// promote finds what an instance gives to the widgets inside: through its inputs, and in newer files also by proxyWidgets, pairs of an
// inner node and a widget.
func (o *opener) promote(n *uiNode, s *subgraph) {
	widgets, proxies := o.promoted(s), proxyWidgets(n.raw.Object("properties"))
	values, _ := n.values.([]any)
	own := slices.ContainsFunc(proxies, func(p [2]string) bool { return p[0] == "-1" })
	if len(proxies) == 0 || !own && len(values) == len(widgets) && len(values) != len(proxies) {
		for i, k := range widgets {
			if v, ok := entryOf(n.values, i, s.inputs[k]); ok {
				n.inside.promoted[k] = &v
			}
		}
	} else {
		for i, p := range proxies {
			v, ok := entryOf(n.values, i, p[1])
			if outer, set := n.given[p[1]]; set {
				v, ok = outer, true
			}
			if !ok {
				continue
			}
			if p[0] == "-1" {
				if k := slices.Index(s.inputs, p[1]); k >= 0 {
					n.inside.promoted[k] = &v
				}
			} else if inner := o.byID[n.id+":"+p[0]]; inner != nil {
				inner.give(p[1], v)
			}
		}
	}
	for _, k := range widgets {
		if outer, set := n.given[s.inputs[k]]; set {
			n.inside.promoted[k] = &outer
		}
	}
}

// proxyWidgets reads the property, which some releases saved as JSON text.
func proxyWidgets(properties *ojson.Object) (list [][2]string) {
	v, _ := properties.Get("proxyWidgets")
	if text, ok := v.(string); ok {
		v, _ = ojson.Parse([]byte(text), ojson.Limits{})
	}
	entries, _ := v.([]any)
	for _, entry := range entries {
		p, _ := entry.([]any)
		if len(p) < 2 {
			list = append(list, [2]string{}) // keeps the places of those after it
			continue
		}
		name, _ := p[1].(string)
		list = append(list, [2]string{idText(p[0]), name})
	}
	return list
}
