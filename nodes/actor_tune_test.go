package nodes_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/actor"
)

// tuningPrompt makes an actor every way there is, of three pictures of 64 px, in two steps each.
const tuningPrompt = `,
	"10": {"class_type": "TuneActor", "inputs": {"model": ["1", 0], "clip": ["1", 1], "vae": ["1", 2], "cluster": ["6", 0], "base_word": "%s",
		"concept_type": "character", "steps": 2, "lr": 0.001, "auxiliary": 3, "lambda1": 0.5, "lambda2": 0.2, "flip": 0.5, "seed": 3}},
	"11": {"class_type": "SaveActor", "inputs": {"actor": ["10", 0], "name": "ann", "origin": "a test", "licence": "CC0", "projector": ["10", 1], "cluster": ["6", 0]}},
	"12": {"class_type": "SaveProjector", "inputs": {"projector": ["10", 1], "name": "phi", "precision": "float16", "origin": "", "licence": ""}},
	"13": {"class_type": "PretrainProjector", "inputs": {"model": ["1", 0], "clip": ["1", 1], "vae": ["1", 2], "clusters": "nowhere/", "base_words": "cat, robot",
		"concept_type": "character", "steps": 2, "lr": 0.001, "schedule": "cosine", "auxiliary": 3, "lambda1": 0.5, "lambda2": 0.2, "flip": 0.5, "seed": 3,
		"cluster": ["6", 0], "projector": ["10", 1]}},
	"14": {"class_type": "ActorFromProjector", "inputs": {"projector": ["13", 0], "cluster": ["6", 0], "base_word": "robot", "concept_type": "character"}},
	"15": {"class_type": "SaveActor", "inputs": {"actor": ["14", 0], "name": "ann", "origin": "", "licence": ""}},
	"16": {"class_type": "TrainTextualInversion", "inputs": {"model": ["1", 0], "clip": ["1", 1], "vae": ["1", 2], "images": ["6", 1], "base_word": "robot",
		"concept_type": "character", "vectors": 1, "batch_size": 2, "steps": 2, "learning_rate": 0.005, "flip": 0.5, "seed": 0}},
	"17": {"class_type": "SaveEmbedding", "inputs": {"embedding": ["16", 0], "name": "ann"}},
	"18": {"class_type": "VAEEncode", "inputs": {"pixels": ["6", 1], "vae": ["1", 2]}},
	"19": {"class_type": "TrainLora", "inputs": {"model": ["1", 0], "latents": ["18", 0], "positive": ["2", 0], "batch_size": 2, "steps": 2,
		"learning_rate": 0.001, "rank": 2, "seed": 0}},
	"20": {"class_type": "SaveLoRA", "inputs": {"lora": ["19", 1], "prefix": "loras/ann", "steps": ["19", 2]}}
}`

func TestTuningNodes(t *testing.T) {
	rt := demoRuntime(t)
	prompt := strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf(clusterPrompt, 3, 2)), "}") + tuningPrompt
	if _, err := play(t, rt, fmt.Sprintf(prompt, "robot")); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"actors": "ann-2.safetensors ann.safetensors", "projectors": "phi.safetensors", "embeddings": "ann.safetensors", "loras": "ann_2_steps_00001_.safetensors",
	} {
		if names, err := rt.Folders.List(key); err != nil || strings.Join(names, " ") != want {
			t.Errorf("%s: %q (%v), want %s", key, names, err, want)
		}
	}
	f, err := actor.Load(rt, "ann.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if g, err := actor.Load(rt, "ann-2.safetensors"); err == nil && g.Projector != nil {
		f = g // the two are saved in any order
	}
	if f.Projector == nil || f.H == nil || f.Target != 2 || f.Details.Licence != "CC0" || f.Details.Thumbnail.Dim(1) != 64 || f.Details.Settings["seed"] != "3" {
		t.Errorf("%+v", f)
	}
	again := `{
		"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny-actors.safetensors"}},
		"2": {"class_type": "LoadActor", "inputs": {"actor_name": "ann.safetensors", "model": ["1", 0]}},
		"3": {"class_type": "SaveActor", "inputs": {"actor": ["2", 0], "name": "again", "origin": "", "licence": ""}},
		"4": {"class_type": "LoadProjector", "inputs": {"projector_name": "phi.safetensors"}},
		"5": {"class_type": "SaveProjector", "inputs": {"projector": ["4", 0], "name": "again", "precision": "float32", "origin": "me", "licence": "CC0"}}
	}`
	if _, err := play(t, rt, again); err != nil {
		t.Fatal(err)
	}
	if _, err := play(t, rt, fmt.Sprintf(prompt, "cat")); err == nil || !strings.Contains(err.Error(), "a photo of a robot") {
		t.Errorf("a word that the prompt lacks: %v", err)
	}
}
