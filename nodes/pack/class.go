package pack

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// noTravel are the wire types that only this program can hold.
var noTravel = map[string]string{
	"MODEL": "a model", "CLIP": "a text encoder", "VAE": "a VAE", "CONDITIONING": "a prompt", "CONTROL_NET": "a ControlNet", "CLIP_VISION": "a vision tower",
	"CLIP_VISION_OUTPUT": "what a vision tower says", "STYLE_MODEL": "a style model", "GLIGEN": "a GLIGEN model", "UPSCALE_MODEL": "an upscale model", "SAMPLER": "a sampler",
	"GUIDER": "a guider", "NOISE": "noise", "LATENT_OPERATION": "an operation on latents", "ACTOR": "an actor", "CLUSTER": "a cluster", "PROJECTOR": "a projector",
}

// class is a node class of the pack.
func (p *pack) class(name string, info *ojson.Object) (graph.Declaration, error) {
	c, err := graph.ParseClass(name, info)
	if err != nil {
		return graph.Declaration{}, err
	}
	c.Module = "custom_nodes." + p.name
	c.Category = cmp.Or(c.Category, p.name)
	for _, in := range c.Inputs {
		if what, ok := noTravel[in.Type]; ok {
			return graph.Declaration{}, fmt.Errorf("class %s: input %s is %s, which cannot leave oneactor: take pictures, masks, latents, sigmas, numbers and texts, or types of the pack's own", name, in.Name, what)
		}
	}
	for _, out := range c.Outputs {
		if what, ok := noTravel[out.Type]; ok {
			return graph.Declaration{}, fmt.Errorf("class %s: output %s is %s, which a pack cannot make", name, out.Name, what)
		}
	}
	d := graph.Defined{Run: func(ctx context.Context, inputs map[string]any) (graph.Produced, error) {
		return p.runNode(ctx, &c, inputs)
	}}
	if v, _ := info.Get("changes"); v == true {
		d.Fingerprint = func(ctx context.Context, inputs map[string]any) (string, error) {
			return p.askFingerprint(ctx, &c, inputs)
		}
	}
	return graph.Define(c, d)
}

// runNode has the program run a node. What travels in files lies in a folder that is gone afterwards.
func (p *pack) runNode(ctx context.Context, c *graph.Class, inputs map[string]any) (_ graph.Produced, err error) {
	dir, err := os.MkdirTemp("", "oneactor-pack-*")
	if err != nil {
		return graph.Produced{}, err
	}
	defer os.RemoveAll(dir)
	build := func(life int) (message, error) {
		packed, err := p.pack(ctx, c, dir, inputs, life)
		return message{Type: "run", Class: c.Name, Node: graph.NodeID(ctx), Folder: dir, Inputs: packed}, err
	}
	m, life, err := p.request(ctx, build, func(m message) {
		var value int
		if json.Unmarshal(m.Value, &value) == nil && m.Max > 0 {
			graph.Progress(ctx, value, m.Max, nil)
		}
	})
	if err != nil {
		return graph.Produced{}, fmt.Errorf("node pack %s: %w", p.name, err)
	}
	outputs, err := p.unpack(c, dir, m.Outputs, life)
	if err != nil {
		return graph.Produced{}, fmt.Errorf("node pack %s: class %s: %w", p.name, c.Name, err)
	}
	ui, err := readUI(m.UI)
	if err != nil {
		return graph.Produced{}, fmt.Errorf("node pack %s: class %s: ui: %w", p.name, c.Name, err)
	}
	return graph.Produced{Outputs: outputs, UI: ui}, nil
}

// askFingerprint asks a node that may change by itself, as often as its workflow runs.
func (p *pack) askFingerprint(ctx context.Context, c *graph.Class, inputs map[string]any) (string, error) {
	text, err := json.Marshal(inputs)
	if err != nil {
		return "", err
	}
	build := func(int) (message, error) { return message{Type: "fingerprint", Class: c.Name, Inputs: text}, nil }
	m, _, err := p.request(ctx, build, func(message) {})
	if err != nil {
		return "", err
	}
	return string(m.Value), nil
}

// readUI reads lists by name.
func readUI(text json.RawMessage) (graph.UI, error) {
	if len(text) == 0 {
		return nil, nil
	}
	o, err := ojson.ParseObject(text, ojson.Limits{})
	if err != nil {
		return nil, err
	}
	ui := graph.UI{}
	for key, v := range o.All() {
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("%s is %s; a list is needed", key, ojson.Kind(v))
		}
		ui[key] = list
	}
	return ui, nil
}
