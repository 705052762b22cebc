package model

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// ViTKind is what a vision transformer was trained as.
type ViTKind uint8

const (
	CLIPViT ViTKind = iota // the picture tower of CLIP
	DINOv2
)

// String is "CLIP" or "DINOv2".
func (k ViTKind) String() string {
	if k == DINOv2 {
		return "DINOv2"
	}
	return "CLIP"
}

// ViTConfig is what the shapes of a vision transformer's weights say about it.
type ViTConfig struct {
	Kind       ViTKind
	Width      int
	Layers     int
	Heads      int
	Patch      int // pixels of a patch along one side
	Side       int // pixels of the picture that the position table is made for, along one side
	Registers  int // tokens that stand for nothing, between the class token and the patches
	Projection int // width of the embedding shared with text; 0 without visual_projection
	Activation Activation

	classPlace bool // the position table begins with the place of the class token
}

// Tokens is the number of rows for a picture of side pixels.
func (c ViTConfig) Tokens(side int) int { return 1 + c.Registers + (side/c.Patch)*(side/c.Patch) }

// EmbedWidth is the width of "embeds".
func (c ViTConfig) EmbedWidth() int {
	if c.Projection > 0 {
		return c.Projection
	}
	return c.Width
}

// ViTOptions choose a variant of the graph.
type ViTOptions struct {
	// Side is the side of the pictures in pixels; 0 is that of the position table. Another side adds the input "positions" (Positions).
	Side int
	// Batch fixes the size of the inputs, if it is not 0.
	Batch int
}

const (
	visionModel    = "vision_model."
	visionClass    = visionModel + "embeddings.class_embedding"
	visionPatch    = visionModel + "embeddings.patch_embedding"
	visionPlaces   = visionModel + "embeddings.position_embedding.weight"
	visionRegister = visionModel + "embeddings.register_tokens"
	visionProject  = "visual_projection"
)

func visionLayer(i int) string { return fmt.Sprintf("%sencoder.layers.%d", visionModel, i) }

// ReadViT works out the structure of a vision transformer from weights under Hugging Face's names of CLIP (weights.OpenVision). The error
// wraps ErrUnsupported.
func ReadViT(set *weights.Set) (ViTConfig, error) {
	c := ViTConfig{
		Width: int(size(set, visionPatch+".weight", 0)), Patch: int(size(set, visionPatch+".weight", 2)),
		Projection: int(max(size(set, visionProject+".weight", 0), size(set, visionProject, 1))),
	}
	for set.Has(visionLayer(c.Layers) + ".layer_norm1.weight") {
		c.Layers++
	}
	places, ok := set.Ref(visionPlaces)
	if c.Width == 0 || c.Patch == 0 || c.Layers == 0 || !ok || len(places.Shape) < 2 || !set.Has(visionClass) {
		return c, fmt.Errorf("vision model: weights of %sembeddings or %s are missing: %w", visionModel, visionLayer(0), ErrUnsupported)
	}
	if channels := size(set, visionPatch+".weight", 1); channels != 3 || size(set, visionPatch+".weight", 3) != int64(c.Patch) {
		return c, fmt.Errorf("vision model: patches %v are not square or not of 3 colours: %w", shapeOf(set, visionPatch+".weight"), ErrUnsupported)
	}
	if set.Has(visionRegister) {
		c.Registers = int(elements(set, visionRegister)) / c.Width
	}
	rows := int(places.Shape[len(places.Shape)-2])
	grid := wholeRoot(rows)
	if grid == 0 {
		grid, c.classPlace = wholeRoot(rows-1), true
	}
	if grid == 0 || elements(set, visionPlaces) != int64(rows*c.Width) {
		return c, fmt.Errorf("vision model: a position table %v is not that of a square picture: %w", places.Shape, ErrUnsupported)
	}
	c.Side = grid * c.Patch
	c.guess(set)
	if c.Width%c.Heads != 0 {
		return c, fmt.Errorf("vision model: width %d does not divide into %d heads: %w", c.Width, c.Heads, ErrUnsupported)
	}
	return c, nil
}

// guess sets what no weight shows, by the public models: heads are 64 wide, but those of CLIP H and bigG, told by their depth, have 16
// heads of 80 and 104; these two and DINOv2 have GELU, CLIP L and B have quick GELU.
func (c *ViTConfig) guess(set *weights.Set) {
	c.Heads = max(1, c.Width/clipHeadDim)
	switch {
	case set.Has(visionLayer(0) + ".layer_scale1.lambda1"):
		c.Kind, c.Activation = DINOv2, GELU
	case c.Layers > 30:
		c.Heads, c.Activation = 16, GELU
	}
}

func (c ViTConfig) eps() float32 {
	if c.Kind == DINOv2 {
		return dinoEps
	}
	return clipEps
}

// wholeRoot is the square root of n, 0 where that is not a whole number.
func wholeRoot(n int) int {
	r := int(math.Sqrt(float64(n)))
	if n < 1 || r*r != n {
		return 0
	}
	return r
}

