package onnx

import (
	"fmt"
	"slices"
)

// Matrix products, convolutions and attention.

func gemm(n *Node) ([]*Value, error) {
	a, c := n.In[0], n.In[1]
	if len(a.Shape) != 2 || len(c.Shape) != 2 {
		return nil, fmt.Errorf("wants two matrices, got %v and %v", a.Shape, c.Shape)
	}
	rows, inner := a.Shape[0], a.Shape[1]
	if n.Int("transA", 0) == 1 {
		rows, inner = inner, rows
	}
	depth, columns := c.Shape[0], c.Shape[1]
	if n.Int("transB", 0) == 1 {
		depth, columns = columns, depth
	}
	if inner != depth && inner != Unknown && depth != Unknown {
		return nil, fmt.Errorf("inner sizes %d and %d differ", inner, depth)
	}
	out := Shape{rows, columns}
	if len(n.In) > 2 && n.In[2] != nil {
		if s, ok := broadcast(out, n.In[2].Shape); !ok || !out.fits(s) {
			return nil, fmt.Errorf("the bias %v does not broadcast to %v", n.In[2].Shape, out)
		}
	}
	return one(a.DType, out), nil
}

func matmul(n *Node) ([]*Value, error) {
	return product(n.In[0], n.In[1], false, false)
}

// fusedMatMul is onnxruntime's MatMul with transposed operands. transBatch moves the leading axis behind the others:
// [S,batch…,D] stands for [batch…,S,D].
func fusedMatMul(n *Node) ([]*Value, error) {
	a, c := *n.In[0], *n.In[1]
	if n.Int("transBatchA", 0) == 1 {
		a.Shape = batchFirst(a.Shape)
	}
	if n.Int("transBatchB", 0) == 1 {
		c.Shape = batchFirst(c.Shape)
	}
	return product(&a, &c, n.Int("transA", 0) == 1, n.Int("transB", 0) == 1)
}

func batchFirst(s Shape) Shape {
	if len(s) < 3 {
		return s
	}
	last := len(s) - 1
	return slices.Concat(s[1:last], s[:1], s[last:])
}

func product(a, c *Value, transA, transB bool) ([]*Value, error) {
	if a.DType != c.DType {
		return nil, fmt.Errorf("element types %v and %v differ", a.DType, c.DType)
	}
	ra, rc := len(a.Shape), len(c.Shape)
	if ra < 2 || rc < 2 {
		return nil, fmt.Errorf("wants matrices, got %v and %v", a.Shape, c.Shape)
	}
	rows, inner := a.Shape[ra-2], a.Shape[ra-1]
	if transA {
		rows, inner = inner, rows
	}
	depth, columns := c.Shape[rc-2], c.Shape[rc-1]
	if transB {
		depth, columns = columns, depth
	}
	if inner != depth && inner != Unknown && depth != Unknown {
		return nil, fmt.Errorf("inner sizes %d and %d differ", inner, depth)
	}
	batch, ok := broadcast(a.Shape[:ra-2], c.Shape[:rc-2])
	if !ok {
		return nil, fmt.Errorf("batches %v and %v do not broadcast", a.Shape[:ra-2], c.Shape[:rc-2])
	}
	return one(a.DType, append(batch, rows, columns)), nil
}

