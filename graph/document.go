package graph

import "github.com/oneactor/oneactor/graph/ojson"

// document is an API prompt with its nodes numbered in document order, so that everything after is slices instead of maps.
type document struct {
	prompt *ojson.Object
	nodes  []*docNode
	index  idIndex
}

// docNode is one node of a prompt.
type docNode struct {
	id     string
	class  *Class // nil where the class is missing or unknown
	object *ojson.Object
	inputs *ojson.Object // nil (which reads as empty) where they are no object
}

func readDocument(r *Registry, prompt *ojson.Object) *document {
	d := &document{prompt: prompt, nodes: make([]*docNode, 0, prompt.Len()), index: newIDIndex(prompt.Len())}
	block := make([]docNode, prompt.Len())
	for id, value := range prompt.All() {
		n := &block[len(d.nodes)]
		n.read(r, id, value)
		d.index.set(id, int32(len(d.nodes)))
		d.nodes = append(d.nodes, n)
	}
	return d
}

func (n *docNode) read(r *Registry, id string, value any) {
	n.id = id
	n.object, _ = value.(*ojson.Object)
	n.class = r.classes[n.object.String("class_type")]
	n.inputs = n.object.Object("inputs")
}

// className is class_type as Python prints it.
func (n *docNode) className() string {
	name, _ := n.object.Get("class_type")
	return pythonStr(name)
}
