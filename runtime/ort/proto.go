package ort

import (
	"errors"
	"fmt"
	"strconv"

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
	stored  int64 // as they are stored
	float32 int64 // with float types below 32 bits widened
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
	tensorRaw          = 9
	tensorExternalData = 13
	tensorDataLocation = 14
	entryKey           = 1
	entryValue         = 2

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
	err := fields(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		graphs++
		return fields(f.value, func(f field) error {
			switch f.number {
			case graphInitializer:
				name, err := s.weights.add(f.value)
				initialized[name] = true
				return err
			case graphInput, graphOutput:
				p, err := readPort(f.value)
				if f.number == graphInput {
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
	t, err := readTensor(b)
	bytes := t.count() * int64(t.dtype.Size())
	w.stored += bytes
	if t.dtype == Float16 || t.dtype == BFloat16 || t.dtype == float8E4M3 || t.dtype == float8E5M2 {
		bytes = t.count() * 4
	}
	w.float32 += bytes
	return t.name, err
}

// storedTensor is a TensorProto without its values.
type storedTensor struct {
	name           string
	dtype          DType
	shape          []int64
	path           string // absolute; empty when the values are in the model
	offset, length int64
}

func (t storedTensor) count() int64 {
	n := int64(1)
	for _, d := range t.shape {
		n *= d
	}
	return n
}

func readTensor(b []byte) (t storedTensor, err error) {
	external := false
	err = fields(b, func(f field) error {
		switch f.number {
		case tensorDims:
			dims, err := f.numbers()
			t.shape = append(t.shape, dims...)
			return err
		case tensorType:
			t.dtype = DType(f.n)
		case tensorName:
			t.name = string(f.value)
		case tensorDataLocation:
			external = f.n == dataLocationFile
		case tensorExternalData:
			return t.readLocation(f.value)
		}
		return nil
	})
	if !external {
		t.path, t.offset, t.length = "", 0, 0
	}
	return t, err
}

// readLocation reads one StringStringEntryProto about external data; entries of other keys, such as a checksum, are passed over.
func (t *storedTensor) readLocation(b []byte) error {
	var key, value string
	err := fields(b, func(f field) error {
		switch f.number {
		case entryKey:
			key = string(f.value)
		case entryValue:
			value = string(f.value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch key {
	case "location":
		t.path = "/" + value
	case "offset":
		t.offset, err = strconv.ParseInt(value, 10, 64)
	case "length":
		t.length, err = strconv.ParseInt(value, 10, 64)
	}
	return err
}

// readPort reads a ValueInfoProto.
func readPort(b []byte) (p Port, err error) {
	err = fields(b, func(f field) error {
		switch f.number {
		case valueName:
			p.Name = string(f.value)
		case valueType:
			return fields(f.value, func(f field) error {
				if f.number != typeTensor {
					return nil
				}
				return p.readTensorType(f.value)
			})
		}
		return nil
	})
	return p, err
}

func (p *Port) readTensorType(b []byte) error {
	return fields(b, func(f field) error {
		switch f.number {
		case tensorElemType:
			p.DType = DType(f.n)
		case tensorShape:
			p.Shape = []int{} // known, maybe a scalar; nil means that nothing was said
			return fields(f.value, func(f field) error {
				if f.number != shapeDim {
					return nil
				}
				size, name := -1, ""
				err := fields(f.value, func(f field) error {
					switch f.number {
					case dimValue:
						size = int(f.n)
					case dimParam:
						name = string(f.value)
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

// field is one field of a message: value for bytes (never nil then), n for numbers, raw for all of it with its tag.
type field struct {
	number protowire.Number
	value  []byte
	n      uint64
	raw    []byte
}

// numbers are the values of a repeated whole number, packed or not.
func (f field) numbers() ([]int64, error) {
	if f.value == nil {
		return []int64{int64(f.n)}, nil
	}
	var out []int64
	for b := f.value; len(b) > 0; {
		n, size := protowire.ConsumeVarint(b)
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		out, b = append(out, int64(n)), b[size:]
	}
	return out, nil
}

// fields calls visit for each field of a message.
func fields(b []byte, visit func(f field) error) error {
	for len(b) > 0 {
		number, kind, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return protowire.ParseError(tag)
		}
		f, size := field{number: number}, 0
		switch kind {
		case protowire.BytesType:
			if f.value, size = protowire.ConsumeBytes(b[tag:]); f.value == nil {
				f.value = []byte{}
			}
		case protowire.VarintType:
			f.n, size = protowire.ConsumeVarint(b[tag:])
		default:
			size = protowire.ConsumeFieldValue(number, kind, b[tag:])
		}
		if size < 0 {
			return protowire.ParseError(size)
		}
		f.raw = b[:tag+size]
		if err := visit(f); err != nil {
			return err
		}
		b = b[tag+size:]
	}
	return nil
}

// identityModel is y = Identity(x) on float32 [1]: the smallest graph that shows whether a device works.
func identityModel() []byte {
	one := []int64{1}
	node := appendText(appendText(appendText(nil, nodeInput, "x"), nodeOutput, "y"), nodeOp, "Identity")
	graph := appendText(appendBytes(nil, graphNode, node), 2, "identity")
	graph = appendBytes(appendBytes(graph, graphInput, appendPort("x", Float32, one)), graphOutput, appendPort("y", Float32, one))
	model := appendBytes(appendNumber(nil, 1, 8), modelGraph, graph)          // ir_version
	return appendBytes(model, 8, appendNumber(appendText(nil, 1, ""), 2, 17)) // opset_import
}
