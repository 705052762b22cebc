package comfy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// document tells the forms of a JSON document apart: an API prompt, a UI graph, or an object that holds one of them under "prompt" or
// "workflow", such as the body of a POST to /prompt.
func (r Reader) document(v any) (*File, error) {
	o, ok := v.(*ojson.Object)
	if !ok {
		return nil, fmt.Errorf("%w: the JSON document is %s; a workflow is an object", ErrNoWorkflow, ojson.Kind(v))
	}
	switch {
	case isGraph(o):
		return r.graph(o)
	case isPrompt(o):
		return &File{Kind: API, Source: "JSON", Prompt: o}, nil
	case o.Has("prompt"):
		return r.body(o)
	case o.Has("workflow"):
		workflow, _ := o.Get("workflow")
		return r.nested("workflow", workflow)
	}
	return nil, fmt.Errorf("%w: %s", ErrNoWorkflow, describeObject(o))
}

// isGraph: the list of nodes is what makes a UI graph. A prompt may have a node whose id is "nodes", but that is an object.
func isGraph(o *ojson.Object) bool {
	nodes, _ := o.Get("nodes")
	_, ok := nodes.([]any)
	return ok
}

// isPrompt: every entry is a node; at least one has a class. One without is left to validation, which names it.
func isPrompt(o *ojson.Object) bool {
	classes := 0
	for _, v := range o.All() {
		node, ok := v.(*ojson.Object)
		if !ok {
			return false
		}
		if _, ok := node.Get("class_type"); ok {
			classes++
		}
	}
	return classes > 0
}

// graph reads a UI graph.
func (r Reader) graph(o *ojson.Object) (*File, error) {
	if r.editing {
		return r.edited(o)
	}
	g, err := parseGraph(o)
	if err != nil {
		return nil, err
	}
	if r.Definitions == nil {
		return nil, errors.New("workflow: a UI graph needs node definitions to be read; export it in API format, or read it where the nodes are known")
	}
	c := converter{
		resolver:    newResolver(g),
		definitions: r.Definitions,
		random:      r.Random,
		now:         r.Now,
		widgets:     map[*uiNode][]widget{},
		textLeft:    maxTextWork,
	}
	prompt, err := c.convert()
	if err != nil {
		return nil, err
	}
	if prompt.Len() == 0 {
		return nil, fmt.Errorf("%w: the UI graph has %d nodes, and none of them runs (notes, muted and bypassed ones do not)",
			ErrNoWorkflow, len(g.nodes))
	}
	f := &File{
		Kind: UI, Source: "JSON", Prompt: prompt, Workflow: o, ExtraPNGInfo: ojson.NewObject("workflow", o), Warnings: c.warnings,
	}
	if !r.KeepUnknown {
		if unknown := f.unknown(r.Definitions, c.byID); unknown != nil {
			return nil, unknown
		}
	}
	return f, nil
}

// body reads {"prompt": …, "extra_data": {"extra_pnginfo": …}}.
func (r Reader) body(o *ojson.Object) (*File, error) {
	prompt, _ := o.Get("prompt")
	f, err := r.nested("prompt", prompt)
	if err != nil || f.Kind == UI {
		return f, err
	}
	f.Source = "POST body"
	f.ExtraPNGInfo = o.Object("extra_data").Object("extra_pnginfo")
	f.Workflow = f.ExtraPNGInfo.Object("workflow")
	return f, nil
}

// nested reads a workflow inside an object, as it is or as JSON text.
func (r Reader) nested(key string, v any) (*File, error) {
	if text, ok := v.(string); ok {
		parsed, err := ojson.Parse([]byte(text), r.Limits)
		if err != nil {
			return nil, fmt.Errorf("text under %q: %w", key, err)
		}
		v = parsed
	}
	o, ok := v.(*ojson.Object)
	switch {
	case ok && isGraph(o):
		return r.graph(o)
	case ok && isPrompt(o):
		return &File{Kind: API, Source: fmt.Sprintf("JSON under %q", key), Prompt: o}, nil
	case ok:
		return nil, fmt.Errorf("%w: under %q, %s", ErrNoWorkflow, key, describeObject(o))
	}
	return nil, fmt.Errorf("%w: %q is %s; an object is needed", ErrNoWorkflow, key, ojson.Kind(v))
}

// describeObject says why an object is no workflow.
func describeObject(o *ojson.Object) string {
	const needed = "a UI graph has a list \"nodes\", and an API prompt has an object with \"class_type\" for every node"
	if o.Len() == 0 {
		return "the object is empty; " + needed
	}
	if v, ok := o.Get("nodes"); ok {
		return fmt.Sprintf("\"nodes\" is %s; %s", ojson.Kind(v), needed)
	}
	return fmt.Sprintf("the object has the keys %s; %s", list(o.Keys()), needed)
}

// list quotes names for an error, not too many of them.
func list(names []string) string {
	const shown = 12
	var b strings.Builder
	for i, name := range names {
		if i == shown {
			fmt.Fprintf(&b, " and %d more", len(names)-shown)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", shorten(name))
	}
	return b.String()
}
