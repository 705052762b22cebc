package runtime

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
)

// tokenMerging has similar tokens ask self-attention as one, where it works at the full resolution of the latent.
type tokenMerging struct {
	unlearned
	ratio float64
}

// WithTokenMerging merges that part of the tokens (Bolya and Hoffman 2023). In each cell of 2x2 one token is drawn that others merge into, for
// every layer in every call, from the random numbers behind the noise of the run.
func (m Model) WithTokenMerging(ratio float64) (Model, error) {
	if !(ratio >= 0 && ratio <= 1) {
		return Model{}, fmt.Errorf("token merging: ratio %g; use a part of the tokens, 0 to 1", ratio)
	}
	return m.withNetworkPatch(tokenMerging{"token merging", ratio})
}

func (t tokenMerging) edit(c *patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	h, w := c.call.x.Dim(2), c.call.x.Dim(3)
	tokens, destinations := h*w, (h/2)*(w/2)
	merged := min(int(float64(tokens)*t.ratio), tokens-destinations)
	if merged <= 0 || h == 1 || w == 1 {
		return nil, nil, nil
	}
	var e model.MergeTokens
	inputs := map[string]ort.Value{"merged": ort.FromInt64([]int64{int64(merged)}, 1)}
	for i, n := range c.queries {
		if n != tokens {
			continue
		}
		e.Layers = append(e.Layers, i)
		s := newTokenSplit(h, w)
		inputs[fmt.Sprint("src.", i)] = ort.FromInt64(s.src, len(s.src))
		inputs[fmt.Sprint("dst.", i)] = ort.FromInt64(s.dst, len(s.dst))
		inputs[fmt.Sprint("back.", i)] = ort.FromInt64(s.back, len(s.back))
		c.draw(i, s.draw)
		c.queries[i] = tokens - merged
	}
	if len(e.Layers) == 0 {
		return nil, nil, nil
	}
	return e, inputs, nil
}

// tokenSplit divides the tokens of h rows and w columns into sources and destinations, one of these in each whole cell of 2x2.
type tokenSplit struct {
	h, w     int
	src, dst []int64 // places of tokens, ascending
	back     []int64 // place of each token in src followed by dst
}

func newTokenSplit(h, w int) tokenSplit {
	n := (h / 2) * (w / 2)
	return tokenSplit{h: h, w: w, src: make([]int64, h*w-n), dst: make([]int64, n), back: make([]int64, h*w)}
}

// draw chooses the destinations, cell by cell along the rows.
func (s tokenSplit) draw(g *sampling.Generator) {
	chosen := make([]bool, s.h*s.w)
	for y := range s.h / 2 {
		for x := range s.w / 2 {
			k := int(g.Intn(4))
			chosen[(2*y+k/2)*s.w+2*x+k%2] = true
		}
	}
	src, dst := 0, 0
	for t, is := range chosen {
		if is {
			s.dst[dst], s.back[t] = int64(t), int64(len(s.src)+dst)
			dst++
		} else {
			s.src[src], s.back[t] = int64(t), int64(src)
			src++
		}
	}
}
