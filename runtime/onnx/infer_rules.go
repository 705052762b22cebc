package onnx

import (
	"maps"
	"slices"
)

// Operators lists the operators that networks are written with, sorted, in the form of Op; fused ones are not among them.
func Operators() []string { return slices.Sorted(maps.Keys(rules)) }

// rules holds every operator that the builder may write. Names with a domain are onnxruntime's own.
var rules = map[string]rule{
	"Identity":       {1, 1, identity},
	"Cast":           {1, 1, cast},
	"Neg":            {1, 1, like},
	"Sqrt":           {1, 1, like},
	"Reciprocal":     {1, 1, like},
	"Exp":            {1, 1, like},
	"Log":            {1, 1, like},
	"Erf":            {1, 1, like},
	"Sin":            {1, 1, like},
	"Cos":            {1, 1, like},
	"Acos":           {1, 1, like},
	"Tanh":           {1, 1, like},
	"Sigmoid":        {1, 1, like},
	"Relu":           {1, 1, like},
	"LeakyRelu":      {1, 1, like},
	"PRelu":          {2, 2, like},
	"Gelu":           {1, 1, like},
	"Abs":            {1, 1, like},
	"Sign":           {1, 1, like},
	"Clip":           {1, 3, like},
	"Softmax":        {1, 1, like},
	"Trilu":          {1, 2, like},
	"Add":            {2, 2, elementwise},
	"Sub":            {2, 2, elementwise},
	"Mul":            {2, 2, elementwise},
	"Div":            {2, 2, elementwise},
	"Pow":            {2, 2, elementwise},
	"Min":            {2, 2, elementwise},
	"Max":            {2, 2, elementwise},
	"Equal":          {2, 2, compare},
	"Greater":        {2, 2, compare},
	"GreaterOrEqual": {2, 2, compare},
	"Less":           {2, 2, compare},
	"Where":          {3, 3, where},

	"Reshape":         {2, 2, reshape},
	"Transpose":       {1, 1, transpose},
	"Unsqueeze":       {2, 2, unsqueeze},
	"Squeeze":         {2, 2, squeeze},
	"Concat":          {1, -1, concat},
	"Split":           {1, 2, split},
	"Slice":           {3, 5, slice},
	"Shape":           {1, 1, sizes},
	"Gather":          {2, 2, gather},
	"ScatterElements": {3, 3, like},
	"ScatterND":       {3, 3, like},
	"Expand":          {2, 2, expand},
	"Range":           {3, 3, numbers},
	"TopK":            {2, 2, topK},
	"ConstantOfShape": {1, 1, filled},
	"Pad":             {2, 4, pad},
	"DepthToSpace":    {1, 1, blocks(true)},
	"SpaceToDepth":    {1, 1, blocks(false)},
	"Resize":          {1, 4, resize},

	"ReduceSum":       {1, 2, reduce},
	"ReduceMean":      {1, 2, reduce},
	"ReduceSumSquare": {1, 2, reduce},
	"ReduceMax":       {1, 2, reduce},

	"MatMul":        {2, 2, matmul},
	"Gemm":          {2, 3, gemm},
	"Conv":          {2, 3, conv},
	"ConvTranspose": {2, 3, convTranspose},

	"InstanceNormalization": {3, 3, normalise(func(n *Node) int64 { return n.In[0].Shape[1] })},
	"LayerNormalization":    {2, 3, layerNormalization},

	"com.microsoft::QuickGelu":          {1, 1, like},
	"com.microsoft::FusedMatMul":        {2, 2, fusedMatMul},
	"com.microsoft::MultiHeadAttention": {3, 6, attention},
}

func identity(n *Node) ([]*Value, error) {
	out, err := like(n)
	if err == nil {
		out[0].ints = n.In[0].ints
	}
	return out, err
}

// layerNormalization over the last axis: the normalised values, then mean and reciprocal deviation of each row.
func layerNormalization(n *Node) ([]*Value, error) {
	out, err := normalise(func(n *Node) int64 { return n.In[0].Shape[len(n.In[0].Shape)-1] })(n)
	if err != nil {
		return nil, err
	}
	for range 2 {
		s := append(Shape{}, n.In[0].Shape...)
		s[len(s)-1] = 1
		out = append(out, &Value{DType: Float32, Shape: s}) // statistics stay in float32
	}
	return out, nil
}
