package folder

import (
	"path/filepath"
	"strings"
)

// match says which files of a folder are models.
type match func(name string) bool

// kind is a built-in model folder; dirs are relative to the base directory, the first one wins.
type kind struct {
	key   string
	dirs  []string
	match match
}

// diffusersKey is special: its models are directories, not files.
const diffusersKey = "diffusers"

// kinds is the layout of ComfyUI's models folder, in the order clients see.
var kinds = []kind{
	{"checkpoints", models("checkpoints"), modelFile},
	{"configs", models("configs"), yamlFile},
	{"loras", models("loras"), modelFile},
	{"vae", models("vae"), modelFile},
	{"text_encoders", models("text_encoders", "clip"), modelFile},
	{"diffusion_models", models("unet", "diffusion_models"), modelFile},
	{"clip_vision", models("clip_vision"), modelFile},
	{"style_models", models("style_models"), modelFile},
	{"embeddings", models("embeddings"), modelFile},
	{diffusersKey, models("diffusers"), nil},
	{"vae_approx", models("vae_approx"), modelFile},
	{"controlnet", models("controlnet", "t2i_adapter"), modelFile},
	{"gligen", models("gligen"), modelFile},
	{"upscale_models", models("upscale_models"), modelFile},
	{"custom_nodes", []string{"custom_nodes"}, anyFile},
	{"hypernetworks", models("hypernetworks"), modelFile},
	{"photomaker", models("photomaker"), modelFile},
	{"classifiers", models("classifiers"), bareFile},
	{"model_patches", models("model_patches"), modelFile},
	{"audio_encoders", models("audio_encoders"), modelFile},
	{"actors", models("actors"), safetensorsFile},
	{"clusters", models("clusters"), safetensorsFile},
	{"projectors", models("projectors"), safetensorsFile},
	{"scores", models("scores"), modelFile}, // ours: readers of pictures that measure consistency
}

// savedModels maps keys to the folder below output/ where nodes save such models.
var savedModels = map[string]string{
	"checkpoints":      "checkpoints",
	"text_encoders":    "clip",
	"vae":              "vae",
	"diffusion_models": "diffusion_models",
	"loras":            "loras",
}

// currentKey translates the keys of older releases, which config files and lookups still use.
func currentKey(key string) string {
	switch key {
	case "clip":
		return "text_encoders"
	case "unet":
		return "diffusion_models"
	}
	return key
}

func models(names ...string) []string {
	for i, n := range names {
		names[i] = "models/" + n
	}
	return names
}

func modelFile(name string) bool {
	switch extension(name) {
	case ".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft":
		return true
	}
	return false
}

func safetensorsFile(name string) bool { return extension(name) == ".safetensors" }

func yamlFile(name string) bool { return extension(name) == ".yaml" }
func bareFile(name string) bool { return extension(name) == "" }
func anyFile(string) bool       { return true }

// extension is in lower case; a dot at the start of a name starts no extension.
func extension(name string) string {
	return strings.ToLower(filepath.Ext(strings.TrimLeft(filepath.Base(name), ".")))
}
