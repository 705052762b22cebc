package bench

import "github.com/oneactor/oneactor/runtime/onnx"

// flops counts the floating-point operations of matrix products, convolutions and attention of a graph whose sizes are all known; a
// multiplication and an addition are two. Everything else is a few percent more.
func flops(g *onnx.Graph) float64 {
	var total float64
	for _, n := range g.Nodes {
		out := float64(n.Out[0].Shape.Count())
		switch n.Type() {
		case "Conv":
			total += 2 * out * float64(n.In[1].Shape[1:].Count())
		case "Gemm":
			inner := n.In[0].Shape[1]
			if n.Int("transA", 0) == 1 {
				inner = n.In[0].Shape[0]
			}
			total += 2 * out * float64(inner)
		case "MatMul":
			s := n.In[0].Shape
			total += 2 * out * float64(s[len(s)-1])
		case onnx.Micro + "::MultiHeadAttention":
			q, k := n.In[0].Shape, n.In[1].Shape
			total += 4 * float64(q.Count()) * float64(k[1])
		}
	}
	return total
}
