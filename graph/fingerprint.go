package graph

import (
	"math"

	"github.com/oneactor/oneactor/graph/ojson"
)

// fingerprint asks the nodes from first on that may change by themselves, and stores the answers as "is_changed", as ComfyUI does: in a
// list, or NaN, which equals nothing, after an error. A value that came with the prompt is trusted. The request's own
// objects are left as they are: the queue may be showing them meanwhile.
func (r *run) fingerprint(first int) {
	for _, n := range r.nodes[first:] {
		if n.class == nil || !n.class.fingerprinter || n.object.Has("is_changed") {
			continue
		}
		var answer any = math.NaN()
		if text, err := r.askFingerprint(n); err == nil {
			answer = []any{text}
		}
		n.object = shallowCopy(n.object)
		n.object.Set("is_changed", answer)
		if n.parent == nil {
			if r.doc.prompt == r.req.Prompt {
				r.doc.prompt = shallowCopy(r.doc.prompt)
			}
			r.doc.prompt.Set(n.id, n.object)
		}
	}
}

func (r *run) askFingerprint(n *runNode) (text string, err error) {
	node, err := n.class.constants(n.inputs)
	if err != nil {
		return "", err
	}
	err = guard(func() (err error) {
		if d := n.class.defined; d != nil {
			text, err = d.Fingerprint(r.bound, n.class.values(node))
			return err
		}
		text, err = node.Interface().(Fingerprinter).Fingerprint(r.bound)
		return err
	})
	return text, err
}

func shallowCopy(o *ojson.Object) *ojson.Object {
	c := ojson.NewObject()
	for key, value := range o.All() {
		c.Set(key, value)
	}
	return c
}
