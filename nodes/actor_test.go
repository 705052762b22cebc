package nodes_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// demoRuntime works on the shipped checkpoint; everything that is saved goes to a temporary place.
func demoRuntime(t *testing.T) *runtime.Runtime {
	t.Helper()
	ortest.Setup(t)
	base := t.TempDir()
	checkpoints, err := filepath.Abs("../models/checkpoints")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(base, "models"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(checkpoints, filepath.Join(base, "models", "checkpoints")); err != nil {
		t.Fatal(err)
	}
	return runtimetest.New(t, folder.Config{Base: base}, runtime.Config{})
}

// play runs an API prompt and returns what its nodes report.
func play(t *testing.T, rt *runtime.Runtime, text string) (*ojson.Object, error) {
	t.Helper()
	v, err := ojson.Parse([]byte(text), ojson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	registry, err := graph.New(nodes.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	engine := graph.NewEngine(registry, graph.Config{
		Choices: rt.Choices,
		Bind:    func(ctx context.Context) context.Context { return runtime.With(ctx, rt) },
	})
	valid := engine.Validate(v.(*ojson.Object), nil)
	if err := valid.Err(); err != nil {
		return nil, err
	}
	result, err := engine.Run(t.Context(), graph.Request{PromptID: "test", Prompt: v.(*ojson.Object), Outputs: valid.Outputs}, nil)
	return result.Outputs, err
}

// clusterPrompt draws pictures of 64 px in two steps.
const clusterPrompt = `{
	"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny-actors.safetensors"}},
	"2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a photo of a robot", "clip": ["1", 1]}},
	"3": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", 1]}},
	"4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": %d}},
	"5": {"class_type": "ClusterSampler", "inputs": {"model": ["1", 0], "seed": 1, "steps": 2, "cfg": 5, "sampler_name": "euler",
		"scheduler": "normal", "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0], "denoise": 1, "vae": ["1", 2]}},
	"6": {"class_type": "SelectTarget", "inputs": {"cluster": ["5", 1], "index": %d}},
	"7": {"class_type": "SaveCluster", "inputs": {"cluster": ["6", 0], "name": "tests/robot"}}
}`

func TestClusterNodes(t *testing.T) {
	rt := demoRuntime(t)
	for round := range 2 { // saving again keeps the first
		out, err := play(t, rt, fmt.Sprintf(clusterPrompt, 3, 2))
		if err != nil {
			t.Fatal(err)
		}
		ui, _ := out.Get("6")
		pictures, _ := ui.(*ojson.Object).Get("images")
		if n := len(pictures.([]any)); n != 3 {
			t.Errorf("round %d: %d pictures are shown", round, n)
		}
		if selected, _ := ui.(*ojson.Object).Get("selected"); fmt.Sprint(selected) != "[2]" {
			t.Errorf("selected %v", selected)
		}
	}
	list, err := rt.Choices("clusters")
	if err != nil || len(list) != 2 {
		t.Fatalf("clusters %v: %v", list, err)
	}
	loaded, err := nodes.LoadCluster{Cluster: list[0]}.Run(runtime.With(t.Context(), rt))
	if err != nil || loaded.Len() != 3 || loaded.Target != 2 || loaded.Prompt != "a photo of a robot" || !slices.Equal(loaded.Images.Shape, []int{3, 64, 64, 3}) {
		t.Errorf("loaded %d pictures of %v, target %d, prompt %q: %v", loaded.Len(), loaded.Images.Shape, loaded.Target, loaded.Prompt, err)
	}
	for name, tt := range map[string]struct {
		pictures, index int
		says            string
	}{
		"one picture":  {1, 0, "batch_size"},
		"out of range": {2, 2, "choose 0 to 1"},
	} {
		if _, err := play(t, rt, fmt.Sprintf(clusterPrompt, tt.pictures, tt.index)); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: error %v; want %q", name, err, tt.says)
		}
	}
}

// TestClusterGuiderEqualsPatch: the guider and the patched model draw the same picture.
func TestClusterGuiderEqualsPatch(t *testing.T) {
	rt := demoRuntime(t)
	ctx := runtime.With(t.Context(), rt)
	c, err := rt.LoadCheckpoint("tiny-actors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	encode := func(text string) runtime.Conditioning {
		out, err := rt.EncodeText(ctx, c.CLIP, text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	deltas := tensor.Full(0.5, 3, 64)
	for i := range 64 {
		deltas.Data[i] = float32(i%5) - 2
	}
	cast, err := nodes.ApplyActor{Conditioning: encode("a photo of a cat"), Actor: actor.Actor{Deltas: deltas, Word: "cat"}, V: 1, End: 0.66}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	negative, latent := encode(""), runtime.ZeroLatent(1, 4, 16, 16)
	sampler := nodes.KSampler{Model: c.Model, Seed: 5, Steps: 4, CFG: 5, SamplerName: "euler", Scheduler: "normal",
		Positive: cast.Positive, Negative: negative, LatentImage: latent, Denoise: 1}
	draw := func(eta2 float64) []float32 {
		n := sampler
		if n.Model, err = (nodes.ClusterGuidance{Model: c.Model, Cluster: cast.Cluster, Eta2: eta2, End: 0.66}).Run(ctx); err != nil {
			t.Fatal(err)
		}
		out, err := n.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return out.Samples.Data
	}
	patched, plain := draw(0.7), draw(0)
	guider, err := nodes.ClusterGuider{Model: c.Model, Positive: cast.Positive, Negative: negative, Cluster: cast.Cluster, Eta1: 5, Eta2: 0.7, End: 0.66}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	euler, err := sampling.ByName("euler")
	if err != nil {
		t.Fatal(err)
	}
	sigmas, err := nodes.BasicScheduler{Model: c.Model, Scheduler: "normal", Steps: 4, Denoise: 1}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	guided, err := nodes.SamplerCustomAdvanced{
		Noise: runtime.Noise{Seed: 5}, Guider: guider, Sampler: runtime.Sampler{Sampler: euler}, Sigmas: sigmas, LatentImage: latent,
	}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(guided.Output.Samples.Data, patched) {
		t.Error("the guider and the patched model give different latents")
	}
	if slices.Equal(plain, patched) {
		t.Error("cluster guidance changes nothing")
	}
}
