package graph

import "github.com/oneactor/oneactor/graph/ojson"

// ObjectInfo describes a class as GET /object_info does, with the drop-downs filled by choices; a nil choices
// leaves the lists behind a key empty. An unknown class is nil without an error; an error says which list could not be read.
func (r *Registry) ObjectInfo(class string, choices Choices) (*ojson.Object, error) {
	c := r.classes[class]
	if c == nil {
		return nil, nil
	}
	return c.ObjectInfo(choices)
}

// ObjectInfo is the /object_info entry of the class; see Registry.ObjectInfo.
func (c *Class) ObjectInfo(choices Choices) (*ojson.Object, error) {
	inputs, order := ojson.NewObject(), ojson.NewObject()
	add := func(group string, list []*Input) error {
		specs, names := ojson.NewObject(), make([]any, 0, len(list))
		for _, in := range list {
			spec, err := c.spec(in, choices)
			if err != nil {
				return err
			}
			specs.Set(in.Name, spec)
			names = append(names, in.Name)
		}
		inputs.Set(group, specs)
		order.Set(group, names)
		return nil
	}
	if err := add("required", c.required()); err != nil {
		return nil, err
	}
	if optional := c.optional(); len(optional) > 0 {
		if err := add("optional", optional); err != nil {
			return nil, err
		}
	}
	if len(c.Hidden) > 0 {
		specs, names := c.hiddenSpecs()
		inputs.Set("hidden", specs)
		order.Set("hidden", names)
	}
	info := ojson.NewObject("input", inputs, "input_order", order)
	tips := c.describeOutputs(info)
	info.Set("name", c.Name)
	info.Set("display_name", c.displayName())
	info.Set("description", c.Doc)
	info.Set("python_module", c.Module)
	info.Set("category", c.Category)
	info.Set("output_node", c.Output)
	c.describeFlags(info, tips)
	return info, nil
}

func (c *Class) hiddenSpecs() (specs *ojson.Object, names []any) {
	specs = ojson.NewObject()
	for _, h := range c.Hidden {
		if c.V3 {
			specs.Set(h.Name, []any{h.Type})
		} else {
			specs.Set(h.Name, h.Type)
		}
		names = append(names, h.Name)
	}
	return specs, names
}

// describeOutputs returns the tooltips where a classic class has some: they come later in its object.
func (c *Class) describeOutputs(info *ojson.Object) (tips []any) {
	types, lists, names := []any{}, []any{}, []any{}
	tips, documented := []any{}, false
	for _, out := range c.Outputs {
		types = append(types, c.outputType(out))
		lists = append(lists, out.List)
		names = append(names, out.Name)
		if out.Doc == "" {
			tips = append(tips, nil)
		} else {
			tips, documented = append(tips, out.Doc), true
		}
	}
	info.Set("output", types)
	info.Set("output_is_list", lists)
	info.Set("output_name", names)
	if c.V3 {
		info.Set("output_tooltips", tips)
	}
	if c.V3 || !documented {
		return nil
	}
	return tips
}

// describeFlags sets what classic classes show only where it was declared, and newer ones always.
func (c *Class) describeFlags(info *ojson.Object, tips []any) {
	if tips != nil {
		info.Set("output_tooltips", tips)
	}
	if c.V3 || c.Deprecated {
		info.Set("deprecated", c.Deprecated)
	}
	if c.V3 || c.Experimental {
		info.Set("experimental", c.Experimental)
	}
	if c.V3 {
		info.Set("api_node", false)
	}
}

// displayName is the title; "-" stands for null.
func (c *Class) displayName() any {
	switch c.Title {
	case "":
		return c.Name
	case "-":
		return nil
	}
	return c.Title
}

// outputType is a type name, or in a classic class the choices of a drop-down.
func (c *Class) outputType(out *Output) any {
	if out.Type == TypeCombo && !c.V3 {
		return stringArray(out.Enum)
	}
	return out.Type
}

// spec is [type] or [type, options]; a classic drop-down has its choices in place of the type.
func (c *Class) spec(in *Input, choices Choices) ([]any, error) {
	options := ojson.NewObject()
	if in.HasDefault {
		options.Set("default", in.Default)
	}
	var kind any = in.Type
	if in.Combo() {
		names, err := in.Choices(choices)
		if err != nil {
			return nil, err
		}
		switch {
		case c.V3:
			options.Set("multiselect", false)
			options.Set("options", stringArray(names))
		case !in.typed:
			kind = stringArray(names)
		case in.ChoicesKey != "" || len(in.Enum) > 0:
			options.Set("options", stringArray(names))
		}
	}
	in.describe(options)
	if options.Len() == 0 && !in.emptyOptions && !c.V3 {
		return []any{kind}, nil
	}
	return []any{kind, options}, nil
}

// describe adds the options that a tag asked for, in the order that ComfyUI's own nodes write them.
func (in *Input) describe(options *ojson.Object) {
	set := func(key string, value any, present bool) {
		if present {
			options.Set(key, value)
		}
	}
	set("min", in.Min, in.Min != nil)
	set("max", in.Max, in.Max != nil)
	set("step", in.Step, in.Step != nil)
	set("round", in.Round, in.Round != nil)
	set("control_after_generate", true, in.Control)
	set("display", in.Display, in.Display != "")
	setPointer(options, "multiline", in.Multiline)
	setPointer(options, "placeholder", in.Placeholder)
	setPointer(options, "dynamicPrompts", in.Dynamic)
	setPointer(options, "label_on", in.LabelOn)
	setPointer(options, "label_off", in.LabelOff)
	set("forceInput", true, in.Force)
	set("lazy", true, in.Lazy)
	set("image_upload", true, in.Upload == "image")
	set("advanced", true, in.Advanced)
	for key, value := range in.extra.All() {
		options.Set(key, value)
	}
	set("tooltip", in.Doc, in.Doc != "")
}

func setPointer[T any](options *ojson.Object, key string, value *T) {
	if value != nil {
		options.Set(key, *value)
	}
}

func stringArray(names []string) []any {
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}
