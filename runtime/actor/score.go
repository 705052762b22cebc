package actor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/score"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Measure is a way to score pictures.
type Measure string

// The measures. Auto takes networks where one is connected, else sprites where the pictures are of the tiny world, else h.
const (
	MeasureAuto     Measure = "auto"
	MeasureSprites  Measure = "sprites"  // of the tiny world: what is in the pictures, by its readers
	MeasureH        Measure = "h"        // of any checkpoint: distances of the UNet's states
	MeasureNetworks Measure = "networks" // of any checkpoint: likeness by CLIP and DINOv2
)

// Choices lists the measures.
func (Measure) Choices() []string {
	return []string{string(MeasureAuto), string(MeasureSprites), string(MeasureH), string(MeasureNetworks)}
}

// Scoring asks how well pictures keep a character.
type Scoring struct {
	Pictures []runtime.Image
	Prompts  []string // what the pictures should show, one for each; a single one counts for all; none: not measured
	Measure  Measure
	Cluster  *Cluster // its target is the character; h needs it
	Actor    *Actor   // its thumbnail is the character where there is no cluster
	States   *States  // what h needs besides the cluster; nil where the pictures' h cannot be computed
	Networks Networks
}

// Report is what Score found.
type Report struct {
	Measure  Measure // sprites, h or networks
	Count    int
	Scores   score.Scores    // of sprites; with h and networks: Identity and ToTarget alone
	H        score.Distances // with h
	Networks NetworkScores   // with networks
	Notes    []string        // for people: what was not measured, and why
}

// sceneReaderFile lies among the models of kind "scores".
const sceneReaderFile = "tiny-world-scenes.safetensors"

// Limits above which a picture is not of the tiny world: the mean difference of pixels within a cell, and the distance to the nearest
// sprite, both in levels. Pictures of that world have about 1 and 10, one that went wrong in sampling 5 and 40.
const (
	mostRoughness = 8
	mostFit       = 60
)

// Score measures pictures.
func Score(ctx context.Context, rt *runtime.Runtime, s Scoring) (Report, error) {
	pictures, err := oneBatch(s.Pictures)
	if err != nil {
		return Report{}, fmt.Errorf("score: %w", err)
	}
	switch n := len(s.Prompts); {
	case n == 1:
		for range pictures.Dim(0) - 1 {
			s.Prompts = append(s.Prompts[:len(s.Prompts):len(s.Prompts)], s.Prompts[0])
		}
	case n > 1 && n != pictures.Dim(0):
		return Report{}, fmt.Errorf("score: %d prompts for %d pictures; give one for each, or one for all", n, pictures.Dim(0))
	}
	var report Report
	switch {
	case s.Measure == MeasureNetworks, s.Measure != MeasureSprites && s.Measure != MeasureH && s.Networks.any():
		report, err = s.byNetworks(ctx, rt, pictures)
	case s.Measure == MeasureH, s.Measure != MeasureSprites && !ofTinyWorld(pictures):
		report, err = s.byH(ctx, rt, pictures)
	default:
		report, err = s.bySprites(rt, pictures)
	}
	if err != nil {
		return Report{}, fmt.Errorf("score: %w", err)
	}
	report.Count = pictures.Dim(0)
	if report.Count < 2 {
		report.Notes = append(report.Notes, "one picture has no pairs to compare")
	}
	return report, nil
}

// ofTinyWorld tells whether most pictures are of flat cells that a sprite explains.
func ofTinyWorld(pictures runtime.Image) bool {
	readings, _, err := score.One().ReadAll(pictures.Tensor)
	if err != nil {
		return false
	}
	near := 0
	for i, picture := range pictures.Pictures() {
		if rough, err := score.Roughness(picture); err == nil && rough < mostRoughness && readings[i].Fit < mostFit {
			near++
		}
	}
	return 2*near > len(readings)
}

func (s Scoring) bySprites(rt *runtime.Runtime, pictures runtime.Image) (Report, error) {
	report := Report{Measure: MeasureSprites}
	reader := score.One()
	readings, cells, err := reader.ReadAll(pictures.Tensor)
	if err != nil {
		return report, err
	}
	var scenes []string
	scene, err := OpenSceneReader(rt)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		report.Notes = append(report.Notes, "scenes were not measured: there is no models/scores/"+sceneReaderFile)
	case err != nil:
		return report, err
	default:
		for _, c := range cells {
			name, _ := scene.Read(c)
			scenes = append(scenes, name)
		}
	}
	var target *score.Reading
	if picture := s.character(); picture != nil {
		read, _, err := reader.ReadAll(picture)
		if err != nil {
			return report, fmt.Errorf("the target: %w", err)
		}
		target = &read[0]
	}
	var wanted []score.Wanted
	for _, p := range s.Prompts {
		wanted = append(wanted, score.ParsePrompt(p))
	}
	report.Scores = score.Measure(readings, scenes, target, wanted)
	return report, nil
}

// character is the picture of the character [1,H,W,3], nil where none is known.
func (s Scoring) character() *tensor.Tensor {
	switch {
	case s.Cluster != nil:
		return s.Cluster.Images.Rows(s.Cluster.Target, s.Cluster.Target+1)
	case s.Actor != nil:
		return s.Actor.Details.Thumbnail.Tensor
	}
	return nil
}

