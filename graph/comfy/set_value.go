package comfy

import "github.com/oneactor/oneactor/graph/ojson"

// SetValue gives an input of the prompt a value, in place of a link if there is one. The UI graph gets it too, because it is saved
// with pictures and must say what made them. Where it has no place for the value (a link feeds the widget, or the node is not in the
// graph), it is no longer the graph of this prompt and is dropped: kept is then false.
func (f *File) SetValue(definitions Definitions, id, input string, value any) (kept bool) {
	node := f.Prompt.Object(id)
	inputs := node.Object("inputs")
	if inputs == nil {
		inputs = ojson.NewObject()
		node.Set("inputs", inputs)
	}
	inputs.Set(input, value)
	if f.Workflow == nil || setInGraph(f.Workflow, definitions, id, input, value) {
		return true
	}
	f.Workflow = nil
	f.ExtraPNGInfo = f.ExtraPNGInfo.Clone()
	f.ExtraPNGInfo.Delete("workflow")
	return false
}

// setInGraph writes the value of a widget and says whether the graph has it now. A definition that several containers share has no place
// for the value of one of them.
func setInGraph(workflow *ojson.Object, definitions Definitions, id, input string, value any) bool {
	g, err := parseGraph(workflow)
	if err != nil {
		return false
	}
	c := converter{resolver: newResolver(g), definitions: definitions, widgets: map[*uiNode][]widget{}}
	if c.open() != nil || g.byID[id] == nil {
		return false
	}
	n := g.byID[id]
	class := definitions.Class(n.class)
	if class == nil {
		return false
	}
	var given *savedValue
	for i := range n.inputs {
		if s := &n.inputs[i]; s.widgetName() == input && s.link != "" {
			if given = c.resolve(s.link, s.typ).given; given == nil {
				return false
			}
		}
	}
	for _, w := range c.widgetsOf(n, class) {
		if w.Name != input {
			continue
		}
		if given != nil {
			w.place = given.place
		}
		return !c.shared(n, w.place) && w.place.set(value)
	}
	return false
}

// shared says whether a place stands for several nodes: the nodes of a definition with more than one container.
func (g *uiGraph) shared(n *uiNode, p place) bool {
	if n.parent == nil {
		return false
	}
	if g.users == nil {
		g.users = map[any]int{}
		for _, other := range g.nodes {
			g.users[identity(other.values)]++
		}
	}
	if p.list != nil {
		return g.users[identity(p.list)] > 1
	}
	return p.named != nil && g.users[p.named] > 1
}

// identity is the same for the same widgets_values only.
func identity(values any) any {
	switch v := values.(type) {
	case []any:
		if len(v) > 0 {
			return &v[0]
		}
	case *ojson.Object:
		return v
	}
	return nil
}
