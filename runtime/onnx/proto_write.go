package onnx

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of onnx.proto (github.com/onnx/onnx, IR version 10), by message.
const (
	modelIRVersion, modelProducer, modelGraph, modelOpset = 1, 2, 7, 8
	opsetDomain, opsetVersion                             = 1, 2
	graphNode, graphName, graphInitializer                = 1, 2, 5
	graphInput, graphOutput, graphValueInfo               = 11, 12, 13
	nodeInput, nodeOutput, nodeName, nodeOp, nodeAttr     = 1, 2, 3, 4, 5
	nodeDomain                                            = 7
	attrName, attrFloat, attrInt, attrString              = 1, 2, 3, 4
	attrFloats, attrInts, attrType                        = 7, 8, 20
	tensorDims, tensorType, tensorName, tensorRaw         = 1, 2, 8, 9
	tensorExternal, tensorLocation                        = 13, 14
	entryKey, entryValue                                  = 1, 2
	infoName, infoType                                    = 1, 2
	typeTensor                                            = 1
	typeElem, typeShape                                   = 1, 2
	shapeDim                                              = 1
	dimValue, dimName                                     = 1, 2
)

// Kinds of attributes in AttributeProto.type.
const (
	kindFloat, kindInt, kindString = 1, 2, 3
	kindFloats, kindInts           = 6, 7
)

// maxProto is the size protobuf readers accept; larger weights belong in files.
const maxProto = math.MaxInt32

// Proto writes the graph as a ModelProto. Weights in files are external data with a location relative to "/", so the session
// needs session.model_external_initializers_file_folder_path set to "/".
func (g *Graph) Proto() ([]byte, error) {
	body, err := g.proto()
	if err != nil {
		return nil, fmt.Errorf("graph %s: %w", g.Name, err)
	}
	var m message
	m.varint(modelIRVersion, irVersion)
	m.text(modelProducer, "oneactor")
	m.bytes(modelGraph, body)
	for _, set := range []struct {
		domain  string
		version uint64
	}{{"", Opset}, {Micro, OpsetMicro}} {
		var o message
		o.text(opsetDomain, set.domain)
		o.varint(opsetVersion, set.version)
		m.bytes(modelOpset, o)
	}
	if len(m) > maxProto {
		return nil, fmt.Errorf("graph %s: %d bytes are more than a model file may have (%d); keep the weights in a file", g.Name, len(m), maxProto)
	}
	return m, nil
}

func (g *Graph) proto() (message, error) {
	var m message
	for _, n := range g.Nodes {
		node, err := nodeProto(n)
		if err != nil {
			return nil, err
		}
		m.bytes(graphNode, node)
	}
	m.text(graphName, g.Name)
	for _, v := range g.Initializers {
		tensor, err := tensorProto(v.Init)
		if err != nil {
			return nil, err
		}
		m.bytes(graphInitializer, tensor)
	}
	for _, v := range g.Inputs {
		m.bytes(graphInput, valueProto(v))
	}
	for _, v := range g.Outputs {
		m.bytes(graphOutput, valueProto(v))
	}
	return m, nil
}

func nodeProto(n *Node) (message, error) {
	var m message
	for _, v := range n.In {
		if v == nil {
			m.text(nodeInput, "")
			continue
		}
		m.text(nodeInput, v.Name)
	}
	for _, v := range n.Out {
		m.text(nodeOutput, v.Name)
	}
	m.text(nodeName, n.Name)
	m.text(nodeOp, n.Op)
	for _, a := range n.Attrs {
		attr, err := attrProto(a)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Name, err)
		}
		m.bytes(nodeAttr, attr)
	}
	if n.Domain != "" {
		m.text(nodeDomain, n.Domain)
	}
	return m, nil
}

func attrProto(a Attr) (message, error) {
	var m message
	m.text(attrName, a.Name)
	kind := uint64(0)
	switch v := a.Value.(type) {
	case float32:
		kind = kindFloat
		m.float(attrFloat, v)
	case int64:
		kind = kindInt
		m.varint(attrInt, uint64(v))
	case string:
		kind = kindString
		m.text(attrString, v)
	case []float32:
		kind = kindFloats
		for _, f := range v {
			m.float(attrFloats, f)
		}
	case []int64:
		kind = kindInts
		for _, i := range v {
			m.varint(attrInts, uint64(i))
		}
	default:
		return nil, fmt.Errorf("attribute %s is a %T", a.Name, a.Value)
	}
	m.varint(attrType, kind)
	return m, nil
}

func tensorProto(t *Initializer) (message, error) {
	var m message
	for _, d := range t.Shape {
		m.varint(tensorDims, uint64(d))
	}
	m.varint(tensorType, uint64(t.DType))
	m.text(tensorName, t.Name)
	if t.File == nil {
		m.bytes(tensorRaw, t.Data)
		return m, nil
	}
	if !filepath.IsAbs(t.File.Path) {
		return nil, fmt.Errorf("weight %s: path %q is not absolute", t.Name, t.File.Path)
	}
	for _, e := range [][2]string{
		{"location", strings.TrimPrefix(filepath.ToSlash(t.File.Path), "/")},
		{"offset", strconv.FormatInt(t.File.Offset, 10)},
		{"length", strconv.FormatInt(t.File.Length, 10)},
	} {
		var entry message
		entry.text(entryKey, e[0])
		entry.text(entryValue, e[1])
		m.bytes(tensorExternal, entry)
	}
	m.varint(tensorLocation, 1)
	return m, nil
}

func valueProto(v *Value) message {
	var shape message
	for i, d := range v.Shape {
		var dim message
		switch {
		case d != Unknown:
			dim.varint(dimValue, uint64(d))
		case i < len(v.DimNames) && v.DimNames[i] != "":
			dim.text(dimName, v.DimNames[i])
		}
		shape.bytes(shapeDim, dim)
	}
	var tensor, kind, m message
	tensor.varint(typeElem, uint64(v.DType))
	tensor.bytes(typeShape, shape)
	kind.bytes(typeTensor, tensor)
	m.text(infoName, v.Name)
	m.bytes(infoType, kind)
	return m
}

// message is protobuf in the making.
type message []byte

func (m *message) varint(field protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), v)
}

func (m *message) float(field protowire.Number, f float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(f))
}

func (m *message) text(field protowire.Number, s string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), s)
}

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}

// ErrProto is wrapped by errors about bytes that are not a model this package can read.
var ErrProto = errors.New("not a readable ONNX model")