func (s Scoring) byH(ctx context.Context, rt *runtime.Runtime, pictures runtime.Image) (Report, error) {
	if s.Cluster == nil || s.States == nil {
		return Report{}, errors.New("pictures of this kind are measured by the states of the UNet: connect the cluster, the model, the VAE and the cluster's prompt")
	}
	base, h, err := s.States.Both(ctx, rt, *s.Cluster, pictures)
	if err != nil {
		return Report{}, err
	}
	d, err := score.MeasureDistances(h, base, s.Cluster.Target)
	nan := math.NaN()
	return Report{Measure: MeasureH, H: d, Scores: score.Scores{
		Identity: 1 - d.Pairs, ToTarget: 1 - d.ToTarget, AllFour: nan, Species: nan, Scene: nan, RGB: nan, Fit: nan,
	}}, err
}

// OpenSceneReader opens the scene classifier of the tiny world; the error wraps fs.ErrNotExist where the file is not there.
func OpenSceneReader(rt *runtime.Runtime) (*score.SceneReader, error) {
	path, err := rt.Folders.Find("scores", sceneReaderFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return score.OpenSceneReader(path)
}

// oneBatch joins batches of pictures of one size; alpha is left out.
func oneBatch(list []runtime.Image) (runtime.Image, error) {
	var all []*tensor.Tensor
	for _, i := range list {
		i = i.Colours()
		if len(all) > 0 && (i.Dim(1) != all[0].Dim(1) || i.Dim(2) != all[0].Dim(2)) {
			return runtime.Image{}, fmt.Errorf("pictures of %dx%d and of %dx%d cannot be compared; resize them to one size", all[0].Dim(2), all[0].Dim(1), i.Dim(2), i.Dim(1))
		}
		all = append(all, i.Tensor)
	}
	if len(all) == 0 {
		return runtime.Image{}, errors.New("there are no pictures")
	}
	joined, err := tensor.Concat(0, all...)
	return runtime.Image{Tensor: joined}, err
}

// columns are the figures of a report with their names.
func (r Report) columns() (names, values []string) {
	add := func(name string, v float64, format string) {
		text := "–"
		if !math.IsNaN(v) {
			text = fmt.Sprintf(format, v)
		}
		names, values = append(names, name), append(values, text)
	}
	switch r.Measure {
	case MeasureNetworks:
		add("CLIP-I", r.Networks.CLIP.Pairs, "%.3f")
		add("CLIP-I to target", r.Networks.CLIP.ToTarget, "%.3f")
		add("CLIP-T", r.Networks.CLIPT, "%.3f")
		add("DINOv2", r.Networks.DINO.Pairs, "%.3f")
		add("DINOv2 to target", r.Networks.DINO.ToTarget, "%.3f")
		return names, values
	case MeasureH:
		add("spread", r.H.Pairs, "%.2f")
		add("to target", r.H.ToTarget, "%.2f")
		add("spread (cosine)", r.H.PairsCosine, "%.2f")
		add("to target (cosine)", r.H.TargetCosine, "%.2f")
		return names, values
	}
	add("identity", r.Scores.Identity, "%.2f")
	add("all four", r.Scores.AllFour, "%.2f")
	add("to target", r.Scores.ToTarget, "%.2f")
	add("species", r.Scores.Species, "%.2f")
	add("scene", r.Scores.Scene, "%.2f")
	add("RGB", r.Scores.RGB, "%.0f")
	return names, values
}

// meaning explains the figures.
func (r Report) meaning() string {
	switch {
	case r.Measure == MeasureNetworks && r.Networks.Foreground:
		return "cosines of what the networks see inside the masks, 1 for equal characters, mean over pairs; CLIP-T: whole pictures with their prompts"
	case r.Measure == MeasureNetworks:
		return "cosines of what the networks see, 1 for equal pictures, mean over pairs; they hold scenes too, so use masks or compare over the same scenes; CLIP-T: with their prompts"
	case r.Measure == MeasureH:
		return "distances of the UNet's states in units of the base set's spread: 1 as different as the base pictures, 0 equal; they hold scenes too, so compare settings over the same scenes"
	}
	return "shares of equal factors (body, clothes, hat, mark) over pairs of pictures; all four: pairs equal in all; RGB: colour distance in levels"
}

// Line is the report in a line of text.
func (r Report) Line(label string) string {
	names, values := r.columns()
	var parts []string
	for i, name := range names {
		parts = append(parts, name+" "+values[i])
	}
	return label + ": " + strings.Join(parts, ", ")
}

// Markdown is the report as a table of text.
func (r Report) Markdown(label string) string {
	names, values := r.columns()
	return "| | " + strings.Join(names, " | ") + " |\n|---" + strings.Repeat("|---", len(names)) + "|\n| " +
		label + " | " + strings.Join(values, " | ") + " |\n"
}

// Table is the report as a picture.
func (r Report) Table(label string) (runtime.Image, error) {
	names, values := r.columns()
	title := "Consistency of 1 picture"
	if r.Count != 1 {
		title = fmt.Sprintf("Consistency of %d pictures", r.Count)
	}
	x, err := imaging.Table{
		Title: title, Head: append([]string{""}, names...), Rows: [][]string{append([]string{label}, values...)},
		Notes: append([]string{r.meaning()}, r.Notes...),
	}.Draw()
	return runtime.Image{Tensor: x}, err
}
