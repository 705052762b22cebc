package graph

import (
	"context"
	"strings"
	"testing"
)

type latent struct{}

func (latent) Socket() string { return "LATENT" }

type samplerName string

func (samplerName) Choices() []string { return []string{"euler", "ddim"} }

type sampleNode struct {
	_       Meta        `class:"KSampler" category:"sampling" module:"nodes" title:"KSampler" doc:"denoises a latent"`
	Seed    uint64      `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"the seed"`
	Steps   int         `default:"20" min:"1" max:"10000"`
	CFG     float64     `in:"cfg" default:"8.0" min:"0.0" max:"100.0" step:"0.1" round:"0.01"`
	Sampler samplerName `in:"sampler_name"`
	Latent  latent      `in:"latent_image"`
	VAEName *string     `optional:"true"`
	Prompt  Prompt
	Cache   State[int]
}

func (n sampleNode) Run(context.Context) (latent, error) { return n.Latent, nil }

type badNode struct {
	_      Meta    `category:"x" colour:"red"`
	Steps  int     `default:"many" min:"1"`
	CFG    float64 `default:"8.0" max:"1.0"`
	Name   string  `defualt:"x"`
	Any    chan int
	Single string `in:"steps"`
}

func (n *badNode) Run(context.Context) (latent, error) { return latent{}, nil }

func TestNewReportsEverythingAtOnce(t *testing.T) {
	_, err := New(Declare[badNode](), Declare[sampleNode](), Declare[sampleNode]())
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`node badNode: meta: tag colour="red": unknown key`,
		`node badNode: input Steps: tag default="many": not a whole number`,
		`node badNode: input CFG: tag default="8.0": above max="1"`,
		`node badNode: input Name: tag defualt="x": unknown key; did you mean default?`,
		`node badNode: input Any: type chan int has no socket type`,
		`node badNode: input Single: the wire name "steps" is taken by Steps`,
		`node badNode: Run has a pointer receiver`,
		`node KSampler: declared twice`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in\n%v", want, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 8 {
		t.Errorf("%d complaints, want 8:\n%v", lines, err)
	}
}

func TestSnake(t *testing.T) {
	for field, want := range map[string]string{
		"CkptName": "ckpt_name", "VAE": "vae", "VAEName": "vae_name", "CFG": "cfg", "StartAtStep": "start_at_step",
		"Image2": "image2", "SDXLName": "sdxl_name", "X": "x", "TextG": "text_g", "ClipL": "clip_l",
	} {
		if got := snake(field); got != want {
			t.Errorf("snake(%q) = %q, want %q", field, got, want)
		}
	}
}
