package onnx

import (
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Read parses a ModelProto made of what Proto writes: dense tensors as raw bytes or external data, numeric and text attributes.
// Element types and shapes are known for inputs, outputs and initializers only. Other models may use parts that it refuses by
// name; an error wraps ErrProto.
func Read(model []byte) (*Graph, error) {
	var body []byte
	err := fields(model, func(f field) error {
		if f.number == modelGraph {
			body = f.data
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if body == nil {
		return nil, fmt.Errorf("model: no graph in %d bytes: %w", len(model), ErrProto)
	}
	r := reader{graph: &Graph{}, values: map[string]*Value{}}
	for _, pass := range []func(field) error{r.declarations, r.node, r.output} {
		if err := fields(body, pass); err != nil {
			return nil, fmt.Errorf("model: graph: %w", err)
		}
	}
	return r.graph, nil
}

// reader collects a graph in three passes, because messages may come in any order: what is declared, nodes, outputs.
type reader struct {
	graph  *Graph
	values map[string]*Value
}

func (r *reader) declarations(f field) error {
	switch f.number {
	case graphName:
		r.graph.Name = string(f.data)
	case graphInput:
		v, err := readValue(f.data)
		if err != nil {
			return err
		}
		r.values[v.Name] = v
		r.graph.Inputs = append(r.graph.Inputs, v)
	case graphInitializer:
		init, err := readTensor(f.data)
		if err != nil {
			return err
		}
		v := &Value{Name: init.Name, DType: init.DType, Shape: init.Shape, Init: init}
		r.values[v.Name] = v
		r.graph.Initializers = append(r.graph.Initializers, v)
	}
	return nil
}

func (r *reader) node(f field) error {
	if f.number != graphNode {
		return nil
	}
	n := &Node{}
	err := fields(f.data, func(f field) error {
		switch f.number {
		case nodeInput:
			v, ok := r.values[string(f.data)]
			if !ok && len(f.data) > 0 {
				return fmt.Errorf("a node reads %q before it is made: %w", f.data, ErrProto)
			}
			n.In = append(n.In, v)
		case nodeOutput:
			v := &Value{Name: string(f.data), Producer: n}
			r.values[v.Name] = v
			n.Out = append(n.Out, v)
		case nodeName:
			n.Name = string(f.data)
		case nodeOp:
			n.Op = string(f.data)
		case nodeDomain:
			n.Domain = string(f.data)
		case nodeAttr:
			a, err := readAttr(f.data)
			n.Attrs = append(n.Attrs, a)
			return err
		}
		return nil
	})
	r.graph.Nodes = append(r.graph.Nodes, n)
	return err
}

func (r *reader) output(f field) error {
	if f.number != graphOutput {
		return nil
	}
	declared, err := readValue(f.data)
	if err != nil {
		return err
	}
	v, ok := r.values[declared.Name]
	if !ok {
		return fmt.Errorf("output %q is made by no node: %w", declared.Name, ErrProto)
	}
	v.DType, v.Shape, v.DimNames = declared.DType, declared.Shape, declared.DimNames
	r.graph.Outputs = append(r.graph.Outputs, v)
	return nil
}

func readAttr(data []byte) (Attr, error) {
	var a Attr
	var kind uint64
	var number int64
	var text string
	var float float32
	var ints []int64
	var floats []float32
	err := fields(data, func(f field) error {
		switch f.number {
		case attrName:
			a.Name = string(f.data)
		case attrFloat:
			float = math.Float32frombits(uint32(f.bits))
		case attrInt:
			number = int64(f.bits)
		case attrString:
			text = string(f.data)
		case attrInts:
			ints = append(ints, int64(f.bits))
		case attrFloats:
			floats = append(floats, math.Float32frombits(uint32(f.bits)))
		case attrType:
			kind = f.bits
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	switch kind {
	case kindFloat:
		a.Value = float
	case kindInt:
		a.Value = number
	case kindString:
		a.Value = text
	case kindFloats:
		a.Value = floats
	case kindInts:
		a.Value = ints
	default:
		return a, fmt.Errorf("attribute %s is of kind %d: %w", a.Name, kind, ErrProto)
	}
	return a, nil
}

func readTensor(data []byte) (*Initializer, error) {
	t := &Initializer{Shape: Shape{}}
	var entries map[string]string
	err := fields(data, func(f field) error {
		switch f.number {
		case tensorDims:
			t.Shape = append(t.Shape, int64(f.bits))
		case tensorType:
			t.DType = DType(f.bits)
		case tensorName:
			t.Name = string(f.data)
		case tensorRaw:
			t.Data = f.data
		case tensorExternal:
			var key, value string
			if entries == nil {
				entries = map[string]string{}
			}
			err := fields(f.data, func(f field) error {
				switch f.number {
				case entryKey:
					key = string(f.data)
				case entryValue:
					value = string(f.data)
				}
				return nil
			})
			entries[key] = value
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if entries == nil {
		return t, t.check(int64(len(t.Data)))
	}
	t.File = &External{Path: "/" + entries["location"]}
	for key, into := range map[string]*int64{"offset": &t.File.Offset, "length": &t.File.Length} {
		if *into, err = strconv.ParseInt(entries[key], 10, 64); err != nil || *into < 0 {
			return nil, fmt.Errorf("tensor %s: external %s is %q: %w", t.Name, key, entries[key], ErrProto)
		}
	}
	return t, t.check(t.File.Length)
}

// check compares the number of bytes with type and shape.
func (t *Initializer) check(bytes int64) error {
	want := t.DType.Size()
	for _, d := range t.Shape {
		if d < 0 || (d > 0 && want > math.MaxInt64/d) {
			return fmt.Errorf("tensor %s: shape %v: %w", t.Name, t.Shape, ErrProto)
		}
		want *= d
	}
	if want != bytes || t.DType.Size() == 0 {
		return fmt.Errorf("tensor %s: %d bytes for %v of %v: %w", t.Name, bytes, t.Shape, t.DType, ErrProto)
	}
	return nil
}

func readValue(data []byte) (*Value, error) {
	v := &Value{Shape: Shape{}}
	err := fields(data, func(f field) error {
		switch f.number {
		case infoName:
			v.Name = string(f.data)
		case infoType:
			return nested(f.data, typeTensor, func(f field) error {
				switch f.number {
				case typeElem:
					v.DType = DType(f.bits)
				case typeShape:
					return nested(f.data, shapeDim, nil, v.dim)
				}
				return nil
			})
		}
		return nil
	})
	return v, err
}

// dim appends one dimension of a shape.
func (v *Value) dim(data []byte) error {
	size, name := Unknown, ""
	err := fields(data, func(f field) error {
		switch f.number {
		case dimValue:
			size = int64(f.bits)
		case dimName:
			name = string(f.data)
		}
		return nil
	})
	v.Shape, v.DimNames = append(v.Shape, size), append(v.DimNames, name)
	return err
}

// nested reads the messages of one field: each field of theirs is given to visit, or each message whole to the last argument.
func nested(data []byte, number protowire.Number, visit func(field) error, whole ...func([]byte) error) error {
	return fields(data, func(f field) error {
		if f.number != number {
			return nil
		}
		for _, w := range whole {
			return w(f.data)
		}
		return fields(f.data, visit)
	})
}

// field is one field of a message: data of a length-delimited one, bits of a number.
type field struct {
	number protowire.Number
	data   []byte
	bits   uint64
}

// fields visits the fields of a message in order.
func fields(data []byte, visit func(field) error) error {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("%w: %w", protowire.ParseError(n), ErrProto)
		}
		data = data[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.bits, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(data)
			f.bits = uint64(bits)
		case protowire.Fixed64Type:
			f.bits, n = protowire.ConsumeFixed64(data)
		case protowire.BytesType:
			f.data, n = protowire.ConsumeBytes(data)
		default:
			return fmt.Errorf("wire type %d of field %d: %w", kind, number, ErrProto)
		}
		if n < 0 {
			return fmt.Errorf("field %d: %w: %w", number, protowire.ParseError(n), ErrProto)
		}
		data = data[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}
