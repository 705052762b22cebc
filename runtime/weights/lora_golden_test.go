package weights

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// TestGoldenLoRAMerge compares merged weights with ComfyUI's, for every fixture lora_merge_NAME and models/loras/NAME.
func TestGoldenLoRAMerge(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "lora_merge_*.safetensors") {
		name := strings.TrimPrefix(filepath.Base(path), "lora_merge_")
		lora, err := OpenLoRA(model(t, "loras", name))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { checkMerge(t, path, lora) })
	}
}

func checkMerge(t *testing.T, path string, lora *LoRA) {
	golden := goldentest.Load(t, path)
	var strength float32
	var targets struct {
		UNet int `json:"unet"`
		Text int `json:"text."`
	}
	for key, v := range map[string]any{"strength": &strength, "targets": &targets} {
		if err := json.Unmarshal([]byte(golden.Metadata()[key]), v); err != nil {
			t.Fatalf("metadata %s: %v", key, err)
		}
	}
	base, changes := baseOf(t, lora, golden, strength)
	if len(changes[unetPart]) != targets.UNet || len(changes[textPart])+len(changes[textGPart]) != targets.Text {
		t.Errorf("%d UNet, %d + %d text targets, want %d and %d", len(changes[unetPart]), len(changes[textPart]),
			len(changes[textGPart]), targets.UNet, targets.Text)
	}
	sets := map[string]*Set{unetPart: base.UNet, textPart: base.Text, textGPart: base.TextG}
	for _, key := range golden.Names() {
		part, name := splitKey(key)
		change, ok := changes[part][name]
		if !ok {
			t.Errorf("%s is not changed", key)
			continue
		}
		merged := mergedAs(t, sets[part], name, change, strength)
		goldentest.Close(t, key, merged, golden.Get(t, key), goldentest.TensorTolerance(t, path, key, 1e-5))
	}
}

// mergedAs is a changed weight as fixtures have it, with every eighth row of large ones.
func mergedAs(t *testing.T, set *Set, name string, change Change, strength float32) *tensor.Tensor {
	t.Helper()
	w, err := set.Float32(name)
	if err != nil {
		t.Fatal(err)
	}
	merged, err := change.Apply(w, strength)
	if err != nil {
		t.Fatal(err)
	}
	if merged.Len() > 4096 {
		merged = everyEighthRow(merged)
	}
	return merged
}

// The prefixes of the fixtures' keys tell the part of a model.
const (
	unetPart  = "diffusion_model."
	textPart  = "text.clip_l.transformer."
	textGPart = "text.clip_g.transformer."
)

func splitKey(key string) (part, name string) {
	for _, part := range []string{unetPart, textPart, textGPart} {
		if name, ok := strings.CutPrefix(key, part); ok {
			return part, name
		}
	}
	return "", key
}

func everyEighthRow(w *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(append([]int{(w.Shape[0] + 7) / 8}, w.Shape[1:]...)...)
	for i := range out.Shape[0] {
		copy(out.Rows(i, i+1).Data, w.Rows(8*i, 8*i+1).Data)
	}
	return out
}

// baseOf finds the checkpoint for which a LoRA changes most of the fixture's weights, and of several the nearest; the fixtures do not
// name it.
func baseOf(t *testing.T, lora *LoRA, golden *goldentest.File, strength float32) (base *Checkpoint, changes map[string]map[string]Change) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(goldentest.Models(t), "checkpoints", "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no checkpoints: %v", err)
	}
	best := -1.0
	for _, file := range files {
		c, err := OpenCheckpoint(file)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]map[string]Change{}
		for part, read := range map[string]func() (map[string]Change, error){
			unetPart:  func() (map[string]Change, error) { return lora.Changes(LoRATargetUNet(c.UNet)) },
			textPart:  func() (map[string]Change, error) { return lora.Changes(LoRATargetText(c.Text, CLIPL, false)) },
			textGPart: func() (map[string]Change, error) { return lora.Changes(LoRATargetText(c.TextG, CLIPG, true)) },
		} {
			if found[part], err = read(); err != nil {
				t.Fatal(err)
			}
		}
		fit := 0.0
		sets := map[string]*Set{unetPart: c.UNet, textPart: c.Text, textGPart: c.TextG}
		for _, key := range golden.Names() {
			part, name := splitKey(key)
			if change, ok := found[part][name]; ok {
				fit += 1 + 1/(1+distance(mergedAs(t, sets[part], name, change, strength), golden.Get(t, key)))
			}
		}
		if fit > best {
			best, base, changes = fit, c, found
		}
	}
	return base, changes
}

func distance(a, b *tensor.Tensor) float64 {
	if !tensor.SameShape(a, b) {
		return math.Inf(1)
	}
	var sum float64
	for i, v := range a.Data {
		sum += math.Abs(float64(v - b.Data[i]))
	}
	return sum
}
