package weights

import (
	"encoding/json"
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
		if format := lora.otherFormat(); format != "" {
			goldentest.Waiting(t, name, "a LoRA of the format "+format)
			continue
		}
		t.Run(name, func(t *testing.T) { checkMerge(t, path, lora) })
	}
}

// otherFormat names the format of a file that holds changes of a kind not supported yet.
func (l *LoRA) otherFormat() string {
	for _, m := range l.modules() {
		if m.format != "" {
			return m.format
		}
	}
	return ""
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
	base, changes := baseOf(t, lora, golden)
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
		w, err := sets[part].Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		merged, err := Merge(w, change, strength)
		if err != nil {
			t.Fatal(err)
		}
		if merged.Len() > 4096 {
			merged = everyEighthRow(merged)
		}
		goldentest.Close(t, key, merged, golden.Get(t, key), goldentest.TensorTolerance(t, path, key, 1e-5))
	}
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

// baseOf finds the checkpoint for which a LoRA changes most of the fixture's weights; the fixtures do not name it.
func baseOf(t *testing.T, lora *LoRA, golden *goldentest.File) (base *Checkpoint, changes map[string]map[string]LowRank) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(goldentest.Models(t), "checkpoints", "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no checkpoints: %v", err)
	}
	most := -1
	for _, file := range files {
		c, err := OpenCheckpoint(file)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]map[string]LowRank{}
		for part, read := range map[string]func() (map[string]LowRank, error){
			unetPart:  func() (map[string]LowRank, error) { return lora.UNet(c.UNet) },
			textPart:  func() (map[string]LowRank, error) { return lora.Text(c.Text) },
			textGPart: func() (map[string]LowRank, error) { return lora.TextG(c.TextG) },
		} {
			if found[part], err = read(); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for _, key := range golden.Names() {
			part, name := splitKey(key)
			if _, ok := found[part][name]; ok {
				n++
			}
		}
		if n > most {
			most, base, changes = n, c, found
		}
	}
	return base, changes
}
