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

// setInGraph writes the value of a widget and says whether the graph has it now.
func setInGraph(workflow *ojson.Object, definitions Definitions, id, input string, value any) bool {
	g, err := parseGraph(workflow)
	if err != nil || g.byID[id] == nil {
		return false
	}
	n := g.byID[id]
	class := definitions.Class(n.class)
	if class == nil {
		return false
	}
	for i := range n.inputs {
		if s := &n.inputs[i]; s.widgetName() == input && s.link != "" {
			return false
		}
	}
	for _, w := range readWidgets(class, n.values) {
		_, named := n.values.(*ojson.Object)
		if w.Name == input && (named || w.entry >= 0) {
			n.setSaved(w, value)
			return true
		}
	}
	return false
}
