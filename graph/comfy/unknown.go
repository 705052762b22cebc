package comfy

import (
	"github.com/oneactor/oneactor/graph/ojson"
)

// Unknown names the nodes of the prompt whose classes definitions do not have, each with the pack that the UI graph says it is from, and
// the outputs that need one of them or none. It is nil where all classes are known.
func (f *File) Unknown(definitions Definitions) *UnknownError {
	if !hasUnknown(f.Prompt, definitions) {
		return nil
	}
	return f.unknown(definitions, f.nodesByID(definitions))
}

func hasUnknown(prompt *ojson.Object, definitions Definitions) bool {
	for id := range prompt.All() {
		if unknownClass(prompt, id, definitions) {
			return true
		}
	}
	return false
}

// unknownClass: a node without any class is not unknown but broken, which validation says.
func unknownClass(prompt *ojson.Object, id string, definitions Definitions) bool {
	class := prompt.Object(id).String("class_type")
	return class != "" && definitions.Class(class) == nil
}

// nodesByID are the nodes of the UI graph, those in containers included; nil if there is none to read.
func (f *File) nodesByID(definitions Definitions) map[string]*uiNode {
	if f.Workflow == nil {
		return nil
	}
	g, err := parseGraph(f.Workflow)
	if err != nil {
		return nil
	}
	c := converter{resolver: newResolver(g), definitions: definitions}
	_ = c.open() // what could be opened has names
	return g.byID
}

func (f *File) unknown(definitions Definitions, graph map[string]*uiNode) *UnknownError {
	if !hasUnknown(f.Prompt, definitions) {
		return nil
	}
	e := &UnknownError{}
	lost := dependents(f.Prompt, definitions)
	for id := range f.Prompt.All() {
		node := f.Prompt.Object(id)
		ref := f.ref(id, graph)
		switch class := definitions.Class(node.String("class_type")); {
		case unknownClass(f.Prompt, id, definitions):
			e.Nodes = append(e.Nodes, ref)
		case class == nil || !class.Root:
		case lost[id]:
			e.Blocked = append(e.Blocked, ref)
		default:
			e.Runnable = append(e.Runnable, ref)
		}
	}
	return e
}

// ref names a node of the prompt, with what the UI graph says about it.
func (f *File) ref(id string, graph map[string]*uiNode) NodeRef {
	node := f.Prompt.Object(id)
	r := NodeRef{ID: id, Class: node.String("class_type"), Title: node.Object("_meta").String("title")}
	if n := graph[id]; n != nil && n.class == r.Class {
		properties := n.raw.Object("properties")
		if r.Pack = properties.String("cnr_id"); r.Pack == "" {
			r.Pack = properties.String("aux_id")
		}
		if r.Title = n.title; r.Pack != "" {
			r.Version = properties.String("ver")
		}
	}
	return r
}

// dependents are the nodes that are unknown or need one that is, also through optional inputs: without those the result would be another.
func dependents(prompt *ojson.Object, definitions Definitions) map[string]bool {
	readers := map[string][]string{}
	var next []string
	for id := range prompt.All() {
		for _, v := range prompt.Object(id).Object("inputs").All() {
			if from, _, ok := linkOf(v); ok {
				readers[from] = append(readers[from], id)
			}
		}
		if unknownClass(prompt, id, definitions) {
			next = append(next, id)
		}
	}
	lost := map[string]bool{}
	for len(next) > 0 {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if !lost[id] {
			lost[id] = true
			next = append(next, readers[id]...)
		}
	}
	return lost
}

// SkipUnknown takes the nodes of unknown classes out of the prompt, with all that need them, and says which; nil where there are none.
func (f *File) SkipUnknown(definitions Definitions) *UnknownError {
	e := f.Unknown(definitions)
	if e == nil {
		return nil
	}
	lost, kept := dependents(f.Prompt, definitions), ojson.NewObject()
	for id, v := range f.Prompt.All() {
		if !lost[id] {
			kept.Set(id, v)
		}
	}
	f.Prompt = kept
	return e
}
