package tokenizer

// Prompt is a prompt cut into tokens for one text encoder.
type Prompt struct {
	Text     string
	Chunks   [][]Token // at least one, each of 77
	Warnings []string  // what was left out and why
}

// Token is one position of a chunk.
type Token struct {
	ID        int        // in the vocabulary; -1 for a vector of an embedding
	Weight    float64    // 1 leaves the token as it is
	Embedding *Embedding // nil for a token of the vocabulary
	Row       int        // of Embedding

	Word       int // number of the word in the prompt, counted from 0; -1 for BOS, EOS and padding
	Start, End int // bytes of Prompt.Text the token comes from; both 0 where Word is -1
}

// Vector is the row of the embedding the token stands for, nil for a token of the vocabulary.
func (t Token) Vector() []float32 {
	if t.Embedding == nil {
		return nil
	}
	return t.Embedding.Vectors[t.Row]
}

// Options say which encoder the tokens are for. The zero value is CLIP-L without textual inversions.
type Options struct {
	Encoder    Encoder
	Embeddings Embeddings // nil reads "embedding:name" as text
}

// Tokenize cuts a prompt into chunks of 77 tokens. The only error is one of Embeddings.Find: any text is a prompt.
func Tokenize(prompt string, o Options) (*Prompt, error) {
	p := &Prompt{Text: prompt}
	chunks := chunker{encoder: o.Encoder}
	chunks.begin()
	f := finder{source: o.Embeddings, encoder: o.Encoder}
	word := -1 // the last one so far
	addText := func(chars []char, weight float64) {
		var group []Token
		for _, t := range encode(chars) {
			if t.begins {
				word++
			}
			group = append(group, Token{ID: t.id, Weight: weight, Word: word, Start: int(t.at), End: int(t.end)})
		}
		chunks.add(group)
	}
	for _, s := range segments(readChars(prompt)) {
		for _, part := range parts(s.chars) {
			if part.name == nil || o.Embeddings == nil {
				addText(part.chars, s.weight)
				continue
			}
			e, part, err := f.find(part)
			if err != nil {
				return nil, err
			}
			if e != nil {
				word++
				chunks.add(vectorTokens(e, part, s.weight, word))
			}
			addText(part.rest, s.weight)
		}
	}
	chunks.finish()
	p.Chunks = chunks.done
	p.Warnings = f.warnings
	return p, nil
}

// vectorTokens are the tokens of an embedding; all of them come from its mark and name in the prompt.
func vectorTokens(e *Embedding, p part, weight float64, word int) []Token {
	end := p.name[len(p.name)-1].end // an empty name is never found
	group := make([]Token, len(e.Vectors))
	for row := range group {
		group[row] = Token{ID: -1, Weight: weight, Embedding: e, Row: row, Word: word, Start: int(p.chars[0].at), End: int(end)}
	}
	return group
}

// Weighted tells whether any token has a weight other than 1.
func (p *Prompt) Weighted() bool {
	for _, c := range p.Chunks {
		for _, t := range c {
			if t.Weight != 1 {
				return true
			}
		}
	}
	return false
}

// Rows is the number of rows of the encoded prompt: the chunks' outputs one after another.
func (p *Prompt) Rows() int { return len(p.Chunks) * chunkLength }