// conv is Conv on [N,C,H,W] with weights [M,C/group,kh,kw] and an optional bias [M].
func conv(n *Node) ([]*Value, error) {
	x, w := n.In[0], n.In[1]
	if len(x.Shape) != 4 || len(w.Shape) != 4 {
		return nil, fmt.Errorf("wants [N,C,H,W] and [M,C,kh,kw], got %v and %v", x.Shape, w.Shape)
	}
	group := n.Int("group", 1)
	if in := x.Shape[1]; in != Unknown && w.Shape[1] != Unknown && in != w.Shape[1]*group {
		return nil, fmt.Errorf("%d channels in, the weights want %d", in, w.Shape[1]*group)
	}
	if want := (Shape{w.Shape[0]}); len(n.In) > 2 && n.In[2] != nil && !want.fits(n.In[2].Shape) {
		return nil, fmt.Errorf("the bias is %v, wants %v", n.In[2].Shape, want)
	}
	pads, strides, dilations := n.Ints("pads", 0, 0, 0, 0), n.Ints("strides", 1, 1), n.Ints("dilations", 1, 1)
	if len(pads) != 4 || len(strides) != 2 || len(dilations) != 2 {
		return nil, fmt.Errorf("pads %v, strides %v, dilations %v for two axes", pads, strides, dilations)
	}
	out := Shape{x.Shape[0], w.Shape[0], Unknown, Unknown}
	for i := range 2 {
		size, kernel := x.Shape[2+i], w.Shape[2+i]
		if size == Unknown || kernel == Unknown {
			continue
		}
		room := size + pads[i] + pads[i+2] - dilations[i]*(kernel-1) - 1
		if room < 0 {
			return nil, fmt.Errorf("a kernel of %d on %d with pads %v", kernel, size, pads)
		}
		out[2+i] = room/strides[i] + 1
	}
	return one(x.DType, out), nil
}

// convTranspose is ConvTranspose on [N,C,H,W] with weights [C,M/group,kh,kw]: the gradient of Conv with respect to its input.
func convTranspose(n *Node) ([]*Value, error) {
	x, w := n.In[0], n.In[1]
	if len(x.Shape) != 4 || len(w.Shape) != 4 {
		return nil, fmt.Errorf("wants [N,C,H,W] and [C,M,kh,kw], got %v and %v", x.Shape, w.Shape)
	}
	if in := x.Shape[1]; in != Unknown && w.Shape[0] != Unknown && in != w.Shape[0] {
		return nil, fmt.Errorf("%d channels in, the weights want %d", in, w.Shape[0])
	}
	pads, strides, dilations := n.Ints("pads", 0, 0, 0, 0), n.Ints("strides", 1, 1), n.Ints("dilations", 1, 1)
	extra := n.Ints("output_padding", 0, 0)
	if len(pads) != 4 || len(strides) != 2 || len(dilations) != 2 || len(extra) != 2 {
		return nil, fmt.Errorf("pads %v, strides %v, dilations %v, output padding %v for two axes", pads, strides, dilations, extra)
	}
	out := Shape{x.Shape[0], w.Shape[1], Unknown, Unknown}
	if out[1] != Unknown {
		out[1] *= n.Int("group", 1)
	}
	for i := range 2 {
		if size, kernel := x.Shape[2+i], w.Shape[2+i]; size != Unknown && kernel != Unknown {
			out[2+i] = (size-1)*strides[i] - pads[i] - pads[i+2] + dilations[i]*(kernel-1) + 1 + extra[i]
		}
	}
	return one(x.DType, out), nil
}

// attention is com.microsoft's MultiHeadAttention on [B,S,D], [B,T,D], [B,T,Dv].
func attention(n *Node) ([]*Value, error) {
	q, k, v := n.In[0], n.In[1], n.In[2]
	if len(q.Shape) != 3 || len(k.Shape) != 3 || len(v.Shape) != 3 {
		return nil, fmt.Errorf("wants [B,S,D] three times")
	}
	heads := n.Int("num_heads", 0)
	if heads < 1 || (q.Shape[2] != Unknown && q.Shape[2]%heads != 0) {
		return nil, fmt.Errorf("%d heads on width %d", heads, q.Shape[2])
	}
	if !(Shape{q.Shape[0], k.Shape[1], q.Shape[2]}).fits(k.Shape) || !(Shape{k.Shape[0], k.Shape[1], v.Shape[2]}).fits(v.Shape) {
		return nil, fmt.Errorf("keys %v or values %v do not fit queries %v", k.Shape, v.Shape, q.Shape)
	}
	return one(q.DType, Shape{q.Shape[0], q.Shape[1], v.Shape[2]}), nil
}
