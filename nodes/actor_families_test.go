package nodes_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestGoldenTuningFamilies runs every way of making an actor, a LoRA and a textual inversion, and what they save, on a checkpoint of each
// family. What was saved is used with the checkpoint again; with one of another family it is refused.
func TestGoldenTuningFamilies(t *testing.T) {
	rt := goldenRuntime(t)
	const use = `{
		"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "%[1]s"}},
		"2": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["1", 0], "lora_name": "%[2]s_2_steps_00001_.safetensors", "strength_model": 1}},
		"3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a robot, embedding:%[2]s", "clip": ["1", 1]}},
		"4": {"class_type": "LoadActor", "inputs": {"actor_name": "%[2]s.safetensors", "model": ["2", 0]}},
		"5": {"class_type": "ApplyActor", "inputs": {"conditioning": ["3", 0], "actor": ["4", 0], "v": 1, "start": 0, "end": 1, "word": ""}},
		"6": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
		"7": {"class_type": "KSampler", "inputs": {"model": ["2", 0], "seed": 1, "steps": 2, "cfg": 5, "sampler_name": "euler", "scheduler": "normal",
			"positive": ["5", 0], "negative": ["3", 0], "latent_image": ["6", 0], "denoise": 1}},
		"8": {"class_type": "SaveLatent", "inputs": {"samples": ["7", 0], "filename_prefix": "latents/used"}}
	}`
	families := map[string]string{"one": "tiny-sd15.safetensors", "two": "tiny-sd21-v.safetensors", "xl": "tiny-sdxl.safetensors"}
	for name, checkpoint := range families {
		t.Run(checkpoint, func(t *testing.T) {
			prompt := strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf(clusterPrompt, 3, 2)), "}") + fmt.Sprintf(tuningPrompt, "robot")
			prompt = strings.NewReplacer("tiny-actors.safetensors", checkpoint, `"ann"`, `"`+name+`"`, "loras/ann", "loras/"+name, `"phi"`, `"phi-`+name+`"`,
				"tests/robot", "tests/"+name).Replace(prompt)
			if _, err := play(t, rt, prompt); err != nil {
				t.Fatal(err)
			}
			if _, err := play(t, rt, fmt.Sprintf(use, checkpoint, name)); err != nil {
				t.Fatal(err)
			}
		})
	}
	for name, checkpoint := range map[string]string{"one": families["xl"], "xl": families["two"], "two": families["one"]} {
		_, err := play(t, rt, fmt.Sprintf(use, checkpoint, name))
		if err == nil || !strings.Contains(err.Error(), "family") {
			t.Errorf("an actor of %s with %s: %v", families[name], checkpoint, err)
		}
	}
}
