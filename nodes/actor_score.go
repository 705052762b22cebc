package nodes

import (
	"context"
	"math"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
)

func actorScoreNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ActorScore](),
		graph.Declare[WordMask](),
		graph.Declare[ClusterMap](),
	}
}

// ActorScore measures how well pictures keep a character and follow their prompts.
type ActorScore struct {
	_ graph.Meta `category:"oneactor" title:"Actor Score" list:"true" output:"true" doc:"Measures how alike the characters of pictures are, and how well they follow their prompts."`

	Images   []runtime.Image        `doc:"the pictures, in lists or batches"`
	Measure  []actor.Measure        `default:"auto" doc:"sprites reads the pictures of the tiny world that comes with the program; h compares states of the UNet, for any checkpoint; networks compares by CLIP and DINOv2, for any checkpoint; auto takes the networks where one is connected, else looks at the pictures"`
	Label    []string               `default:"pictures" doc:"what the pictures are, for the report"`
	Prompts  []string               `force:"true" optional:"true" doc:"what the pictures should show: a list, one text with a line for each, or one line for all"`
	Cluster  []actor.Cluster        `optional:"true" doc:"the base set whose target is the character; h needs it"`
	Actor    []actor.Actor          `optional:"true" doc:"its thumbnail is the character where there is no cluster"`
	Model    []runtime.Model        `optional:"true" doc:"for h"`
	VAE      []runtime.VAE          `in:"vae" optional:"true" doc:"for h"`
	Positive []runtime.Conditioning `optional:"true" doc:"for h: the prompt of the base set"`

	ClipVision []runtime.CLIPVision `optional:"true" doc:"for networks: a CLIP, for CLIP-I; and for CLIP-T if its file has both towers"`
	Dino       []runtime.CLIPVision `optional:"true" doc:"for networks: a DINOv2"`
	Mask       []runtime.Mask       `optional:"true" doc:"for networks: where the characters are, one for each picture or one for all; the rest is blanked"`
	TargetMask []runtime.Mask       `optional:"true" doc:"for networks: where the character is in the target's picture"`
}

// ActorScores are the figures, 0…1; those that were not measured are NaN.
type ActorScores struct {
	Identity float64       `out:"identity" doc:"sprites: equal factors over all pairs; h: 1 less the spread in units of the base set's; networks: DINOv2 over all pairs, or CLIP-I without it"`
	AllFour  float64       `out:"all_four" doc:"pairs with all factors equal"`
	ToTarget float64       `out:"to_target" doc:"sprites: factors of the target found; h: 1 less the distance to it in units of the base set's; networks: likeness to it"`
	Species  float64       `out:"species" doc:"pictures with the species of their prompt"`
	Scene    float64       `out:"scene" doc:"pictures with the scene of their prompt"`
	Report   string        `out:"report" doc:"a table in Markdown"`
	Table    runtime.Image `out:"table" doc:"the table as a picture"`
	CLIPI    float64       `out:"clip_i" doc:"networks: likeness by CLIP, mean over pairs"`
	CLIPT    float64       `out:"clip_t" doc:"networks: likeness of pictures and prompts by CLIP"`
	DINO     float64       `out:"dino" doc:"networks: likeness by DINOv2, mean over pairs"`
	UI       graph.UI
}

