package ort

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrModel is wrapped when model bytes are not a ModelProto.
var ErrModel = errors.New("not an ONNX model")

// Port is an input or output of a graph. A size of -1 is free; its Name in Dims tells which sizes must agree.
type Port struct {
	Name  string
	DType DType
	Shape []int
	Dims  []string // name of each free size, or ""
}

// signature is what a session needs to know about its model: the wrapper wants the names beforehand, and wrong inputs
// are found by comparing with it.
type signature struct {
	inputs  []Port // without initializers that have an input of the same name
	outputs []Port // float32 ones; the wrapper can not give the others back
	weights weightBytes
}

// weightBytes sums the initializers.
type weightBytes struct {
	stored   int64 // as they are stored
	external int64 // the part of stored that lies in other files
	float32  int64 // with float types below 32 bits widened, as folding their Cast does
}

// Field numbers of onnx.proto3 that are read here.
const (
	modelGraph = 7

	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12

	tensorDims         = 1
	tensorType         = 2
	tensorName         = 8
	tensorDataLocation = 14

	valueName        = 1
	valueType        = 2
	typeTensor       = 1
	tensorElemType   = 1
	tensorShape      = 2
	shapeDim         = 1
	dimValue         = 1
	dimParam         = 2
	dataLocationFile = 1
)

// readSignature walks the model once; it looks at names, types and sizes, never at weights.
func readSignature(model []byte) (signature, error) {
	var s signature
	var inputs []Port
	initialized := map[string]bool{}
	graphs := 0
	err := fields(model, func(number protowire.Number, value []byte, _ uint64) error {
		if number != modelGraph {
			return nil
		}
		graphs++
		return fields(value, func(number protowire.Number, value []byte, _ uint64) error {
			switch number {
			case graphInitializer:
				name, err := s.weights.add(value)
				initialized[name] = true
				return err
			case graphInput, graphOutput:
				p, err := readPort(value)
				if number == graphInput {
					inputs = append(inputs, p)
				} else if p.DType == Float32 {
					s.outputs = append(s.outputs, p)
				}
				return err
			}
			return nil
		})
	})
	if err == nil && graphs != 1 {
		err = fmt.Errorf("%d graphs", graphs)
	}
	if err != nil {
		return signature{}, fmt.Errorf("%w: %w", ErrModel, err)
	}
	for _, p := range inputs {
		if !initialized[p.Name] {
			s.inputs = append(s.inputs, p)
		}
	}
	return s, nil
}

// add counts one TensorProto and returns its name.
func (w *weightBytes) add(b []byte) (name string, err error) {
	count, dtype, external := int64(1), DType(0), false
	err = fields(b, func(number protowire.Number, value []byte, n uint64) error {
		switch number {
		case tensorDims:
			if value == nil {
				count *= int64(n)
				return nil
			}
			for len(value) > 0 {
				d, size := protowire.ConsumeVarint(value)
				if size < 0 {
					return protowire.ParseError(size)
				}
				count, value = count*int64(d), value[size:]
			}
		case tensorType:
			dtype = DType(n)
		case tensorName:
			name = string(value)
		case tensorDataLocation:
			external = n == dataLocationFile
		}
		return nil
	})
	bytes := count * int64(dtype.Size())
	w.stored += bytes
	if external {
		w.external += bytes
	}
	if dtype == Float16 || dtype == BFloat16 || dtype == 17 || dtype == 19 {
		bytes = count * 4
	}
	w.float32 += bytes
	return name, err
}

// readPort reads a ValueInfoProto.
func readPort(b []byte) (p Port, err error) {
	err = fields(b, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case valueName:
			p.Name = string(value)
		case valueType:
			return fields(value, func(number protowire.Number, value []byte, _ uint64) error {
				if number != typeTensor {
					return nil
				}
				return p.readTensorType(value)
			})
		}
		return nil
	})
	return p, err
}

func (p *Port) readTensorType(b []byte) error {
	return fields(b, func(number protowire.Number, value []byte, n uint64) error {
		switch number {
		case tensorElemType:
			p.DType = DType(n)
		case tensorShape:
			p.Shape = []int{} // known, maybe a scalar; nil means that nothing was said
			return fields(value, func(number protowire.Number, value []byte, _ uint64) error {
				if number != shapeDim {
					return nil
				}
				size, name := -1, ""
				err := fields(value, func(number protowire.Number, value []byte, n uint64) error {
					switch number {
					case dimValue:
						size = int(n)
					case dimParam:
						name = string(value)
					}
					return nil
				})
				p.Shape, p.Dims = append(p.Shape, size), append(p.Dims, name)
				return err
			})
		}
		return nil
	})
}

// fields calls visit for each field of a message: value for bytes (never nil), n for numbers.
func fields(b []byte, visit func(number protowire.Number, value []byte, n uint64) error) error {
	for len(b) > 0 {
		number, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return protowire.ParseError(size)
		}
		b = b[size:]
		var value []byte
		var n uint64
		switch kind {
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(b)
			if value == nil {
				value = []byte{}
			}
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(b)
		default:
			size = protowire.ConsumeFieldValue(number, kind, b)
		}
		if size < 0 {
			return protowire.ParseError(size)
		}
		if err := visit(number, value, n); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// identityModel is y = Identity(x) on float32 [1]: the smallest graph that shows whether a device works.
func identityModel() []byte {
	text := func(b []byte, number protowire.Number, s string) []byte {
		return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), s)
	}
	message := func(b []byte, number protowire.Number, m []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), m)
	}
	number := func(b []byte, field protowire.Number, n uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
	}
	port := func(name string) []byte {
		shape := message(nil, shapeDim, number(nil, dimValue, 1))
		tensor := message(number(nil, tensorElemType, uint64(Float32)), tensorShape, shape)
		return message(text(nil, valueName, name), valueType, message(nil, typeTensor, tensor))
	}
	node := text(text(text(nil, 1, "x"), 2, "y"), 4, "Identity")
	graph := text(message(nil, 1, node), 2, "identity")
	graph = message(message(graph, graphInput, port("x")), graphOutput, port("y"))
	model := message(number(nil, 1, 8), modelGraph, graph)    // ir_version
	return message(model, 8, number(text(nil, 1, ""), 2, 17)) // opset_import
}
