package ort_test

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/oneactor/oneactor/runtime/ort"
)

// model writes a ModelProto field by field, so that these tests need no other package of ours.
type model struct{ graph []byte }

func bytesField(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func textField(b []byte, n protowire.Number, v string) []byte { return bytesField(b, n, []byte(v)) }

func numberField(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

// port is a ValueInfoProto; a size is an int, or a string for a named free one.
func port(name string, t ort.DType, shape ...any) []byte {
	var dims []byte
	for _, s := range shape {
		switch s := s.(type) {
		case int:
			dims = bytesField(dims, 1, numberField(nil, 1, uint64(s)))
		case string:
			dims = bytesField(dims, 1, textField(nil, 2, s))
		}
	}
	tensor := bytesField(numberField(nil, 1, uint64(t)), 2, dims)
	return bytesField(textField(nil, 1, name), 2, bytesField(nil, 1, tensor))
}

func (m *model) input(name string, t ort.DType, shape ...any) *model {
	m.graph = bytesField(m.graph, 11, port(name, t, shape...))
	return m
}

func (m *model) output(name string, t ort.DType, shape ...any) *model {
	m.graph = bytesField(m.graph, 12, port(name, t, shape...))
	return m
}

// intAttr is an AttributeProto.
func intAttr(name string, v int) []byte {
	return numberField(numberField(textField(nil, 1, name), 3, uint64(v)), 20, 2)
}

func (m *model) node(op string, in []string, out string, attrs ...[]byte) *model {
	var b []byte
	for _, name := range in {
		b = textField(b, 1, name)
	}
	b = textField(textField(b, 2, out), 4, op)
	for _, a := range attrs {
		b = bytesField(b, 5, a)
	}
	m.graph = bytesField(m.graph, 1, b)
	return m
}

// external adds an initializer that lies in another file.
func (m *model) external(name string, t ort.DType, location string, offset, length int, shape ...int) *model {
	var b []byte
	for _, d := range shape {
		b = numberField(b, 1, uint64(d))
	}
	b = textField(numberField(b, 2, uint64(t)), 8, name)
	for _, entry := range [][2]string{{"location", location}, {"offset", strconv.Itoa(offset)}, {"length", strconv.Itoa(length)}} {
		b = bytesField(b, 13, textField(textField(nil, 1, entry[0]), 2, entry[1]))
	}
	m.graph = bytesField(m.graph, 5, numberField(b, 14, 1))
	return m
}

func (m *model) bytes() []byte {
	b := bytesField(numberField(nil, 1, 8), 7, textField(m.graph, 2, "test"))
	return bytesField(b, 8, numberField(nil, 2, 17))
}

// double is y = x + x on [N].
func double() []byte {
	return new(model).input("x", ort.Float32, "N").output("y", ort.Float32, "N").node("Add", []string{"x", "x"}, "y").bytes()
}
