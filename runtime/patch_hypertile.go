package runtime

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
)

// HyperTile has self-attention work in tiles (github.com/tfernd/HyperTile).
type HyperTile struct {
	TileSize   int  // smallest side of a tile in pixels, 32 or more
	SwapSize   int  // tile sizes to choose from
	MaxDepth   int  // halvings of the picture down to which it takes part
	ScaleDepth bool // tiles of deeper layers cover as many tokens, not as much of the picture
}

type hyperTile struct {
	unlearned
	HyperTile
}

// WithHyperTile adds tiles. The number of tiles is drawn for every layer in every call from the random numbers behind the noise of the run.
func (m Model) WithHyperTile(h HyperTile) (Model, error) {
	if h.SwapSize < 1 || h.MaxDepth < 0 {
		return Model{}, fmt.Errorf("HyperTile: swap size %d, depth %d; use a swap size of 1 or more and a depth of 0 or more", h.SwapSize, h.MaxDepth)
	}
	return m.withNetworkPatch(hyperTile{"HyperTile", h})
}

func (h hyperTile) edit(c *patchedCall) (model.UNetEdit, map[string]ort.Value, error) {
	var e model.HyperTile
	inputs := map[string]ort.Value{}
	for i := range c.queries {
		first, second, ok := h.sides(c, i)
		if !ok {
			continue
		}
		e.Layers = append(e.Layers, i)
		tiles := make([]int64, 4)
		inputs[fmt.Sprint("tiles.", i)] = ort.FromInt64(tiles, len(tiles))
		c.draw(i, func(g *sampling.Generator) {
			n, m := first.choose(g), second.choose(g)
			copy(tiles, []int64{int64(n), int64(first.cells / n), int64(m), int64(second.cells / m)})
		})
		c.queries[i] = 0 // tiles are no picture for further patches
	}
	if len(e.Layers) == 0 {
		return nil, nil, nil
	}
	return e, inputs, nil
}

// sides are the sides that the tokens of a layer are cut along, and whether they are: only layers take part whose tokens are as many as the
// latent has cells after some halvings without a rest. The first side is as long as the latent's width: so it is in the reference, and
// tokens of pictures that are not square are cut in other parts than squares.
func (h hyperTile) sides(c *patchedCall, i int) (first, second tiling, ok bool) {
	height, width, tokens := float64(c.call.x.Dim(2)), float64(c.call.x.Dim(3)), c.queries[i]
	for depth := range h.MaxDepth + 1 {
		shrink := math.Pow(2, float64(depth))
		if float64(tokens) != height/shrink*(width/shrink) {
			continue
		}
		smallest := max(32, h.TileSize) / 8
		if h.ScaleDepth {
			smallest *= 1 << depth
		}
		aspect := width / height
		first = newTiling(int(math.RoundToEven(math.Sqrt(float64(tokens)*aspect))), smallest, h.SwapSize)
		second = newTiling(int(math.RoundToEven(math.Sqrt(float64(tokens)/aspect))), smallest, h.SwapSize)
		return first, second, first.cells*second.cells == tokens && (first.several() || second.several())
	}
	return first, second, false
}

// tiling is a side of so many cells and the numbers of tiles it may be cut into, most first.
type tiling struct {
	cells  int
	counts []int
}

// newTiling lists at most limit numbers of tiles that divide a side, beginning with the smallest tiles of so many cells or more.
func newTiling(cells, smallest, limit int) tiling {
	t := tiling{cells: cells}
	for size := max(1, min(smallest, cells)); size <= cells && len(t.counts) < limit; size++ {
		if cells%size == 0 {
			t.counts = append(t.counts, cells/size)
		}
	}
	return t
}

// several says whether the side is cut. The last of several choices is never drawn, so this does not depend on the draw.
func (t tiling) several() bool { return len(t.counts) > 0 && t.counts[0] > 1 }

// choose draws a number of tiles as the reference does, which never takes the last of several.
func (t tiling) choose(g *sampling.Generator) int {
	if len(t.counts) == 1 {
		return t.counts[0]
	}
	return t.counts[g.Intn(int64(len(t.counts)-1))]
}