// Run measures all pictures together.
func (n ActorScore) Run(ctx context.Context) (ActorScores, error) {
	r, err := actor.Score(ctx, runtime.FromContext(ctx), actor.Scoring{
		Pictures: n.Images, Prompts: runtime.Lines(n.Prompts), Measure: first(n.Measure),
		Cluster: firstOrNil(n.Cluster), Actor: firstOrNil(n.Actor), States: states(n.Model, n.VAE, n.Positive),
		Networks: actor.Networks{
			CLIP: firstOrNil(n.ClipVision), DINO: firstOrNil(n.Dino), Masks: n.Mask, TargetMask: firstOrNil(n.TargetMask),
		},
	})
	if err != nil {
		return ActorScores{}, err
	}
	label := first(n.Label)
	table, err := r.Table(label)
	text := []any{r.Line(label)}
	for _, note := range r.Notes {
		text = append(text, note)
	}
	s := r.Scores
	out := ActorScores{
		Identity: s.Identity, AllFour: s.AllFour, ToTarget: s.ToTarget, Species: s.Species, Scene: s.Scene,
		Report: r.Markdown(label), Table: table, UI: graph.UI{"text": text}, CLIPI: math.NaN(), CLIPT: math.NaN(), DINO: math.NaN(),
	}
	if r.Measure == actor.MeasureNetworks {
		out.CLIPI, out.CLIPT, out.DINO = r.Networks.CLIP.Pairs, r.Networks.CLIPT, r.Networks.DINO.Pairs
	}
	return out, err
}

// WordMask marks where pictures show what a word of their prompt says.
type WordMask struct {
	_ graph.Meta `category:"oneactor" title:"Word Mask" doc:"Marks where pictures show a word of the prompt, by the cross-attention of the UNet: the character, for Actor Score."`

	Images    runtime.Image        `doc:"pictures of the model"`
	Model     runtime.Model        `doc:"the checkpoint that drew them"`
	VAE       runtime.VAE          `in:"vae"`
	Positive  runtime.Conditioning `doc:"a prompt with the word"`
	Word      string               `default:"hobbit" doc:"the noun to look for"`
	Threshold float64              `default:"0.0" min:"0.0" max:"1.0" step:"0.01" doc:"attention, from the least to the most in a picture, above which a place is marked; 0: found in each picture"`
}

// Run looks at each picture once.
func (n WordMask) Run(ctx context.Context) (runtime.Mask, error) {
	return actor.WordMask(ctx, runtime.FromContext(ctx), actor.States{Model: n.Model, VAE: n.VAE, Positive: n.Positive}, n.Images, n.Word, n.Threshold)
}

// ClusterMap shows where pictures lie among those of a base set.
type ClusterMap struct {
	_ graph.Meta `category:"oneactor" title:"Cluster Map" list:"true" doc:"Draws the states h of the UNet as points of a plane: the base set, its target, and the pictures made with its actor."`

	Cluster    []actor.Cluster        `doc:"the base set"`
	Thumbnails []bool                 `default:"true" doc:"show the pictures, else points"`
	Title      []string               `default:"Where the pictures lie"`
	Label      []string               `default:"with the actor" doc:"what the pictures are"`
	Size       []int                  `default:"768" min:"256" max:"4096" unit:"px" doc:"side of the picture"`
	Images     []runtime.Image        `optional:"true" doc:"pictures to place, of the cluster's size, in lists or batches"`
	Model      []runtime.Model        `optional:"true" doc:"to place pictures"`
	VAE        []runtime.VAE          `in:"vae" optional:"true" doc:"to place pictures"`
	Positive   []runtime.Conditioning `optional:"true" doc:"to place pictures: the prompt of the base set"`
}

// Run draws the map.
func (n ClusterMap) Run(ctx context.Context) (runtime.Image, error) {
	return actor.Map{
		Cluster: first(n.Cluster), Pictures: n.Images, States: states(n.Model, n.VAE, n.Positive),
		Label: first(n.Label), Title: first(n.Title), Thumbnails: first(n.Thumbnails), Side: first(n.Size),
	}.Draw(ctx, runtime.FromContext(ctx))
}

// states is nil unless all of it is connected.
func states(m []runtime.Model, v []runtime.VAE, c []runtime.Conditioning) *actor.States {
	if len(m) == 0 || len(v) == 0 || len(c) == 0 {
		return nil
	}
	return &actor.States{Model: m[0], VAE: v[0], Positive: c[0]}
}

// firstOrNil is the value of an optional input of a node that takes lists.
func firstOrNil[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}
