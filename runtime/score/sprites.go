package score

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed sprites.txt
var spriteText string

// rgb is a colour, levels 0…255.
type rgb [3]float64

func (a rgb) distance2(b rgb) float64 {
	d := 0.0
	for c := range 3 {
		d += (a[c] - b[c]) * (a[c] - b[c])
	}
	return d
}

// spriteCell is a cell of a sprite: ink has the colour, 'b' and 'c' have that of the body and of the clothes.
type spriteCell struct {
	row, column int
	kind        byte // 'b', 'c' or 'i'
	ink         rgb
}

// sprite is one drawing of a character, its corner at row and column 0.
type sprite struct {
	species, hat, mark, pose string
	cells                    []spriteCell
}

// namedColor is a colour of the palette of bodies and clothes.
type namedColor struct {
	name string
	rgb  rgb
}

// atlas is what sprites.txt holds.
type atlas struct {
	palette []namedColor
	sprites []sprite
}

// world is the atlas of the tiny world.
var world = sync.OnceValue(func() atlas {
	a, err := parseAtlas(spriteText)
	if err != nil {
		panic(err) // the embedded file is wrong
	}
	return a
})

// Species lists the species of the tiny world.
func Species() []string {
	var list []string
	for _, s := range world().sprites {
		if !slices.Contains(list, s.species) {
			list = append(list, s.species)
		}
	}
	return list
}

// parseAtlas reads lines: comments after ";", colours, inks, and sprites, whose drawing follows.
func parseAtlas(text string) (atlas, error) {
	var a atlas
	inks := map[byte]rgb{}
	row := 0
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fields := strings.Fields(line)
		wrong := func(problem string) (atlas, error) { return atlas{}, fmt.Errorf("sprites, line %d: %s", i+1, problem) }
		switch {
		case strings.HasPrefix(line, ";") || len(fields) == 0:
		case fields[0] == "color" || fields[0] == "ink":
			c, err := parseColor(fields)
			if err != nil {
				return wrong(err.Error())
			}
			if fields[0] == "color" {
				a.palette = append(a.palette, namedColor{fields[1], c})
			} else {
				inks[fields[1][0]] = c
			}
		case fields[0] == "sprite":
			if len(fields) != 5 {
				return wrong("want species, hat, mark and pose")
			}
			a.sprites = append(a.sprites, sprite{species: fields[1], hat: fields[2], mark: fields[3], pose: fields[4]})
			row = 0
		case len(a.sprites) == 0:
			return wrong("a drawing before the first sprite")
		default:
			s := &a.sprites[len(a.sprites)-1]
			for x := range len(line) {
				ink, known := inks[line[x]]
				switch k := line[x]; {
				case k == '.':
				case k == 'b' || k == 'c':
					s.cells = append(s.cells, spriteCell{row: row, column: x, kind: k})
				case known:
					s.cells = append(s.cells, spriteCell{row, x, 'i', ink})
				default:
					return wrong(fmt.Sprintf("no ink %q", k))
				}
			}
			row++
		}
	}
	return a, nil
}

func parseColor(fields []string) (c rgb, err error) {
	if len(fields) != 5 {
		return c, fmt.Errorf("want a name and three levels")
	}
	for k := range 3 {
		if c[k], err = strconv.ParseFloat(fields[2+k], 64); err != nil {
			return c, err
		}
	}
	return c, nil
}
