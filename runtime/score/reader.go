package score

import (
	"math"
)

// Reading is what a Reader finds in a picture.
type Reading struct {
	Species, Hat, Mark  string
	Pose                string // standing, waving (with a balloon too) or jumping
	Body, Clothes       string // the nearest names of the palette
	BodyRGB, ClothesRGB [3]float64
	Left                int     // column of the sprite's corner
	Fit                 float64 // root mean square distance to the sprite in levels; a clean picture has 10 or less
}

// factors are the parts of a character's identity that prompts do not say.
func (r Reading) factors() [4]string { return [4]string{r.Body, r.Clothes, r.Hat, r.Mark} }

// Agreement is the share of the four identity factors that two readings have in common.
func (r Reading) Agreement(o Reading) float64 {
	equal := 0
	a, b := r.factors(), o.factors()
	for i := range a {
		if a[i] == b[i] {
			equal++
		}
	}
	return float64(equal) / float64(len(a))
}

// template is a sprite at a place of the grid, cut at its border: indices of cells by what they hold.
type template struct {
	sprite        *sprite
	left          int
	pose          string
	body, clothes []int
	ink           []int
	inks          []rgb
}

// Reader finds the one character of a picture among sprites at certain places.
type Reader struct{ templates []template }

// NewReader looks for characters whose sprite begins at one of the columns.
func NewReader(lefts ...int) *Reader {
	r := new(Reader)
	sprites := world().sprites
	for i := range sprites {
		for _, left := range lefts {
			// A character stands with its sprite two cells below the border, and touches it when it jumps.
			r.templates = append(r.templates, place(&sprites[i], left, 2, sprites[i].pose), place(&sprites[i], left, 0, "jumping"))
		}
	}
	return r
}

// One reads pictures with one character.
func One() *Reader { return NewReader(1, 2, 3, 4, 5, 6) }

// Left reads the left one of two characters.
func Left() *Reader { return NewReader(-1) }

// Right reads the right one of two characters.
func Right() *Reader { return NewReader(8) }

func place(s *sprite, left, top int, pose string) template {
	t := template{sprite: s, left: left, pose: pose}
	for _, c := range s.cells {
		y, x := c.row+top, c.column+left
		if y >= grid || x < 0 || x >= grid {
			continue
		}
		switch i := y*grid + x; c.kind {
		case 'b':
			t.body = append(t.body, i)
		case 'c':
			t.clothes = append(t.clothes, i)
		default:
			t.ink, t.inks = append(t.ink, i), append(t.inks, c.ink)
		}
	}
	return t
}

// Read finds the sprite that explains the cells best: least mean squared distance, to the inks where it has some, to their own
// mean where it has body and clothes.
func (r *Reader) Read(cells *Cells) Reading {
	best, least := 0, math.Inf(1)
	for i := range r.templates {
		if e := r.templates[i].error(cells, least); e < least {
			best, least = i, e
		}
	}
	t := r.templates[best]
	out := Reading{Species: t.sprite.species, Hat: t.sprite.hat, Mark: t.sprite.mark, Pose: t.pose, Left: t.left, Fit: math.Sqrt(least / 3)}
	out.Body, out.BodyRGB = colorOf(cells, t.body)
	out.Clothes, out.ClothesRGB = colorOf(cells, t.clothes)
	return out
}

// error is the mean squared distance per cell; it may stop early once it is above limit.
func (t *template) error(cells *Cells, limit float64) float64 {
	n := float64(len(t.body) + len(t.clothes) + len(t.ink))
	sum := 0.0
	for k, i := range t.ink {
		sum += t.inks[k].distance2(cells[i])
	}
	if sum > limit*n {
		return math.Inf(1)
	}
	for _, list := range [][]int{t.body, t.clothes} {
		mean := meanOf(cells, list)
		for _, i := range list {
			sum += mean.distance2(cells[i])
		}
	}
	return sum / n
}

func meanOf(cells *Cells, list []int) (mean rgb) {
	for _, i := range list {
		for c := range 3 {
			mean[c] += cells[i][c]
		}
	}
	for c := range 3 {
		mean[c] /= float64(len(list))
	}
	return mean
}

// colorOf is the mean colour of cells, rounded to levels, and the nearest name of the palette.
func colorOf(cells *Cells, list []int) (name string, rounded [3]float64) {
	mean := meanOf(cells, list)
	least := math.Inf(1)
	for _, c := range world().palette {
		if d := c.rgb.distance2(mean); d < least {
			name, least = c.name, d
		}
	}
	for c := range 3 {
		rounded[c] = math.RoundToEven(mean[c])
	}
	return name, rounded
}
