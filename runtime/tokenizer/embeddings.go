package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Embeddings finds textual inversions. An implementation looks for the exact name, then for the name with an extension,
// in every directory of embeddings, and never outside of them.
type Embeddings interface {
	// Find gives the vectors of an embedding for an encoder; nil, nil where no file has that name. An error that wraps
	// tensor.ErrShape says that the vectors are for another encoder: they are left out with a warning.
	Find(name string, e Encoder) (*Embedding, error)
}

// Embedding is a textual inversion: each vector takes the place of one token's embedding.
type Embedding struct {
	Source  string      // where the vectors come from, for messages: file#key
	Vectors [][]float32 // [tokens][width]
}

// embeddingMark comes before the name of an embedding, at the start of a segment or behind a blank or a new line.
const embeddingMark = "embedding:"

// part is plain text, or the name of an embedding and the text behind it.
type part struct {
	chars []char // with the mark, where embedding is set
	name  []char // of the embedding, nil for plain text
	rest  []char // behind the name
}

// parts splits a segment at its embeddings.
func parts(segment []char) []part {
	var out []part
	for len(segment) > 0 {
		next := len(segment)
		for i := 0; i < len(segment); i++ {
			if r := segment[i].r; (r == ' ' || r == '\n') && hasPrefix(segment[i+1:], embeddingMark) {
				next = i
				break
			}
		}
		if next > 0 {
			out = append(out, readPart(segment[:next]))
		}
		segment = segment[min(next+1, len(segment)):]
	}
	return out
}

func readPart(chars []char) part {
	if !hasPrefix(chars, embeddingMark) {
		return part{chars: chars}
	}
	name := chars[len(embeddingMark):]
	for len(name) > 0 && pythonSpace(name[0].r) {
		name = name[1:]
	}
	end := 0
	for end < len(name) && !pythonSpace(name[end].r) {
		end++
	}
	return part{chars: chars, name: name[:end:end], rest: blanks(name[end:])}
}

// blanks turns every whitespace of Python's into a blank: behind an embedding the text is split and joined again, so
// that control characters which are dropped elsewhere separate words here.
func blanks(chars []char) []char {
	out := slices.Clone(chars)
	for i := range out {
		if pythonSpace(out[i].r) {
			out[i].r = ' '
		}
	}
	return out
}

// finder asks for each embedding once and remembers what was not found.
type finder struct {
	source   Embeddings
	encoder  Encoder
	found    map[string]*Embedding
	warnings []string
}

// find looks up the embedding of p. A name that is not found is tried without commas around it, since a comma often follows
// directly; then the part that comes back has a shorter name and the commas before its rest.
func (f *finder) find(p part) (*Embedding, part, error) {
	name := text(p.name)
	e, err := f.get(name)
	if err != nil || e != nil {
		return e, p, err
	}
	if bare := strings.Trim(name, ","); bare != name {
		if e, err = f.get(bare); err != nil {
			return nil, p, err
		}
		// The name is taken from the front, even where commas came before it.
		n := utf8.RuneCountInString(bare)
		p.rest = append(slices.Clone(p.name[n:]), p.rest...)
		p.name = p.name[:n]
	}
	if e == nil {
		f.warn(fmt.Sprintf("embedding %q is not there; it is left out of the prompt", name))
	}
	return e, p, nil
}

func (f *finder) get(name string) (*Embedding, error) {
	if e, known := f.found[name]; known || name == "" {
		return e, nil
	}
	e, err := f.source.Find(name, f.encoder)
	if errors.Is(err, tensor.ErrShape) {
		f.warn(err.Error())
		e, err = new(Embedding), nil
	}
	if err != nil {
		return nil, fmt.Errorf("embedding %q: %w", name, err)
	}
	if f.found == nil {
		f.found = map[string]*Embedding{}
	}
	f.found[name] = e
	return e, nil
}

func (f *finder) warn(w string) {
	for _, have := range f.warnings {
		if have == w {
			return
		}
	}
	f.warnings = append(f.warnings, w)
}
