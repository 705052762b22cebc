package model

import (
	"fmt"

	"github.com/oneactor/oneactor/runtime/onnx"
)

// ProjectorConfig is the sizes of OneActor's projector, which maps the state h of a UNet to a vector in the space of its text
// embedding (arXiv:2404.10267). It fits any UNet: everything else follows from the shape of h.
type ProjectorConfig struct {
	Channels, Height, Width int // of h
	Dim                     int // width of the text embedding
	// Stages of residual blocks, 2 or 3; 0 means 3 where h is larger than 8x8 and 2 elsewhere.
	Stages int
}

// smallState is the largest h that two stages suffice for; larger ones get a third, which halves once more.
const smallState = 8

// Check says why there is no projector of these sizes.
func (c ProjectorConfig) Check() error {
	if c.Stages != 0 && c.Stages != 2 && c.Stages != 3 {
		return fmt.Errorf("projector of %d stages; 2 or 3 are known: %w", c.Stages, ErrUnsupported)
	}
	if c.Channels < 8 || c.Channels%8 != 0 || c.Height < 1 || c.Width < 1 || c.Dim < 1 {
		return fmt.Errorf("projector from %d channels of %dx%d cells to a width of %d: channels must be a multiple of 8 and sizes positive: %w",
			c.Channels, c.Height, c.Width, c.Dim, ErrUnsupported)
	}
	return nil
}

// ProjectorParameter is one trained tensor of the projector.
type ProjectorParameter struct {
	Name  string
	Shape []int // [out,in,kh,kw] of a convolution, [out,in] of a matrix, [n] of a vector
	Role  ParameterRole
	FanIn int // inputs of one output: sets the range of initial weights and biases
	// Fixed marks a bias in front of a batch normalisation, which takes it out again: its gradient is 0, and what is computed
	// is rounding noise that Adam would turn into full steps.
	Fixed bool
}

// ParameterRole says what a parameter is, and so how it begins.
type ParameterRole uint8

// Roles of parameters.
const (
	WeightRole ParameterRole = iota // Xavier uniform
	BiasRole                        // uniform in ±1/√FanIn
	ScaleRole                       // 1
	ShiftRole                       // 0
)

// residualBlock is two 3x3 convolutions with a shortcut; a stride of 2 has a 1x1 convolution in the shortcut.
type residualBlock struct {
	path            string
	in, out, stride int
}

func (c ProjectorConfig) stages() int {
	switch {
	case c.Stages != 0:
		return c.Stages
	case max(c.Height, c.Width) > smallState:
		return 3
	}
	return 2
}

func (c ProjectorConfig) blocks() []residualBlock {
	stages, ch := c.stages(), c.Channels/2
	list := []residualBlock{{"net.1.0", ch, ch, 1}, {"net.1.1", ch, ch, 1}}
	for s := 2; s <= stages; s++ {
		list = append(list, residualBlock{fmt.Sprintf("net.%d.0", s), ch, ch / 2, 2}, residualBlock{fmt.Sprintf("net.%d.1", s), ch / 2, ch / 2, 1})
		ch /= 2
	}
	return list
}

// tail is the names of the matrix and the layer normalisation at the end; the flattening between counts as a layer.
func (c ProjectorConfig) tail() (linear, norm string) {
	return fmt.Sprint("net.", c.stages()+2), fmt.Sprint("net.", c.stages()+3)
}

// flat is the number of values of one h after all stages.
func (c ProjectorConfig) flat() int {
	halvings := 1
	blocks := c.blocks()
	for _, b := range blocks {
		halvings += b.stride / 2
	}
	return blocks[len(blocks)-1].out * levelSize(c.Height, halvings) * levelSize(c.Width, halvings)
}

// Parameters lists the parameters under the names of the authors' module, in the order in which a module's parts are made.
func (c ProjectorConfig) Parameters() []ProjectorParameter {
	var list []ProjectorParameter
	layer := func(path string, fixed bool, shape ...int) {
		fan := 1
		for _, n := range shape[1:] {
			fan *= n
		}
		list = append(list, ProjectorParameter{path + ".weight", shape, WeightRole, fan, false},
			ProjectorParameter{path + ".bias", shape[:1], BiasRole, fan, fixed})
	}
	norm := func(path string, n int) {
		list = append(list, ProjectorParameter{path + ".weight", []int{n}, ScaleRole, 1, false},
			ProjectorParameter{path + ".bias", []int{n}, ShiftRole, 1, false})
	}
	layer("net.0.0", true, c.Channels/2, c.Channels, 7, 7)
	norm("net.0.1", c.Channels/2)
	for _, b := range c.blocks() {
		layer(b.path+".conv1", true, b.out, b.in, 3, 3)
		layer(b.path+".conv2", true, b.out, b.out, 3, 3)
		norm(b.path+".bn1", b.out)
		norm(b.path+".bn2", b.out)
		if b.stride > 1 {
			layer(b.path+".conv3", false, b.out, b.in, 1, 1)
		}
	}
	linear, last := c.tail()
	layer(linear, false, c.Dim, c.flat())
	norm(last, c.Dim)
	return list
}

