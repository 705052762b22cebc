package graph

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

var inputKeys = []string{
	"in", "type", "default", "min", "max", "step", "round", "enum", "choices", "multiline", "dynamic", "doc", "unit", "optional", "lazy",
	"force", "control", "display", "placeholder", "upload", "label_on", "label_off", "advanced", "check", "opts",
}

// readInput reads one field of a node; list says that the class takes lists, so that the field is a slice of the input's type.
func readInput(f reflect.StructField, list bool) (*Input, []error) {
	in := &Input{Name: snake(f.Name), Field: f.Name}
	given, err := parseTags(f.Tag)
	if err != nil {
		return in, []error{err}
	}
	var wrong []error
	for _, t := range given {
		if t.key == "type" {
			in.Type, in.typed = t.value, true
		}
	}
	if err := in.readType(f.Type, list); err != nil {
		wrong = append(wrong, err)
	}
	for _, t := range given {
		if err := in.readTag(t); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) == 0 {
		wrong = in.consistent(given)
	}
	return in, wrong
}

// readType finds the wire type and what the Go type can hold.
func (in *Input) readType(t reflect.Type, list bool) error {
	if list {
		if t.Kind() != reflect.Slice {
			return fmt.Errorf("type %s: the class takes lists (list:\"true\"), so make it a slice", t)
		}
		t = t.Elem()
	}
	base := t
	if _, isSocket := instance(t, socketType); t.Kind() == reflect.Pointer && !isSocket {
		base = t.Elem()
	}
	in.goType = base
	name, choices, err := wireType(base)
	in.Enum = choices
	if in.typed {
		return nil
	}
	in.Type = name
	return err
}

func (in *Input) readTag(t tag) (err error) {
	switch t.key {
	case "in":
		in.Name = t.value
	case "type":
	case "default":
		return in.readDefault(t)
	case "min":
		in.Min, err = in.parseLimit(t)
	case "max":
		in.Max, err = in.parseLimit(t)
	case "step":
		in.Step, err = in.parseLimit(t)
	case "round":
		if t.value == "false" {
			in.Round = false
			return nil
		}
		in.Round, err = in.parseLimit(t)
	case "enum":
		return in.readEnum(t)
	case "choices":
		return in.readChoices(t)
	case "multiline":
		in.Multiline, err = optionalFlag(t)
	case "dynamic":
		in.Dynamic, err = optionalFlag(t)
	case "doc":
		in.Doc = t.value
	case "unit":
		in.Unit = t.value
	case "optional":
		in.Optional, err = parseFlag(t)
	case "lazy":
		in.Lazy, err = parseFlag(t)
	case "force":
		in.Force, err = parseFlag(t)
	case "control":
		in.Control, err = parseFlag(t)
	case "display":
		in.Display = t.value
	case "placeholder":
		in.Placeholder = &t.value
	case "upload":
		if in.Upload = t.value; t.value != "image" {
			return tagError(t, `only "image" is known`)
		}
	case "label_on":
		in.LabelOn = &t.value
	case "label_off":
		in.LabelOff = &t.value
	case "advanced":
		in.Advanced, err = parseFlag(t)
	case "check":
		if in.Self = t.value == "self"; !in.Self {
			return tagError(t, `only "self" is known`)
		}
	case "opts":
		return in.readOptions(t)
	default:
		return unknownTag(t, inputKeys)
	}
	return err
}

func optionalFlag(t tag) (*bool, error) {
	b, err := parseFlag(t)
	return &b, err
}

func (in *Input) readDefault(t tag) (err error) {
	in.HasDefault = true
	switch in.Type {
	case TypeInt:
		in.Default, err = parseWhole(t)
	case TypeFloat:
		in.Default, err = parseNumber(t)
	case TypeBoolean:
		in.Default, err = parseFlag(t)
	case TypeString, TypeCombo:
		in.Default = t.value
	default:
		return tagError(t, "a "+in.Type+" socket has no default")
	}
	return err
}

func (in *Input) parseLimit(t tag) (any, error) {
	switch in.Type {
	case TypeInt:
		return parseWhole(t)
	case TypeFloat:
		return parseNumber(t)
	}
	return nil, tagError(t, "only numbers have it, this is "+in.Type)
}

func (in *Input) readEnum(t tag) error {
	if in.goType == nil || in.goType.Kind() != reflect.String {
		return tagError(t, "only string fields can be a drop-down")
	}
	in.Type, in.Enum = TypeCombo, strings.Split(t.value, "|")
	for i, name := range in.Enum {
		if slices.Contains(in.Enum[:i], name) {
			return tagError(t, fmt.Sprintf("%q is there twice", name))
		}
	}
	return nil
}

func (in *Input) readChoices(t tag) error {
	if in.goType == nil || in.goType.Kind() != reflect.String {
		return tagError(t, "only string fields can be a drop-down")
	}
	if t.value == "" {
		return tagError(t, "name the list, such as \"checkpoints\"")
	}
	in.Type, in.ChoicesKey = TypeCombo, t.value
	return nil
}

// readOptions takes further options as JSON text; "{}" forces an options object where there would be none.
func (in *Input) readOptions(t tag) error {
	o, err := ojson.ParseObject([]byte(t.value), ojson.Limits{})
	if err != nil {
		return tagError(t, "not a JSON object: "+err.Error())
	}
	in.emptyOptions, in.extra = true, o
	return nil
}

// consistent checks what no tag shows alone.
func (in *Input) consistent(given tags) (wrong []error) {
	complain := func(key, problem string) {
		for _, t := range given {
			if t.key == key {
				wrong = append(wrong, tagError(t, problem))
			}
		}
	}
	if in.goType.Kind() == reflect.Uint64 {
		if n, ok := in.Min.(int64); ok && n < 0 {
			complain("min", "the field cannot hold negative numbers")
		}
	}
	if in.Min != nil && in.Max != nil && compareNumbers(in.Min, in.Max) > 0 {
		complain("min", fmt.Sprintf("larger than max=\"%v\"", in.Max))
	}
	if in.HasDefault && in.Min != nil && compareNumbers(in.Default, in.Min) < 0 {
		complain("default", fmt.Sprintf("below min=\"%v\"", in.Min))
	}
	if in.HasDefault && in.Max != nil && compareNumbers(in.Default, in.Max) > 0 {
		complain("default", fmt.Sprintf("above max=\"%v\"", in.Max))
	}
	if in.HasDefault && in.Type == TypeCombo && in.ChoicesKey == "" && !slices.Contains(in.Enum, in.Default.(string)) {
		complain("default", "not one of "+strings.Join(in.Enum, ", "))
	}
	if in.Type == TypeCombo && len(in.Enum) == 0 && in.ChoicesKey == "" && !in.typed {
		wrong = append(wrong, errors.New("a drop-down without choices"))
	}
	if in.HasDefault {
		if err := assign(reflect.New(in.goType).Elem(), in.Default); err != nil {
			complain("default", err.Error())
		}
	}
	return wrong
}
