package runtime

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// exportedText is a text encoder of an .onnx file in place of weights.
type exportedText struct{ exportedNet }

// The inputs and outputs of an exported text encoder. Hidden state i is that behind layer i, before the final normalisation.
const (
	textTokens    = "input_ids"
	textLast      = "last_hidden_state"
	textPooled    = "pooler_output"
	textProjected = "text_embeds"
	textHidden    = "hidden_states.%d"
)

// textSettings is what config.json beside a text encoder says.
type textSettings struct {
	Width      int    `json:"hidden_size"`
	Layers     int    `json:"num_hidden_layers"`
	Vocabulary int    `json:"vocab_size"`
	Activation string `json:"hidden_act"`
}

// kind tells the text encoders of the Stable Diffusion models apart: SDXL keeps OpenCLIP-G in a folder of its own.
func (s textSettings) kind(second bool, width int) weights.TextKind {
	switch {
	case second:
		return weights.CLIPG
	case s.Activation == "gelu", s.Activation == "" && width == 1024:
		return weights.CLIPH
	}
	return weights.CLIPL
}

// exportedLayers is the layers of the published encoders, as diffusers keeps them.
var exportedLayers = map[weights.TextKind]int{weights.CLIPL: 12, weights.CLIPH: layersH - 1, weights.CLIPG: 32}

// openExportedText reads text_encoder/model.onnx, or that of text_encoder_2.
func openExportedText(path, name string, s textSettings, second bool) (textEncoder, error) {
	net, err := openExportedNet(path, name, []string{textTokens}, []string{textLast}, nil)
	if err != nil {
		return textEncoder{}, err
	}
	c := model.CLIPConfig{
		Vocabulary: firstKnown(s.Vocabulary, tokenizer.EOS+1), Tokens: firstKnown(size(net.file.Inputs[textTokens], 1), len(tokenizer.EncoderL.Empty())),
		Width: firstKnown(size(net.file.Outputs[textLast], 2), s.Width), Layers: s.Layers,
	}
	if c.Layers == 0 {
		for net.gives(fmt.Sprintf(textHidden, c.Layers+1)) {
			c.Layers++
		}
	}
	kind := s.kind(second, c.Width)
	if c.Layers == 0 {
		c.Layers = exportedLayers[kind]
	}
	if c.Width == 0 {
		return textEncoder{}, fmt.Errorf("%s: how wide its features are says neither the file nor config.json beside it (hidden_size): copy that file, too: %w",
			path, model.ErrUnsupported)
	}
	return textEncoder{kind: kind, exported: &exportedText{net}, config: c, rule: textKinds[kind].alone}, nil
}

// output is the name of the hidden state that options ask for.
func (t *exportedText) output(o model.CLIPOptions, layers int) (string, error) {
	index := layers // of the state behind that layer
	if o.Layer < 0 {
		index = layers + 1 + o.Layer
	}
	name := fmt.Sprintf(textHidden, index)
	switch {
	case !o.Raw && o.Layer == 0:
		return textLast, nil
	case !o.Raw:
		return "", fmt.Errorf("%s normalises its last layer alone, so that no other can be chosen: %w", t.name, ErrExported)
	case !t.gives(name):
		return "", fmt.Errorf("%s does not give %s, which SDXL reads: export it with its hidden states, as optimum does: %w", t.name, name, model.ErrUnsupported)
	}
	return name, nil
}

// encodeExported runs an exported encoder on chunks of tokens: hidden [chunks,T,D] and pooled [chunks,P], nil where the export has none.
func (rt *Runtime) encodeExported(ctx context.Context, e textEncoder, layer int, batch tokenBatch) (hidden, pooled *tensor.Tensor, err error) {
	if len(batch.extra) > 0 {
		return nil, nil, fmt.Errorf("textual inversions in the prompt: %s takes tokens alone: %w", e.exported.name, ErrExported)
	}
	o := e.options(layer)
	state, err := e.exported.output(o, e.config.Layers)
	if err != nil {
		return nil, nil, err
	}
	outputs := []string{state}
	for _, pooled := range []string{textProjected, textPooled} {
		if e.exported.gives(pooled) && (len(outputs) == 1 || !o.Project) {
			outputs = append(outputs[:1], pooled)
		}
	}
	ids := tensor.New(len(batch.ends), len(batch.tokens)/len(batch.ends))
	for i, id := range batch.tokens {
		ids.Data[i] = float32(id)
	}
	spec := e.exported.spec()
	spec.Runs, spec.Work, spec.Rare = 1, 2*float64(len(batch.tokens)), true
	session, release, err := rt.sessions.acquire(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	out, err := e.exported.run(ctx, session, exportedCall{
		items: ids.Dim(0), rows: map[string]*tensor.Tensor{textTokens: ids},
		misfit: func(_ string, have, want []int) error {
			return fmt.Errorf("it was exported for prompts of %d tokens, and chunks have %d: export it for %d", want[1], have[1], have[1])
		},
	}, outputs...)
	if err != nil {
		return nil, nil, err
	}
	if len(out) > 1 {
		pooled = out[1]
	}
	return out[0], pooled, nil
}

// isExported reports whether one of the encoders is an .onnx file.
func (c CLIP) isExported() bool {
	for _, e := range c.encoders {
		if e.exported != nil {
			return true
		}
	}
	return false
}

// checkWeights is nil for text encoders whose weights can be read.
func (c CLIP) checkWeights() error {
	if err := c.check(); err != nil {
		return err
	}
	if c.isExported() {
		return fmt.Errorf("text encoder: %w", ErrExported)
	}
	return nil
}