// ViT is the graph of a vision transformer. Input: "pixels" [B,3,S,S], normalised, and "positions" [T,D] with a side that is not the
// table's. Outputs: "embeds" [B,P], the class token, normalised and, in CLIP, projected; "last" [B,1+R+G·G,D], all tokens behind the last
// layer (in DINOv2 normalised); "penultimate", all tokens before it.
func ViT(set *weights.Set, o ViTOptions) (*onnx.Graph, error) {
	c, err := ReadViT(set)
	if err != nil {
		return nil, err
	}
	if o.Side == 0 {
		o.Side = c.Side
	}
	if o.Side < c.Patch || o.Side%c.Patch != 0 {
		return nil, fmt.Errorf("vision model: pictures of %d px do not divide into patches of %d: %w", o.Side, c.Patch, ErrUnsupported)
	}
	b := onnx.NewBuilder(c.Kind.String() + " vision")
	n := newNet(b, set, Patches{})
	pixels := b.Input("pixels", onnx.Float32, fixed(o.Batch, "batch"), 3, o.Side, o.Side)
	places := n.vitPlaces(c, o)
	n.vit(pixels, places, c)
	return finish(b, "vision model")
}

// vitPlaces is the position embedding [T,D] of the patches, and of the class token where it has one.
func (n *net) vitPlaces(c ViTConfig, o ViTOptions) *onnx.Value {
	rows := int64(c.Tokens(o.Side) - c.Registers)
	if !c.classPlace {
		rows--
	}
	if o.Side != c.Side {
		return n.Input("positions", onnx.Float32, rows, c.Width)
	}
	return n.weightAs(visionPlaces, rows, int64(c.Width))
}

func (n *net) vit(pixels, places *onnx.Value, c ViTConfig) {
	width, batch := int64(c.Width), n.Sizes(pixels, 0, 1)
	patches := n.conv(pixels, visionPatch, window{stride: int64(c.Patch)})                      // [B,D,G,G]
	patches = n.Transpose(n.ReshapeTo(patches, n.Concat(0, batch, n.Ints(width, -1))), 0, 2, 1) // [B,G·G,D]
	class := n.repeated(n.weightAs(visionClass, 1, 1, width), batch)                            // [B,1,D]
	parts := []*onnx.Value{class}
	if !c.classPlace {
		patches = n.Add(patches, places)
	} else {
		class = n.Add(class, n.Slice(places, 0, 0, 1))
		parts[0] = class
		patches = n.Add(patches, n.Slice(places, 0, 1, math.MaxInt32))
	}
	if c.Registers > 0 {
		parts = append(parts, n.repeated(n.weightAs(visionRegister, 1, int64(c.Registers), width), batch))
	}
	tokens := n.Concat(1, append(parts, patches)...) // [B,T,D]
	sizes := n.Sizes(tokens, 0, 3)
	x := n.Reshape(tokens, onnx.Unknown, width)         // [B·T,D]
	if n.set.Has(visionModel + "pre_layrnorm.weight") { // the misspelling is the file's
		x = n.layerNormEps(x, visionModel+"pre_layrnorm", c.eps())
	}
	layer := towerLayer{heads: int64(c.Heads), activation: c.Activation, eps: c.eps()}
	before := x
	for i := range c.Layers {
		before = x
		x = n.towerLayer(x, batch, visionLayer(i), layer)
	}
	normal := n.layerNormEps(x, visionModel+"post_layernorm", c.eps())
	first := n.Slice(n.ReshapeTo(normal, sizes), 1, 0, 1)
	embeds := n.visualProjection(n.Reshape(first, onnx.Unknown, width))
	if c.Kind == DINOv2 {
		x = normal
	}
	n.Output("embeds", embeds)
	n.Output("last", n.ReshapeTo(x, sizes))
	n.Output("penultimate", n.ReshapeTo(before, sizes))
}

// repeated is a value [1,T,D] for every item of a batch.
func (n *net) repeated(v, batch *onnx.Value) *onnx.Value {
	return n.Op("Expand", v, n.Concat(0, batch, n.Ints(1, 1)))
}

func (n *net) visualProjection(x *onnx.Value) *onnx.Value {
	switch {
	case n.set.Has(visionProject + ".weight"):
		return n.linear(x, visionProject)
	case n.set.Has(visionProject): // OpenCLIP keeps it as [D,out], a linear layer as [out,D]
		return n.Gemm(x, n.weight(visionProject), nil, false)
	}
	return x
}

func shapeOf(set *weights.Set, name string) []int64 {
	r, _ := set.Ref(name)
	return r.Shape
}

// elements is the number of values of a weight, 0 when it is missing.
func elements(set *weights.Set, name string) int64 {
	r, ok := set.Ref(name)
	if !ok {
		return 0
	}
	n := int64(1)
	for _, d := range r.Shape {
		n *= d
	}
	return n
}

// ViTPlaces is the position table as rows [T,D].
func ViTPlaces(set *weights.Set) (*tensor.Tensor, error) {
	table, err := set.Float32(visionPlaces)
	if err != nil {
		return nil, err
	}
	return table.Reshape(-1, table.Dim(len(table.Shape)-1))
}
