package comfy

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// maxNestedChoices bounds the braces inside each other, and with them the work on a hostile text.
const maxNestedChoices = 64

// drawText removes comments (/* */ and // to the end of the line) and replaces each {a|b|c} by one of its options, drawn with equal
// chances; options may hold braces again. A backslash before { | } makes them plain characters. A brace that is never closed
// reaches to the end of the text. An error leaves the text as it is.
func drawText(text string, random *rand.Rand) (string, error) {
	d := drawing{in: stripComments(text), random: random}
	if err := d.text(0); err != nil {
		return text, err
	}
	return string(d.out), nil
}

type drawing struct {
	in     string
	pos    int
	out    []byte
	random *rand.Rand
}

// text copies up to the end of the input, or inside braces up to the | or } that ends an option.
func (d *drawing) text(depth int) error {
	for d.pos < len(d.in) {
		if plain := strings.IndexAny(d.in[d.pos:], `\{|}`); plain != 0 {
			if plain < 0 {
				plain = len(d.in) - d.pos
			}
			d.out = append(d.out, d.in[d.pos:d.pos+plain]...)
			d.pos += plain
			continue
		}
		switch c := d.in[d.pos]; {
		case c == '\\' && d.pos+1 < len(d.in):
			if next := d.in[d.pos+1]; next != '{' && next != '|' && next != '}' {
				d.out = append(d.out, c)
			}
			d.out = append(d.out, d.in[d.pos+1])
			d.pos += 2
		case c == '{':
			if depth == maxNestedChoices {
				return fmt.Errorf("more than %d braces inside each other", maxNestedChoices)
			}
			d.pos++
			if err := d.choice(depth + 1); err != nil {
				return err
			}
		case depth > 0 && (c == '|' || c == '}'):
			return nil
		default:
			d.out = append(d.out, c)
			d.pos++
		}
	}
	return nil
}

// choice reads the options behind a brace and keeps one. All are written to out first, since how many there are is known at the end.
func (d *drawing) choice(depth int) error {
	starts := []int{len(d.out)}
	for {
		if err := d.text(depth); err != nil {
			return err
		}
		starts = append(starts, len(d.out))
		if d.pos >= len(d.in) {
			break
		}
		d.pos++
		if d.in[d.pos-1] == '}' {
			break
		}
	}
	pick := d.random.IntN(len(starts) - 1)
	d.out = append(d.out[:starts[0]], d.out[starts[pick]:starts[pick+1]]...)
	return nil
}

func stripComments(text string) string {
	if !strings.Contains(text, "//") && !strings.Contains(text, "/*") {
		return text
	}
	var b strings.Builder
	ends := true // whether a */ is still to come
	for text != "" {
		i := strings.IndexByte(text, '/')
		if i < 0 || i+1 == len(text) {
			break
		}
		b.WriteString(text[:i])
		text = text[i:]
		end := -1
		switch {
		case text[1] == '/':
			if end = strings.IndexAny(text, "\n\r\u2028\u2029"); end < 0 {
				end = len(text)
			}
		case text[1] == '*' && ends:
			if end = strings.Index(text[2:], "*/"); end < 0 {
				ends = false
			} else {
				end += 4
			}
		}
		if end < 0 {
			end = 1
			b.WriteByte('/')
		}
		text = text[end:]
	}
	b.WriteString(text)
	return b.String()
}
