package actor

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Projector is phi, which maps the state h of a picture to its delta. It belongs to one family of models and one size of h.
type Projector struct {
	Config model.ProjectorConfig
	Values []*tensor.Tensor // in the order of Config.Parameters
	Model  runtime.Identity
	Notes  ProjectorNotes
}

// ProjectorNotes are what is kept of a projector's making; nothing depends on them.
type ProjectorNotes struct {
	Clusters int // clusters it was trained on
	Steps    int
	Origin   string
	Licence  string
}

// Socket is the wire type.
func (Projector) Socket() string { return "PROJECTOR" }

// Bytes is the memory held.
func (p Projector) Bytes() int64 {
	var n int64
	for _, v := range p.Values {
		n += v.Bytes()
	}
	return n
}

// projectorSizes are the sizes of a projector for a cluster and a text embedding of width dim.
func projectorSizes(c Cluster, dim int) (model.ProjectorConfig, error) {
	config := model.ProjectorConfig{Channels: c.H.Dim(1), Height: c.H.Dim(2), Width: c.H.Dim(3), Dim: dim}
	return config, config.Check()
}

// NewProjector is a fresh projector: Xavier-uniform weights, PyTorch's default biases, normalisations at 1 and 0. The values are those
// of the reference after torch.manual_seed(seed): PyTorch first draws its own default weights, which are thrown away, and biases, layer
// by layer, then the Xavier weights.
func NewProjector(config model.ProjectorConfig, seed uint64) (Projector, error) {
	if err := config.Check(); err != nil {
		return Projector{}, err
	}
	p := Projector{Config: config}
	g := sampling.NewGenerator(seed)
	list := config.Parameters()
	for _, q := range list {
		v := tensor.New(q.Shape...)
		switch q.Role {
		case model.WeightRole:
			g.Skip(v.Len())
		case model.BiasRole:
			bound := float32(1 / math.Sqrt(float64(q.FanIn)))
			g.Uniform(v.Data, -bound, bound)
		case model.ScaleRole:
			v = tensor.Full(1, q.Shape...)
		}
		p.Values = append(p.Values, v)
	}
	for i, q := range list {
		if q.Role == model.WeightRole {
			fanOut := q.Shape[0] * q.FanIn / q.Shape[1]
			bound := float32(math.Sqrt(6 / float64(q.FanIn+fanOut)))
			g.Uniform(p.Values[i].Data, -bound, bound)
		}
	}
	return p, nil
}

// clone is a copy whose values may be changed.
func (p Projector) clone() Projector {
	values := make([]*tensor.Tensor, len(p.Values))
	for i, v := range p.Values {
		values[i] = v.Clone()
	}
	p.Values = values
	return p
}

// inputs are the values as inputs of a graph. They share memory with the projector.
func (p Projector) inputs() map[string]ort.Value {
	in := map[string]ort.Value{}
	for i, q := range p.Config.Parameters() {
		in[q.Name] = ort.FromTensor(p.Values[i])
	}
	return in
}

// Deltas maps a cluster's h [K+1,C,h,w] to deltas [K+1,D]. Batch normalisation takes the statistics of these h, so the whole
// cluster is mapped at once.
func (p Projector) Deltas(ctx context.Context, rt *runtime.Runtime, h *tensor.Tensor) (*tensor.Tensor, error) {
	c := p.Config
	if len(p.Values) == 0 {
		return nil, errors.New("the projector is empty: the actor file it comes from holds none")
	}
	if len(h.Shape) != 4 || h.Dim(1) != c.Channels || h.Dim(2) != c.Height || h.Dim(3) != c.Width {
		return nil, fmt.Errorf("this projector is for an h of %dx%dx%d, the cluster's is %v: use a cluster of the same model and picture size",
			c.Channels, c.Height, c.Width, h.Shape[1:])
	}
	session, release, err := rt.Session(ctx, runtime.GraphSpec{
		Key: fmt.Sprintf("projector %+v", c), Runs: 1, Work: 1, Rare: true, AsWritten: true,
		Build: func() (*onnx.Graph, error) { return model.Projector(c, 0) },
	})
	if err != nil {
		return nil, fmt.Errorf("projector: %w", err)
	}
	defer release()
	in := p.inputs()
	in["h"] = ort.FromTensor(h)
	out, err := session.Run(ctx, in, "delta")
	if err != nil {
		return nil, fmt.Errorf("projector: %w", err)
	}
	return out[0], nil
}

// Actor maps a cluster to an actor, with no tuning.
func (p Projector) Actor(ctx context.Context, rt *runtime.Runtime, c Cluster, word string, concept Concept) (Actor, error) {
	if err := checkWord(c.Prompt, word); err != nil {
		return Actor{}, err
	}
	if p.Model.Family != c.Model.Family && p.Model.Family != "" && c.Model.Family != "" {
		return Actor{}, fmt.Errorf("the projector is for the family %s and the cluster was made with one of %s", p.Model.Family, c.Model.Family)
	}
	if c.H == nil || c.Len() < 2 {
		return Actor{}, ErrSmall
	}
	if c.Target < 0 || c.Target >= c.Len() {
		return Actor{}, fmt.Errorf("target %d: the cluster has %d pictures; choose 0 to %d", c.Target, c.Len(), c.Len()-1)
	}
	deltas, err := p.Deltas(ctx, rt, c.H)
	if err != nil {
		return Actor{}, err
	}
	if !finite(deltas.Data) {
		return Actor{}, fmt.Errorf("the projector's deltas are no numbers: %w", ErrDiverged)
	}
	a := Actor{Deltas: deltas, Target: c.Target, Word: word, Concept: concept, Model: p.Model}
	a.Details = Details{Prompt: c.Prompt, Seed: c.Seed}
	if c.Images.Tensor != nil {
		a.Details.Thumbnail = runtime.Image{Tensor: c.Images.Rows(c.Target, c.Target+1)}
	}
	return a, nil
}

// trained lists the values that training changes: all but the fixed ones.
func (p Projector) trained() []trained {
	var list []trained
	for i, q := range p.Config.Parameters() {
		if !q.Fixed {
			list = append(list, trained{q.Name, p.Values[i]})
		}
	}
	return list
}
