package nodes

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
)

func trainNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[TrainLora](),
		graph.Declare[SaveLoRA](),
		graph.Declare[TrainTextualInversion](),
		graph.Declare[SaveEmbedding](),
	}
}

// TrainLora trains a LoRA on latents and their texts.
type TrainLora struct {
	_ graph.Meta `category:"oneactor/training" title:"Train LoRA" doc:"Trains a LoRA on the latents and their texts. A run that was stopped goes on where it was."`

	Model        runtime.Model        `doc:"the model to train on, without another LoRA"`
	Latents      runtime.Latent       `doc:"the encoded pictures to learn"`
	Positive     runtime.Conditioning `doc:"what they show: one text for all, or one for each, combined"`
	BatchSize    int                  `default:"1" min:"1" max:"10000" doc:"pictures in a step"`
	Steps        int                  `default:"16" min:"1" max:"100000" doc:"steps of training"`
	LearningRate float64              `default:"0.0005" min:"0.0000001" max:"1.0" step:"0.0000001" doc:"learning rate"`
	Rank         int                  `default:"8" min:"1" max:"128" doc:"rank of the LoRA"`
	Seed         uint64               `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"the same seed gives the same LoRA"`
}

type trainedLora struct {
	Model runtime.Model `out:"model_with_lora"`
	Lora  actor.LoRA    `out:"lora"`
	Steps int           `out:"steps"`
}

// Run shows the loss while it trains.
func (n TrainLora) Run(ctx context.Context) (trainedLora, error) {
	rt := runtime.FromContext(ctx)
	l, err := actor.TrainLoRA(ctx, rt, actor.LoRATraining{
		Model: n.Model, Latent: n.Latents, Texts: n.Positive, Rank: n.Rank, Steps: n.Steps, Rate: n.LearningRate, Batch: n.BatchSize, Seed: n.Seed,
		Progress: trainingProgress(ctx, "loss of the LoRA"), Folder: stateFolder(rt),
	})
	if err != nil {
		return trainedLora{}, err
	}
	return trainedLora{n.Model.WithLoRA(l.Changes, 1), l, n.Steps}, nil
}

// SaveLoRA keeps a trained LoRA where LoraLoader finds it.
type SaveLoRA struct {
	_ graph.Meta `category:"oneactor/training" title:"Save LoRA Weights" output:"true" doc:"Saves a trained LoRA in the output folder, where Load LoRA finds it."`

	Lora   actor.LoRA `doc:"the trained LoRA"`
	Prefix string     `default:"loras/oneactor_trained_lora" doc:"begin of the file's name; below loras/ it is found by Load LoRA"`
	Steps  *int       `optional:"true" force:"true" doc:"put into the name"`
}

// Run never replaces a file.
func (n SaveLoRA) Run(ctx context.Context) (graph.UI, error) {
	prefix := n.Prefix
	if n.Steps != nil {
		prefix += fmt.Sprintf("_%d_steps", *n.Steps)
	}
	save, err := runtime.FromContext(ctx).Folders.NewSave(folder.Output, prefix, 0, 0)
	if err != nil {
		return nil, err
	}
	saved, err := save.Write(ctx, 0, "safetensors", func(w io.Writer) error { return n.Lora.Encode(ctx, w) })
	if err != nil {
		return nil, err
	}
	return graph.UI{"loras": {savedFile(saved)}, "text": {"saved as " + saved.Filename}}, nil
}

// TrainTextualInversion trains vectors that stand for a subject in prompts.
type TrainTextualInversion struct {
	_ graph.Meta `category:"oneactor/training" title:"Train Textual Inversion" doc:"Trains vectors that stand for the subject of the pictures in prompts. A run that was stopped goes on where it was."`

	Model        runtime.Model `doc:"the model; it stays as it is"`
	CLIP         runtime.CLIP  `doc:"its text encoder"`
	VAE          runtime.VAE   `doc:"its VAE"`
	Images       runtime.Image `doc:"pictures of the subject"`
	BaseWord     string        `default:"robot" doc:"a word for the kind of subject: the vectors begin there"`
	ConceptType  actor.Concept `doc:"what the subject is: chooses the texts that are learned with"`
	Vectors      int           `default:"1" min:"1" max:"32" doc:"tokens that stand for the subject"`
	BatchSize    int           `default:"4" min:"1" max:"64" doc:"pictures in a step"`
	Steps        int           `default:"200" min:"1" max:"100000" doc:"steps of training"`
	LearningRate float64       `default:"0.005" min:"0.0000001" max:"1.0" step:"0.0000001" doc:"learning rate"`
	Flip         float64       `default:"0.5" min:"0.0" max:"1.0" step:"0.05" advanced:"true" doc:"how often a picture is mirrored"`
	Seed         uint64        `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"the same seed gives the same vectors"`
}

// Run shows the loss while it trains.
func (n TrainTextualInversion) Run(ctx context.Context) (actor.Embedding, error) {
	rt := runtime.FromContext(ctx)
	return actor.TrainText(ctx, rt, actor.TextInversion{
		Model: n.Model, CLIP: n.CLIP, VAE: n.VAE, Images: n.Images, Word: n.BaseWord, Concept: n.ConceptType,
		Vectors: n.Vectors, Steps: n.Steps, Rate: n.LearningRate, Batch: n.BatchSize, Flip: n.Flip, Seed: n.Seed,
		Progress: trainingProgress(ctx, "loss of the vectors"), Folder: stateFolder(rt),
	})
}

// SaveEmbedding keeps trained vectors in models/embeddings.
type SaveEmbedding struct {
	_ graph.Meta `category:"oneactor/training" title:"Save Embedding" output:"true" doc:"Saves the vectors in models/embeddings. A name that is taken gets a number; nothing is replaced."`

	Embedding actor.Embedding `doc:"the trained vectors"`
	Name      string          `default:"subject" doc:"the file's name, without ending"`
}

type savedEmbedding struct {
	Text string `out:"text"`
	UI   graph.UI
}

// Run returns what a prompt writes to use the vectors.
func (n SaveEmbedding) Run(ctx context.Context) (savedEmbedding, error) {
	saved, err := n.Embedding.Save(ctx, runtime.FromContext(ctx), n.Name)
	if err != nil {
		return savedEmbedding{}, err
	}
	text := "embedding:" + strings.TrimSuffix(saved, ".safetensors")
	return savedEmbedding{text, graph.UI{"text": {text}}}, nil
}
