package graph

import (
	"fmt"
)

// expanded is a node that replaced itself by others and waits for them.
type expanded struct {
	calls []callResult
	links map[Link]runLink // of the results
	ui    *uiResult
	inner []*uiResult
	since int // what the run had in its ui list when the nodes joined
}

// expand takes the new nodes into the plan. They are not validated, as in ComfyUI.
func (r *run) expand(n *runNode, m *merged, ui *uiResult) error {
	n.expanded = &expanded{calls: m.calls, links: map[Link]runLink{}, ui: ui, since: len(r.ui)}
	first := len(r.nodes)
	for _, call := range m.calls {
		if call.expansion == nil {
			continue
		}
		for id, value := range call.expansion.Nodes.All() {
			if err := r.adopt(n, id, value); err != nil {
				return err
			}
		}
	}
	r.connect(first)
	for _, inner := range r.nodes[first:] {
		if err := r.checkInner(inner); err != nil {
			return err
		}
	}
	r.fingerprint(first)
	r.sign(first)
	for _, inner := range r.nodes[first:] {
		if inner.class.Output {
			r.add(inner.number)
		}
	}
	for _, call := range m.calls {
		if call.expansion != nil {
			if err := r.awaitResults(n, call.expansion); err != nil {
				return err
			}
		}
	}
	return nil
}

// adopt takes in one node of an expansion.
func (r *run) adopt(n *runNode, id string, value any) error {
	if _, taken := r.doc.index.get(id); taken {
		return &exception{"DuplicateNodeError", fmt.Sprintf("Attempt to add duplicate node %s", id)}
	}
	d := &docNode{}
	d.read(r.engine.registry, id, value)
	if d.class == nil {
		return fmt.Errorf("expansion node %s: class %s does not exist", id, d.className())
	}
	r.doc.index.set(id, int32(len(r.nodes)))
	inner := r.grow(d, n)
	inner.display = n.displayID()
	if display := d.object.String("override_display_id"); display != "" {
		inner.display = display
	}
	return nil
}

// checkInner refuses links to nodes that are not there, which validation does for the prompt's own.
func (r *run) checkInner(n *runNode) error {
	for _, in := range n.class.Inputs {
		value, _ := n.inputs.Get(in.Name)
		if source, _, ok := parseLink(value); ok && n.link(in.Name) == nil {
			return fmt.Errorf("expansion node %s: input %s: there is no node %s", n.id, in.Name, source)
		}
	}
	return nil
}

// awaitResults makes n wait for the nodes that its results come from.
func (r *run) awaitResults(n *runNode, x *Expansion) error {
	for i, value := range x.Result {
		source, slot, ok := parseLink(value)
		if !ok {
			continue
		}
		number, known := r.doc.index.get(source)
		if !known {
			return fmt.Errorf("expansion result %d: there is no node %s", i, source)
		}
		link := Link{source, slot}
		if _, seen := n.expanded.links[link]; seen {
			continue
		}
		n.expanded.links[link] = runLink{source: number, slot: slot}
		r.edge(number, n.number)
		r.nodes[number].holders++
		r.follow(n, number)
	}
	return nil
}

// resolve puts the outputs of an expanded node together, now that its nodes have run.
func (r *run) resolve(n *runNode) ([][]any, error) {
	x := n.expanded
	outputs := make([][]any, len(n.class.Outputs))
	for _, call := range x.calls {
		if call.expansion == nil {
			for i, items := range call.outputs {
				outputs[i] = append(outputs[i], items...)
			}
			continue
		}
		for i, value := range call.expansion.Result {
			source, slot, ok := parseLink(value)
			if !ok {
				outputs[i] = append(outputs[i], plain(value))
				continue
			}
			link := x.links[Link{source, slot}]
			items, missing := r.linked(&link)
			if missing {
				return nil, fmt.Errorf("expansion result %d: node %s has no output %d", i, source, slot)
			}
			outputs[i] = append(outputs[i], items...)
		}
	}
	for _, link := range x.links {
		r.drop(r.nodes[link.source])
	}
	x.inner = r.innerUI(n)
	return outputs, nil
}

// innerUI lists the ui objects of the nodes that n expanded into, so that they show up again when n comes from the cache.
func (r *run) innerUI(n *runNode) (list []*uiResult) {
	for _, s := range r.ui[n.expanded.since:] {
		i, ok := r.doc.index.get(s.id)
		for at := r.nodes[i]; ok && at.parent != nil; at = at.parent {
			if at.parent == n {
				list = append(list, &uiResult{ref: r.nodes[i].ref(), output: s.ui.output})
				break
			}
		}
	}
	return list
}
