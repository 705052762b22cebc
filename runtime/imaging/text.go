package imaging

import (
	"image"
	"image/color"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Typeface is one of the fonts inside the program: the Go fonts, which have Latin, Greek and Cyrillic letters.
type Typeface int

// The typefaces.
const (
	Regular Typeface = iota
	Bold
)

var parsed = sync.OnceValue(func() (fonts [2]*opentype.Font) {
	for i, data := range [][]byte{goregular.TTF, gobold.TTF} {
		f, err := opentype.Parse(data)
		if err != nil {
			panic(err) // the embedded font is wrong
		}
		fonts[i] = f
	}
	return fonts
})

// Font is a typeface at a size. It is not for use by several goroutines at once.
type Font struct {
	face font.Face
	size float64
}

// NewFont is a font of size pixels per em.
func NewFont(t Typeface, size float64) Font {
	face, err := opentype.NewFace(parsed()[t], &opentype.FaceOptions{Size: max(size, 1), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err) // options of a fixed form
	}
	return Font{face, max(size, 1)}
}

// Width is the length of a line of text in pixels, with kerning.
func (f Font) Width(text string) float64 { return float64(font.MeasureString(f.face, text)) / 64 }

// Height is the distance between lines in pixels.
func (f Font) Height() int { return int(f.size*1.3 + 0.5) }

// ascent is the distance from the top of a line to its base line; letters are optically in the middle of the line.
func (f Font) ascent() int { return int(f.size*1.02 + 0.5) }

// Wrap breaks text at spaces into lines of at most width pixels; a longer word is broken too. Line breaks of the text are kept.
// Lines of a paragraph are made about equally long, which suits captions.
func (f Font) Wrap(text string, width float64) []string {
	var lines []string
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n") {
		best := f.greedy(paragraph, width)
		// The narrowest width that takes no further line and cuts no further word.
		low := 0.0
		for _, word := range strings.Fields(paragraph) {
			low = max(low, min(f.Width(word), width))
		}
		for high := width; high-low > 1; {
			if middle := (low + high) / 2; len(f.greedy(paragraph, middle)) > len(best) {
				low = middle
			} else {
				high, best = middle, f.greedy(paragraph, middle)
			}
		}
		lines = append(lines, best...)
	}
	return lines
}

// greedy fills line after line.
func (f Font) greedy(text string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && f.Width(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; f.Width(line) > width; {
			head := f.prefix(line, width)
			if head == len(line) {
				break // a single letter
			}
			lines, line = append(lines, line[:head]), line[head:]
		}
	}
	return append(lines, line)
}

// prefix is the length in bytes of the most letters of a too long word that fit, one at least.
func (f Font) prefix(word string, width float64) int {
	length := 0
	for i := range word {
		if length > 0 && f.Width(word[:i]) > width {
			return length
		}
		length = i
	}
	if length == 0 {
		return len(word)
	}
	return length
}

// Align says where lines of text are put.
type Align int

// The alignments: X of Text is the left end, the middle or the right end of each line.
const (
	AlignLeft Align = iota
	AlignCenter
	AlignRight
)

// Text draws lines below each other, the top of the first at y, and returns the y below the last.
func (c *Canvas) Text(f Font, lines []string, x, y int, align Align, col color.Color) int {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: f.face}
	for _, line := range lines {
		left := fixed.I(x)
		switch w := d.MeasureString(line); align {
		case AlignCenter:
			left -= w / 2
		case AlignRight:
			left -= w
		}
		d.Dot = fixed.Point26_6{X: left, Y: fixed.I(y + f.ascent())}
		d.DrawString(line)
		y += f.Height()
	}
	return y
}