// AddProjector writes the projector into a graph: h [B,Channels,Height,Width] to deltas [B,Dim]. Its parameters are the graph
// inputs that ProjectorInputs declared. Batch normalisation takes the statistics of the batch, in tuning and afterwards, so a
// delta depends on the other h it is computed with.
func AddProjector(b *onnx.Builder, c ProjectorConfig, h *onnx.Value, parameters map[string]*onnx.Value) *onnx.Value {
	if err := c.Check(); err != nil {
		return b.Fail(err)
	}
	p := projector{b, parameters}
	x := p.conv(h, "net.0.0", window{2, [4]int64{3, 3, 3, 3}})
	x = p.relu(p.batchNorm(x, "net.0.1"))
	for _, r := range c.blocks() {
		x = p.residual(x, r)
	}
	linear, norm := c.tail()
	x = b.Reshape(x, onnx.Unknown, int64(c.flat()))
	x = b.Gemm(x, p.get(linear+".weight"), p.get(linear+".bias"), true)
	return b.Op("LayerNormalization", x, p.get(norm+".weight"), p.get(norm+".bias"), onnx.Int("axis", -1), onnx.Float("epsilon", 1e-5))
}

// ProjectorInputs declares a graph input for each parameter, of its name.
func ProjectorInputs(b *onnx.Builder, c ProjectorConfig) map[string]*onnx.Value {
	inputs := map[string]*onnx.Value{}
	for _, p := range c.Parameters() {
		sizes := make([]any, len(p.Shape))
		for i, n := range p.Shape {
			sizes[i] = n
		}
		inputs[p.Name] = b.Input(p.Name, onnx.Float32, sizes...)
	}
	return inputs
}

// Projector is the graph from "h" [batch,Channels,Height,Width] and the parameters to "delta" [batch,Dim]. A batch of 0 is any.
func Projector(c ProjectorConfig, batch int) (*onnx.Graph, error) {
	b := onnx.NewBuilder("projector")
	h := b.Input("h", onnx.Float32, fixed(batch, "batch"), c.Channels, c.Height, c.Width)
	b.Output("delta", AddProjector(b, c, h, ProjectorInputs(b, c)))
	return finish(b, "projector")
}

// projector is a projector in the making.
type projector struct {
	*onnx.Builder
	parameters map[string]*onnx.Value
}

func (p projector) get(name string) *onnx.Value {
	v, ok := p.parameters[name]
	if !ok {
		return p.Fail(fmt.Errorf("projector: parameter %s is missing: %w", name, ErrUnsupported))
	}
	return v
}

func (p projector) relu(x *onnx.Value) *onnx.Value { return p.Op("Relu", x) }

func (p projector) conv(x *onnx.Value, path string, w window) *onnx.Value {
	return p.Op("Conv", append([]onnx.Arg{x, p.get(path + ".weight"), p.get(path + ".bias")}, w.attrs()...)...)
}

// batchNorm normalises every channel of x [B,C,H,W] over the batch and all places.
func (p projector) batchNorm(x *onnx.Value, path string) *onnx.Value {
	axes := p.Ints(0, 2, 3)
	centred := p.Sub(x, p.Op("ReduceMean", x, axes))
	variance := p.Op("ReduceMean", p.Mul(centred, centred), axes) // [1,C,1,1]
	rstd := p.Op("Reciprocal", p.Op("Sqrt", p.Add(variance, p.Scalar(1e-5))))
	gamma, beta := p.Unsqueeze(p.get(path+".weight"), 0, 2, 3), p.Unsqueeze(p.get(path+".bias"), 0, 2, 3)
	return p.Add(p.Mul(centred, p.Mul(gamma, rstd)), beta)
}

// residual is relu(bn(conv(relu(bn(conv x)))) + x), with a 1x1 convolution on x where the block halves.
func (p projector) residual(x *onnx.Value, r residualBlock) *onnx.Value {
	defer p.Scope(r.path)()
	slide := same(3)
	if r.stride == 2 {
		slide = half
	}
	y := p.relu(p.batchNorm(p.conv(x, r.path+".conv1", slide), r.path+".bn1"))
	y = p.batchNorm(p.conv(y, r.path+".conv2", same(3)), r.path+".bn2")
	if r.stride > 1 {
		x = p.conv(x, r.path+".conv3", window{stride: int64(r.stride)})
	}
	return p.relu(p.Add(y, x))
}
