package runtime

import (
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// boxPatch lets the network see the boxes of a run. Entries without boxes go through the same graph, past its layers.
type boxPatch struct {
	net GLIGEN // of calls in which no entry has boxes
}

func (p boxPatch) edit(c *patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	net, n := p.net, c.call.x.Dim(0)
	for _, b := range c.call.boxes {
		if b != nil {
			net = b.net
		}
	}
	const most = model.GLIGENBoxes
	width := net.config.TextWidth
	boxes, there, texts, gate := tensor.New(n, most, 4), tensor.New(n, most), tensor.New(n, most, width), tensor.New(n)
	h, w := float32(c.call.x.Dim(2)), float32(c.call.x.Dim(3))
	for i := range n {
		if len(c.call.boxes) == 0 {
			break
		}
		b := c.call.boxes[i*len(c.call.boxes)/n]
		if b == nil {
			continue
		}
		gate.Data[i] = 1
		for j, box := range b.list {
			at, a := i*most+j, box.area
			// The reference takes the whole picture for the area that an entry is confined to.
			copy(boxes.Data[4*at:], []float32{float32(a.x) / w, float32(a.y) / h, float32(a.x+a.w) / w, float32(a.y+a.h) / h})
			copy(texts.Data[at*width:], box.text.Data)
			there.Data[at] = 1
		}
	}
	return model.GLIGEN{Set: net.set}, map[string]ort.Value{
		"boxes": ort.FromTensor(boxes), "there": ort.FromTensor(there), "texts": ort.FromTensor(texts), "gate": ort.FromTensor(gate),
	}, nil
}

func (boxPatch) learned() string { return "" }
func (boxPatch) Bytes() int64    { return 0 }
