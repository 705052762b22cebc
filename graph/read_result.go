package graph

import (
	"fmt"
	"reflect"
)

type resultKind uint8

const (
	resultNone    resultKind = iota // Run returns only an error
	resultUI                        // graph.UI alone
	resultExpand                    // *graph.Expansion alone
	resultSingle                    // the value is the only socket
	resultStruct                    // one socket per field
	resultDefined                   // a Produced
)

// resultShape says how the outputs are taken from what Run returns.
type resultShape struct {
	kind   resultKind
	fields []int // struct field of each output
	ui     int   // field of type UI, or -1
	expand int   // field of type *Expansion, or -1
}

var (
	uiType        = reflect.TypeFor[UI]()
	expansionType = reflect.TypeFor[*Expansion]()
	maybeType     = reflect.TypeFor[interface{ unwrapMaybe() any }]()
	listType      = reflect.TypeFor[interface{ unwrapList() []any }]()
)

var outputKeys = []string{"out", "type", "doc"}

// readResult reads the first result of Run.
func readResult(t reflect.Type) (resultShape, []*Output, []error) {
	shape := resultShape{ui: -1, expand: -1}
	switch t {
	case uiType:
		shape.kind = resultUI
		return shape, nil, nil
	case expansionType:
		shape.kind = resultExpand
		return shape, nil, nil
	}
	if _, socket := instance(t, socketType); t.Kind() == reflect.Struct && !socket && !t.Implements(maybeType) {
		return readResultStruct(t, shape)
	}
	shape.kind = resultSingle
	out := &Output{}
	if err := out.readType(t); err != nil {
		return shape, nil, []error{err}
	}
	out.Name = out.Type
	return shape, []*Output{out}, nil
}

func readResultStruct(t reflect.Type, shape resultShape) (resultShape, []*Output, []error) {
	shape.kind = resultStruct
	var outputs []*Output
	var wrong []error
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Type == uiType:
			shape.ui = i
			continue
		case f.Type == expansionType:
			shape.expand = i
			continue
		case !f.IsExported():
			wrong = append(wrong, fmt.Errorf("field %s: not exported; the engine can only read exported fields", f.Name))
			continue
		}
		out := &Output{}
		if err := out.readField(f); err != nil {
			wrong = append(wrong, fmt.Errorf("field %s: %w", f.Name, err))
		}
		outputs = append(outputs, out)
		shape.fields = append(shape.fields, i)
	}
	return shape, outputs, wrong
}

func (out *Output) readField(f reflect.StructField) error {
	given, err := parseTags(f.Tag)
	if err != nil {
		return err
	}
	typeErr := out.readType(f.Type)
	for _, t := range given {
		switch t.key {
		case "out":
			out.Name = t.value
		case "type":
			out.Type, typeErr = t.value, nil
		case "doc":
			out.Doc = t.value
		default:
			return unknownTag(t, outputKeys)
		}
	}
	if out.Name == "" {
		out.Name = out.Type
	}
	return typeErr
}

// readType finds the socket type; List and Maybe stand for the type inside them.
func (out *Output) readType(t reflect.Type) (err error) {
	if t.Implements(listType) {
		out.List = true
		t = t.Elem()
	}
	if t.Implements(maybeType) {
		f, _ := t.FieldByName("value")
		t = f.Type
	}
	out.Type, out.Enum, err = wireType(t)
	return err
}
