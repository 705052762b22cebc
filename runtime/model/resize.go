package model

import (
	"github.com/oneactor/oneactor/runtime/onnx"
)

// Resizing is a way to give a picture another size inside a graph.
type Resizing string

// The ways; all methods that are linear in the values share one.
const (
	ByMatrix Resizing = "matrix" // rows·x·columnsᵀ; inputs "rows" [h',h] and "columns" [w',w]
	ByArc    Resizing = "arc"    // along the arc between neighbours; inputs "rows.lo", "rows.hi" int64 [h'], "rows.ratio" [h'], and for "columns"
)

// resizer declares the inputs of a resizing under a prefix and returns what resizes pictures [B,C,H,W] by them.
func (n *net) resizer(prefix string, how Resizing) func(x *onnx.Value) *onnx.Value {
	if how == ByArc {
		columns, rows := n.arcs(prefix+"columns", 3), n.arcs(prefix+"rows", 2)
		return func(x *onnx.Value) *onnx.Value { return rows(columns(x)) }
	}
	rows := n.Input(prefix+"rows", onnx.Float32, prefix+"new height", prefix+"height")
	columns := n.Input(prefix+"columns", onnx.Float32, prefix+"new width", prefix+"width")
	return func(x *onnx.Value) *onnx.Value {
		return n.MatMul(rows, n.MatMul(x, n.Transpose(columns, 1, 0)))
	}
}

// arcs declares where the cells of one axis come from and returns what mixes them.
func (n *net) arcs(prefix string, axis int64) func(x *onnx.Value) *onnx.Value {
	lo := n.Input(prefix+".lo", onnx.Int64, prefix)
	hi := n.Input(prefix+".hi", onnx.Int64, prefix)
	ratio := n.Input(prefix+".ratio", onnx.Float32, prefix)
	return func(x *onnx.Value) *onnx.Value {
		r := ratio
		if axis == 2 {
			r = n.Unsqueeze(ratio, 1)
		}
		return n.slerp(n.Gather(x, lo, axis), n.Gather(x, hi, axis), r)
	}
}

// slerp goes the part r of the way from a to b [B,C,H,W]: the direction of the vectors along axis 1 changes along the arc between them,
// their length linearly. Vectors that nearly agree give a, opposite ones the straight mix.
func (n *net) slerp(a, b, r *onnx.Value) *onnx.Value {
	const (
		parallelTo = 1e-5
		tiny       = 1e-30 // a vector of 0 has the direction 0
	)
	length := func(v *onnx.Value) *onnx.Value { return n.Op("Sqrt", n.Op("ReduceSumSquare", v, n.Ints(1))) }
	lengthA, lengthB := length(a), length(b)
	unitA := n.Op("Div", a, n.Op("Max", lengthA, n.Scalar(tiny)))
	unitB := n.Op("Div", b, n.Op("Max", lengthB, n.Scalar(tiny)))
	dot := n.Op("ReduceSum", n.Mul(unitA, unitB), n.Ints(1)) // [B,1,H,W]
	angle := n.Op("Acos", dot)
	rest := n.Sub(n.Scalar(1), r)
	part := func(share, unit *onnx.Value) *onnx.Value {
		return n.Mul(n.Op("Div", n.Op("Sin", n.Mul(share, angle)), n.Op("Sin", angle)), unit)
	}
	arc := n.Add(part(rest, unitA), part(r, unitB))
	arc = n.Mul(arc, n.Add(n.Mul(lengthA, rest), n.Mul(lengthB, r)))
	straight := n.Add(n.Mul(a, rest), n.Mul(b, r))
	mixed := n.Op("Where", n.Op("Less", dot, n.Scalar(parallelTo-1)), straight, arc)
	return n.Op("Where", n.Op("Greater", dot, n.Scalar(1-parallelTo)), a, mixed)
}
