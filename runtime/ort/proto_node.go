package ort

import "google.golang.org/protobuf/encoding/protowire"

// nodeInfo is what matters here of a NodeProto.
type nodeInfo struct {
	op        string
	in, out   []string
	to        DType   // attribute of Cast
	perm      []int64 // attribute of Transpose
	subgraphs bool
}

// Field numbers of NodeProto and AttributeProto.
const (
	graphNode = 1

	nodeInput     = 1
	nodeOutput    = 2
	nodeOp        = 4
	nodeAttribute = 5

	attributeName   = 1
	attributeInt    = 3
	attributeInts   = 8
	attributeGraph  = 6
	attributeGraphs = 11
	attributeType   = 20

	attributeTypeInt = 2
)

func readNode(b []byte) (n nodeInfo, err error) {
	err = fields(b, func(f field) error {
		switch f.number {
		case nodeInput:
			n.in = append(n.in, string(f.value))
		case nodeOutput:
			n.out = append(n.out, string(f.value))
		case nodeOp:
			n.op = string(f.value)
		case nodeAttribute:
			name, value, ints := "", uint64(0), []int64(nil)
			err := fields(f.value, func(f field) error {
				switch f.number {
				case attributeName:
					name = string(f.value)
				case attributeInt:
					value = f.n
				case attributeInts:
					numbers, err := f.numbers()
					ints = append(ints, numbers...)
					return err
				case attributeGraph, attributeGraphs:
					n.subgraphs = true
				}
				return nil
			})
			switch name {
			case "to":
				n.to = DType(value)
			case "perm":
				n.perm = ints
			}
			return err
		}
		return nil
	})
	return n, err
}

// appendPort is a ValueInfoProto of a tensor of known shape.
func appendPort(name string, t DType, sizes []int64) []byte {
	var shape []byte
	for _, d := range sizes {
		shape = appendBytes(shape, shapeDim, appendNumber(nil, dimValue, uint64(d)))
	}
	tensor := appendBytes(appendNumber(nil, tensorElemType, uint64(t)), tensorShape, shape)
	return appendBytes(appendText(nil, valueName, name), valueType, appendBytes(nil, typeTensor, tensor))
}

func appendBytes(b []byte, number protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
}

func appendText(b []byte, number protowire.Number, v string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), v)
}

func appendNumber(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}
