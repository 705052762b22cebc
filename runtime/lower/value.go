package lower

import (
	"github.com/oneactor/oneactor/runtime/onnx"
)

// form is how a value of the old graph is held in the new one.
type form struct {
	dtype onnx.DType
	last  bool // a picture [B,C,H,W] is held as [B,H,W,C]
}

// value is a value of the old graph in the new one.
type value struct {
	old      *onnx.Value
	natural  form // the form it is made in
	forms    map[form]*onnx.Value
	make     func() *onnx.Value // the natural form, on the first need; nil when it is there
	terms    *terms             // what it is a sum of, while it is not made
	other    func(f form) *onnx.Value
	constant bool // onnxruntime works it out while it loads the graph
	input    bool // an input of the graph, whose unknown sizes may turn out to be 1
}

// terms are a sum that nobody has written yet: core + bias + skip, in the natural form of the value. Bias is a vector over the last axis.
type terms struct {
	core func() *onnx.Value
	bias *value // nil for none
	skip *value // nil for none
}

func made(old *onnx.Value, f form, v *onnx.Value) *value {
	return &value{old: old, natural: f, forms: map[form]*onnx.Value{f: v}}
}

// later is a value that is made when somebody reads it.
func later(f form, make func() *onnx.Value) *value {
	return &value{natural: f, forms: map[form]*onnx.Value{}, make: make}
}

// set says that the natural form has been made.
func (v *value) set(made *onnx.Value) {
	v.forms[v.natural] = made
	v.make, v.terms = nil, nil
}

// get is v in a form.
func (l *lowering) get(v *value, f form) *onnx.Value {
	if !isPicture(v) {
		f.last = false
	}
	if got, ok := v.forms[f]; ok {
		return got
	}
	if v.other != nil && f.last != v.natural.last {
		if got := v.other(f); got != nil {
			v.forms[f] = got
			return got
		}
	}
	if v.make != nil {
		v.set(v.make())
	}
	got := v.forms[v.natural]
	from := v.natural
	if w, ok := v.forms[form{f.dtype, from.last}]; ok {
		got, from = w, form{f.dtype, from.last}
	} else if w, ok := v.forms[form{from.dtype, f.last}]; ok {
		got, from = w, form{from.dtype, f.last}
	}
	if from.dtype != f.dtype && isFloat(from.dtype) && isFloat(f.dtype) {
		got = l.Cast(got, f.dtype)
		v.forms[form{f.dtype, from.last}] = got
	}
	if from.last != f.last {
		got = l.turn(got, f.last)
	}
	v.forms[f] = got
	return got
}

// turn moves the channels of a picture behind the others, or back.
func (l *lowering) turn(v *onnx.Value, last bool) *onnx.Value {
	if last {
		return l.Transpose(v, 0, 2, 3, 1)
	}
	return l.Transpose(v, 0, 3, 1, 2)
}

func isPicture(v *value) bool { return v.old == nil || len(v.old.Shape) == 4 }

func isFloat(t onnx.DType) bool {
	return t == onnx.Float32 || t == onnx.Float16 || t == onnx.BFloat16 || t == onnx.Float64
}

// full and half are the types of float values: as in the old graph, and the compute type.
const full = onnx.Float32

func (l *lowering) half() onnx.DType { return l.options.Compute }

// rows is v with channels where the old graph has them.
func (l *lowering) rows(v *value) *onnx.Value { return l.get(v, form{l.half(), false}) }

// picture is v with channels last.
func (l *lowering) picture(v *value) *onnx.Value { return l.get(v, form{l.half(), true}) }

// vector is a constant of C values in some shape as [C].
func (l *lowering) vector(v *value, t onnx.DType) *onnx.Value {
	return l.Reshape(l.get(v, form{t, false}), v.old.Shape.Count())
}
