package graph

import (
	"context"
	"fmt"
	"reflect"
	"slices"
)

// Defined is what a node does whose class is no Go struct, but found when the program starts: a saved subgraph, a program's node.
type Defined struct {
	// Run gets the inputs by wire name; absent ones are missing. Numbers are int64, uint64 or, of FLOAT inputs, float64.
	Run func(ctx context.Context, inputs map[string]any) (Produced, error)
	// Links has inputs without a widget arrive as the Link they come from instead of its value, for nodes that expand.
	Links bool
	// Fingerprint is that of a node that may change by itself, from its constants; nil for others. See Fingerprinter.
	Fingerprint func(ctx context.Context, inputs map[string]any) (string, error)
}

// Produced is the result of a Defined node.
type Produced struct {
	Outputs   []any // one per output, a []any for lists
	UI        UI
	Expansion *Expansion // instead of Outputs
}

// Define declares a class by its description: the exported fields of c.
func Define(c Class, does Defined) (Declaration, error) {
	if c.Name == "" || does.Run == nil {
		return Declaration{}, fmt.Errorf("class %q: it needs a name and something to run", c.Name)
	}
	c.defined = &does
	c.fingerprinter = does.Fingerprint != nil
	c.Inputs, c.byName = slices.Clone(c.Inputs), map[string]int{}
	slices.SortStableFunc(c.Inputs, func(a, b *Input) int { return int(boolNumber(a.Optional) - boolNumber(b.Optional)) })
	var fields []reflect.StructField
	for i, in := range c.Inputs {
		if _, taken := c.byName[in.Name]; taken || in.Name == "" || in.Type == "" {
			return Declaration{}, fmt.Errorf("class %s: input %d: its name %q is taken or empty, or it has no type", c.Name, i+1, in.Name)
		}
		own := *in
		own.index, own.goType, own.Lazy = i, reflect.TypeFor[any](), false
		if does.Links && !own.Widget() {
			own.goType = linkType
		}
		c.Inputs[i], c.byName[in.Name] = &own, i
		// Fields hold anything, so that a socket takes constants too.
		fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", i), Type: reflect.TypeFor[any]()})
	}
	c.typ, c.result = reflect.StructOf(fields), resultShape{kind: resultDefined, ui: -1, expand: -1}
	return Declaration{class: &c}, nil
}

// values are the inputs of a node of a defined class by name.
func (c *Class) values(node reflect.Value) map[string]any {
	values := make(map[string]any, len(c.Inputs))
	for i, in := range c.Inputs {
		v := node.Field(i).Interface()
		if v == nil {
			continue
		}
		if f, ok := floatOf(reflect.ValueOf(v)); ok && in.Type == TypeFloat {
			v = f
		}
		values[in.Name] = v
	}
	return values
}

// addProduced takes the results of a call of a defined class apart.
func (m *merged) addProduced(c *Class, p Produced) error {
	m.addUI(p.UI)
	if p.Expansion != nil {
		return m.expand(c, p.Expansion)
	}
	if len(p.Outputs) != len(c.Outputs) {
		return fmt.Errorf("the node gave %d results and has %d outputs", len(p.Outputs), len(c.Outputs))
	}
	call := callResult{outputs: make([][]any, len(c.Outputs))}
	for i, out := range c.Outputs {
		list, ok := p.Outputs[i].([]any)
		switch {
		case !out.List:
			list = []any{plain(p.Outputs[i])}
		case !ok:
			return fmt.Errorf("output %s: wants a list, got %s", out.Name, describe(p.Outputs[i]))
		}
		call.outputs[i] = list
	}
	m.append(call)
	return nil
}
