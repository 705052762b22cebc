package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func storybookNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[StorybookScenes](),
		graph.Declare[StorybookSheet](),
		graph.Declare[ContactSheet](),
		graph.Declare[ComparisonSheet](),
	}
}

// StorybookScenes turns a list of scenes into prompts of one character.
type StorybookScenes struct {
	_ graph.Meta `category:"oneactor/storybook" title:"Storybook Scenes" doc:"Makes a prompt, a caption and a seed of every line. Nodes behind it run once for each scene."`

	Scenes    string `multiline:"true" default:"in a forest\non a beach at sunset\nwaving in a city" doc:"one scene a line; {} stands for the character, which else comes first. What follows | is the caption, | seed 123 another noise for this scene; lines with # are left out"`
	Character string `default:"a photo of a robot" doc:"the character as a prompt says it, with its base word"`
	Word      string `default:"robot" doc:"the base word of the actor; a scene that names it is taken as it is"`
	Ending    string `default:"" doc:"added to every prompt, such as: , watercolour"`
	Seed      uint64 `default:"0" min:"0" max:"18446744073709551615" control:"true" doc:"of the first scene's noise; every further scene counts it up"`
}

// Scenes are lists with an item for each scene.
type Scenes struct {
	Prompts  graph.List[string] `out:"prompts"`
	Captions graph.List[string] `out:"captions"`
	Seeds    graph.List[uint64] `out:"seeds"`
	Count    int                `out:"count"`
}

// Run reads the lines.
func (n StorybookScenes) Run(context.Context) (Scenes, error) {
	s, err := actor.ReadStory(n.Scenes, n.Character, n.Word, n.Ending, n.Seed)
	return Scenes{s.Prompts, s.Captions, s.Seeds, len(s.Prompts)}, err
}

// StorybookSheet is a page with pictures and their captions.
type StorybookSheet struct {
	_ graph.Meta `category:"oneactor/storybook" title:"Storybook Sheet" list:"true" doc:"Lays all pictures out on one page, each above its caption."`

	Images           []runtime.Image `doc:"the pictures, in lists or batches"`
	Captions         []string        `force:"true" optional:"true" doc:"a list, or one text with a line for each picture"`
	Title            []string        `default:"" doc:"above the pictures"`
	Subtitle         []string        `default:"" doc:"below the title"`
	Columns          []int           `default:"0" min:"0" max:"64" doc:"pictures beside each other; 0 chooses"`
	Character        []runtime.Image `optional:"true" doc:"a picture of the character, shown at the left"`
	CharacterCaption []string        `default:"the character" doc:"below that picture"`
}

// Run lays the sheet out.
func (n StorybookSheet) Run(context.Context) (runtime.Image, error) {
	return runtime.DrawSheet(imaging.Sheet{
		Title: first(n.Title), Subtitle: first(n.Subtitle), Lead: firstPicture(n.Character), LeadCaption: first(n.CharacterCaption),
		Rows: imaging.Grid(runtime.AllPictures(n.Images), runtime.Lines(n.Captions), first(n.Columns)),
	})
}

// ContactSheet shows pictures in rows.
type ContactSheet struct {
	_ graph.Meta `category:"oneactor/storybook" title:"Contact Sheet" list:"true" doc:"Lays all pictures out in rows. Small ones are enlarged by whole factors, so pixel art stays sharp."`

	Images   []runtime.Image `doc:"the pictures, in lists or batches"`
	Captions []string        `default:"" multiline:"true" doc:"a line for each picture, or a list"`
	Columns  []int           `default:"0" min:"0" max:"64" doc:"pictures beside each other; 0 chooses"`
	CellSize []int           `default:"0" min:"0" max:"2048" unit:"px" doc:"longer side of a picture on the sheet; 0 chooses"`
}

// Run lays the sheet out.
func (n ContactSheet) Run(context.Context) (runtime.Image, error) {
	return runtime.DrawSheet(imaging.Sheet{
		Cell: first(n.CellSize), Rows: imaging.Grid(runtime.AllPictures(n.Images), runtime.Lines(n.Captions), first(n.Columns)),
	})
}

// ComparisonSheet shows the same scenes made in several ways, a row for each.
type ComparisonSheet struct {
	_ graph.Meta `category:"oneactor/storybook" title:"Comparison Sheet" list:"true" doc:"Rows of pictures below common heads: what the same prompts give in several ways."`

	Images1          []runtime.Image `in:"images_1" doc:"pictures of the first row, in lists or batches"`
	Label1           []string        `in:"label_1" default:"plain prompts" doc:"left of the first row"`
	Images2          []runtime.Image `in:"images_2" optional:"true"`
	Label2           []string        `in:"label_2" default:"with the actor"`
	Images3          []runtime.Image `in:"images_3" optional:"true"`
	Label3           []string        `in:"label_3" default:""`
	Images4          []runtime.Image `in:"images_4" optional:"true"`
	Label4           []string        `in:"label_4" default:""`
	Heads            []string        `force:"true" optional:"true" doc:"above the columns: a list, or one text with a line for each"`
	Title            []string        `default:""`
	Subtitle         []string        `default:"" doc:"below the title"`
	Character        []runtime.Image `optional:"true" doc:"a picture of the character, shown at the left"`
	CharacterCaption []string        `default:"the character" doc:"below that picture"`
}

// Run lays the sheet out.
func (n ComparisonSheet) Run(context.Context) (runtime.Image, error) {
	s := imaging.Sheet{
		Title: first(n.Title), Subtitle: first(n.Subtitle), Heads: runtime.Lines(n.Heads),
		Lead: firstPicture(n.Character), LeadCaption: first(n.CharacterCaption),
	}
	for _, row := range []struct {
		images []runtime.Image
		label  []string
	}{{n.Images1, n.Label1}, {n.Images2, n.Label2}, {n.Images3, n.Label3}, {n.Images4, n.Label4}} {
		if pictures := runtime.AllPictures(row.images); len(pictures) > 0 {
			s.Rows = append(s.Rows, imaging.SheetRow{Label: first(row.label), Pictures: pictures})
		}
	}
	return runtime.DrawSheet(s)
}

// first is the value of an input of a node that takes lists.
func first[T any](list []T) (v T) {
	if len(list) > 0 {
		v = list[0]
	}
	return v
}

// firstPicture is nil where there is none.
func firstPicture(list []runtime.Image) *tensor.Tensor {
	if pictures := runtime.AllPictures(list); len(pictures) > 0 {
		return pictures[0]
	}
	return nil
}
