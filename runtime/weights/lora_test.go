package weights

import (
	"errors"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// loraTarget is a small UNet and text encoder in one file.
func loraTarget(t *testing.T) *Checkpoint {
	t.Helper()
	tensors := smallUNet("model.diffusion_model.", 4, []int{8, 8, 1, 1}, 0, true, true)
	const block = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0."
	for name, shape := range map[string][]int{
		block + "attn1.to_q.weight": {6, 4}, block + "attn1.to_out.0.weight": {4, 6}, block + "ff.net.2.weight": {4, 16},
		"model.diffusion_model.input_blocks.1.0.in_layers.2.weight":                         {6, 4, 3, 3},
		"model.diffusion_model.time_embed.0.weight":                                         {6, 4},
		"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight":         {6, 4},
		"cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight":           {6, 4},
		"cond_stage_model.transformer.text_model.encoder.layers.0.layer_norm1.weight":       {4},
		"cond_stage_model.transformer.text_model.encoder.layers.10.self_attn.q_proj.weight": {6, 4},
	} {
		tensors[name] = shape
	}
	c, err := OpenCheckpoint(saved(t, "model.safetensors", tensors))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func openLoRA(t *testing.T, shapes map[string][]int) *LoRA {
	t.Helper()
	l, err := OpenLoRA(saved(t, "lora.safetensors", shapes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.File().Close() })
	return l
}

func unmatchedOf(t *testing.T, l *LoRA, unet, text *Set) []Unmatched {
	t.Helper()
	list, err := l.Unmatched(LoRATargetUNet(unet), LoRATargetText(text, CLIPL, false))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// pairOf is a change that must be a low-rank pair.
func pairOf(t *testing.T, c Change) LowRank {
	t.Helper()
	p, ok := c.(LowRanker)
	if !ok {
		t.Fatalf("%T is no low-rank pair", c)
	}
	l, err := p.LowRank()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLoRASpellings gives one change in each spelling that ComfyUI knows, and some it does not.
func TestLoRASpellings(t *testing.T) {
	const (
		q     = "input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight"
		out   = "input_blocks.1.1.transformer_blocks.0.attn1.to_out.0.weight"
		embed = "time_embed.0.weight"
		fc1   = "text_model.encoder.layers.0.mlp.fc1.weight"
		q10   = "text_model.encoder.layers.10.self_attn.q_proj.weight"
	)
	tests := map[string]string{ // module in the file → weight, "" where it must stay unmatched
		"lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q":                  q,
		"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q":        q,
		"lycoris_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q":          q,
		"diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q":            q,
		"down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q":        q,
		"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q":   q,
		"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_out": out,
		"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0":    out,
		"lora_unet_time_embedding_linear_1":                                           embed,
		"lora_unet_time_embed_0":                                                      embed,
		"unet.time_embedding.linear_1":                                                embed,
		"lora_te_text_model_encoder_layers_0_mlp_fc1":                                 fc1,
		"lora_te1_text_model_encoder_layers_0_mlp_fc1":                                fc1,
		"text_encoder.text_model.encoder.layers.0.mlp.fc1":                            fc1,
		"text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1":        fc1,
		"lora_te_text_model_encoder_layers_10_self_attn_q_proj":                       q10,
		"text_encoders.clip_l.transformer.text_model.embeddings.token_embedding":      "text_model.embeddings.token_embedding.weight",

		"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q":      "", // as ComfyUI
		"lora_te2_text_model_encoder_layers_0_mlp_fc1":                         "",
		"lora_te_text_model_embeddings_token_embedding":                        "",
		"lora_unet_input_blocks_9_1_transformer_blocks_0_attn1_to_q":           "",
		"lora_unet_down_blocks_7_attentions_0_transformer_blocks_0_attn1_to_q": "",
		"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_k": "",
	}
	target := loraTarget(t)
	for module, want := range tests {
		t.Run(module, func(t *testing.T) {
			up, down := []int{6, 2}, []int{2, 4}
			if want == out {
				up, down = []int{4, 2}, []int{2, 6}
			}
			l := openLoRA(t, map[string][]int{module + ".lora_up.weight": up, module + ".lora_down.weight": down})
			unet, err := l.Changes(LoRATargetUNet(target.UNet))
			if err != nil {
				t.Fatal(err)
			}
			text, err := l.Changes(LoRATargetText(target.Text, CLIPL, false))
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Concat(slices.Collect(maps.Keys(unet)), slices.Collect(maps.Keys(text)))
			unmatched := unmatchedOf(t, l, target.UNet, target.Text)
			if want == "" {
				if len(got) != 0 || len(unmatched) != 1 || unmatched[0].Module != module {
					t.Errorf("got %v, unmatched %v", got, unmatched)
				}
				return
			}
			if !slices.Equal(got, []string{want}) || len(unmatched) != 0 {
				t.Errorf("got %v, unmatched %v, want %s", got, unmatched, want)
			}
		})
	}
}

// TestLoRASuffixes spells one pair in each way.
func TestLoRASuffixes(t *testing.T) {
	target := loraTarget(t)
	const module = "lora_unet_time_embed_0"
	for _, pair := range pairSuffixes {
		t.Run(pair.up, func(t *testing.T) {
			l := openLoRA(t, map[string][]int{module + pair.up: {6, 2}, module + pair.down: {2, 4}, module + ".alpha": {}})
			changes, err := l.Changes(LoRATargetUNet(target.UNet))
			if err != nil {
				t.Fatal(err)
			}
			c := pairOf(t, changes["time_embed.0.weight"])
			if c.Rank != 2 || c.Alpha != 0 || !slices.Equal(c.Up.Shape, []int{6, 2}) || !slices.Equal(c.Down.Shape, []int{2, 4}) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

// TestLoRAAxes wants the lower factor with the axes of its weight: graphs declare their inputs so.
func TestLoRAAxes(t *testing.T) {
	const (
		linear = "lora_unet_time_embed_0"
		conv   = "lora_unet_middle_block_1_proj_in"
	)
	tests := map[string]struct {
		module         string
		up, down, want []int
	}{
		"linear":             {linear, []int{6, 2}, []int{2, 4}, []int{2, 4}},
		"linear as 1x1":      {linear, []int{6, 2, 1, 1}, []int{2, 4, 1, 1}, []int{2, 4}},
		"convolution":        {conv, []int{8, 2, 1, 1}, []int{2, 8, 1, 1}, []int{2, 8, 1, 1}},
		"1x1 as a matrix":    {conv, []int{8, 2}, []int{2, 8}, []int{2, 8, 1, 1}},
		"1x1 with a 1 alone": {conv, []int{8, 2}, []int{2, 8, 1}, []int{2, 8, 1, 1}},
	}
	target := loraTarget(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := openLoRA(t, map[string][]int{tt.module + ".lora_up.weight": tt.up, tt.module + ".lora_down.weight": tt.down})
			changes, err := l.Changes(LoRATargetUNet(target.UNet))
			if err != nil || len(changes) != 1 {
				t.Fatalf("%d changes, %v", len(changes), err)
			}
			for weight, change := range changes {
				c := pairOf(t, change)
				if !slices.Equal(c.Down.Shape, tt.want) {
					t.Errorf("%s: lower factor of shape %v, want %v", weight, c.Down.Shape, tt.want)
				}
			}
		})
	}
}

func TestLoRAUnmatched(t *testing.T) {
	target := loraTarget(t)
	const (
		linear = "lora_unet_time_embed_0"
		conv   = "lora_unet_input_blocks_1_0_in_layers_2"
	)
	tests := map[string]struct {
		tensors map[string][]int
		want    string // "" is a match
	}{
		"linear":               {map[string][]int{linear + ".lora_up.weight": {6, 2}, linear + ".lora_down.weight": {2, 4}}, ""},
		"linear as 1x1":        {map[string][]int{linear + ".lora_up.weight": {6, 2, 1, 1}, linear + ".lora_down.weight": {2, 4, 1, 1}}, ""},
		"convolution":          {map[string][]int{conv + ".lora_up.weight": {6, 2, 1, 1}, conv + ".lora_down.weight": {2, 4, 3, 3}}, ""},
		"Tucker":               {map[string][]int{conv + ".lora_up.weight": {6, 2, 1, 1}, conv + ".lora_mid.weight": {2, 2, 3, 3}, conv + ".lora_down.weight": {2, 4, 1, 1}}, ""},
		"core of another rank": {map[string][]int{conv + ".lora_up.weight": {6, 2, 1, 1}, conv + ".lora_mid.weight": {3, 2, 3, 3}, conv + ".lora_down.weight": {2, 4, 1, 1}}, "do not fit"},
		"kernel of 1":          {map[string][]int{conv + ".lora_up.weight": {6, 2, 1, 1}, conv + ".lora_down.weight": {2, 4, 1, 1}}, "do not fit"},
		"for another model":    {map[string][]int{linear + ".lora_up.weight": {12, 2}, linear + ".lora_down.weight": {2, 8}}, "do not fit the weight [6 4]"},
		"ranks differ":         {map[string][]int{linear + ".lora_up.weight": {6, 3}, linear + ".lora_down.weight": {2, 4}}, "do not fit"},
		"rank 0":               {map[string][]int{linear + ".lora_up.weight": {6, 0}, linear + ".lora_down.weight": {0, 4}}, "do not fit"},
		"one axis":             {map[string][]int{linear + ".lora_up.weight": {6}, linear + ".lora_down.weight": {4}}, "do not fit"},
		"alpha of two values":  {map[string][]int{linear + ".lora_up.weight": {6, 2}, linear + ".lora_down.weight": {2, 4}, linear + ".alpha": {2}}, "alpha [2] is no single number"},
		"up alone":             {map[string][]int{linear + ".lora_up.weight": {6, 2}}, "no pair"},
		"alpha alone":          {map[string][]int{linear + ".alpha": {}}, "no pair"},
		"DoRA":                 {map[string][]int{linear + ".lora_up.weight": {6, 2}, linear + ".lora_down.weight": {2, 4}, linear + ".dora_scale": {1, 4}}, ""},
		"names no weight":      {map[string][]int{"lora_unet_x.lora_up.weight": {6, 2}}, "names no weight"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := openLoRA(t, tt.tensors)
			changes, err := l.Changes(LoRATargetUNet(target.UNet))
			if err != nil {
				t.Fatal(err)
			}
			unmatched := unmatchedOf(t, l, target.UNet, target.Text)
			if tt.want == "" {
				if len(changes) != 1 || len(unmatched) != 0 {
					t.Errorf("changes %v, unmatched %v", changes, unmatched)
				}
				return
			}
			if len(changes) != 0 || len(unmatched) != 1 || !strings.Contains(unmatched[0].Reason, tt.want) {
				t.Errorf("changes %v, unmatched %v, want %q", changes, unmatched, tt.want)
			}
		})
	}
}

// TestLoRAWithoutText applies to the UNet what is for it and lists the rest.
func TestLoRAWithoutText(t *testing.T) {
	target := loraTarget(t)
	l := openLoRA(t, map[string][]int{
		"lora_unet_time_embed_0.lora_up.weight": {6, 2}, "lora_unet_time_embed_0.lora_down.weight": {2, 4},
		"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight": {6, 2}, "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": {2, 4},
	})
	text, err := l.Changes(LoRATargetText(nil, CLIPL, false))
	if err != nil || len(text) != 0 {
		t.Errorf("text %v, %v", text, err)
	}
	if u := unmatchedOf(t, l, target.UNet, nil); len(u) != 1 || u[0].Module != "lora_te_text_model_encoder_layers_0_mlp_fc1" {
		t.Errorf("unmatched %v", u)
	}
}

// TestAlpha takes the rank where a file has no alpha.
func TestAlpha(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	entries := []Entry{
		Float32Entry("lora_unet_time_embed_0.lora_up.weight", tensor.New(6, 4)), Float32Entry("lora_unet_time_embed_0.lora_down.weight", tensor.New(4, 4)),
		Float32Entry("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", tensor.New(6, 4)),
		Float32Entry("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", tensor.New(4, 4)),
		Float32Entry("lora_te_text_model_encoder_layers_0_mlp_fc1.alpha", tensor.Full(2)),
	}
	if err := Save(t.Context(), path, nil, entries); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLoRA(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.File().Close()
	target := loraTarget(t)
	unet, err1 := l.Changes(LoRATargetUNet(target.UNet))
	text, err2 := l.Changes(LoRATargetText(target.Text, CLIPL, false))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if c := pairOf(t, unet["time_embed.0.weight"]); c.Alpha != 4 || c.Scale() != 1 {
		t.Errorf("without alpha: %v, scale %v", c.Alpha, c.Scale())
	}
	if c := pairOf(t, text["text_model.encoder.layers.0.mlp.fc1.weight"]); c.Alpha != 2 || c.Scale() != 0.5 {
		t.Errorf("alpha 2 of rank 4: %v, scale %v", c.Alpha, c.Scale())
	}
}

// TestMerge compares with the definition, written out in float64.
func TestMerge(t *testing.T) {
	wave := func(shape ...int) *tensor.Tensor {
		w := tensor.New(shape...)
		for i := range w.Data {
			w.Data[i] = float32(math.Sin(float64(i) + float64(len(w.Data))))
		}
		return w
	}
	tests := map[string]struct {
		w *tensor.Tensor
		l LowRank
	}{
		"linear":      {wave(5, 4), LowRank{Up: wave(5, 2), Down: wave(2, 4), Alpha: 1, Rank: 2}},
		"rank 1":      {wave(3, 2), LowRank{Up: wave(3, 1), Down: wave(1, 2), Alpha: 1, Rank: 1}},
		"convolution": {wave(5, 4, 3, 3), LowRank{Up: wave(5, 2, 1, 1), Down: wave(2, 4, 3, 3), Alpha: 4, Rank: 2}},
		"Tucker":      {wave(5, 4, 3, 3), LowRank{Up: wave(5, 2, 1, 1), Mid: wave(2, 2, 3, 3), Down: wave(2, 4, 1, 1), Alpha: 2, Rank: 2}},
		"no rows":     {wave(0, 4), LowRank{Up: wave(0, 2), Down: wave(2, 4), Alpha: 1, Rank: 2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const strength = -0.75
			got, err := tt.l.Apply(tt.w.Clone(), strength)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got.Data {
				want := float64(tt.w.Data[i]) + strength*float64(tt.l.Alpha)/float64(tt.l.Rank)*product(tt.l, tt.w.Shape, i)
				if math.Abs(float64(v)-want) > 1e-5 {
					t.Fatalf("value %d: %v, want %v", i, v, want)
				}
			}
		})
	}
}

// product is value i of Up·Down, or of Up·Mid·Down.
func product(l LowRank, shape []int, i int) float64 {
	columns := tensor.Size(shape[1:])
	row, column := i/columns, i%columns
	var sum float64
	for a := range l.Rank {
		up := float64(l.Up.Data[row*l.Rank+a])
		if l.Mid == nil {
			sum += up * float64(l.Down.Data[a*columns+column])
			continue
		}
		kernel := tensor.Size(shape[2:])
		in, place := column/kernel, column%kernel
		for b := range l.Rank {
			sum += up * float64(l.Mid.Data[(a*l.Rank+b)*kernel+place]) * float64(l.Down.Data[b*shape[1]+in])
		}
	}
	return sum
}

func TestMergeRejects(t *testing.T) {
	tests := map[string]struct {
		w *tensor.Tensor
		l LowRank
	}{
		"rows":      {tensor.New(5, 4), LowRank{Up: tensor.New(6, 2), Down: tensor.New(2, 4), Alpha: 1, Rank: 2}},
		"columns":   {tensor.New(5, 4), LowRank{Up: tensor.New(5, 2), Down: tensor.New(2, 3), Alpha: 1, Rank: 2}},
		"rank":      {tensor.New(5, 4), LowRank{Up: tensor.New(5, 3), Down: tensor.New(2, 4), Alpha: 1, Rank: 2}},
		"rank 0":    {tensor.New(5, 4), LowRank{Up: tensor.New(5, 0), Down: tensor.New(0, 4), Alpha: 1}},
		"bias":      {tensor.New(5), LowRank{Up: tensor.New(5, 2), Down: tensor.New(2, 1), Alpha: 1, Rank: 2}},
		"core":      {tensor.New(5, 4, 3, 3), LowRank{Up: tensor.New(5, 2), Mid: tensor.New(2, 3, 3, 3), Down: tensor.New(2, 4), Alpha: 1, Rank: 2}},
		"flat core": {tensor.New(5, 4), LowRank{Up: tensor.New(5, 2), Mid: tensor.New(2, 2), Down: tensor.New(2, 4), Alpha: 1, Rank: 2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := tt.l.Apply(tt.w, 1); !errors.Is(err, tensor.ErrShape) {
				t.Errorf("got %v, want tensor.ErrShape", err)
			}
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	w, l := tensor.New(1280, 1280, 3, 3), LowRank{Up: tensor.Full(1, 1280, 16, 1, 1), Down: tensor.Full(1, 16, 1280, 3, 3), Alpha: 16, Rank: 16}
	for b.Loop() {
		if _, err := l.Apply(w, 1); err != nil {
			b.Fatal(err)
		}
	}
}
