package comfy

import (
	"fmt"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// FromObjectInfo takes the classes of an answer to GET /object_info (contract 1.5), so that workflows can be read with the nodes of
// another server. An error names the class whose description cannot be read.
func FromObjectInfo(info *ojson.Object) (Definitions, error) {
	classes := make(objectInfo, info.Len())
	for name, v := range info.All() {
		description, ok := v.(*ojson.Object)
		if !ok {
			return nil, fmt.Errorf("object_info: class %s is %s; an object is needed", name, ojson.Kind(v))
		}
		c := &Class{Name: name, Title: description.String("display_name")}
		if c.Title == "" {
			c.Title = name
		}
		inputs := description.Object("input")
		for _, group := range []string{"required", "optional"} {
			for _, input := range ordered(inputs.Object(group), description.Object("input_order").Array(group)) {
				in, err := readInput(input, inputs.Object(group))
				if err != nil {
					return nil, fmt.Errorf("object_info: class %s: %w", name, err)
				}
				c.Inputs = append(c.Inputs, in)
			}
		}
		root, _ := description.Get("output_node")
		c.Root = root == true
		c.Outputs = readOutputs(description)
		classes[name] = c
	}
	return classes, nil
}

// readOutputs pairs output with output_name; a list of choices in place of a type is a drop-down.
func readOutputs(description *ojson.Object) []Output {
	names := description.Array("output_name")
	var outputs []Output
	for i, v := range description.Array("output") {
		out := Output{Type: graph.TypeCombo}
		if t, ok := v.(string); ok {
			out.Type = t
		}
		out.Name = out.Type
		if i < len(names) {
			if name, ok := names[i].(string); ok {
				out.Name = name
			}
		}
		outputs = append(outputs, out)
	}
	return outputs
}

type objectInfo map[string]*Class

func (o objectInfo) Class(name string) *Class { return o[name] }

// ordered lists the inputs in the order of input_order, which counts where a proxy has sorted the keys, and then the rest.
func ordered(specs *ojson.Object, order []any) []string {
	names := make([]string, 0, specs.Len())
	listed := make(map[string]bool, len(order))
	for _, v := range order {
		if name, ok := v.(string); ok && specs.Has(name) && !listed[name] {
			listed[name] = true
			names = append(names, name)
		}
	}
	for name := range specs.All() {
		if !listed[name] {
			names = append(names, name)
		}
	}
	return names
}

// readInput reads [type, options], where the type of a drop-down may be the list of its choices.
func readInput(name string, specs *ojson.Object) (Input, error) {
	v, _ := specs.Get(name)
	spec, ok := v.([]any)
	if !ok || len(spec) == 0 {
		return Input{}, fmt.Errorf("input %s is %s; an array [type, options] is needed", name, ojson.Kind(v))
	}
	var options *ojson.Object
	if len(spec) > 1 {
		options, _ = spec[1].(*ojson.Object)
	}
	in := Input{Name: name}
	switch t := spec[0].(type) {
	case string:
		in.Type = t
		if t == graph.TypeCombo {
			in.Choices = texts(options.Array("options"))
		}
		if w := options.String("widgetType"); hasWidget(w) {
			in.Type = w
		}
	case []any:
		in.Type = graph.TypeCombo
		in.Choices = texts(t)
	default:
		return Input{}, fmt.Errorf("input %s has %s as its type; a name or an array of choices is needed", name, ojson.Kind(t))
	}
	forced, _ := options.Get("forceInput")
	in.Forced = hasWidget(in.Type) && forced == true
	in.Widget = hasWidget(in.Type) && !in.Forced
	in.Default, _ = options.Get("default")
	dynamic, _ := options.Get("dynamicPrompts")
	in.Dynamic = dynamic == true
	for key, v := range options.All() {
		in.Upload = in.Upload || strings.HasSuffix(key, "_upload") && v == true
	}
	var control *bool
	if v, ok := options.Get("control_after_generate"); ok {
		on := v != false && v != nil // a text names the mode to begin with
		control = &on
	}
	in.Control = in.controlled(control)
	in.complete()
	return in, nil
}

// texts returns the choices; nil if one is no text.
func texts(list []any) []string {
	choices := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil
		}
		choices = append(choices, s)
	}
	return choices
}
