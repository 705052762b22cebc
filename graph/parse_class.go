package graph

import (
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/graph/ojson"
)

// ParseClass reads a class as GET /object_info describes it; what is left out has its usual value. Numbers of limits must be numbers, a
// drop-down needs choices. The result is for Define.
func ParseClass(name string, info *ojson.Object) (Class, error) {
	c := Class{
		Name: name, Title: info.String("display_name"), Category: info.String("category"), Doc: info.String("description"), Module: info.String("python_module"),
		Output: isTrue(info, "output_node"), Deprecated: isTrue(info, "deprecated"), Experimental: isTrue(info, "experimental"),
	}
	if info == nil {
		return c, fmt.Errorf("class %s: the description is no object", name)
	}
	for _, group := range []string{"required", "optional"} {
		for input, v := range info.Object("input").Object(group).All() {
			in, err := parseInput(input, v)
			if err != nil {
				return c, fmt.Errorf("class %s: input %s: %w", name, input, err)
			}
			in.Optional = group == "optional"
			c.Inputs = append(c.Inputs, in)
		}
	}
	names, lists, tips := info.Array("output_name"), info.Array("output_is_list"), info.Array("output_tooltips")
	for i, v := range info.Array("output") {
		out := &Output{}
		switch v := v.(type) {
		case string:
			out.Type = v
		case []any:
			out.Type = TypeCombo
			for _, choice := range v {
				out.Enum = append(out.Enum, fmt.Sprint(choice))
			}
		default:
			return c, fmt.Errorf("class %s: output %d is %s; write its type, such as \"IMAGE\"", name, i, ojson.Kind(v))
		}
		out.Name, out.Doc = textAt(names, i), textAt(tips, i)
		if out.Name == "" {
			out.Name = out.Type
		}
		out.List = i < len(lists) && lists[i] == true
		c.Outputs = append(c.Outputs, out)
	}
	return c, nil
}

func isTrue(o *ojson.Object, key string) bool {
	v, _ := o.Get(key)
	return v == true
}

func textAt(list []any, i int) string {
	if i >= len(list) {
		return ""
	}
	s, _ := list[i].(string)
	return s
}

// parseInput reads [type] or [type, options], where a list of texts in place of the type is a drop-down.
func parseInput(name string, v any) (*Input, error) {
	spec, ok := v.([]any)
	if !ok || len(spec) == 0 {
		return nil, fmt.Errorf("it is %s; write a list, such as [\"FLOAT\", {\"default\": 1.0}]", ojson.Kind(v))
	}
	in := &Input{Name: name, Field: name}
	options := &ojson.Object{}
	if len(spec) > 1 {
		if options, ok = spec[1].(*ojson.Object); !ok {
			return nil, fmt.Errorf("the options are %s; write an object", ojson.Kind(spec[1]))
		}
		in.emptyOptions = options.Len() == 0
	}
	switch kind := spec[0].(type) {
	case string:
		if in.Type = kind; kind == TypeCombo {
			in.typed = true
			in.Enum = texts(options.Array("options"))
		}
	case []any:
		in.Type, in.Enum = TypeCombo, texts(kind)
	default:
		return nil, fmt.Errorf("the type is %s; write a text, such as \"IMAGE\", or the list of choices", ojson.Kind(spec[0]))
	}
	if in.Combo() && len(in.Enum) == 0 {
		return nil, fmt.Errorf("a drop-down without choices; write them in place of the type: [[\"one\", \"two\"], {…}]")
	}
	return in, in.parseOptions(options)
}

func texts(list []any) []string {
	var out []string
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func (in *Input) parseOptions(options *ojson.Object) error {
	for key, v := range options.All() {
		text, _ := v.(string)
		yes, isBool := v.(bool)
		switch key {
		case "default":
			in.HasDefault, in.Default = true, v
		case "min":
			in.Min = v
		case "max":
			in.Max = v
		case "step":
			in.Step = v
		case "round":
			in.Round = v
		case "multiline":
			in.Multiline = &yes
		case "dynamicPrompts":
			in.Dynamic = &yes
		case "placeholder":
			in.Placeholder = &text
		case "label_on":
			in.LabelOn = &text
		case "label_off":
			in.LabelOff = &text
		case "display":
			in.Display = text
		case "tooltip":
			in.Doc = text
		case "control_after_generate":
			in.Control = yes
		case "forceInput":
			in.Force = yes
		case "advanced":
			in.Advanced = yes
		case "options", "multiselect", "lazy":
		default:
			if in.extra == nil {
				in.extra = &ojson.Object{}
			}
			in.extra.Set(key, v)
		}
		switch key {
		case "min", "max", "step":
			switch v.(type) {
			case int64, uint64, float64:
			default:
				return fmt.Errorf("%s is %s; write a number", key, ojson.Kind(v))
			}
		case "multiline", "dynamicPrompts", "control_after_generate", "forceInput", "advanced":
			if !isBool {
				return fmt.Errorf("%s is %s; write true or false", key, ojson.Kind(v))
			}
		}
	}
	return in.checkDefault()
}

// checkDefault refuses a default that is no value of the input.
func (in *Input) checkDefault() error {
	if !in.HasDefault {
		return nil
	}
	ok := true
	switch v := in.Default.(type) {
	case int64, uint64:
		ok = in.Type == TypeInt || in.Type == TypeFloat || !in.Widget()
	case float64:
		ok = in.Type == TypeFloat || !in.Widget()
	case bool:
		ok = in.Type == TypeBoolean || !in.Widget()
	case string:
		ok = in.Type == TypeString || in.Combo() && slices.Contains(in.Enum, v) || !in.Widget()
	default:
		ok = v == nil || !in.Widget()
	}
	if !ok {
		return fmt.Errorf("the default %v is no value of %s", in.Default, in.Type)
	}
	return nil
}
