package graph

import "github.com/oneactor/oneactor/graph/ojson"

// maxDependents bounds the entries of all dependent_outputs together: by ComfyUI's rule they grow as nodes × outputs, and
// clients only show them.
const maxDependents = 1 << 20

// APIError is the "error" object with which ComfyUI refuses the prompt, or nil where something can run.
func (v *Validation) APIError() *ojson.Object { return v.failure }

// NodeErrors is the "node_errors" object of ComfyUI's answer, empty where nothing is wrong. It is there for accepted prompts too.
func (v *Validation) NodeErrors() *ojson.Object {
	all := ojson.NewObjectSize(len(v.nodeErrors))
	room := maxDependents
	for _, e := range v.nodeErrors {
		reasons := make([]any, len(e.reasons))
		for i, r := range e.reasons {
			reasons[i] = r
		}
		// Every output that failed after the node did is listed, even one that does not depend on it, as in ComfyUI.
		dependents := stringArray(v.failed[e.from:][:min(room, len(v.failed)-e.from)])
		room -= len(dependents)
		all.Set(e.node.id, ojson.NewObject("errors", reasons, "dependent_outputs", dependents, "class_type", e.node.class.Name))
	}
	return all
}
