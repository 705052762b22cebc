package nodes

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/runtime"
)

func primitiveNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[PrimitiveString](),
		graph.Declare[PrimitiveStringMultiline](),
		graph.Declare[PrimitiveInt](),
		graph.Declare[PrimitiveFloat](),
		graph.Declare[PrimitiveBoolean](),
		graph.Declare[PreviewAny](),
	}
}

// PrimitiveString is a line of text.
type PrimitiveString struct {
	_ graph.Meta `category:"utils/primitive" title:"String" module:"comfy_extras.nodes_primitive" v3:"true"`

	Value string `multiline:"false"`
}

// Run passes the value on.
func (n PrimitiveString) Run(context.Context) (string, error) { return n.Value, nil }

// PrimitiveStringMultiline is a text.
type PrimitiveStringMultiline struct {
	_ graph.Meta `category:"utils/primitive" title:"String (Multiline)" module:"comfy_extras.nodes_primitive" v3:"true"`

	Value string `multiline:"true"`
}

// Run passes the value on.
func (n PrimitiveStringMultiline) Run(context.Context) (string, error) { return n.Value, nil }

// PrimitiveInt is a whole number.
type PrimitiveInt struct {
	_ graph.Meta `category:"utils/primitive" title:"Int" module:"comfy_extras.nodes_primitive" v3:"true"`

	Value int `min:"-9223372036854775807" max:"9223372036854775807" control:"true"`
}

// Run passes the value on.
func (n PrimitiveInt) Run(context.Context) (int, error) { return n.Value, nil }

// PrimitiveFloat is a number.
type PrimitiveFloat struct {
	_ graph.Meta `category:"utils/primitive" title:"Float" module:"comfy_extras.nodes_primitive" v3:"true"`

	Value float64 `min:"-9223372036854775807" max:"9223372036854775807"`
}

// Run passes the value on.
func (n PrimitiveFloat) Run(context.Context) (float64, error) { return n.Value, nil }

// PrimitiveBoolean is a truth value.
type PrimitiveBoolean struct {
	_ graph.Meta `category:"utils/primitive" title:"Boolean" module:"comfy_extras.nodes_primitive" v3:"true"`

	Value bool
}

// Run passes the value on.
func (n PrimitiveBoolean) Run(context.Context) (bool, error) { return n.Value, nil }

// PreviewAny shows any value as text.
type PreviewAny struct {
	_ graph.Meta `category:"utils" title:"Preview Any" module:"comfy_extras.nodes_preview_any" output:"true"`

	Source any `opts:"{}"`
}

// Run gives the text to the client.
func (n PreviewAny) Run(context.Context) (graph.UI, error) {
	return graph.UI{"text": {describe(n.Source)}}, nil
}

// describe is the text of a value: Python's str of simple ones, JSON of lists and objects, type and shape of tensors.
func describe(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any, *ojson.Object:
		text, err := ojson.Marshal(v, ojson.Python)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	case nil, bool, int64, uint64, float64:
		return ojson.PythonRepr(v)
	case int:
		return ojson.PythonRepr(int64(v))
	case float32:
		return ojson.PythonRepr(float64(v))
	case runtime.Image:
		return fmt.Sprintf("IMAGE %v", v.Shape)
	case runtime.Mask:
		return fmt.Sprintf("MASK %v", v.Shape)
	case runtime.Latent:
		return fmt.Sprintf("LATENT %v", v.Samples.Shape)
	case graph.Socket:
		return v.Socket()
	}
	return fmt.Sprintf("%T", v)
}
