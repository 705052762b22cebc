package score

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Scores are the figures of a set of pictures, shares 0…1; NaN where one could not be measured.
type Scores struct {
	Identity float64 // equal factors (body, clothes, hat, mark), mean over all pairs of pictures
	AllFour  float64 // pairs with all four equal
	ToTarget float64 // factors of the target found in the pictures
	Species  float64 // pictures with the species of their prompt
	Scene    float64 // pictures with the scene of their prompt
	RGB      float64 // distance of body and clothes colour in levels, mean over all pairs
	Fit      float64 // mean of the readings' Fit
}

// Wanted is what a prompt asks for; empty where it does not say.
type Wanted struct{ Species, Scene string }

// ParsePrompt finds the first species and the scene that a prompt names.
func ParsePrompt(prompt string) Wanted {
	words := strings.FieldsFunc(strings.ToLower(prompt), func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' })
	return Wanted{Species: firstOf(words, Species()), Scene: firstOf(words, scenes)}
}

func firstOf(words, known []string) string {
	for _, w := range words {
		if slices.Contains(known, w) {
			return w
		}
	}
	return ""
}

// Measure joins readings of pictures. scenes are what a SceneReader found, nil where none was at hand; target is the reading of
// the character that is to be kept, nil for none; wanted has an item per picture or is nil.
func Measure(readings []Reading, scenes []string, target *Reading, wanted []Wanted) Scores {
	s := Scores{Identity: math.NaN(), AllFour: math.NaN(), RGB: math.NaN()}
	var identity, all, color mean
	for i, a := range readings {
		for _, b := range readings[i+1:] {
			share := a.Agreement(b)
			identity.add(share)
			all.add(truth(share == 1))
			color.add((distance(a.BodyRGB, b.BodyRGB) + distance(a.ClothesRGB, b.ClothesRGB)) / 2)
		}
	}
	s.Identity, s.AllFour, s.RGB = identity.value(), all.value(), color.value()
	var toTarget, species, scene, fit mean
	for i, r := range readings {
		fit.add(r.Fit)
		if target != nil {
			toTarget.add(r.Agreement(*target))
		}
		if wanted == nil {
			continue
		}
		if w := wanted[i].Species; w != "" {
			species.add(truth(r.Species == w))
		}
		if w := wanted[i].Scene; w != "" && scenes != nil {
			scene.add(truth(scenes[i] == w))
		}
	}
	s.ToTarget, s.Species, s.Scene, s.Fit = toTarget.value(), species.value(), scene.value(), fit.value()
	return s
}

// Mean is the mean of each figure over the sets that have it.
func Mean(list []Scores) Scores {
	var out Scores
	for k, f := range out.figures() {
		var m mean
		for i := range list {
			if v := *list[i].figures()[k]; !math.IsNaN(v) {
				m.add(v)
			}
		}
		*f = m.value()
	}
	return out
}

func (s *Scores) figures() []*float64 {
	return []*float64{&s.Identity, &s.AllFour, &s.ToTarget, &s.Species, &s.Scene, &s.RGB, &s.Fit}
}

// ReadAll reads the one character of each picture of a batch [B,H,W,C].
func (r *Reader) ReadAll(pictures *tensor.Tensor) ([]Reading, []*Cells, error) {
	if pictures == nil || len(pictures.Shape) != 4 {
		return nil, nil, fmt.Errorf("score: pictures of shape %v; want [B,H,W,3]: %w", shapeOf(pictures), tensor.ErrShape)
	}
	size := tensor.Size(pictures.Shape[1:])
	readings, all := make([]Reading, pictures.Dim(0)), make([]*Cells, pictures.Dim(0))
	for i := range readings {
		cells, err := NewCells(&tensor.Tensor{Shape: pictures.Shape[1:], Data: pictures.Data[i*size:][:size]})
		if err != nil {
			return nil, nil, err
		}
		readings[i], all[i] = r.Read(cells), cells
	}
	return readings, all, nil
}

// mean adds up values; without any its value is NaN.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64) { m.sum, m.n = m.sum+v, m.n+1 }

func (m *mean) value() float64 { return m.sum / float64(m.n) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func distance(a, b [3]float64) float64 { return math.Sqrt(rgb(a).distance2(b)) }
