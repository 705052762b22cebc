package comfy

import (
	"fmt"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// Open reads a file for an editor: Workflow is the UI graph in it, or its prompt laid out as one; Prompt is nil for a graph, which is not converted
// and so need not be able to run. Values of widgets lie where the definitions have them, also in files that are older than those; what else the
// file holds stays. Errors are those of Read.
func (r Reader) Open(data []byte, name string) (*File, error) {
	r.editing = true
	f, err := r.Read(data, name)
	if err != nil || f.Workflow != nil {
		return f, err
	}
	if f.Workflow, err = Layout(f.Prompt, r.Definitions); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// edited is a graph for an editor.
func (r Reader) edited(o *ojson.Object) (*File, error) {
	if _, err := parseGraph(o); err != nil {
		return nil, err
	}
	if r.Definitions != nil {
		settle(o, r.Definitions)
	}
	return &File{Kind: UI, Source: "JSON", Workflow: o}, nil
}

// settle moves the values of widgets to where the definitions have them, in a graph and in the subgraphs that it defines.
func settle(g *ojson.Object, definitions Definitions) {
	for _, v := range g.Array("nodes") {
		n, ok := v.(*ojson.Object)
		if !ok {
			continue
		}
		name := currentName(n.String("type"))
		class := definitions.Class(name)
		if class == nil {
			continue
		}
		n.Set("type", name)
		if saved, ok := n.Get("widgets_values"); ok {
			if list, ok := saved.([]any); ok {
				n.Set("widgets_values", settled(class, list))
			}
		}
	}
	for _, v := range g.Object("definitions").Array("subgraphs") {
		if inner, ok := v.(*ojson.Object); ok {
			settle(inner, definitions)
		}
	}
}

// settled are the values of a node as the class orders them. A list that has that order already stays as it is, with what follows.
func settled(class *Class, saved []any) []any {
	widgets := readWidgets(class, saved)
	var values []any
	moved := false
	for _, w := range widgets {
		at, has := w.place.entry, w.place.list != nil
		moved = moved || has && at != len(values)
		values = append(values, w.value)
		if !w.Control {
			continue
		}
		var mode any
		if has && at+1 < len(saved) {
			mode = saved[at+1]
		}
		switch {
		case mode == true:
			mode = "randomize"
		case mode == false:
			mode = "fixed"
		case !isControlWord(mode):
			moved = moved || mode != nil
			mode = "randomize" // as the editor begins
		}
		values = append(values, mode)
		if w.Type == graph.TypeCombo {
			values = append(values, "") // the filter of a random choice
		}
	}
	if !moved && len(saved) >= len(values) {
		return saved
	}
	return values
}
