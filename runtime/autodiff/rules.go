package autodiff

import "github.com/oneactor/oneactor/runtime/onnx"

// rule returns one gradient per input of u (nil where none is wanted or none flows), given dy, the gradient of each output (nil where
// none flows). It need not undo broadcasting: backward sums each result back to the shape of its input.
type rule func(b *backward, u *unit, dy []*onnx.Value) []*onnx.Value

// rules covers every operator of onnx.Operators; one without a derivative is listed as stop, not left out.
var rules = map[string]rule{
	"Identity":   same,
	"Cast":       same,
	"Neg":        negate,
	"Sqrt":       squareRoot,
	"Reciprocal": reciprocal,
	"Exp":        exponential,
	"Log":        logarithm,
	"Erf":        errorFunction,
	"Sin":        sine,
	"Cos":        cosine,
	"Acos":       arcCosine,
	"Tanh":       tanh,
	"Sigmoid":    sigmoid,
	"Relu":       relu,
	"LeakyRelu":  leakyRelu,
	"PRelu":      pRelu,
	"Gelu":       gelu,
	"Abs":        absolute,
	"Sign":       stop, // constant wherever it is smooth
	"Clip":       clip,
	"Softmax":    softmax,
	"Trilu":      triangle,
	"Add":        add,
	"Sub":        subtract,
	"Mul":        multiply,
	"Div":        divide,
	"Pow":        power,
	"Min":        extreme("Less"),
	"Max":        extreme("Greater"),
	"Where":      where,

	"Equal":          stop, // boolean
	"Greater":        stop, // boolean
	"GreaterOrEqual": stop, // boolean
	"Less":           stop, // boolean

	"Reshape":         likeInput,
	"Transpose":       transpose,
	"Unsqueeze":       likeInput,
	"Squeeze":         likeInput,
	"Concat":          concat,
	"Split":           split,
	"Slice":           slice,
	"Shape":           stop, // sizes
	"Gather":          gather,
	"ScatterElements": scatter,
	"ScatterND":       scatterND,
	"Expand":          same,
	"Range":           stop, // whole numbers
	"TopK":            stop, // a choice; what was chosen is gathered
	"ConstantOfShape": stop, // reads sizes only
	"Pad":             pad,
	"DepthToSpace":    depthToSpace,
	"SpaceToDepth":    spaceToDepth,
	"Resize":          resize,

	"ReduceSum":       reduceSum,
	"ReduceMean":      reduceMean,
	"ReduceSumSquare": reduceSumSquare,
	"ReduceMax":       reduceMax,

	"MatMul":        matMul,
	"Gemm":          gemm,
	"Conv":          conv,
	"ConvTranspose": convTranspose,

	"InstanceNormalization": instanceNorm,
	"LayerNormalization":    layerNorm,

	"com.microsoft::QuickGelu":          quickGelu,
	"com.microsoft::FusedMatMul":        fusedMatMul,
	"com.microsoft::MultiHeadAttention": multiHeadAttention,
}

// composite is the rule of a group of nodes, for the units that it takes; the others are differentiated node by node.
type composite struct {
	rule  rule
	takes func(u *unit) bool
}

// groups are the kinds of onnx.Group that have a shorter gradient as a whole than node by node.
var groups = map[string]composite{
	"GroupNorm":     {groupNorm, always},
	"GroupNormSiLU": {groupNormSilu, always},
	"GEGLU":         {geglu, always},
	"Attention":     {attentionRows, always},
	"UpsampleConv":  {upsampleConv, func(u *unit) bool { return !u.needs(1) && !u.needs(2) }},
}

func always(*unit) bool { return true }

// stop is the row of an operator through which no gradient flows: no rule.
var stop rule

// stops says whether an operator is listed as stop.
func stops(op string) bool {
	r, ok := rules[op]
	return ok && r == nil
}

// missing is the rule of an operator without a row.
func missing(b *backward, u *unit, _ []*onnx.Value) []*onnx.Value {
	b.failf("operator %s (node %s) has no row in the table of rules", u.kind, u.name)
	return nil
}
